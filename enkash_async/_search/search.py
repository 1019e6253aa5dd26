"""Search: what a caller awaits, iterates, asks and closes."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from enkash_async._arguments import check_plain_function, int32_at_least
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.slice_decoder import OnBadRecord, SliceDecoder
from enkash_async._search.cursor import Cursor
from enkash_async._search.page import Page
from enkash_async._search.reading import Reading
from enkash_async._search.row_stream import RowStream
from enkash_async._search.views import ArrowView, PageView, RawPageView, RecordView
from enkash_async._tasks import call_soon_in
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken

if TYPE_CHECKING:
    import pyarrow as pa

R = TypeVar("R")
P = TypeVar("P")


class Search(Generic[R]):
    """One list read once, in one of several views: awaited, iterated and closed by its caller.

    Nothing is sent before it is awaited or iterated. A loop that was left goes on where it
    stopped; the fetches end when nobody refers to the search any more, or when it is closed.
    `Reading` guards each step, `Cursor` says how far the views have come, and `RowStream` gives
    them their rows.
    """

    def __init__(
        self,
        stream: RowStream,
        decoder: RecordDecoder[R],
        report: SearchReport,
        on_bad_record: OnBadRecord | None,
        begin: Callable[[], asyncio.AbstractEventLoop],
    ) -> None:
        if on_bad_record is not None:
            # Otherwise found at the first bad record, which would then be lost without a word.
            check_plain_function("on_bad_record", on_bad_record)
        self._stream = stream
        self._decoder = decoder
        self._report = report
        self._on_bad_record = on_bad_record
        self._reading = Reading(stream, begin)
        self._cursor = Cursor[R](stream, report)
        slices: SliceDecoder[list[R]] = SliceDecoder(
            decoder.decode_many, list, report, on_bad_record
        )
        self._records = RecordView(self._cursor, slices)
        self._ready = self._records.ready
        self._pages = PageView(self._cursor, slices)
        self._first: Page[R] | None = None
        self._finalizer = weakref.finalize(self, _discard_later, self._reading, stream)
        # At the exit of the interpreter no loop runs that could stop a fetch, and none needs to.
        self._finalizer.atexit = False

    # What it can say of itself

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`; None before the first page, or if none came."""
        return self._stream.total

    @property
    def report(self) -> SearchReport:
        """Return the account of this search so far; its verdict is final after the last record.

        It is brought up to date whenever it is asked for.
        """
        self._records.settle()
        return self._stream.report()

    @property
    def resume_token(self) -> ResumeToken:
        """Return where another search can go on, after the record handed over last."""
        self._records.settle()
        return self._stream.token()

    # The first page

    def __await__(self) -> Generator[None, None, Page[R]]:
        return self._first_page().__await__()

    async def _first_page(self) -> Page[R]:
        if self._first is None:
            if self._reading.view is not None:
                raise RuntimeError("await the search before it is iterated, or not at all")
            self._first = await self._reading.run(self._pages.decode_first)
        return self._first

    # Records

    def __aiter__(self) -> Self:
        self._reading.begin_loop()
        return self

    async def __anext__(self) -> R:
        # As short as can be: this runs once a record.
        if not self._ready and not await self._refill():
            self._reading.was_read = True
            raise StopAsyncIteration
        return self._ready.pop()

    async def _refill(self) -> bool:
        """Decode the next records; False after the last one."""
        self._records.settle()
        self._reading.use_as("records")
        await self._reading.run(self._records.decode_next)
        return bool(self._ready)

    # Pages

    def pages(self) -> AsyncIterator[Page[R]]:
        """Return the same records by the page, each page decoded as a whole."""
        self._reading.use_as("pages")
        return _Steps(self, self._reading, self._pages.next_page)

    def raw_pages(self, *, cut_every: int | None = None) -> AsyncIterator[Page[bytes]]:
        """Return the same rows as the JSON bytes of each record, undecoded.

        Every check is made but the decoding: a record may hold what its class cannot. The
        bytes are those of the service, which may have put line breaks between the fields.
        Pages are those of the service; with *cut_every* they are also cut where so many rows, or
        a multiple, have been delivered, those before a resume token included. So a file may be
        cut at the same rows however often reading was broken off.
        """
        if cut_every is not None:
            int32_at_least(1, "cut_every", cut_every)
        self._reading.use_as("raw pages")
        return _Steps(self, self._reading, RawPageView(self._cursor, cut_every).next_page)

    def arrow_batches(self) -> AsyncIterator[pa.RecordBatch]:
        """Return the same records by the page as pyarrow's record batches.

        The schema of customers is `enkash_async.arrow.customer_schema()`. They are decoded in a
        thread, without an object per record. A record with a number that does not fit into its
        column is a bad one here. ImportError if pyarrow is not installed; it is the extra
        `[arrow]`.
        """
        # Not at the top: who reads no Arrow batches need not have pyarrow.
        from enkash_async._decoding.arrow.lane import ArrowLane

        self._reading.use_as("Arrow batches")
        lane = ArrowLane(self._decoder, self._report, self._on_bad_record)
        return _Steps(self, self._reading, ArrowView(self._cursor, lane).next_batch)

    # Closing

    async def aclose(self) -> None:
        """Stop what is in flight and wait until it has stopped. May be called more than once."""
        self._reading.is_closed = True
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
        delivered = self.report.records_delivered
        return f"<{type(self).__name__} {self._reading.state}, {delivered} records delivered>"


class _Steps(Generic[P]):
    """Takes one step of a reading after the other until one returns None."""

    def __init__(
        self, search: Search[Any], reading: Reading, step: Callable[[], Awaitable[P | None]]
    ) -> None:
        # Not used, but held: the fetches of a search that nobody refers to are stopped.
        self._search = search
        self._reading = reading
        self._step = step

    def __aiter__(self) -> Self:
        self._reading.begin_loop()
        return self

    async def __anext__(self) -> P:
        result = await self._reading.run(self._step)
        if result is None:
            self._reading.was_read = True
            raise StopAsyncIteration
        return result


def _discard_later(reading: Reading, stream: RowStream) -> None:
    """Stop the fetches of a search that nobody refers to any more.

    The garbage collector may run in any thread, and when the loop is long gone.
    """
    loop = reading.loop
    if loop is not None and not loop.is_closed():
        call_soon_in(loop, stream.discard)
