"""Where the models touch the planners and their tokens. All that depends on their form is here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import attrs
import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.crawl import Crawl
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.planner import Planner
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.remembered import Remembered
from enkash_async._wire.fields import identity_reader, time_reader
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import CrawlPoint, ListPoint, ResumeToken
from tests.models.answers import Answer, Ask, Pages, Row

T = TypeVar("T")

identify = identity_reader("customerId")
read_times = time_reader("createdOn", UTC)

Token = str


class ServiceRefusedError(Exception):
    """The service answered with an error, and the planner could do nothing with it."""


def open_pager(
    pages: Pages,
    page_size: int,
    token: Token | None,
    *,
    start: int,
    max_rows: int | None,
    full_check: bool,
    remembered: Remembered | None = None,
    unproven_pages: int | None = None,
) -> Planner:
    """Return a planner of one list as `search()` makes it."""
    return Pager(
        page_size=page_size,
        addressing=Addressing(pages.unit, pages.first),
        start=start,
        max_rows=max_rows,
        resume=None if token is None else ResumeToken.parse(token).point_of(ListPoint),
        full_check=full_check,
        remembered=remembered,
        unproven_pages=unproven_pages,
        # So that sizes go down and up again within one short list.
        sizes=PageSizes(page_size, grow_after=1),
    )


def open_crawl(
    pages: Pages,
    page_size: int,
    token: Token | None,
    *,
    begin: datetime | None,
    until: datetime,
    unproven_pages: int | None = None,
) -> Planner:
    """Return a planner of windows as `crawl()` makes it."""
    return Crawl(
        page_size=page_size,
        addressing=Addressing(pages.unit, pages.first),
        begin=begin,
        until=lambda: until,
        read_times=read_times,
        resume=CrawlPoint() if token is None else ResumeToken.parse(token).point_of(CrawlPoint),
        sizes=PageSizes(page_size, grow_after=1),
        unproven_pages=unproven_pages,
    )


def ask_of(request: PageRequest) -> Ask:
    """Return what stands on the wire for *request*."""
    window = request.window
    begin, end = (None, None) if window is None else (window.begin, window.end)
    return Ask(request.offset, request.limit, begin, end)


@attrs.define(eq=False)
class Handed:
    """New rows of one page, as many as may be handed over, and how many of them were."""

    page: RawPage
    row: int
    indices: Sequence[int]
    delivery: NewRows
    rows: Sequence[Row]
    done: int = 0

    def take(self, number: int) -> list[str]:
        """Hand over the next *number* rows and return their keys."""
        taken = self.indices[self.done : self.done + number]
        self.done += len(taken)
        return [self.rows[index].key for index in taken]

    @property
    def left(self) -> int:
        return len(self.indices) - self.done


class Driven:
    """A planner that is driven as a row stream does it, its steps timed."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.slowest = 0.0
        self._last: Handed | None = None

    def timed(self, step: Callable[[], T]) -> T:
        """Run one step of the planner and keep the CPU time of the slowest."""
        started = time.thread_time()
        try:
            return step()
        finally:
            self.slowest = max(self.slowest, time.thread_time() - started)

    def wanted(self, most: int) -> list[PageRequest]:
        return self.timed(lambda: self.planner.wanted(most))

    def arrive(self, request: PageRequest, answer: Answer) -> RawPage | None:
        """Tell the planner of a page; None for one that it can do nothing with."""
        if answer.is_error:
            return None
        page = RawPage([row.raw for row in answer.rows], answer.count, identify=identify)
        self.timed(lambda: self.planner.note_arrival(request, page))
        return page

    def accept(self, page: RawPage | None, answer: Answer, left: int | None) -> Handed:
        """Have the head page checked; at most *left* of its new rows are to be handed over."""
        if page is None:
            if not self.planner.reads_as_empty(self.planner.wanted(1)[0]):
                raise ServiceRefusedError
            page = RawPage.of_error()
        if self.planner.needs_ids:
            page.ids  # noqa: B018 - read where pages arrive, in small steps
        delivery = self.timed(lambda: self.planner.accept(page))
        indices = list(delivery.indices(page))[:left]
        handed = Handed(page, delivery.row, indices, delivery, answer.rows)
        if indices:
            self._last = handed
        return handed

    def token(self) -> Token | None:
        """Return the token after the row handed over last, None if there is none yet."""
        last = self._last
        if last is None:
            return None
        reached = last.indices[last.done - 1] if last.done else -1
        unread = [index for index in last.delivery.indices(last.page) if index > reached]
        row = last.row + unread[0] if unread else None
        point = self.timed(lambda: self.planner.point(len(unread), row))
        return str(ResumeToken(fingerprint="model", point=point))

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict, or raise what a search raises for it."""
        if self.planner.ended and self.planner.findings.lacks_many:
            raise IncompleteSearchError("less came than was counted")
        return self.planner.verdict()


def with_doubts(token: Token) -> Token:
    """Return *token* as if something had changed, and could not be proven, before it was taken."""
    value = ResumeToken.parse(token)
    point = msgspec.structs.replace(value.point, changed=True, unproven=True)
    return str(attrs.evolve(value, point=point))


_LIST = {"of": "list", "row": 5, "delivered": 5, "edge": ["a"], "ahead": [], "changed": False}
_LIST |= {"moved": False, "unproven": False, "page_rows": 5, "total": 9, "counted": 9}
_CRAWL = {"of": "crawl", "delivered": 5, "edge": ["a"], "changed": False, "unproven": False}
_CRAWL |= {"total": 9, "after": "2024-01-01T00:00:00Z", "edge_until": "2024-01-01T00:00:00Z"}
_CRAWL |= {"until": "2025-01-01T00:00:00Z", "inside": None, "inside_until": None, "outside": 0}
_CRAWL |= {"rest": None, "finished": False}
_DAMAGE: dict[str, dict[str, object]] = {
    "a negative row": {**_LIST, "row": -5},
    "a row too high": {**_LIST, "row": 2**40},
    "a number too high": {**_CRAWL, "delivered": 2**63},
    "a page too long": {**_LIST, "page_rows": 2**70},
    "a count too high": {**_CRAWL, "total": 2**40},
    "negative outsiders": {**_CRAWL, "outside": -1},
    "a begin without zone": {**_CRAWL, "after": "2024-01-01T00:00:00"},
    "an end without zone": {**_CRAWL, "until": "2024-01-01T00:00:00"},
    "an edge without zone": {**_CRAWL, "edge_until": "2024-01-01T00:00:00"},
    "an end before the begin": {**_CRAWL, "until": "2023-01-01T00:00:00Z"},
    "a negative row inside": {**_CRAWL, "inside": {**_LIST, "row": -5}},
    "a negative number inside": {**_CRAWL, "inside": {**_LIST, "delivered": -1}},
}
DAMAGE_TAKEN_TODAY: frozenset[str] = frozenset()


def damaged_tokens() -> dict[str, Token]:
    """Return the texts of tokens that no release ever wrote, by what is wrong with them."""
    sound = {"version": 2, "fingerprint": "f"}
    ResumeToken.parse(json.dumps({**sound, "point": _LIST}))
    ResumeToken.parse(json.dumps({**sound, "point": _CRAWL}))
    return {name: json.dumps({**sound, "point": point}) for name, point in _DAMAGE.items()}
