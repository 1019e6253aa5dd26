"""Pages to record batches, off the event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
from anyio.lowlevel import RunVar

from enkash_async._decoding.arrow.columns import check_fits, joined, record_batch
from enkash_async._decoding.arrow.flat import flattened
from enkash_async._decoding.arrow.kinds import RecordBatch
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.rows import Rows
from enkash_async._decoding.slice_decoder import SliceDecoder
from enkash_async.errors import DecodeError
from enkash_async.report import SearchReport

SLICE_SECONDS = 0.00025
"""How long records are decoded before they are put into columns, which takes twice as long."""

Form = Callable[[Any], RecordBatch]
"""Brings a record batch into the form that is asked for."""

_Read = tuple[RecordBatch | None, float]
"""What was read, None where the record lane is needed, and the seconds it took."""

_threads: RunVar[ThreadPoolExecutor] = RunVar("enkash-async threads that read Arrow batches")


class ArrowLane:
    """Decodes the pages of one search.

    pyarrow reads a page as a whole, in a thread. A page with anything in it that pyarrow and the
    record lane do not read alike goes through the record lane, so that both deliver the same.
    """

    def __init__(
        self,
        decoder: RecordDecoder[Any],
        report: SearchReport,
        on_bad_record: OnBadRecord | None,
        *,
        flat: bool = False,
    ) -> None:
        form = partial(flattened, decoder.record) if flat else None
        self._reader = RowReader(decoder.record, decoder.naive_timezone)
        self._form = form
        self._slices: SliceDecoder[RecordBatch] = SliceDecoder(
            partial(_decode_fitting, decoder.decode),
            partial(_batch_of, decoder.record, form),
            report,
            on_bad_record,
            seconds=SLICE_SECONDS,
        )
        self._report = report
        self._tolerant: Rows | None = None
        """The rows, if any, that have been found to need the record lane."""
        self._begun: asyncio.Future[_Read] | None = None
        self._parts: list[RecordBatch] = []
        """Of rows whose reading was cancelled: what goes on in the thread, and what was read."""
        self._next_place = 0

    async def decode(self, rows: Rows, place: int) -> tuple[RecordBatch, int]:
        """Return *rows* from *place* on, and the place after the last of them.

        It ends before a bad record that is not set aside but raised, which is then the next.
        """
        if rows is not self._tolerant:
            records = await self._read(rows, place)
            if records is not None:
                return records, len(rows)
            self._tolerant = rows
            self._report.pages_decoded_tolerantly += 1
        return await self._read_tolerantly(rows, place)

    async def _read(self, rows: Rows, place: int) -> RecordBatch | None:
        # It reads what nobody writes, and ends by itself: who is cancelled need not wait for it,
        # and finds it done when going on with the same rows.
        if self._begun is None:
            given = self._reader, self._form, rows.records, rows.indices[place:]
            loop = asyncio.get_running_loop()
            # No methods: a thread that held the search would keep it from being collected.
            self._begun = loop.run_in_executor(_executor(), _read_rows, *given)
        records, took = await asyncio.shield(self._begun)
        self._begun = None
        self._report.seconds_decoding += took
        return records

    async def _read_tolerantly(self, rows: Rows, place: int) -> tuple[RecordBatch, int]:
        if not self._parts:
            self._next_place = place
        while self._next_place < len(rows):
            try:
                records, self._next_place = self._slices.decode(rows, self._next_place)
            except DecodeError:
                if not self._parts:
                    raise
                break
            self._parts.append(records)
            if self._next_place < len(rows):
                await asyncio.sleep(0)
        parts, self._parts = self._parts, []
        return joined(parts), self._next_place


def _decode_fitting(
    decode: Callable[[msgspec.Raw], Any], raws: Sequence[msgspec.Raw]
) -> tuple[list[Any], DecodeError | None]:
    """Decode *raws* as far as the first that cannot be read, or does not fit into its columns."""
    records = list[Any]()
    for raw in raws:
        try:
            record = decode(raw)
            check_fits(record)
        except DecodeError as error:
            return records, error
        records.append(record)
    return records, None


def _batch_of(record: Any, form: Form | None, records: Sequence[Any]) -> RecordBatch:
    batch = record_batch(record, records)
    return batch if form is None else form(batch)


def _read_rows(
    reader: RowReader, form: Form | None, rows: Sequence[msgspec.Raw], indices: Sequence[int]
) -> _Read:
    started = time.perf_counter()
    wanted = rows if len(indices) == len(rows) else [rows[index] for index in indices]
    batch = reader.read(wanted)
    if batch is not None and form is not None:
        batch = form(batch)
    return batch, time.perf_counter() - started


def _executor() -> ThreadPoolExecutor:
    """Return the threads of this event loop: more than processors gain nothing.

    A page that nobody waits for any more is read to its end, in no task that would outlive the
    session. The interpreter waits for it: pyarrow aborts a process that ends meanwhile.
    """
    try:
        return _threads.get()
    except LookupError:
        executor = ThreadPoolExecutor(os.cpu_count() or 1, "enkash-async Arrow")
        _threads.set(executor)
        return executor
