"""The classes of pyarrow as type checkers see them, whether or not its stubs are installed.

pyarrow itself has no types, so that without `pyarrow-stubs` a strict checker knows nothing of what
it is handed. These say the most of it. They derive from Any: where the stubs are there, each passes
for its namesake, and for a checker has whatever is not named here. Nothing makes an object of one.
"""

from __future__ import annotations

from typing import Any


class Schema(Any):
    """`pyarrow.Schema`."""

    names: list[str]

    def __len__(self) -> int:
        raise NotImplementedError

    def field(self, i: int | str) -> Any:
        raise NotImplementedError


class _Columns(Any):
    """What a record batch and a table have in common."""

    num_rows: int
    num_columns: int
    nbytes: int
    column_names: list[str]
    columns: list[Any]
    schema: Schema

    def __len__(self) -> int:
        raise NotImplementedError

    def column(self, i: int | str) -> Any:
        raise NotImplementedError

    def to_pylist(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def to_pandas(self, **options: Any) -> Any:
        raise NotImplementedError


class RecordBatch(_Columns):
    """`pyarrow.RecordBatch`."""

    def slice(self, offset: int = 0, length: int | None = None) -> RecordBatch:
        raise NotImplementedError


class Table(_Columns):
    """`pyarrow.Table`."""

    def slice(self, offset: int = 0, length: int | None = None) -> Table:
        raise NotImplementedError

    def to_batches(self, max_chunksize: int | None = None) -> list[RecordBatch]:
        raise NotImplementedError
