"""Records as dicts, JSON and text for people. No I/O.

Any record will do: a declaration says all that is needed, and a value is read by its name alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
import msgspec

from enkash_async._decoding.declaration import RecordField, fields_of
from enkash_async._decoding.extra import ExtraFields
from enkash_async._decoding.record_class import declared_class
from enkash_async._wire.times import iso_z

Write = Callable[[Any], Any]


def as_dict(record: Any, *, wire: bool = False, json: bool = False) -> dict[str, Any]:
    """Return the fields of *record* by name, records inside as dicts and tuples as lists.

    The names are those of Python, or with *wire* those of the service. With *json* the values are
    what JSON has: an amount is text, so that it keeps its digits, and a time is ISO 8601 in UTC.
    """
    whole: dict[str, Any] = _writer(declared_class(record), wire, json)(record)
    return whole


def as_json(value: Any) -> str:
    """Return *value*, a dict of what JSON has, as JSON in one line."""
    try:
        return msgspec.json.encode(value).decode()
    except OverflowError:
        # Before msgspec 0.20, for a whole number beyond 64 bits.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def extra_of(record: Any) -> ExtraFields | None:
    """Return what *record* holds beside its fields, None where it holds nothing."""
    extra = getattr(record, "extra", None)
    return extra if isinstance(extra, ExtraFields) and extra else None


@cache
def _writer(record: Any, wire: bool, json: bool) -> Write:
    parts = [
        (field.wire_name if wire else field.name, field.name, _write_of(field, wire, json))
        for field in fields_of(record)
    ]

    def write(value: Any) -> dict[str, Any]:
        written = {
            key: part(getattr(value, name)) if part else getattr(value, name)
            for key, name, part in parts
        }
        if value.__class__ is not record and (extra := extra_of(value)):
            more = extra.to_dict(json=json)
            written |= more if wire else {"extra": more}
        return written

    return write


def _write_of(field: RecordField, wire: bool, json: bool) -> Write | None:
    """Return what becomes of the value of *field*, None if it stays as it is."""
    if field.is_record:
        write = _writer(field.kind, wire, json)
        return _each(write) if field.is_tuple else _unless_none(write)
    if field.is_tuple:
        return list
    if not json:
        return None
    in_json = str if field.is_enumeration else _IN_JSON.get(field.kind)
    return None if in_json is None else _unless_none(in_json)


def _unless_none(write: Write) -> Write:
    return lambda value: None if value is None else write(value)


def _each(write: Write) -> Write:
    return lambda values: [write(value) for value in values]


_IN_JSON: dict[Any, Write] = {Decimal: str, datetime: iso_z}


# For people


def is_record(value: object) -> bool:
    """Say whether *value* is a record, and not the undecoded bytes of one."""
    return attrs.has(type(value))


def shown_fields(record: Any) -> dict[str, Any]:
    """Return the fields of *record* that its declaration shows, by name."""
    return {
        attribute.name: getattr(record, attribute.name)
        for attribute in attrs.fields(declared_class(record))
        if attribute.repr
    }


def hidden_fields(record: Any) -> int:
    """Return how many fields of *record* are hidden, those that it does not declare included."""
    declared = sum(not attribute.repr for attribute in attrs.fields(declared_class(record)))
    return declared + len(extra_of(record) or ())


def how_many_hidden(hidden: int) -> str:
    """Return the words for so many *hidden* fields."""
    return f"… {hidden} more field{'' if hidden == 1 else 's'} hidden"


def shown(record: Any) -> str:
    """Return the `repr` of *record*: the fields that may be shown, and how many are hidden."""
    parts = [f"{name}={value!r}" for name, value in shown_fields(record).items()]
    if hidden := hidden_fields(record):
        parts.append(how_many_hidden(hidden))
    return f"{type(record).__qualname__}({', '.join(parts)})"
