"""Bytes of a record to the record. No I/O.

Two lanes, both derived from the one declaration in `records`. The fast one decodes into a msgspec
struct with the wire's names and moves its fields into an attrs record. What it refuses goes to
the other, a cattrs converter, which is the reference: it knows the unusual notations, and names
the field that cannot be read. The tests hold the two equal.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, Generic, TypeVar

import attrs
import cattrs
import msgspec
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from enkash_async._dates import instant
from enkash_async.errors import DecodeError
from enkash_async.filters import iso_z
from enkash_async.records import (
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    ReminderType,
    wire_name,
)

R = TypeVar("R")

_RECORD_CLASSES: tuple[type[attrs.AttrsInstance], ...] = (
    CustomerKeyContact,
    CustomerReminder,
    Customer,
)
_REMINDER_TYPES: Mapping[str, ReminderType] = {member.value: member for member in ReminderType}


class RecordDecoder(Generic[R]):
    """Decodes records of one class. Stateless, so any number of tasks may share it."""

    def __init__(self, record: type[R], naive_timezone: tzinfo) -> None:
        self._record = record
        self._decode_struct = msgspec.json.Decoder(_struct(record)).decode  # type: ignore[arg-type]
        self._build: Callable[[Any], R] = _builder(record, naive_timezone)
        self._converter = reference_converter(naive_timezone)

    def decode(self, raw: bytes | msgspec.Raw) -> R:
        """Return the record in *raw*; DecodeError names the field that cannot be read."""
        try:
            return self._build(self._decode_struct(raw))
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            # The last but one is what Decimal raises for an exponent beyond all bounds.
            return self.decode_by_reference(raw)

    def decode_by_reference(self, raw: bytes | msgspec.Raw) -> R:
        """Do what `decode` does, in the reference lane only."""
        try:
            value = _decode_dict(raw)
        except RecursionError as error:
            raise DecodeError("$", "is nested deeper than the recursion limit") from error
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            raise DecodeError("$", "is not valid JSON") from error
        try:
            return self._converter.structure(value, self._record)
        except Exception as error:
            path, reason = _first_reason(error)
            raise DecodeError(path, reason) from error


def _from_digits(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        # An exponent beyond all bounds: refused where it stands, so that the field is named.
        return Decimal("NaN")


# Money is made from the digits, never from a float.
_decode_dict = msgspec.json.Decoder(float_hook=_from_digits).decode


# The fast lane.


@cache
def _struct(record: Any) -> type[msgspec.Struct]:
    """Return the struct that holds *record* as it stands on the wire."""
    hints = typing.get_type_hints(record)
    fields = [
        (field.name, _struct_type(hints[field.name]) | None, None) for field in attrs.fields(record)
    ]
    rename = {field.name: wire_name(field) for field in attrs.fields(record)}
    return msgspec.defstruct(f"{record.__name__}Struct", fields, rename=rename, gc=False)


def _struct_type(hint: Any) -> Any:
    if _is_sequence(hint):
        return list[_struct_type(typing.get_args(hint)[0])]  # type: ignore[misc]
    if attrs.has(hint):
        return _struct(hint)
    [*kinds] = [kind for kind in typing.get_args(hint) or (hint,) if kind is not types.NoneType]
    # An enumeration that may be text is text on the wire.
    return str if ReminderType in kinds else kinds[0]


def _is_sequence(hint: Any) -> bool:
    origin: Any = typing.get_origin(hint)
    return origin is tuple


def _builder(record: Any, zone: tzinfo) -> Callable[[Any], Any]:
    """Return a function that moves a struct's fields into a *record*.

    Filling a frozen attrs record goes through one call of `object.__setattr__` a field. The
    function fills an ordinary class with the same slots instead and then changes its class,
    which Python allows between classes of one layout, at a fraction of the cost.
    """
    names = [field.name for field in attrs.fields(record)]
    twin = type(f"_{record.__name__}Twin", (), {"__slots__": tuple(names)})
    scope: dict[str, Any] = {
        "Twin": twin,
        "Record": record,
        "new": object.__new__,
        "zone": zone,
        "reminder_types": _REMINDER_TYPES.get,
        "aware": partial(_aware, zone),
        "finite": _finite,
    }
    hints = typing.get_type_hints(record)
    lines = ["def build(struct):", "    record = new(Twin)"]
    for name in names:
        lines += _assignment(name, hints[name], scope, zone)
    lines += ["    record.__class__ = Record", "    return record"]
    exec("\n".join(lines), scope)
    build: Callable[[Any], Any] = scope["build"]
    return build


def _assignment(name: str, hint: Any, scope: dict[str, Any], zone: tzinfo) -> list[str]:
    kinds = typing.get_args(hint)
    if _is_sequence(hint):
        if not attrs.has(kinds[0]):
            return [f"    record.{name} = tuple(struct.{name}) if struct.{name} else ()"]
        scope[f"build_{name}"] = _builder(kinds[0], zone)
        return [
            f"    value = struct.{name}",
            f"    record.{name} = tuple([build_{name}(item) for item in value]) if value else ()",
        ]
    if datetime in kinds:
        return [
            f"    value = struct.{name}",
            f"    record.{name} = value if value is None or value.tzinfo else aware(value)",
        ]
    if Decimal in kinds:
        return [
            f"    value = struct.{name}",
            f"    record.{name} = value if value is None or value.is_finite() else finite(value)",
        ]
    if ReminderType in kinds:
        return [f"    record.{name} = reminder_types(struct.{name}, struct.{name})"]
    return [f"    record.{name} = struct.{name}"]


def _aware(zone: tzinfo, moment: datetime) -> datetime:
    return moment.replace(tzinfo=zone)


def _finite(amount: Decimal) -> Decimal:
    if not amount.is_finite():
        raise ValueError("not a finite number")
    return amount


# The reference lane.


@cache
def reference_converter(naive_timezone: tzinfo) -> cattrs.Converter:
    """Return the converter between wire dicts and records, strict about scalars."""
    converter = cattrs.Converter(detailed_validation=True)
    for scalar in (str, bool, int):
        converter.register_structure_hook(scalar, _exactly)
    converter.register_structure_hook(Decimal, lambda value, _: _decimal(value))
    converter.register_structure_hook(datetime, lambda value, _: instant(value, naive_timezone))
    converter.register_structure_hook_func(
        lambda hint: hint == ReminderType | str | None, lambda value, _: _reminder_type(value)
    )
    converter.register_structure_hook_factory(_is_sequence, partial(_sequence_hook, converter))
    converter.register_unstructure_hook(datetime, iso_z)
    for record in _RECORD_CLASSES:
        renames = {field.name: override(rename=wire_name(field)) for field in attrs.fields(record)}
        structure = make_dict_structure_fn(record, converter, **renames)  # type: ignore[arg-type]
        converter.register_structure_hook(record, _objects_only(structure))
        unstructure = make_dict_unstructure_fn(record, converter, **renames)  # type: ignore[arg-type]
        converter.register_unstructure_hook(record, unstructure)
    return converter


def _objects_only(structure: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    # The generated function would look for field names inside a text.
    def checked(value: Any, record: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, got {type(value).__name__}")
        return structure(value, record)

    return checked


def _exactly(value: Any, scalar: type[Any]) -> Any:
    # cattrs on its own would call str(None), int(1.9) and bool("false").
    if type(value) is not scalar:
        raise ValueError(f"expected {scalar.__name__}, got {type(value).__name__}")
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    try:
        return _finite(Decimal(value))
    except InvalidOperation:
        raise ValueError("expected a number, got other text") from None


def _reminder_type(value: object) -> ReminderType | str | None:
    if value is None:
        return None
    text: str = _exactly(value, str)
    return _REMINDER_TYPES.get(text, text)


def _sequence_hook(converter: cattrs.Converter, hint: Any) -> Callable[[Any, Any], Any]:
    items: Any = list[typing.get_args(hint)[0]]  # type: ignore[misc]
    structure_list = converter.get_structure_hook(items)

    def structure(value: Any, _: Any) -> Any:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {type(value).__name__}")
        return tuple(structure_list(value, list))

    return structure


def _first_reason(error: BaseException) -> tuple[str, str]:
    """Return the path of the first field that failed, in wire names, and why."""
    path = ""
    while isinstance(error, cattrs.BaseValidationError):
        group = error
        error = group.exceptions[0]
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                path += "." + wire_name(getattr(attrs.fields(group.cl), note.name))
            elif isinstance(note, cattrs.IterableValidationNote):
                path += f"[{note.index}]"
    # Our hooks raise ValueError; the text of any other error might quote the value.
    reason = str(error) if type(error) is ValueError else "is not of the declared type"
    return path.lstrip(".") or "$", reason
