"""What the declaration of a record says about its fields. No I/O.

Both lanes and the Arrow columns ask here, so that they cannot take a type hint differently. A
record is an attrs class; each of its fields is one of

- `X | None`, where X is a scalar or another record,
- `SomeStrEnum | str | None`, an open enumeration: its members, and text that is none of them,
- `tuple[X, ...]`, where X is `str`, `bool`, `int` or another record,

and None or an empty tuple where the service sent nothing.
"""

from __future__ import annotations

import typing
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any

import attrs
import msgspec

from enkash_async._wire.keys import IDENTITY, wire_name

SCALARS = (str, bool, int, Decimal, datetime)

_ITEMS = (str, bool, int)
"""The scalars that need no work after msgspec has read them, so that a tuple can stay as it is."""

_NOT_CALLED = "the fast lane makes records without calling their class"


class RecordField(msgspec.Struct, frozen=True):
    """A field of a record: its two names, and what it holds.

    *kind* is a scalar, an enumeration or a record class; it is that of the items if *is_tuple*.
    """

    name: str
    wire_name: str
    kind: Any
    is_tuple: bool
    is_identity: bool = False

    @property
    def is_record(self) -> bool:
        return attrs.has(self.kind)

    @property
    def is_enumeration(self) -> bool:
        return _is_enumeration(self.kind)


@cache
def fields_of(record: Any) -> tuple[RecordField, ...]:
    """Return the fields of *record* in their order.

    TypeError, which names the field, for a declaration that the lanes would not read alike.
    """
    hints = typing.get_type_hints(record)
    if hasattr(record, "__attrs_post_init__"):
        raise TypeError(f"{record.__name__} must not have __attrs_post_init__: {_NOT_CALLED}")
    fields = tuple(
        _field(record, attribute, hints[attribute.name]) for attribute in attrs.fields(record)
    )
    identities = [field.name for field in fields if field.is_identity]
    if len(identities) > 1:
        raise TypeError(f"{record.__name__} has several identities, {' and '.join(identities)}")
    return fields


def _field(record: Any, attribute: Any, hint: Any) -> RecordField:
    kind = item_of(hint) or enumeration_of(hint) or _optional_of(hint)
    place = f"{record.__name__}.{attribute.name}"
    if kind is None:
        raise TypeError(f"{place} is declared as {hint}, which no record may hold")
    nothing = () if is_tuple(hint) else None
    if attribute.default != nothing:
        raise TypeError(f"{place} must be {nothing} where the service sent nothing")
    if attribute.converter is not None or attribute.validator is not None:
        raise TypeError(f"{place} must have neither converter nor validator: {_NOT_CALLED}")
    is_identity = attribute.metadata.get(IDENTITY, False)
    if is_identity and (kind is not str or is_tuple(hint)):
        raise TypeError(f"{place} is the identity, and is declared as {hint}: ids are text")
    return RecordField(attribute.name, wire_name(attribute), kind, is_tuple(hint), is_identity)


@cache
def identity_of(record: Any) -> RecordField | None:
    """Return the field that tells a *record* from all others, None if none is declared to."""
    return next((field for field in fields_of(record) if field.is_identity), None)


def is_tuple(hint: Any) -> bool:
    """Say whether *hint* stands for any number of items."""
    origin: Any = typing.get_origin(hint)
    return origin is tuple and typing.get_args(hint)[1:] == (...,)


def item_of(hint: Any) -> Any:
    """Return what the tuple *hint* holds, None if it is no tuple of a record."""
    if not is_tuple(hint):
        return None
    item = typing.get_args(hint)[0]
    return item if item in _ITEMS or attrs.has(item) else None


def enumeration_of(hint: Any) -> type[StrEnum] | None:
    """Return the enumeration in `SomeStrEnum | str | None`, None for any other *hint*."""
    kinds: set[Any] = set(typing.get_args(hint))
    if not {str, NoneType} < kinds:
        return None
    [kind, *others] = kinds - {str, NoneType}
    return None if others or not _is_enumeration(kind) else kind


def _is_enumeration(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _optional_of(hint: Any) -> Any:
    kinds: set[Any] = set(typing.get_args(hint))
    if NoneType not in kinds or len(kinds) != 2:
        return None
    [kind] = kinds - {NoneType}
    return kind if kind in SCALARS or attrs.has(kind) else None
