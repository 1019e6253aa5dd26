"""Search: what a caller awaits, iterates, asks and closes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from enkash_async._arguments import absent, check_plain_function, int32_at_least, keywords_named
from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.lines import ended, sound_lines
from enkash_async._decoding.slice_decoder import SliceDecoder
from enkash_async._search import frames
from enkash_async._search.cursor import Cursor
from enkash_async._search.page import Page
from enkash_async._search.reading import Reading
from enkash_async._search.row_stream import RowStream
from enkash_async._search.views import ArrowView, LinesView, PageView, RawPageView, RecordView
from enkash_async._tasks import call_soon_in
from enkash_async.errors import ArgumentTypeError, EnKashError
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken

if TYPE_CHECKING:
    # Whoever asks for their frames has them installed, and with them their types.
    from pandas import DataFrame as PandasFrame  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    from polars import DataFrame as PolarsFrame  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    from enkash_async._decoding.arrow.kinds import RecordBatch, Table

R = TypeVar("R")
P = TypeVar("P")
E = TypeVar("E", bound=EnKashError)

NOT_COPIED = (
    "a search is neither copied nor pickled, as it is read once: make another one, from its"
    " resume_token if it is to go on from there"
)

OF_A_PAGE = frozenset({"records", "offset", "next_offset", "has_more", "to_dict", "to_json"})
"""What a page has, and a search has not."""

_INSTEAD = {
    **dict.fromkeys(OF_A_PAGE, "a page has it; `page = await search` is the first"),
    "close": "use `await search.aclose()`",
}


@keywords_named
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
    ) -> None:
        if on_bad_record is not None:
            # Otherwise found at the first bad record, which would then be lost without a word.
            check_plain_function("on_bad_record", on_bad_record)
        self._stream = stream
        self._decoder = decoder
        self._report = report
        self._on_bad_record = on_bad_record
        self._reading = Reading(stream)
        self._cursor = Cursor[R](stream, report)
        slices: SliceDecoder[list[R]] = SliceDecoder(
            decoder.decode_many,
            list,
            report,
            on_bad_record,
            decode_list=decoder.decode_list,
        )
        self._records = RecordView(self._cursor, slices)
        self._ready = self._records.ready
        self._pages = PageView(self._cursor, slices)
        self._first: Page[R] | None = None

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
        return self.first_page().__await__()

    async def first_page(self) -> Page[R]:
        """Return the first page, as `await search` does: a coroutine, for `create_task`."""
        if self._first is None:
            if self._reading.view is not None:
                raise RuntimeError("await the search before it is iterated, or not at all")
            self._first = await self._reading.run(self._pages.decode_first)
        return self._first

    async def _first_rows(self) -> list[tuple[int, bytes]]:
        """Return the records of the first page as they came, each after its row."""
        batch = await self._reading.run(self._cursor.first_batch)
        if batch is None:
            return []
        rows = batch.rows
        return [(rows.row + index, bytes(rows.records[index])) for index in rows.indices]

    # Records

    def __aiter__(self) -> Self:
        self._reading.begin_loop()
        return self

    if not TYPE_CHECKING:
        # The first slips of who is new to asyncio.

        def __getattr__(self, name: str) -> NoReturn:
            raise absent(self, name, _INSTEAD)

        def __getitem__(self, index: object) -> NoReturn:
            raise ArgumentTypeError(
                "a search has no records by number, but a page has; `page = await search` is the"
                " first"
            )

        def __iter__(self) -> NoReturn:
            raise ArgumentTypeError(
                "a search is read by `async for`, or awaited for its first page; for programs"
                " without an event loop there is enkash_async.blocking"
            )

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

    def json_lines(self) -> AsyncIterator[bytes]:
        """Return the same rows as JSON Lines, a page at a time: an answer in NDJSON, or a file.

        Each record is a JSON object in one line with a line break after it, its bytes those of the
        service but for line breaks inside. What is no strict JSON object (NaN, half a character),
        or is long and nested deeper than 64 times, is a bad record here, as it is in an export.
        The fetches end when its reader leaves, is cancelled, or calls `aclose()`.
        """
        self._reading.use_as("JSON lines")
        slices: SliceDecoder[bytes] = SliceDecoder(
            sound_lines, ended, self._report, self._on_bad_record
        )
        return _Steps(self, self._reading, LinesView(self._cursor, slices).next_lines)

    def arrow_batches(self, *, flat: bool = False) -> AsyncIterator[RecordBatch]:
        """Return the same records by the page as pyarrow's record batches.

        The schema of customers is `enkash_async.arrow.customer_schema()`. They are decoded in a
        thread, without an object per record. A record with a number that does not fit into its
        column, or without an id, is a bad one here. With *flat* lists are JSON text, as CSV and
        spreadsheets need it. ImportError if pyarrow is not installed; it is the extra `[arrow]`.
        """
        frames.pyarrow()
        # Not at the top: who reads no Arrow batches need not have pyarrow.
        from enkash_async._decoding.arrow.lane import ArrowLane

        self._reading.use_as("Arrow batches")
        lane = ArrowLane(self._decoder, self._report, self._on_bad_record, flat=flat)
        return _Steps(self, self._reading, ArrowView(self._cursor, lane).next_batch)

    # All at once

    async def to_arrow(self, *, max_rows: int | None = None, flat: bool = False) -> Table:
        """Return all that is left to read, or at most *max_rows*, as one table of pyarrow.

        It is held in memory; `arrow_batches()` is the same by the page, and says what *flat* does.
        """
        if max_rows is not None:
            int32_at_least(0, "max_rows", max_rows)
        batches = self.arrow_batches(flat=flat)
        from enkash_async._decoding.arrow.schema import schema_of

        if max_rows is not None:
            self._cursor.limit(max_rows)
        record: Any = self._decoder.record
        table: Table = await frames.table_of(batches, schema_of(record, flat=flat))
        return table

    async def to_pandas(  # pyright: ignore[reportUnknownParameterType]
        self, *, max_rows: int | None = None, flat: bool = False
    ) -> PandasFrame:  # pyright: ignore[reportUnknownVariableType]
        """Return the same as a DataFrame of pandas, which has to be installed.

        Amounts stay `Decimal`, and whole numbers whole where some are missing.
        """
        pandas = frames.needed("pandas", install="pandas")
        return frames.as_pandas(await self.to_arrow(max_rows=max_rows, flat=flat), pandas)

    async def to_polars(  # pyright: ignore[reportUnknownParameterType]
        self, *, max_rows: int | None = None, flat: bool = False
    ) -> PolarsFrame:  # pyright: ignore[reportUnknownVariableType]
        """Return the same as a DataFrame of polars, which has to be installed."""
        polars = frames.needed("polars", install="polars")
        return polars.from_arrow(await self.to_arrow(max_rows=max_rows, flat=flat))

    # Closing

    async def aclose(self) -> None:
        """Stop what is in flight and wait until it has stopped. May be called more than once."""
        self._reading.is_closed = True
        self._records.drop()
        await self._stream.aclose()

    def __del__(self) -> None:
        # Nobody refers to it any more. The collector may run in any thread, when the loop is long
        # gone, and for one that was refused in the midst of being made.
        reading: Reading | None = getattr(self, "_reading", None)
        loop = None if reading is None or reading.is_closed else self._stream.loop
        if loop is not None and not loop.is_closed() and not sys.is_finalizing():
            call_soon_in(loop, self._stream.discard)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        # To drop a copy would stop the fetches of the original.
        raise TypeError(NOT_COPIED)

    def __repr__(self) -> str:
        delivered = self.report.records_delivered
        return f"<{type(self).__name__} {self._reading.state}, {delivered} records delivered>"


def answered(error: E, search: Search[Any]) -> E:
    """Return *error*, which stands for what *search* was answered, with what was sent for it."""
    error.attempts = search.report.attempts
    error.client_request_id = search._stream.client_request_id  # pyright: ignore[reportPrivateUsage]
    return error


class _Steps(Generic[P]):
    """Takes one step of a reading after the other until one returns None."""

    def __init__(
        self, search: Search[Any], reading: Reading, step: Callable[[], Awaitable[P | None]]
    ) -> None:
        # Held: the fetches of a search that nobody refers to are stopped.
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

    async def aclose(self) -> None:
        """Close the search, as `contextlib.aclosing` does, and some servers what they send."""
        await self._search.aclose()

    def __repr__(self) -> str:
        return f"<{self._reading.view} of {self._search!r}>"
