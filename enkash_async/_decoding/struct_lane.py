"""The fast lane of decoding: a msgspec struct, which becomes the record. No I/O.

A record in struct storage has a twin: a struct of the same layout that can still be changed, and
knows the names on the wire. msgspec makes a twin of the bytes, a function puts right what msgspec
cannot, and the twin's class is changed to the record's. For any other attrs class the fields are
moved from a struct into an object of the class.

Structs and functions are made from the declaration of a record, one pair for each notation of
scalars: times as msgspec reads them by itself, with a zone or without, and any other that
`_wire.times` knows, with whole numbers that are written as `12.0`. `reader_source` has the text of
the functions.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, Protocol, TypeVar

import attrs
import msgspec

from enkash_async._decoding.amounts import amount, whole
from enkash_async._decoding.declaration import RecordField, fields_of
from enkash_async._decoding.names import name_check
from enkash_async._decoding.reader_source import (
    OF_MANY_NOTATIONS,
    Times,
    joined,
    source_in_place,
    source_moving,
)
from enkash_async._decoding.record_class import has_struct_storage
from enkash_async._wire.times import instant

R = TypeVar("R")

AWARE = Annotated[datetime, msgspec.Meta(tz=True)]


class ReadMany(Protocol[R]):
    """A lane: returns the records in all of *raws*, or raises where it cannot read some.

    It may be given the same as *text* too, one JSON list, which takes less time to read.
    """

    def __call__(
        self, raws: Sequence[bytes | msgspec.Raw], text: bytes | None = None
    ) -> list[R]: ...


@cache
def struct_lane(record: Any, zone: tzinfo, times: Times) -> ReadMany[Any]:
    """Return a function from the bytes of several of *record* to the records.

    It raises what msgspec raises, ValueError or ArithmeticError, if it cannot read all of them.
    """
    lane: ReadMany[Any] = _reader(record, zone, times, from_bytes=True)
    return lane


@cache
def _struct(record: Any, times: Times) -> type[msgspec.Struct]:
    """Return the struct that holds *record* as it stands on the wire.

    It is the record's twin if the record is in struct storage.
    """
    in_place = has_struct_storage(record)
    fields = [_struct_field(field, times, in_place) for field in fields_of(record)]
    struct = msgspec.defstruct(
        f"{record.__name__}Struct",
        fields,
        # With the same bases, so that they lie alike in memory.
        bases=record.__bases__ if in_place else None,
        rename={field.name: field.wire_name for field in fields_of(record)},
        # Its cycles cannot be garbage: it holds text, numbers, times and structs like itself.
        gc=False,
    )
    # That of a struct would show personal data. Last, as a base may set one of its own.
    struct.__repr__ = object.__repr__  # type: ignore[method-assign]
    return struct


def _struct_field(field: RecordField, times: Times, in_place: bool) -> tuple[str, Any, Any]:
    nothing = () if in_place and field.is_tuple else None
    kind = _wire_type(field, times)
    may_be_null = nothing is None or times != "aware"
    return field.name, kind | None if may_be_null else kind, nothing


def _wire_type(field: RecordField, times: Times) -> Any:
    kind: Any = field.kind
    if field.is_record:
        kind = _struct(kind, times)
    if field.is_tuple:
        return tuple[kind, ...]
    if field.is_enumeration:
        return str
    # What may be anything comes as text, an int, or the Decimal that the hook makes. msgspec
    # by itself would make an amount of any text that Python does, such as "1_000".
    if kind is Decimal or (kind in OF_MANY_NOTATIONS and times == "any"):
        return Any
    return AWARE if kind is datetime and times == "aware" else kind


def _decode_as(kind: Any) -> Callable[[Any], Any]:
    # The constructor itself, which refuses an exponent beyond all bounds; a function around it
    # would take as long as it does.
    return msgspec.json.Decoder(kind, float_hook=Decimal).decode


def _reader(record: Any, zone: tzinfo, times: Times, *, from_bytes: bool = False) -> Any:
    """Return the function whose text `reader_source` gives, with what the text refers to."""
    names: dict[str, Any] = {
        "Record": record,
        "zone": zone,
        "instant": partial(instant, naive_timezone=zone),
        "amount": amount,
        "Decimal": Decimal,
        "whole": whole,
        "check_names": name_check(record),
    }
    names |= _names_of_fields(record, zone, times)
    if from_bytes:
        struct: Any = _struct(record, times)
        names |= {"decode": _decode_as(struct), "decode_list": _decode_as(list[struct])}
    if has_struct_storage(record):
        source = source_in_place(record, times, from_bytes=from_bytes)
        _check_twin(_struct(record, times)(), record)
    else:
        source = source_moving(record, times, from_bytes=from_bytes)
        names |= {"new": object.__new__, "Twin": _fillable(record)}
    title = f"reader of {record.__module__}.{record.__qualname__}, {times} times"
    exec(compile(source, _remembered(source, title), "exec"), names)
    return names["read"]


def _names_of_fields(record: Any, zone: tzinfo, times: Times, path: str = "") -> dict[str, Any]:
    """Return what the text refers to for the fields of *record*, and of records put right there."""
    names = dict[str, Any]()
    for field in fields_of(record):
        inner = joined(path, field.name)
        if field.is_enumeration:
            names[f"known_{inner}"] = {member.value: member for member in field.kind}.get
        elif field.is_record and has_struct_storage(field.kind) and has_struct_storage(record):
            _check_twin(_struct(field.kind, times)(), field.kind)
            names[f"Record_{inner}"] = field.kind
            names |= _names_of_fields(field.kind, zone, times, inner)
        elif field.is_record:
            names[f"read_{inner}"] = _reader(field.kind, zone, times)
    return names


def _fillable(record: Any) -> Any:
    """Return an ordinary class that can be filled fast, and whose objects can become records.

    TypeError if *record* is laid out in another way.
    """
    slots = tuple(field.name for field in fields_of(record))
    # A base may be frozen or abstract, and yet a twin must be made and filled.
    body = {"__slots__": slots, "__setattr__": object.__setattr__}
    # Bases decide on the layout too.
    bases = tuple(base for base in record.__bases__ if not attrs.has(base))
    twin: Any = type(record)(f"_{record.__name__}Twin", bases, body)
    twin.__abstractmethods__ = frozenset[str]()
    _check_twin(object.__new__(twin), record)
    return twin


def _check_twin(twin: Any, record: Any) -> None:
    # The change is safe. Python allows it between classes of one layout only, so nothing moves in
    # memory. Nobody else has seen the object yet, and every field of it is set. What `__init__`
    # might do beyond setting them, `fields_of` refuses.
    try:
        twin.__class__ = record
    except TypeError:
        raise TypeError(
            f"{record.__name__} must have slots for its fields and nothing else: declare it with"
            " attrs.frozen(weakref_slot=False) and derive it from no class that has fields"
        ) from None


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
