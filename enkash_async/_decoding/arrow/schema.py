"""The Arrow schema of customers, derived from their one declaration in `records`. No I/O."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
import pyarrow

from enkash_async._decoding.arrow.untyped import pa
from enkash_async._wire.keys import wire_name
from enkash_async.customers.records import Customer

AMOUNT = pa.decimal128(38, 18)
"""20 digits before the point and 18 behind it: the widest that DuckDB, Polars and Spark all read,
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

Namer = Callable[["attrs.Attribute[Any]"], str]


@cache
def customer_schema() -> pyarrow.Schema:
    """Return the schema of customers: one column per field of `Customer`, of the same name.

    Amounts are decimal128(38, 18), times timestamp[us] in UTC, whole numbers int64, contacts and
    reminders lists of structs. Any value may be null but lists and what they hold.
    """
    schema: pyarrow.Schema = pa.schema(customer_type())
    return schema


@cache
def customer_type() -> Any:
    """Return the same as the type of a struct."""
    return _data_type(Customer, lambda attribute: attribute.name, _SCALARS)


def wire_schema(instant: Any) -> Any:
    """Return the columns as they are read: under their wire names, with times as *instant*."""
    scalars = _SCALARS | {datetime: instant, Decimal: WIDE_AMOUNT}
    return pa.schema(_data_type(Customer, wire_name, scalars))


def _data_type(hint: Any, name: Namer, scalars: dict[type, Any]) -> Any:
    if attrs.has(hint):
        hints = typing.get_type_hints(hint)
        fields = [
            (name(attribute), _data_type(hints[attribute.name], name, scalars))
            for attribute in attrs.fields(hint)
        ]
        return pa.struct(fields)
    [kind, *_] = [kind for kind in typing.get_args(hint) or (hint,) if kind is not types.NoneType]
    if typing.get_origin(hint) is tuple:
        return pa.list_(_data_type(kind, name, scalars))
    # What is neither is text, an enumeration too.
    return scalars.get(kind, pa.string())
