"""The fast lane of decoding: a msgspec struct, whose fields are moved into an attrs record. No I/O.

Structs and functions are generated from the declarations in `records`, one pair for each notation
of times: ISO as msgspec reads it by itself, and any other that `_dates` knows.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache, partial
from typing import Any, Literal

import attrs
import msgspec

from enkash_async._wire.keys import wire_name
from enkash_async._wire.times import instant
from enkash_async.customers.records import ReminderType

REMINDER_TYPES: Mapping[str, ReminderType] = {member.value: member for member in ReminderType}

Times = Literal["iso", "any"]
"""How a lane reads times: as ISO 8601 only, or in every notation that is known."""


@cache
def fast_lane(record: Any, zone: tzinfo, times: Times) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function from the bytes of a *record* to the record.

    It raises what msgspec raises, or ValueError, for all that it cannot read.
    """
    decode = msgspec.json.Decoder(_struct(record, times)).decode
    return _generated(record, zone, times, "struct = decode(raw)", {"decode": decode})


def is_sequence(hint: Any) -> bool:
    """Say whether *hint* stands for any number of items."""
    origin: Any = typing.get_origin(hint)
    return origin is tuple


@cache
def _struct(record: Any, times: Times) -> type[msgspec.Struct]:
    """Return the struct that holds *record* as it stands on the wire."""
    hints = typing.get_type_hints(record)
    fields = [
        (field.name, _struct_type(hints[field.name], times) | None, None)
        for field in attrs.fields(record)
    ]
    rename = {field.name: wire_name(field) for field in attrs.fields(record)}
    # Its cycles cannot be garbage: it holds text, numbers, times and structs like itself.
    return msgspec.defstruct(f"{record.__name__}Struct", fields, rename=rename, gc=False)


def _struct_type(hint: Any, times: Times) -> Any:
    if is_sequence(hint):
        item = typing.get_args(hint)[0]
        return list[_struct(item, times)] if attrs.has(item) else hint  # type: ignore[misc]
    [*kinds] = [kind for kind in typing.get_args(hint) or (hint,) if kind is not types.NoneType]
    if ReminderType in kinds:
        # An enumeration that may be text is text on the wire.
        return str
    if datetime in kinds and times == "any":
        return str | int
    return kinds[0]


def _generated(
    record: Any, zone: tzinfo, times: Times, first_line: str, names: Mapping[str, Any]
) -> Callable[[Any], Any]:
    """Return a function that moves a struct's fields into a *record*.

    Its argument is `raw`, of which *first_line* makes `struct`, using *names*.
    Filling a frozen attrs record goes through one call of `object.__setattr__` a field. The
    function fills an ordinary class with the same slots instead and then changes its class,
    which Python allows between classes of one layout, at a fraction of the cost.
    """
    fields = [field.name for field in attrs.fields(record)]
    twin = type(f"_{record.__name__}Twin", (), {"__slots__": tuple(fields)})
    scope: dict[str, Any] = {
        **names,
        "Twin": twin,
        "Record": record,
        "new": object.__new__,
        "reminder_types": REMINDER_TYPES.get,
        "aware": partial(_aware, zone),
        "instant": partial(instant, naive_timezone=zone),
        "finite": finite,
    }
    hints = typing.get_type_hints(record)
    lines = ["def read(raw):", f"    {first_line}", "    record = new(Twin)"]
    for name in fields:
        if is_sequence(hints[name]) and attrs.has(item := typing.get_args(hints[name])[0]):
            scope[f"read_{name}"] = _generated(item, zone, times, "struct = raw", {})
        lines += _assignment(name, hints[name], times)
    lines += ["    record.__class__ = Record", "    return record"]
    exec("\n".join(lines), scope)
    read: Callable[[Any], Any] = scope["read"]
    return read


def _assignment(name: str, hint: Any, times: Times) -> list[str]:
    """Return the lines that set one field, with no more work than its type asks for."""
    kinds = typing.get_args(hint)
    value = f"    value = struct.{name}"
    if is_sequence(hint):
        if not attrs.has(kinds[0]):
            return [f"    record.{name} = struct.{name} or ()"]
        items = f"tuple([read_{name}(item) for item in value])"
        return [value, f"    record.{name} = {items} if value else ()"]
    if datetime in kinds:
        ready = "value.tzinfo" if times == "iso" else "False"
        convert = "aware" if times == "iso" else "instant"
        return [
            value,
            f"    record.{name} = value if value is None or {ready} else {convert}(value)",
        ]
    if Decimal in kinds:
        return [
            value,
            f"    record.{name} = value if value is None or value.is_finite() else finite(value)",
        ]
    if ReminderType in kinds:
        return [value, f"    record.{name} = reminder_types(value, value)"]
    return [f"    record.{name} = struct.{name}"]


def _aware(zone: tzinfo, moment: datetime) -> datetime:
    return moment.replace(tzinfo=zone)


def finite(amount: Decimal) -> Decimal:
    """Return *amount*; ValueError for NaN and the infinities."""
    if not amount.is_finite():
        raise ValueError("not a finite number")
    return amount
