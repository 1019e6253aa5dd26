"""The fast lane of decoding: a msgspec struct, whose fields are moved into an attrs record. No I/O.

Structs and functions are made from the declaration of a record, one pair for each notation of
scalars: times as msgspec reads them by itself, and any other that `_wire.times` knows, with whole
numbers that are written as `12.0`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache, partial
from typing import Any, Literal

import attrs
import msgspec

from enkash_async._decoding.amounts import finite, whole
from enkash_async._decoding.declaration import RecordField, fields_of, identity_of
from enkash_async._decoding.names import name_check
from enkash_async._wire.numbers import from_digits
from enkash_async._wire.times import instant

Times = Literal["iso", "any"]
"""How a lane reads times and whole numbers: as msgspec does, or in every notation known."""


_OF_MANY_NOTATIONS = (datetime, int)


@cache
def struct_lane(record: Any, zone: tzinfo, times: Times) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function from the bytes of a *record* to the record.

    It raises what msgspec raises, or ValueError, for all that it cannot read.
    """
    decode = msgspec.json.Decoder(_struct(record, times), float_hook=from_digits).decode
    return _reader(record, zone, times, decode)


@cache
def _struct(record: Any, times: Times) -> type[msgspec.Struct]:
    """Return the struct that holds *record* as it stands on the wire."""
    fields = [(field.name, _wire_type(field, times) | None, None) for field in fields_of(record)]
    rename = {field.name: field.wire_name for field in fields_of(record)}
    # Its cycles cannot be garbage: it holds text, numbers, times and structs like itself.
    return msgspec.defstruct(f"{record.__name__}Struct", fields, rename=rename, gc=False)


def _wire_type(field: RecordField, times: Times) -> Any:
    kind: Any = field.kind
    if field.is_record:
        item = _struct(kind, times)
        return list[item] if field.is_tuple else item  # type: ignore[valid-type]
    if field.is_tuple:
        return tuple[kind, ...]
    if field.is_enumeration:
        return str
    # What may be anything comes as text, an int, or the Decimal that `from_digits` makes.
    return Any if kind in _OF_MANY_NOTATIONS and times == "any" else kind


def _reader(
    record: Any, zone: tzinfo, times: Times, decode: Callable[[Any], Any] | None = None
) -> Callable[[Any], Any]:
    """Return the function whose text `source_of` gives, with what the text refers to."""
    names: dict[str, Any] = {
        "decode": decode,
        "new": object.__new__,
        "Twin": _twin(record),
        "Record": record,
        "zone": zone,
        "instant": partial(instant, naive_timezone=zone),
        "finite": finite,
        "whole": whole,
        "check_names": name_check(record),
    }
    for field in fields_of(record):
        if field.is_record:
            names[f"read_{field.name}"] = _reader(field.kind, zone, times)
        elif field.is_enumeration:
            names[f"known_{field.name}"] = {member.value: member for member in field.kind}.get
    source = source_of(record, times, from_bytes=decode is not None)
    title = f"reader of {record.__module__}.{record.__qualname__}, {times} times"
    exec(compile(source, _remembered(source, title), "exec"), names)
    read: Callable[[Any], Any] = names["read"]
    return read


def source_of(record: Any, times: Times, *, from_bytes: bool) -> str:
    """Return the text of a function that makes a *record* of a struct, or of the struct's bytes.

    For a record with a field of each kind, from bytes and with ISO times, it is

        def read(raw):
            struct = decode(raw)
            if struct.customer_id is None:
                check_names(raw)
            record = new(Twin)
            record.customer_id = struct.customer_id
            record.branch_codes = struct.branch_codes or ()
            value = struct.status
            record.status = known_status(value, value)
            value = struct.due
            record.due = value if value is None or value.tzinfo else value.replace(tzinfo=zone)
            value = struct.net_amount
            record.net_amount = value if value is None or value.is_finite() else finite(value)
            value = struct.address
            record.address = None if value is None else read_address(value)
            value = struct.reminders
            record.reminders = tuple([read_reminders(item) for item in value]) if value else ()
            record.__class__ = Record
            return record

    Filling a frozen attrs record goes through one call of `object.__setattr__` a field. The
    function fills its `_twin` instead and then changes the class, at half the cost.
    """
    head = ["def read(raw):", "    struct = decode(raw)"] if from_bytes else ["def read(struct):"]
    identity = identity_of(record)
    if from_bytes and identity is not None:
        head += [f"    if struct.{identity.name} is None:", "        check_names(raw)"]
    lines = [line for field in fields_of(record) for line in _assignment(field, times)]
    tail = ["    record.__class__ = Record", "    return record"]
    return "\n".join([*head, "    record = new(Twin)", *lines, *tail]) + "\n"


def _assignment(field: RecordField, times: Times) -> list[str]:
    """Return the lines that set one field, with no more work than its type asks for."""
    source = f"struct.{field.name}"
    expression = _expression(field, times)
    if expression is None:
        return [f"    record.{field.name} = {source}" + (" or ()" if field.is_tuple else "")]
    return [f"    value = {source}", f"    record.{field.name} = {expression}"]


def _expression(field: RecordField, times: Times) -> str | None:
    """Return what becomes of `value`, None for what msgspec leaves ready."""
    if field.is_record and field.is_tuple:
        return f"tuple([read_{field.name}(item) for item in value]) if value else ()"
    if field.is_record:
        return f"None if value is None else read_{field.name}(value)"
    if field.is_enumeration:
        return f"known_{field.name}(value, value)"
    if field.kind is Decimal:
        return "value if value is None or value.is_finite() else finite(value)"
    if field.is_tuple or field.kind not in _OF_MANY_NOTATIONS:
        return None
    if times == "any":
        read = "instant" if field.kind is datetime else "whole"
        return f"None if value is None else {read}(value)"
    if field.kind is int:
        return None
    return "value if value is None or value.tzinfo else value.replace(tzinfo=zone)"


def _twin(record: Any) -> type:
    """Return an ordinary class that can be filled fast, and whose objects can become records.

    TypeError if *record* is laid out in another way.
    """
    slots = tuple(field.name for field in fields_of(record))
    # Bases decide on the layout too.
    bases = tuple(base for base in record.__bases__ if not attrs.has(base))
    twin = type(f"_{record.__name__}Twin", bases, {"__slots__": slots})
    # The change is safe. Python allows it between classes of one layout only, so nothing moves in
    # memory. Nobody else has seen the object yet, and every field of it is set. What `__init__`
    # might do beyond setting them, `fields_of` refuses.
    try:
        setattr(object.__new__(twin), "__class__", record)  # noqa: B010
    except TypeError:
        raise TypeError(
            f"{record.__name__} must have slots for its fields and nothing else: declare it with"
            " attrs.frozen(weakref_slot=False) and derive it from no class that has fields"
        ) from None
    return twin


def _remembered(source: str, title: str) -> str:
    """Return a file name under which tracebacks and debuggers find the lines of *source*."""
    # A time of None keeps `linecache.checkcache` from dropping what is in no file.
    entry = (len(source), None, source.splitlines(keepends=True), title)
    name, number = f"<enkash_async {title}>", 1
    # Classes made in functions may share their name.
    while linecache.cache.setdefault(name, entry) != entry:
        number += 1
        name = f"<enkash_async {title} ({number})>"
    return name
