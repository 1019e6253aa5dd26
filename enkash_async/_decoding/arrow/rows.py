"""Bytes of records to a record batch, by pyarrow's JSON reader. No I/O.

The reader makes no Python object of a field and needs no GIL, but fails as a whole on what the
record lane reads or refuses one by one. So it is asked first, and what it made is held against
the rules of `reference_lane` where it is the more lenient of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import msgspec
from pyarrow.json import ParseOptions, ReadOptions

from enkash_async._decoding.arrow.columns import batch_of, column, microseconds
from enkash_async._decoding.arrow.kinds import RecordBatch
from enkash_async._decoding.arrow.schema import AMOUNT, INSTANT, struct_of, wire_schema
from enkash_async._decoding.arrow.untyped import pa, pc, read_json
from enkash_async._decoding.declaration import fields_of, identity_of
from enkash_async._decoding.decoder import has_too_many_values
from enkash_async._wire.times import instant

_FIRST, _LAST = (
    microseconds(moment.replace(tzinfo=UTC)) for moment in (datetime.min, datetime.max)
)


class RowReader:
    """Reads rows into batches of a record. Stateless, so any number of threads may share it."""

    def __init__(self, record: Any, naive_timezone: tzinfo) -> None:
        self._target = struct_of(record)
        identity = identity_of(record)
        self._identity = None if identity is None else fields_of(record).index(identity)
        self._zone = naive_timezone
        # The reader takes a time without a zone for UTC. For any other zone it reads text.
        is_utc = naive_timezone.utcoffset(None) == timedelta(0)
        self._schema = wire_schema(record, INSTANT if is_utc else pa.string())

    def read(self, rows: Sequence[msgspec.Raw]) -> RecordBatch | None:
        """Return *rows* as a batch; None if the record lane must be asked about one of them."""
        # The reader takes a null for a record, and one in the first place crashes it.
        if not all(memoryview(row)[0] == ord("{") for row in rows):
            return None
        if any(map(has_too_many_values, rows)):
            # The record lane refuses such a record.
            return None
        try:
            structs = self._checked(self._parse(b"\n".join(rows)), self._target)
        except ValueError:
            # As every ArrowInvalid is. Its text quotes the value, so nobody is to see it.
            return None
        if self._identity is not None and structs.field(self._identity).null_count:
            # The record lane looks at the names of such a record.
            return None
        return batch_of(structs)

    def _parse(self, text: bytes) -> Any:
        table = read_json(
            pa.BufferReader(text),
            # One block, so that a record with line breaks in it is not cut.
            ReadOptions(use_threads=False, block_size=len(text) + 1),
            ParseOptions(self._schema, unexpected_field_behavior="ignore"),
        )
        if not text.isascii():
            # It lets invalid UTF-8 pass.
            table.validate(full=True)
        [batch] = table.to_batches()
        return batch.to_struct_array()

    def _checked(self, array: Any, target: Any) -> Any:
        """Return *array* as *target*; ValueError where the record lane would read otherwise."""
        if pa.types.is_list(target):
            if array.values.null_count:
                raise ValueError("null in a list")
            items = self._checked(array.values, target.value_type)
            # A list that is null or absent has no items: by its offsets alone it is empty.
            return pa.ListArray.from_arrays(array.offsets, items, type=target)
        if pa.types.is_struct(target):
            fields = list(target)
            columns = [self._checked(array.field(i), fields[i].type) for i in range(len(fields))]
            is_null = array.is_null() if array.null_count else None
            return pa.StructArray.from_arrays(columns, fields=fields, mask=is_null)
        if target == AMOUNT:
            return array.cast(AMOUNT)
        return self._instants(array) if target == INSTANT else array

    def _instants(self, array: Any) -> Any:
        if array.type != INSTANT:
            array = self._instants_of_texts(array)
        span = pc.min_max(array.view(pa.int64())).as_py()
        # The reader knows a year 0. Without any time, both ends are None.
        if (span["min"] or 0) < _FIRST or (span["max"] or 0) > _LAST:
            raise ValueError("outside the years 1 to 9999")
        return array

    def _instants_of_texts(self, texts: Any) -> Any:
        try:
            # This reads texts with a zone only.
            return texts.cast(INSTANT)
        except pa.ArrowInvalid:
            moments = [
                None if text is None else instant(text, self._zone) for text in texts.to_pylist()
            ]
            return column(moments, INSTANT)
