"""The schema of customers as Spark writes it. No I/O."""

from __future__ import annotations

from typing import Any

from enkash_async._decoding.arrow.untyped import pa
from enkash_async.arrow import customer_schema

_SCALARS: dict[Any, str] = {
    pa.bool_(): "BOOLEAN",
    pa.int64(): "BIGINT",
    pa.string(): "STRING",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
}


def customer_ddl() -> str:
    """Return the columns of customers, as in CREATE TABLE."""
    schema: Any = customer_schema()
    return ", ".join(f"`{field.name}` {_type(field.type)}" for field in schema)


def _type(type: Any) -> str:
    if pa.types.is_list(type):
        return f"ARRAY<{_type(type.value_type)}>"
    if pa.types.is_struct(type):
        return f"STRUCT<{', '.join(f'`{field.name}`: {_type(field.type)}' for field in type)}>"
    if pa.types.is_decimal(type):
        return f"DECIMAL({type.precision}, {type.scale})"
    return _SCALARS[type]
