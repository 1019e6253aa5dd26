"""CustomerSearch: what a caller awaits, iterates and asks."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import attrs
import msgspec

from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._search.row_stream import Batch, RowStream
from enkash_async._wire.sealed import harmless
from enkash_async.customers.records import Customer
from enkash_async.errors import DecodeError, EnKashError
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken

if TYPE_CHECKING:
    import pyarrow as pa

    from enkash_async._decoding.arrow.lane import ArrowLane

R = TypeVar("R")
P = TypeVar("P")

SLICE_SECONDS = 0.001
"""How long records are decoded before other tasks of the event loop get their turn."""

STEP = 20
"""Records decoded between two looks at the clock."""

RAW_STEP = 1000
"""Undecoded records copied between two looks at the event loop."""


@attrs.frozen
class Page(Generic[R]):
    """Neighbouring records of a list. *offset* is the row of the first of them, counted from 0.

    *total* is the service's `recordsCount` as it stood beside them, None if it sent none.
    """

    records: tuple[R, ...]
    offset: int
    total: int | None

    def __iter__(self) -> Iterator[R]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


@attrs.frozen
class BadRecord:
    """A record that could not be structured: its bytes, why, and its place.

    *offset* is its row in the list, *index* its place in its page.
    """

    raw: bytes = attrs.field(repr=False)
    reason: str
    offset: int
    index: int


OnBadRecord = Callable[[BadRecord], None]


class CustomerSearch:
    """The customers that match a filter, in the order of the service.

    Nothing is sent before it is awaited or iterated. `await` gives the first page; `async for`
    every record; `pages()` and `raw_pages()` the same rows by the page. One search reads its
    list once, in one of these ways: a loop that was left goes on where it stopped.

    Leaving a loop early, or an error in it, stops the fetches as soon as the search is no longer
    referred to; `async with` stops them at once. A page that fails raises its error after all
    records before it. One task reads at a time.
    """

    def __init__(
        self,
        stream: RowStream,
        decoder: RecordDecoder[Customer],
        report: SearchReport,
        on_bad_record: OnBadRecord | None,
    ) -> None:
        self._stream = stream
        self._decoder = decoder
        self._report = report
        self._on_bad_record = on_bad_record
        self._view: str | None = None
        self._first: Page[Customer] | None = None
        self._first_is_unread = False
        self._batch: Batch | None = None
        self._ready: list[Customer] = []
        """Decoded records of the batch, the next one last."""
        self._counted = 0
        """How many of these the report does not know to be handed over."""
        self._place = 0
        """How many rows of the batch have been decoded or set aside."""
        self._page_start = 0
        self._page_records: list[Customer] = []
        """Of a page whose decoding was cancelled: where it began, and what is decoded."""
        self._reading = False
        self._closed = False
        self._exhausted = False
        self._error: EnKashError | None = None
        self._loop = asyncio.get_running_loop()
        self._finalizer = weakref.finalize(self, _discard_later, self._loop, stream)
        self._finalizer.atexit = False

    # What it can say of itself

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`; None before the first page, or if none came."""
        return self._stream.total

    @property
    def report(self) -> SearchReport:
        """Return the account of this search so far; its verdict is final behind the last record.

        It is brought up to date whenever it is asked for.
        """
        self._settle()
        return self._stream.report()

    @property
    def resume_token(self) -> ResumeToken:
        """Return where another search can go on, after the record handed over last."""
        self._settle()
        return self._stream.token()

    # The first page

    def __await__(self) -> Generator[None, None, Page[Customer]]:
        return self._first_page().__await__()

    async def _first_page(self) -> Page[Customer]:
        if self._first is None:
            if self._view is not None:
                raise RuntimeError("await the search before it is iterated, or not at all")
            self._first = await self._read(self._decode_first)
        return self._first

    async def _decode_first(self) -> Page[Customer]:
        if self._batch is None:
            self._batch = await self._stream.next_batch(read_on=False)
        if self._batch is None:
            self._exhausted = True
            return Page((), self._stream.token().row, self.total)
        batch = self._batch
        page = await self._decode_page(batch)
        if self._place < len(batch.indices):
            # A page cut short would look like a short list: this raises what stopped it.
            self._decode(batch)
        # The same rows are there for a loop that follows, but those set aside.
        batch.indices = [index for index in batch.indices if index not in batch.aside]
        self._place = len(batch.indices)
        self._first_is_unread = bool(page.records)
        return page

    # Records

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Customer:
        # As short as can be: this runs once a record.
        if not self._ready and not await self._refill():
            raise StopAsyncIteration
        return self._ready.pop()

    async def _refill(self) -> bool:
        """Decode the next records; False behind the last one."""
        self._settle()
        self._use_as("records")
        await self._read(self._decode_slice)
        return bool(self._ready)

    def _hand_out(self, records: Sequence[Customer]) -> None:
        self._ready = list(reversed(records))
        self._counted = len(records)

    def _settle(self) -> None:
        """Account for the records that were handed over since this was last called."""
        handed_over = self._counted - len(self._ready)
        if handed_over and self._batch is not None:
            self._counted = len(self._ready)
            self._report.records_delivered += handed_over
            self._batch.done = self._place - len(self._ready)

    async def _decode_slice(self) -> None:
        if self._first is not None and self._first_is_unread:
            self._first_is_unread = False
            self._hand_out(self._first.records)
        while not self._ready and (batch := await self._current_batch()) is not None:
            self._hand_out(self._decode(batch))
            # Other tasks get their turn even if the loop body never waits.
            await asyncio.sleep(0)

    async def _current_batch(self) -> Batch | None:
        """Return the batch that has rows left to decode, fetching the next one if need be."""
        if self._batch is None or self._place >= len(self._batch.indices):
            if self._batch is not None:
                self._batch.done = self._place
            self._batch = await self._stream.next_batch(read_on=True)
            self._place = 0
            self._exhausted = self._batch is None
        return self._batch

    # Pages

    def pages(self) -> AsyncIterator[Page[Customer]]:
        """Return the same records by the page, each page decoded as a whole."""
        self._use_as("pages")
        return _PageIterator(partial(self._read, self._next_page))

    async def _next_page(self) -> Page[Customer] | None:
        if self._first is not None and self._first_is_unread:
            self._first_is_unread = False
            return self._handed_over(self._first)
        while (batch := await self._current_batch()) is not None:
            page = await self._decode_page(batch)
            if page.records:
                return self._handed_over(page)
        return None

    def raw_pages(self) -> AsyncIterator[Page[bytes]]:
        """Return the same rows as the JSON bytes of each record, undecoded.

        Every check is made but the decoding: a record may hold what a `Customer` cannot. The
        bytes are those of the service, which may have put line breaks between the fields.
        """
        self._use_as("raw pages")
        return _PageIterator(partial(self._read, self._next_raw_page))

    async def _next_raw_page(self) -> Page[bytes] | None:
        if self._first_is_unread:
            # The page that was awaited is the first here too.
            self._first_is_unread, self._place = False, 0
        batch = await self._current_batch()
        if batch is None:
            return None
        rows, records = batch.page.records, list[bytes]()
        for first in range(0, len(batch.indices), RAW_STEP):
            records += [bytes(rows[index]) for index in batch.indices[first : first + RAW_STEP]]
            await asyncio.sleep(0)
        self._place = len(records)
        return self._handed_over(Page(tuple(records), _row_of(batch, 0), batch.page.total))

    def arrow_batches(self) -> AsyncIterator[pa.RecordBatch]:
        """Return the same records by the page as pyarrow's record batches.

        Their schema is `enkash_async.arrow.customer_schema()`. They are decoded in a thread,
        without an object per record. A record with a number that does not fit into its column is
        a bad one here. ImportError if pyarrow is not installed; it is the extra `[arrow]`.
        """
        # Not at the top: who reads no Arrow batches need not have pyarrow.
        from enkash_async._decoding.arrow.lane import ArrowLane

        self._use_as("Arrow batches")
        lane = ArrowLane(self._decoder, self._report, self._set_aside)
        return _PageIterator(partial(self._read, partial(self._next_arrow_batch, lane)))

    async def _next_arrow_batch(self, lane: ArrowLane) -> pa.RecordBatch | None:
        if self._first_is_unread:
            # The page that was awaited is the first here too.
            self._first_is_unread, self._place = False, 0
        while (batch := await self._current_batch()) is not None:
            records, self._place = await lane.decode(batch, self._place)
            if len(records):
                batch.done = self._place
                self._report.records_delivered += len(records)
                return records
        return None

    def _handed_over(self, page: Page[P]) -> Page[P]:
        assert self._batch is not None
        self._batch.done = self._place
        self._report.records_delivered += len(page)
        return page

    # Decoding

    async def _decode_page(self, batch: Batch) -> Page[Customer]:
        """Decode what is left of *batch*, or as far as the next record that is an error."""
        if not self._page_records:
            self._page_start = self._place
        while self._place < len(batch.indices):
            # Before the slice: a read cancelled here finds rows left, and goes on with them.
            await asyncio.sleep(0)
            try:
                self._page_records += self._decode(batch)
            except DecodeError:
                if not self._page_records:
                    raise
                break
        records, self._page_records = tuple(self._page_records), []
        return Page(records, _row_of(batch, self._page_start), batch.page.total)

    def _decode(self, batch: Batch) -> list[Customer]:
        """Decode the next slice of *batch*, at most as far as the next bad record.

        A bad record is set aside or raised when it is the first of a slice, so behind all
        records before it.
        """
        started = time.perf_counter()
        rows, took = batch.page.records, 0.0
        records: list[Customer] = []
        while took < SLICE_SECONDS and self._place < len(batch.indices):
            step = batch.indices[self._place : self._place + STEP]
            good, error = self._decoder.decode_many([rows[index] for index in step])
            records += good
            self._place += len(good)
            if error is not None:
                if records:
                    break
                index = step[0]
                self._set_aside(error, rows[index], batch.row + index, index)
                batch.aside.add(index)
                self._place += 1
            took = time.perf_counter() - started
        self._report.seconds_decoding += took
        self._report.longest_stall = max(self._report.longest_stall, took)
        return records

    def _set_aside(self, error: DecodeError, raw: msgspec.Raw, offset: int, index: int) -> None:
        if self._on_bad_record is None:
            harmless(error)
            raise DecodeError(error.path, error.reason, offset, index) from error.__cause__
        self._report.bad_records += 1
        reason = f"{error.path}: {error.reason}"
        self._on_bad_record(BadRecord(bytes(raw), reason, offset, index))

    # Reading and closing

    def _use_as(self, view: str) -> None:
        if self._view is not None and self._view != view:
            raise RuntimeError(
                f"this search is already read as {self._view}; start another search to read its"
                f" {view}"
            )
        self._view = view

    async def _read(self, step: Callable[[], Awaitable[P]]) -> P:
        """Run one step of reading; errors are kept, so that no later step looks like an end."""
        if self._reading:
            raise RuntimeError("another task is reading this search; one task reads at a time")
        if self._error is not None:
            raise self._error
        if self._closed and not self._exhausted:
            raise RuntimeError("the search is closed; start another one")
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("the search belongs to another event loop; start one in this loop")
        self._reading = True
        try:
            return await step()
        except EnKashError as error:
            self._error = error
            self._stream.note_place(error)
            raise
        except BaseException as error:
            # Cancelled, or a callback of the caller's raised: fetches stop until the next step.
            self._stream.interrupt(error)
            raise
        finally:
            self._reading = False

    async def aclose(self) -> None:
        """Stop what is in flight and wait until it has stopped. May be called more than once."""
        self._closed = True
        self._finalizer.detach()
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._exhausted else self._view or "new"
        return f"<CustomerSearch {state}, {self.report.records_delivered} records delivered>"


class _PageIterator(Generic[P]):
    """Walks over pages until there is none; its function keeps the search alive meanwhile."""

    def __init__(self, next_page: Callable[[], Awaitable[P | None]]) -> None:
        self._next_page = next_page

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> P:
        page = await self._next_page()
        if page is None:
            raise StopAsyncIteration
        return page


def _row_of(batch: Batch, place: int) -> int:
    return batch.row + batch.indices[place]


def _discard_later(loop: asyncio.AbstractEventLoop, stream: RowStream) -> None:
    """Stop the fetches of a search that nobody refers to any more.

    The garbage collector may run in any thread, and when the loop is long gone.
    """
    if not loop.is_closed():
        loop.call_soon_threadsafe(stream.discard)
