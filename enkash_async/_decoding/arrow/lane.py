"""Pages to record batches, off the event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio.to_thread
import msgspec
import pyarrow
from anyio.lowlevel import RunVar

from enkash_async._decoding.arrow.columns import check_fits, joined, record_batch
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._search.row_stream import Batch
from enkash_async.errors import DecodeError
from enkash_async.report import SearchReport

SLICE = 50
"""Records decoded and put into columns between two looks at the event loop."""

SetAside = Callable[[DecodeError, msgspec.Raw, int, int], None]
"""Takes a bad record with its row in the list and its index in the page, or raises the error."""

_threads: RunVar[anyio.CapacityLimiter] = RunVar("enkash-async threads that read Arrow batches")


class ArrowLane:
    """Decodes the pages of one search.

    pyarrow reads a page as a whole, in a thread. A page with anything in it that pyarrow and the
    record lane do not read alike goes through the record lane, so that both deliver the same.
    """

    def __init__(
        self, decoder: RecordDecoder[Any], report: SearchReport, set_aside: SetAside
    ) -> None:
        self._decoder = decoder
        self._reader = RowReader(decoder.record, decoder.naive_timezone)
        self._report = report
        self._set_aside = set_aside
        self._tolerant: Batch | None = None
        """The batch, if any, that has been found to need the record lane."""

    async def decode(self, batch: Batch, place: int) -> tuple[pyarrow.RecordBatch, int]:
        """Return the rows of *batch* from *place* on, and the place behind the last of them.

        It ends before a bad record that is not set aside but raised, which is then the next.
        """
        if batch is not self._tolerant:
            records = await self._read(batch, place)
            if records is not None:
                return records, len(batch.indices)
            self._tolerant = batch
            self._report.pages_decoded_tolerantly += 1
        return await self._read_tolerantly(batch, place)

    async def _read(self, batch: Batch, place: int) -> pyarrow.RecordBatch | None:
        # It reads what nobody writes, and ends by itself: who is cancelled need not wait for it.
        records, took = await anyio.to_thread.run_sync(
            _read_rows,
            self._reader,
            batch.page.records,
            batch.indices[place:],
            abandon_on_cancel=True,
            limiter=_limiter(),
        )
        self._report.seconds_decoding += took
        return records

    async def _read_tolerantly(self, batch: Batch, place: int) -> tuple[pyarrow.RecordBatch, int]:
        slices = list[pyarrow.RecordBatch]()
        while place < len(batch.indices):
            started = time.perf_counter()
            try:
                customers, place = self._decode_slice(batch, place)
            except DecodeError:
                if not slices:
                    raise
                break
            slices.append(record_batch(self._decoder.record, customers))
            took = time.perf_counter() - started
            self._report.seconds_decoding += took
            self._report.longest_stall = max(self._report.longest_stall, took)
            await asyncio.sleep(0)
        return joined(slices), place

    def _decode_slice(self, batch: Batch, place: int) -> tuple[list[Any], int]:
        """Decode rows from *place* on, at most as far as the next bad record.

        A bad record is set aside or raised when it is the first of a slice, so behind all
        records before it.
        """
        customers = list[Any]()
        for index in batch.indices[place : place + SLICE]:
            row = batch.page.records[index]
            try:
                customer = self._decoder.decode(row)
                check_fits(customer)
            except DecodeError as error:
                if customers:
                    break
                # A page is begun anew if its reader was cancelled in the middle.
                if index not in batch.aside:
                    self._set_aside(error, row, batch.row + index, index)
                    batch.aside.add(index)
            else:
                customers.append(customer)
            place += 1
        return customers, place


# No method: a thread that held the search would keep it, and its fetches, from being collected.
def _read_rows(
    reader: RowReader, rows: Sequence[msgspec.Raw], indices: Sequence[int]
) -> tuple[pyarrow.RecordBatch | None, float]:
    started = time.perf_counter()
    wanted = rows if len(indices) == len(rows) else [rows[index] for index in indices]
    return reader.read(wanted), time.perf_counter() - started


def _limiter() -> anyio.CapacityLimiter:
    """Return the limit for this event loop: more threads than processors gain nothing."""
    try:
        return _threads.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
        _threads.set(limiter)
        return limiter
