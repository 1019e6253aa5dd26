"""The forms in which the rows of a search are handed out: each view reads on from one cursor.

A view tells the cursor what it hands over. The reader may be cancelled at any step: what a view
has decoded by then it keeps, or decodes again.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from enkash_async._decoding.slice_decoder import SliceDecoder
from enkash_async._search.cursor import Cursor
from enkash_async._search.page import Page
from enkash_async._search.row_stream import Batch, RowStream
from enkash_async._tasks import next_turn
from enkash_async.errors import DecodeError

if TYPE_CHECKING:
    from enkash_async._decoding.arrow.kinds import RecordBatch
    from enkash_async._decoding.arrow.lane import ArrowLane

R = TypeVar("R")
S = TypeVar("S", bound=Sized)

RAW_STEP = 1000
"""Undecoded records copied between two looks at the event loop."""


def _page(stream: RowStream, batch: Batch, records: tuple[R, ...], begin: int, end: int) -> Page[R]:
    """Return *records*, which are the rows of *batch* from *begin* up to *end*, as a page."""
    return Page(
        records,
        batch.rows.row_at(begin),
        batch.page.total,
        next_offset=batch.row_after(end),
        has_more=stream.may_go_on(batch, end),
        are_parsed=batch.page.are_parsed,
    )


class RecordView(Generic[R]):
    """Records one by one. The search takes them out of *ready* itself, since that is fastest."""

    def __init__(self, cursor: Cursor[R], slices: SliceDecoder[list[R]]) -> None:
        self._cursor = cursor
        self._slices = slices
        self.ready: list[R] = []
        """Decoded records of the batch, the next one last."""
        self._counted = 0
        """How many of these have not been accounted for as handed over."""

    def settle(self) -> None:
        """Account for the records that were handed over since this was last called."""
        left = len(self.ready)
        if left != self._counted:
            self._cursor.hand_over(self._counted - left, unread=left)
            self._counted = left

    def drop(self) -> None:
        """Let go of what is ready: nobody takes a record out of a search that is closed."""
        self.settle()
        self.ready.clear()
        self._counted = 0

    async def decode_next(self) -> None:
        """Decode the next records; after the last one none are ready."""
        if (page := self._cursor.take_awaited()) is not None:
            self._make_ready(page.records)
        else:
            self._cursor.rewind()
        while not self.ready and (batch := await self._cursor.next_rows()) is not None:
            # Other tasks get their turn even if the loop body never waits.
            await next_turn()
            records, self._cursor.place = self._slices.decode(batch.rows, self._cursor.place)
            self._make_ready(records)

    def _make_ready(self, records: Sequence[R]) -> None:
        # The list stays the same: the search holds it too.
        self.ready.extend(reversed(records))
        self._counted = len(records)


async def _decode_left(
    cursor: Cursor[Any], slices: SliceDecoder[S], batch: Batch, done: list[S]
) -> None:
    """Add to *done* what is left of *batch*, or as far as the next record that is an error."""
    while cursor.place < len(batch.rows):
        try:
            decoded, cursor.place = slices.decode(batch.rows, cursor.place)
        except DecodeError:
            if not done:
                raise
            return
        if decoded:
            done.append(decoded)
        if cursor.place < len(batch.rows):
            # A read cancelled here finds rows left, and goes on with them.
            await next_turn()


class PageView(Generic[R]):
    """Records by the page, each page decoded as a whole."""

    def __init__(self, cursor: Cursor[R], slices: SliceDecoder[list[R]]) -> None:
        self._cursor = cursor
        self._slices = slices
        self._begun_at = 0
        self._slices_done: list[list[R]] = []
        """Of a page whose decoding was cancelled: where it began, and what is decoded."""

    async def decode_first(self) -> Page[R]:
        """Return the first page, without reading on; a loop that follows begins with it."""
        cursor = self._cursor
        batch = await cursor.first_batch()
        if batch is None:
            row = cursor.stream.token().row
            return Page((), row, cursor.stream.total, next_offset=row, has_more=False)
        page = await self._decode(batch)
        if cursor.place < len(batch.rows):
            # A page cut short would look like a short list: this raises what stopped it.
            self._slices.decode(batch.rows, cursor.place)
        cursor.keep_awaited(page)
        return page

    async def next_page(self) -> Page[R] | None:
        """Return the next page that holds a record, None after the last one."""
        page = self._cursor.take_awaited()
        while page is None or not page.records:
            batch = await self._cursor.next_rows()
            if batch is None:
                return None
            page = await self._decode(batch)
        self._cursor.hand_over(len(page))
        return page

    async def _decode(self, batch: Batch) -> Page[R]:
        """Decode what is left of *batch*, or as far as the next record that is an error."""
        cursor = self._cursor
        if not self._slices_done:
            self._begun_at = cursor.place
        await _decode_left(cursor, self._slices, batch, self._slices_done)
        page, self._slices_done = tuple(chain.from_iterable(self._slices_done)), []
        return _page(cursor.stream, batch, page, self._begun_at, cursor.place)


class RawPageView:
    """The bytes of records by the page, undecoded.

    A page ends where its next row is no neighbour, as that between was delivered before: so its
    offset says of each of its records at which row it stands. With *cut_every*, pages also end
    where a multiple of it has been delivered.
    """

    def __init__(self, cursor: Cursor[Any], cut_every: int | None) -> None:
        self._cursor = cursor
        self._cut_every = cut_every
        self._delivered = cursor.stream.token().delivered
        self._copied: list[bytes] = []
        """Of a page whose copying was cancelled."""

    async def next_page(self) -> Page[bytes] | None:
        """Return the next page, None after the last one."""
        cursor = self._cursor
        cursor.rewind()
        batch = await cursor.next_rows()
        if batch is None:
            return None
        rows, begin = batch.rows, cursor.place
        end = self._end(begin, _after_neighbours(rows.indices, begin))
        while (first := begin + len(self._copied)) < end:
            indices = rows.indices[first : min(first + RAW_STEP, end)]
            self._copied += [bytes(rows.records[index]) for index in indices]
            if begin + len(self._copied) < end:
                await next_turn()
        records, self._copied = self._copied, []
        cursor.place = end
        cursor.hand_over(len(records))
        self._delivered += len(records)
        return _page(cursor.stream, batch, tuple(records), begin, end)

    def _end(self, begin: int, end: int) -> int:
        if self._cut_every is None:
            return end
        return min(end, begin + self._cut_every - self._delivered % self._cut_every)


def _after_neighbours(indices: Sequence[int], begin: int) -> int:
    """Return the place up to which *indices*, from *begin* on, follow each other."""
    if not isinstance(indices, range):
        for place in range(begin + 1, len(indices)):
            if indices[place] != indices[place - 1] + 1:
                return place
    return len(indices)


class LinesView:
    """Lines of JSON by the page."""

    def __init__(self, cursor: Cursor[Any], slices: SliceDecoder[bytes]) -> None:
        self._cursor = cursor
        self._slices = slices
        self._lines: list[bytes] = []
        """Of a page whose reader was cancelled."""

    async def next_lines(self) -> bytes | None:
        """Return the next page that holds a record, None after the last one."""
        cursor = self._cursor
        if not self._lines:
            cursor.rewind()
        while not self._lines:
            batch = await cursor.next_rows()
            if batch is None:
                return None
            await _decode_left(cursor, self._slices, batch, self._lines)
        page, self._lines = b"".join(self._lines), []
        cursor.hand_over(page.count(b"\n"))
        return page


class ArrowView:
    """Record batches of pyarrow, one a page."""

    def __init__(self, cursor: Cursor[Any], lane: ArrowLane) -> None:
        self._cursor = cursor
        self._lane = lane

    async def next_batch(self) -> RecordBatch | None:
        """Return the next batch that holds a record, None after the last one."""
        cursor = self._cursor
        cursor.rewind()
        while (batch := await cursor.next_rows()) is not None:
            records, cursor.place = await self._lane.decode(batch.rows, cursor.place)
            if len(records):
                cursor.hand_over(len(records))
                return records
        return None
