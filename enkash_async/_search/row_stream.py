"""The rows of a search in batches: planned, fetched ahead, checked, and accounted for."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from enkash_async._clock import now as clock
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.planner import Planner
from enkash_async._paging.raw_page import RawPage
from enkash_async._search.prefetch import Prefetch
from enkash_async._telemetry.search_watch import SearchWatch
from enkash_async.errors import EnKashError, IncompleteSearchError
from enkash_async.events import Outcome
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken


@attrs.define(eq=False)
class Batch:
    """New rows of one page, undecoded, and how many of them the reader is done with.

    *row* is the place of the page's first row in the list. A page that came before its turn has
    no *delivery*: the plan has not seen it yet.
    """

    page: RawPage
    row: int
    indices: Sequence[int]
    delivery: NewRows | None = None
    done: int = 0
    aside: set[int] = attrs.field(factory=set[int])
    """Indices of records that could not be read and were handed to the caller as such."""

    def rows_behind(self) -> int:
        """Return how many new rows of the page stand behind those that are done."""
        if self.delivery is None:
            return 0
        last = self.indices[self.done - 1] if self.done else -1
        if not self.delivery.skip:
            return len(self.page) - max(self.delivery.start, last + 1)
        return sum(index > last for index in self.delivery.indices(self.page))

    def next_row(self) -> int:
        """Return the place in the list behind the last row that is done."""
        if self.done:
            return self.row + self.indices[self.done - 1] + 1
        return self.row + self.indices[0]


class RowStream:
    """Hands out the rows of one search, once, to one reader at a time."""

    def __init__(
        self,
        planner: Planner,
        prefetch: Prefetch,
        report: SearchReport,
        start: ResumeToken,
        *,
        max_records: int | None,
        ordered: bool,
        strict: bool,
        watch: SearchWatch,
    ) -> None:
        self._planner = planner
        self._prefetch = prefetch
        self._report = report
        self._start = start
        self._left = None if max_records is None else max(0, max_records - start.delivered)
        self._ordered = ordered
        self._strict = strict
        self._watch = watch
        self._batch: Batch | None = None
        self._early: set[str] = set()
        self._early_pages: set[PageRequest] = set()
        self._judged = False

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`."""
        return self._planner.total

    async def next_batch(self, *, read_on: bool) -> Batch | None:
        """Return the next new rows, None behind the last; raise what ended the search.

        With *read_on* the pages behind are being fetched when this returns.
        """
        self._watch.note_reader(self.report, first_page=not read_on)
        while not self._is_over():
            self._prefetch.fill()
            batch = await self._take_page()
            if not batch.indices:
                continue
            self._batch = batch
            if self._left is not None:
                self._left -= len(batch.indices)
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
            if not self._ordered and (early := await self._take_early()) is not None:
                return early
            request, page = await self._prefetch.head()
        finally:
            self._report.seconds_waiting += clock() - started
        delivery = self._planner.accept(page)
        if not self._planner.is_wanted(request):
            self._early_pages.discard(request)
        return Batch(
            page, delivery.row, self._up_to_limit(self._not_early(page, delivery)), delivery
        )

    async def _take_early(self) -> Batch | None:
        """Return a page that came before its turn; None when the first has come."""
        arrived = await self._prefetch.any_arrived()
        head = self._planner.wanted(1)[0]
        if any(request is head for request, _ in arrived):
            return None
        for request, page in arrived:
            if request not in self._early_pages:
                self._early_pages.add(request)
                unknown = self._up_to_limit(self._unknown_rows(page))
                self._early.update(page.ids[index] for index in unknown)
                return Batch(page, request.row, unknown)
        return None

    def _unknown_rows(self, page: RawPage) -> list[int]:
        # The first row overlaps the page before, and is left to it.
        ids, knows = page.ids, self._planner.knows
        return [
            index
            for index in range(1, len(page))
            if ids[index] not in self._early and not knows(ids[index])
        ]

    def _not_early(self, page: RawPage, delivery: NewRows) -> Sequence[int]:
        if not delivery.skip and not self._early:
            return range(delivery.start, len(page))
        new = list(delivery.indices(page))
        indices = [index for index in new if page.ids[index] not in self._early]
        self._early.difference_update([page.ids[index] for index in new])
        return indices

    def _up_to_limit(self, indices: Sequence[int]) -> Sequence[int]:
        return indices[: self._left]

    def _conclude(self) -> None:
        """Give the verdict, once, and raise where it must not pass for a success."""
        if self._judged:
            return
        self._judged = True
        self._prefetch.discard()
        report = self.report()
        report.verdict, report.reasons = self._planner.verdict()
        lacks_much = self._planner.ended and self._planner.findings.lacks_many
        if lacks_much or (self._strict and not report.complete):
            raise IncompleteSearchError(str(report))
        self._watch.tell_completed()

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
        """Return where to go on behind the last row that the reader is done with."""
        batch = self._batch
        if batch is None:
            return self._start
        behind = batch.rows_behind()
        point = self._planner.point(behind, batch.next_row() if behind else None)
        return ResumeToken(
            fingerprint=self._start.fingerprint, **attrs.asdict(point, recurse=False)
        )

    def note_place(self, error: EnKashError) -> None:
        """Write into *error* where it ended the search, and stop fetching."""
        if error.offset is None:
            error.offset = self._planner.next_page_row
        error.report = self.report()
        error.resume_token = self.token()
        self._prefetch.discard()
        self._watch.tell_failed(error)

    def interrupt(self, error: BaseException) -> None:
        """Stop all fetches because of *error*; the next batch starts them again."""
        self._prefetch.cancel()
        self._watch.note_interruption(error)

    def discard(self) -> None:
        """Stop all fetches for good; nobody reads any more."""
        self._prefetch.discard()
        self._watch.tell_left(Outcome.ABANDONED)

    async def aclose(self) -> None:
        """Stop all fetches and wait until they have ended."""
        try:
            await self._prefetch.aclose()
        finally:
            self._watch.tell_left(Outcome.CLOSED)
