"""A plan and a fetch for tests of what stands between them: both do what the test says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import anyio
import msgspec

from enkash_async._paging.findings import Findings
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from enkash_async.report import Verdict
from enkash_async.resume import ListPoint

ROWS = 10
"""Rows of a page."""


def page_of(row: int, rows: int = ROWS, nbytes: int = 100) -> RawPage:
    """Return a page whose records are the numbers of their rows."""
    records = [msgspec.Raw(str(number).encode()) for number in range(row, row + rows)]
    return RawPage(records, total=None, nbytes=nbytes, identify=lambda raw: bytes(raw).decode())


class FakePlanner:
    """Wants so many pages, in order, and takes each as it comes."""

    is_spent = False

    def __init__(self, pages: int) -> None:
        self.requests = [PageRequest(row, row, ROWS) for row in range(0, pages * ROWS, ROWS)]
        self.refits: dict[PageRequest, Sequence[PageRequest]] = {}
        """The requests to send for one that is wanted: the first now, the others after it."""
        self.news: dict[int, NewRows] = {}
        """What is new in the page at a row, where not all is."""
        self.prefers: PageRequest | None = None
        """A page that is wanted before all others as soon as one has come."""
        self.may_be_past_end: list[PageRequest] = []
        """Pages for which an error may stand for nothing."""
        self.arrived: list[int] = []
        self.shrunk: list[int] = []
        self.needs_ids = False
        self.held_bytes = 0
        self.ended = False
        self.total: int | None = None
        self.findings = Findings()
        self.judgement: tuple[Verdict, list[str]] = Verdict.COMPLETE, []
        self._next_row = 0

    @property
    def next_page_row(self) -> int:
        return self.requests[0].row if self.requests else self._next_row

    def wanted(self, max_pages: int) -> list[PageRequest]:
        return self.requests[:max_pages]

    def is_wanted(self, request: PageRequest) -> bool:
        return request in self.requests

    def shrink(self, request: PageRequest, least: int) -> int | None:
        self.shrunk.append(request.row)
        return least

    def refit(self, request: PageRequest) -> PageRequest:
        parts = self.refits.pop(request, (request,))
        place = self.requests.index(request)
        self.requests[place : place + 1] = parts
        return parts[0]

    def reads_as_empty(self, request: PageRequest) -> bool:
        return request in self.may_be_past_end

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        self.arrived.append(request.row)
        if self.prefers is not None:
            self.requests.insert(0, self.prefers)
            self.prefers = None

    def accept(self, page: RawPage) -> NewRows:
        request = self.requests.pop(0)
        self.ended = not self.requests
        self._next_row = request.row + len(page)
        return self.news.get(request.row, NewRows(request.row, 0))

    def verdict(self) -> tuple[Verdict, list[str]]:
        return self.judgement

    def forget(self) -> None:
        self.held_bytes = 0

    def point(self, unread: int = 0, row: int | None = None) -> ListPoint:
        place = self._next_row if row is None else row
        return ListPoint(row=place, delivered=self._next_row - unread)


class Gate:
    """A fetch that waits until the test lets the page at a row come, or fail."""

    def __init__(self) -> None:
        self.started: list[int] = []
        """The rows of the pages that were asked for, in this order."""
        self.sent: list[PageRequest] = []
        self.cancelled: list[int] = []
        self.row_bytes = 10
        self._opened = defaultdict[int, anyio.Event](anyio.Event)
        self._errors: dict[int, Exception] = {}
        self._is_open = False

    async def fetch(
        self, refit: Callable[[], PageRequest], shrink: Callable[[int], int | None]
    ) -> RawPage:
        request = refit()
        self.started.append(request.row)
        self.sent.append(request)
        try:
            if not self._is_open:
                await self._opened[request.row].wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(request.row)
            raise
        if request.row in self._errors:
            shrink(2)
            raise self._errors[request.row]
        return page_of(request.row, request.limit, request.limit * self.row_bytes)

    async def let_come(self, *rows: int) -> None:
        """Let the pages at *rows* come, and wait until all that follows from it is done."""
        for row in rows:
            self._opened[row].set()
        await anyio.wait_all_tasks_blocked()

    def fail(self, row: int, error: Exception) -> None:
        """Have the page at *row* fail when its turn has come."""
        self._errors[row] = error

    def open(self) -> None:
        """Let every page come at once."""
        self._is_open = True
