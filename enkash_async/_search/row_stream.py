"""The rows of a search in batches: planned, fetched ahead, checked, and accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from enkash_async._clock import now as clock
from enkash_async._decoding.rows import Rows
from enkash_async._paging.history import NewRows
from enkash_async._paging.planner import Planner
from enkash_async._paging.raw_page import RawPage
from enkash_async._search.page_fetcher import PageFetcher
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.start import Start
from enkash_async._telemetry.search_watch import SearchWatch
from enkash_async.errors import EnKashError, IncompleteSearchError
from enkash_async.events import Outcome
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken

NOTHING_LEFT = ". There is no token to go on from, since nothing more would come: crawl anew"


class Batch(msgspec.Struct, eq=False):
    """A page in its turn, those of its rows that are read, and how many the reader is done with.

    *new* are all of its rows that are new: more than are read where the search ends before.
    """

    page: RawPage
    new: NewRows
    rows: Rows
    done: int = 0

    def release(self) -> None:
        """Let go of its rows: nobody reads on."""
        self.page, self.rows = RawPage.of_error(), Rows((), (), self.rows.row)

    def unread(self) -> int:
        """Return how many new rows of the page come after those that are done."""
        left = self._left()
        return len(left) - sum(index in left for index in self.new.skip)

    def _left(self) -> range:
        """Return the indices after the rows that are done, those of known rows among them."""
        after_done = self.rows.indices[self.done - 1] + 1 if self.done else 0
        return range(max(self.new.start, after_done), len(self.page))

    def row_after(self, place: int) -> int:
        """Return the place in the list after the first *place* rows that are read."""
        return self.rows.row_at(place - 1) + 1 if place else self.rows.row_at(0)

    def goes_on_after(self, place: int) -> bool:
        """Say whether new rows of the page come after the first *place* rows that are read."""
        last = self.rows.indices[place - 1] if place else -1
        if last == len(self.page) - 1:
            return False
        return any(index > last for index in self.new.indices(self.page))

    def next_row(self) -> int:
        """Return the place in the list of the first new row that is not done.

        Rows between it and those that are done were delivered before: reading goes on after them.
        """
        return self.new.row + next(i for i in self._left() if i not in self.new.skip)


class Fetches(msgspec.Struct, frozen=True, eq=False):
    """What a search is read by from its first step on, in one event loop."""

    loop: asyncio.AbstractEventLoop
    fetcher: PageFetcher
    prefetch: Prefetch


class RowStream:
    """Hands out the rows of one search, once, to one reader at a time.

    Nothing is fetched, and there is nothing to stop, before it is told to `begin`.
    """

    def __init__(
        self,
        planner: Planner,
        begin: Callable[[], Fetches],
        report: SearchReport,
        start: Start[Any],
        *,
        max_records: int | None,
        strict: bool,
        watch: SearchWatch,
    ) -> None:
        self._planner = planner
        self._begin = begin
        self._fetches: Fetches | None = None
        self._report = report
        self._start = start
        self._left = None if max_records is None else max(0, max_records - start.point.delivered)
        self._strict = strict
        self._watch = watch
        self._batch: Batch | None = None
        self._last_token: ResumeToken | None = None
        """Where it ended, once no further row is handed out."""
        self._judged = False
        self.has_ended = False
        """All rows were handed out, and there was no error in the end."""

    def begin(self) -> None:
        """Fetch from now on, by the session as it is open now; RuntimeError where it is not."""
        self._fetches = self._begin()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the event loop that it belongs to, None before it has begun."""
        return None if self._fetches is None else self._fetches.loop

    @property
    def client_request_id(self) -> str | None:
        """Return that of the request that was answered last."""
        return None if self._fetches is None else self._fetches.fetcher.client_request_id

    @property
    def _prefetch(self) -> Prefetch:
        assert self._fetches is not None
        return self._fetches.prefetch

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`."""
        return self._planner.total

    async def next_batch(self, *, read_on: bool) -> Batch | None:
        """Return the next new rows, None after the last; raise what ended the search.

        With *read_on* the pages after them are being fetched when this returns.
        """
        self._watch.note_reader(self.report, first_page=not read_on)
        while not self._is_over():
            self._prefetch.fill(read_on=read_on)
            batch = await self._take_page()
            if not batch.rows.indices:
                continue
            self._batch = batch
            if self._left is not None:
                self._left -= len(batch.rows)
            if read_on and not self._is_over():
                self._prefetch.fill()
            return batch
        self._conclude()
        return None

    def _is_over(self) -> bool:
        return self._planner.ended or self._left == 0

    async def _take_page(self) -> Batch:
        started = clock()
        try:
            page = await self._prefetch.head()
        finally:
            self._report.seconds_waiting += clock() - started
        new = self._planner.accept(page)
        indices = list(new.indices(page)) if new.skip else range(new.start, len(page))
        return Batch(page, new, Rows(page.records, indices[: self._left], new.row))

    def _conclude(self) -> None:
        """Give the verdict, once, and raise where it must not pass for a success."""
        if self._judged:
            return
        self._judged = True
        self._settle()
        report = self.report()
        report.verdict, report.reasons = self._planner.verdict()
        report.unfinished, report.limited = False, not self._planner.ended
        lacks_much = self._planner.ended and self._planner.findings.lacks_many
        if lacks_much or (self._strict and not report.complete):
            hint = NOTHING_LEFT if self._planner.is_spent else ""
            raise IncompleteSearchError(f"{report}{hint}")
        self._watch.tell_completed()
        self.has_ended = True

    def may_go_on(self, batch: Batch, place: int) -> bool:
        """Say whether the list may hold rows after the first *place* rows of *batch*."""
        if batch.goes_on_after(place):
            return True
        if self._planner.ended:
            return False
        row, rows, asked = batch.row_after(place), len(batch.page), batch.page.asked
        # A count of just the rows of a full page may be that of the page.
        counts_the_list = row > rows or (asked is not None and rows < asked)
        return not (counts_the_list and self._planner.total == row)

    def limit(self, rows: int) -> None:
        """Hand out at most so many *rows* from here on."""
        self._left = rows if self._left is None else min(self._left, rows)

    def report(self) -> SearchReport:
        """Bring the report up to date and return it."""
        report, findings = self._report, self._planner.findings
        report.total_at_start = findings.total_at_start
        report.total_at_end = findings.total_at_end
        report.rows_overlapping = findings.rows_overlapping
        report.duplicates_dropped = findings.duplicates_dropped
        report.rows_reread = findings.rows_reread
        report.repairs = findings.repairs
        if findings.shortage > 0:
            place = self._planner.next_page_row
            report.missing = [(place, place + findings.shortage - 1)]
        return report

    def token(self) -> ResumeToken:
        """Return where to go on after the last row that the reader is done with."""
        if self._last_token is not None:
            return self._last_token
        batch = self._batch
        if batch is None:
            return self._start.token_at(self._start.point)
        unread = batch.unread()
        point = self._planner.point(unread, batch.next_row() if unread else None)
        return self._start.token_at(point)

    def note_place(self, error: EnKashError) -> None:
        """Write into *error* where it ended the search, and stop fetching."""
        if error.offset is None:
            error.offset = self._planner.next_page_row
        error.report = self.report()
        # After its end nothing more comes: whoever goes on after an error would do so for ever.
        token = self._settle()
        error.resume_token = None if self._planner.is_spent else token
        self._watch.tell_failed(error)

    def _settle(self) -> ResumeToken:
        """Stop all fetches, and let go of the rows: a search that ended may be kept for long.

        Return where it ended.
        """
        self._prefetch.discard()
        token = self._last_token = self.token()
        self._planner.forget()
        if self._batch is not None:
            # Whoever reads it may still hold it.
            self._batch.release()
            self._batch = None
        return token

    def interrupt(self, error: BaseException) -> None:
        """Stop the fetches ahead because of *error*; the next batch starts them again."""
        self._prefetch.cancel()
        self._watch.note_interruption(error)

    def discard(self) -> None:
        """Stop all fetches for good; nobody reads any more."""
        self._prefetch.discard()
        self._watch.tell_left(Outcome.ABANDONED)

    async def aclose(self) -> None:
        """Stop all fetches and wait until they have ended."""
        try:
            if self._fetches is not None:
                await self._prefetch.aclose()
        finally:
            self._watch.tell_left(Outcome.CLOSED)

    def __repr__(self) -> str:
        state = "ended" if self.has_ended else "judged" if self._judged else "open"
        left = "" if self._left is None else f", {self._left} rows left"
        return f"<RowStream {state} before row {self._planner.next_page_row}{left}>"
