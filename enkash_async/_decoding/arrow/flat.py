"""Record batches without lists and structs, for CSV and spreadsheets. No I/O."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from enkash_async._decoding import forms
from enkash_async._decoding.arrow.kinds import RecordBatch
from enkash_async._decoding.arrow.schema import is_nested, schema_of
from enkash_async._decoding.arrow.untyped import pa
from enkash_async._wire.times import iso_z


def flattened(record: Any, batch: Any) -> RecordBatch:
    """Return a *batch* of the class *record* with the JSON of its lists and structs in their place.

    Values stand there as in a record's `to_json()`.
    """
    columns = [_texts(column) if is_nested(column.type) else column for column in batch.columns]
    flat: RecordBatch = pa.RecordBatch.from_arrays(columns, schema=schema_of(record, flat=True))
    return flat


def _texts(column: Any) -> Any:
    values = column.to_pylist()
    texts = [None if value is None else forms.as_json(_in_json(value)) for value in values]
    return pa.array(texts, pa.string())


def _in_json(value: Any) -> Any:
    kind = value.__class__
    if kind is dict:
        return {name: _in_json(one) for name, one in value.items()}
    if kind is list:
        return [_in_json(one) for one in value]
    if kind is Decimal:
        # The column brought it to its scale; what it was written with is not known any more.
        return format(value.normalize(), "f")
    return iso_z(value) if isinstance(value, datetime) else value
