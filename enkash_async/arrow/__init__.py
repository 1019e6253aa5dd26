"""Customers as Arrow record batches, for the `[arrow]` extra; see `CustomerSearch.arrow_batches`.

`customer_schema()` is the schema of every batch. `CustomerStream` is what DuckDB, Polars, pandas
and pyarrow read by themselves, without a loop of yours.
"""

try:
    import pyarrow as pyarrow
except ImportError as error:
    raise ImportError(
        "Arrow batches need pyarrow, which is not installed; install it with"
        " pip install 'enkash-async[arrow]'"
    ) from error

from enkash_async._decoding.arrow.kinds import Schema
from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._frames import hide
from enkash_async.arrow.stream import CustomerStream
from enkash_async.customers.records import Customer

__all__ = ["CustomerStream", "customer_schema"]


def customer_schema(*, flat: bool = False) -> Schema:
    """Return the schema of customers: one column per field of `Customer`, of the same name.

    Amounts are decimal128(38, 18), times timestamp[us] in UTC, whole numbers int64, contacts and
    reminders lists of structs. `customer_id`, lists and what they hold are never null; any other
    value may be. With *flat* lists are JSON text, as CSV and spreadsheets need it.
    """
    return schema_of(Customer, flat=flat)


hide()
