"""How two ways to read the same bytes are held against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

import attrs
import msgspec
from hypothesis import reject

from enkash_async import DecodeError
from enkash_async._decoding.arrow.columns import check_fits, record_batch
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._decoding.decoder import RecordDecoder
from tests.decoding.drawing import json_list

R = TypeVar("R")


class FastLane(RecordDecoder[R]):
    """Decodes in the fast lane, and never in the other."""

    class RefusedError(Exception):
        """The fast lane left the record to the reference."""

    def decode_by_reference(self, raw: bytes | msgspec.Raw) -> R:
        raise self.RefusedError


class ReferenceLane(RecordDecoder[R]):
    """Decodes in the reference lane only."""

    def decode(self, raw: bytes | msgspec.Raw) -> R:
        return self.decode_by_reference(raw)


def spelled(value: Any) -> Any:
    """Return *value* with its types, digits and zones, which `==` would overlook."""
    if attrs.has(type(value)):
        fields = attrs.fields(type(value))
        return {field.name: spelled(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple):
        return [spelled(item) for item in value]
    return type(value), repr(value)


def outcome(decode: Callable[[bytes], object], raw: bytes) -> Any:
    try:
        return spelled(decode(raw))
    except DecodeError as error:
        return error.path


def plain(value: Any) -> Any:
    """Return a record as `to_pylist` gives a row."""
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value))]
        return {name: plain(getattr(value, name)) for name in names}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def split(text: str) -> list[msgspec.Raw]:
    return msgspec.json.decode(text, type=list[msgspec.Raw])


def misfit(record: Any) -> str | None:
    """Return the path of the value that fits into no column, None if all fit."""
    try:
        check_fits(record)
    except DecodeError as error:
        return error.path
    return None


def arrow_reads_alike(record: Any, texts: Sequence[str], zone: tzinfo) -> bool:
    """Hold what pyarrow read, if it did, against the record lane, which must have read it too."""
    try:
        rows = split(json_list(list(texts)))
    except (msgspec.MsgspecError, UnicodeError):
        reject()
    batch = RowReader(record, zone).read(rows)
    if batch is None:
        return False
    decoder = RecordDecoder(record, zone)
    records = [decoder.decode_by_reference(row) for row in rows]
    for value in records:
        check_fits(value)
    batch.validate(full=True)
    assert batch.schema.equals(schema_of(record))
    assert batch.equals(record_batch(record, records))
    return True
