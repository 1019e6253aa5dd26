"""The Arrow schema of a record, derived from its declaration. No I/O."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from enkash_async._decoding.arrow.kinds import Schema
from enkash_async._decoding.arrow.untyped import pa
from enkash_async._decoding.declaration import RecordField, fields_of

AMOUNT = pa.decimal128(38, 18)
"""20 digits before the point and 18 after it: the widest that DuckDB, Polars and Spark all read,
and Spark's own default."""

WIDE_AMOUNT = pa.decimal256(58, 18)
"""What amounts are read as: pyarrow's JSON reader does not notice an overflow when it brings a
number to the scale of its column (21437789116019123219631 becomes another amount under `AMOUNT`).
58 digits times 10 ** 18 fit into 256 bits, and it refuses numbers of more digits."""

INSTANT = pa.timestamp("us", tz="UTC")

_SCALARS: dict[type, Any] = {
    bool: pa.bool_(),
    int: pa.int64(),
    Decimal: AMOUNT,
    datetime: INSTANT,
}

Naming = Literal["name", "wire_name"]
"""Which of its two names a field has in a schema."""


@cache
def schema_of(record: Any, *, flat: bool = False) -> Schema:
    """Return the schema of *record*: one column per field, of the same name and in their order.

    The field that tells records apart has a value in each row. A *flat* schema has scalars alone:
    lists and records inside are JSON text.
    """
    fields: Any = struct_of(record)
    if flat:
        fields = [
            field.with_type(pa.string()) if is_nested(field.type) else field for field in fields
        ]
    schema: Schema = pa.schema(fields)
    return schema


@cache
def struct_of(record: Any) -> Any:
    """Return the same as the type of a struct."""
    fields = _fields(record, "name", _SCALARS)
    names_of_identity = {field.name for field in fields_of(record) if field.is_identity}
    return pa.struct([field.with_nullable(field.name not in names_of_identity) for field in fields])


def is_nested(kind: Any) -> bool:
    """Say whether a column of this *kind* holds lists or records."""
    return bool(pa.types.is_nested(kind))


def wire_schema(record: Any, instant: Any) -> Any:
    """Return the columns as they are read: under their wire names, with times as *instant*."""
    scalars = _SCALARS | {datetime: instant, Decimal: WIDE_AMOUNT}
    return pa.schema(_fields(record, "wire_name", scalars))


def _fields(record: Any, naming: Naming, scalars: dict[type, Any]) -> list[Any]:
    return [
        pa.field(getattr(field, naming), _column_type(field, naming, scalars))
        for field in fields_of(record)
    ]


def _column_type(field: RecordField, naming: Naming, scalars: dict[type, Any]) -> Any:
    # What is no other scalar is text, an enumeration too.
    kind = (
        pa.struct(_fields(field.kind, naming, scalars))
        if field.is_record
        else scalars.get(field.kind, pa.string())
    )
    return pa.list_(kind) if field.is_tuple else kind
