"""Customers as Arrow record batches, for the `[arrow]` extra; see `CustomerSearch.arrow_batches`.

`customer_schema()` is the schema of every batch.
"""

try:
    import pyarrow as pyarrow
except ImportError as error:
    raise ImportError(
        "Arrow batches need pyarrow, which is not installed; install it with"
        " pip install 'enkash-async[arrow]'"
    ) from error

from enkash_async._decoding.arrow.schema import customer_schema

__all__ = ["customer_schema"]
