"""Where a reader stands in the rows of a search."""

from __future__ import annotations

from typing import Generic, TypeVar

from enkash_async._search.page import Page
from enkash_async._search.row_stream import Batch, RowStream
from enkash_async.report import SearchReport

R = TypeVar("R")


class Cursor(Generic[R]):
    """A batch of rows, and how many of them are decoded; the one place that all views share.

    A page that was awaited is read again by the loop that follows: either the records decoded
    then, by `take_awaited`, or the rows, by `rewind`. So is one whose wait was cancelled.
    """

    def __init__(self, stream: RowStream, report: SearchReport) -> None:
        self.stream = stream
        self._report = report
        self.batch: Batch | None = None
        self.place = 0
        """How many rows of the batch have been decoded or set aside."""
        self._awaited: Page[R] | None = None

    async def first_batch(self) -> Batch | None:
        """Return the first batch, without fetching pages after it; None if there are no rows."""
        if self.batch is None:
            self.batch = await self.stream.next_batch(read_on=False)
        return self.batch

    async def next_rows(self) -> Batch | None:
        """Return the batch that has rows left, fetching the next one if need be."""
        if self.batch is None or self.place >= len(self.batch.rows):
            self.hand_over(0)
            self.batch = await self.stream.next_batch(read_on=True)
            self.place = 0
        return self.batch

    def hand_over(self, records: int, *, unread: int = 0) -> None:
        """Account for so many *records*: the reader has all rows so far but the last *unread*."""
        self._report.records_delivered += records
        if self.batch is not None:
            self.batch.done = self.place - unread

    def limit(self, rows: int) -> None:
        """Hand out at most so many *rows* more, those of the batch at hand among them."""
        self.rewind()
        held = 0
        if self.batch is not None:
            left = self.batch.rows
            left.indices = left.indices[: self.place + rows]
            held = len(left) - self.place
        self.stream.limit(rows - held)

    def keep_awaited(self, page: Page[R]) -> None:
        """Keep the first *page*, decoded, for the loop that may follow."""
        if self.batch is None:
            return
        if not page.records:
            # Nothing is left of it: the reader has been given its bad records.
            self.hand_over(0)
            return
        # The same rows are there for the loop, but for those set aside.
        self.batch.rows.leave_out_aside()
        self.place = len(self.batch.rows)
        self._awaited = page

    def take_awaited(self) -> Page[R] | None:
        """Return the page that was awaited if no loop has read it, and to one loop only."""
        page, self._awaited = self._awaited, None
        return page

    def rewind(self) -> None:
        """Go back to the row after the last that was handed over.

        What was decoded after it was awaited and is in no loop's hands, or its reader was
        cancelled before all of the page was decoded.
        """
        self._awaited = None
        if self.batch is None or self.place == self.batch.done:
            return
        if not self.batch.done:
            # The reader has been given the bad records, and gets them in no view again.
            self.batch.rows.leave_out_aside()
        self.place = self.batch.done
