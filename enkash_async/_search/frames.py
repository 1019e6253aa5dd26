"""A whole search as one table of pyarrow, pandas or polars, none of which is needed before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any


def needed(name: str, *, install: str) -> Any:
    """Return the module *name*; ImportError that says what to *install* without it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs {name}, which is not installed: pip install {install}", name=name
        ) from error


def pyarrow() -> Any:
    """Return the module pyarrow."""
    return needed("pyarrow", install="'enkash-async[arrow]'")


async def table_of(batches: AsyncIterator[Any], schema: Any) -> Any:
    """Return all *batches*, which are of this *schema*, as a table of pyarrow."""
    return pyarrow().Table.from_batches([batch async for batch in batches], schema)


def as_pandas(table: Any, pandas: Any) -> Any:
    """Return a *table* as a DataFrame of *pandas* in which a missing value costs nothing.

    On its own pandas makes floats of whole numbers beside a null, and rounds them.
    """
    kinds = pyarrow()
    exact = {kinds.int64(): pandas.Int64Dtype(), kinds.bool_(): pandas.BooleanDtype()}
    return table.to_pandas(types_mapper=exact.get)
