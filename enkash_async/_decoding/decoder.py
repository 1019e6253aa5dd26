"""Bytes of a record to the record. No I/O.

Two lanes, both derived from the one declaration in `records`: a fast one (`_fast_lane`), and a
cattrs converter, which is the reference and names the field that cannot be read. What the fast
lane refuses goes to the reference. The tests hold the two equal.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property, partial
from typing import Any, Generic, TypeVar

import attrs
import cattrs
import msgspec
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from enkash_async._decoding.struct_lane import REMINDER_TYPES, Times, fast_lane, finite, is_sequence
from enkash_async._wire.keys import wire_name
from enkash_async._wire.times import instant, iso_z
from enkash_async.customers.records import (
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    ReminderType,
)
from enkash_async.errors import DecodeError

R = TypeVar("R")

_RECORD_CLASSES: tuple[type[attrs.AttrsInstance], ...] = (
    CustomerKeyContact,
    CustomerReminder,
    Customer,
)

_REFUSALS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What stands for "cannot be read"; Decimal raises the third for an exponent beyond all bounds."""

RESCUES_TO_SWITCH = 50
"""Records with times in another notation than ISO before the lane for these is tried first."""


class RecordDecoder(Generic[R]):
    """Decodes records of one class. Any number of tasks may share it.

    It learns how the service writes times, since reading each record first in vain is slow.
    """

    def __init__(self, record: type[R], naive_timezone: tzinfo) -> None:
        self.naive_timezone = naive_timezone
        self._record = record
        self._first = self._lane("iso")
        self._rescues = 0

    # Most services need the first lane only, and making the others takes a while.

    @cached_property
    def _second(self) -> Callable[[bytes | msgspec.Raw], R]:
        return self._lane("any")

    def _lane(self, times: Times) -> Callable[[bytes | msgspec.Raw], R]:
        record: Any = self._record
        return fast_lane(record, self.naive_timezone, times)

    @cached_property
    def _converter(self) -> cattrs.Converter:
        return reference_converter(self.naive_timezone)

    def decode_many(
        self, raws: Sequence[bytes | msgspec.Raw]
    ) -> tuple[list[R], DecodeError | None]:
        """Return the records in *raws* as far as the first that cannot be read, and its error."""
        read = self._first
        try:
            return [read(raw) for raw in raws], None
        except _REFUSALS:
            return self._decode_one_by_one(raws)

    def _decode_one_by_one(
        self, raws: Sequence[bytes | msgspec.Raw]
    ) -> tuple[list[R], DecodeError | None]:
        records: list[R] = []
        for raw in raws:
            try:
                records.append(self.decode(raw))
            except DecodeError as error:
                return records, error
        return records, None

    def decode(self, raw: bytes | msgspec.Raw) -> R:
        """Return the record in *raw*; DecodeError names the field that cannot be read."""
        try:
            return self._first(raw)
        except _REFUSALS:
            return self._decode_otherwise(raw)

    def _decode_otherwise(self, raw: bytes | msgspec.Raw) -> R:
        try:
            record = self._second(raw)
        except _REFUSALS:
            return self.decode_by_reference(raw)
        self._rescues += 1
        if self._rescues == RESCUES_TO_SWITCH:
            # Happens once: what reads any notation reads ISO too, a little slower.
            self._first = self._second
        return record

    def decode_by_reference(self, raw: bytes | msgspec.Raw) -> R:
        """Do what `decode` does, in the reference lane only."""
        try:
            value = _decode_dict(raw)
        except RecursionError as error:
            raise DecodeError("$", "is nested deeper than the recursion limit") from error
        except _REFUSALS as error:
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
    converter.register_structure_hook_factory(is_sequence, partial(_sequence_hook, converter))
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
        return finite(Decimal(value))
    except InvalidOperation:
        raise ValueError("expected a number, got other text") from None


def _reminder_type(value: object) -> ReminderType | str | None:
    if value is None:
        return None
    text: str = _exactly(value, str)
    return REMINDER_TYPES.get(text, text)


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
