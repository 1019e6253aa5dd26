"""Parquet: record batches kept one after the other, and row groups made of them in the end.

A Parquet file cannot be cut back and written on, as what describes its row groups stands at its
end. A stream of Arrow can: so that is the part, and the file is made of it when all has come, in
row groups of a fixed number of records, whatever pages they came by.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

try:
    import pyarrow
    import pyarrow.parquet
except ImportError as error:
    raise ImportError(
        "Parquet needs pyarrow, which is not installed; install it with"
        " pip install 'enkash-async[parquet]'"
    ) from error

from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._search.search import Search
from enkash_async.export.bad import BadRow
from enkash_async.export.columns import MASK, Column, Columns
from enkash_async.export.content import Taken
from enkash_async.export.files import PartFile, remove
from enkash_async.export.forms import Compression

# Its stubs lag behind it.
pa: Any = pyarrow

ROW_GROUP = 25_000
"""Records of a row group: enough for its statistics to help, and some forty megabytes to hold."""


class ParquetContent:
    """Record batches, as a stream of Arrow until the file is made."""

    ends_rarely = False

    def __init__(self, record: Any, columns: Columns, compression: Compression, rows: int) -> None:
        self._columns = columns.columns
        self._compression = compression
        self._rows = rows
        self._bad = list[BadRow]()
        whole: Any = schema_of(record)
        self._schema: Any = pa.schema(
            [whole.field(one.name).with_name(one.title) for one in self._columns]
        )
        self._stream = _Stream(self._schema)

    @property
    def on_bad_record(self) -> OnBadRecord | None:
        """Return what keeps a record that does not fit into its columns."""
        return lambda bad: self._bad.append(BadRow(bad.offset, bad.reason, bad.raw))

    def pages(self, search: Search[Any]) -> AsyncIterator[Any]:
        """Return record batches."""
        return search.arrow_batches()

    def head(self) -> bytes:
        """Return the schema."""
        return self._stream.head

    def take(self, rows: Any) -> Taken:
        """Return the message of a record batch with the chosen columns."""
        arrays = [_masked(one, rows.column(one.name)) for one in self._columns]
        bad, self._bad = self._bad, []
        return Taken(
            self._stream.message(pa.RecordBatch.from_arrays(arrays, schema=self._schema)),
            rows.num_rows,
            bad,
        )

    def begin_part(self) -> None:
        """Begin another stream."""
        self._stream = _Stream(self._schema)

    @property
    def may_end_here(self) -> bool:
        """Say that each batch is a place to go on from, unless bad records wait to be kept."""
        return not self._bad

    def saved(self) -> list[int]:
        """Return nothing."""
        return []

    def tail(self) -> bytes:
        """Return nothing: a stream of Arrow may just end."""
        return b""

    def rest(self) -> list[BadRow]:
        """Return bad records that came after the last batch."""
        bad, self._bad = self._bad, []
        return bad

    def whole(self, part: PartFile, place: Path) -> PartFile:
        """Make a Parquet file of *part* at *place*."""
        remove(place)
        made = PartFile.create(place)
        try:
            with part.path.open("rb") as file:
                self._convert(file, place)
        except BaseException:
            made.close()
            remove(place)
            raise
        return made

    def _convert(self, file: Any, place: Path) -> None:
        # The other pools keep what was freed, which is most of what a row group takes.
        pool = pa.system_memory_pool()
        pa.default_memory_pool().release_unused()
        writer: Any = pyarrow.parquet.ParquetWriter(
            str(place),
            self._schema,
            compression=self._compression.value,
            memory_pool=pool,
        )
        with writer:
            for table in _groups(pa.ipc.open_stream(file, memory_pool=pool), ROW_GROUP, pool):
                writer.write_table(table, row_group_size=ROW_GROUP)
                del table
                for one in (pool, pa.default_memory_pool()):
                    one.release_unused()


class _Stream:
    """Makes the messages of a stream of Arrow, one at a time."""

    def __init__(self, schema: Any) -> None:
        self._bytes = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer: Any = pa.ipc.new_stream(self._bytes, schema, options=options)
        # The schema is written with the first batch, so one without rows goes ahead of all.
        self.head = self.message(pa.RecordBatch.from_pylist([], schema))

    def message(self, batch: Any) -> bytes:
        self._writer.write_batch(batch)
        return self._taken()

    def _taken(self) -> bytes:
        taken = self._bytes.getvalue()
        self._bytes.seek(0)
        self._bytes.truncate()
        return taken


def _groups(batches: Any, records: int, pool: Any) -> Iterator[Any]:
    """Walk over the rows of *batches* in tables of so many *records*; the last may hold fewer."""
    waiting, count = list[Any](), 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        del batch
        while count >= records:
            group, waiting = _cut(waiting, records, pool)
            count -= records
            yield group
            del group
    if count:
        yield _cut(waiting, count, pool)[0]


def _cut(batches: list[Any], records: int, pool: Any) -> tuple[Any, list[Any]]:
    """Return the first *records* as a table in one piece, and batches of the others.

    Both are copies, so that neither holds the memory of the other; *batches* is emptied.
    """
    table = pa.Table.from_batches(batches)
    batches.clear()
    schema = table.schema
    others = table.slice(records).combine_chunks(pool)
    columns = table.slice(0, records).columns
    del table
    # One column after the other, and each is let go of: in all there is one copy, not two.
    for place, column in enumerate(columns):
        columns[place] = pa.chunked_array([column.combine_chunks(pool)], column.type)
        del column
    return pa.Table.from_arrays(columns, schema=schema), others.to_batches()


def _masked(column: Column, array: Any) -> Any:
    if not column.is_masked:
        return array
    if column.is_list:
        empty = pa.scalar([], array.type)
        return pa.array([empty.as_py()] * len(array), array.type)
    if column.is_text:
        texts = [None if is_null else MASK for is_null in array.is_null().to_pylist()]
        return pa.array(texts, array.type)
    return pa.nulls(len(array), array.type)
