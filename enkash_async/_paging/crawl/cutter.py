"""From a window that is too full to windows of a few pages each. No I/O.

A window is meant to hold `AIM` pages and is cut where it holds more than `MAX_WINDOW_PAGES`: a
window of many pages costs the server more, since each of its answers counts all of it, and one of
few pages more requests, since its last page is half empty. Between the two, cutting would cost more
than it wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.cutting import (
    FILL,
    MAX_PARTS,
    NARROWEST,
    SECOND,
    around,
    cut,
    within,
)
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.crawl.shift import Shift
from enkash_async._paging.crawl.spread import SAMPLE, Spread, spread_of
from enkash_async._paging.crawl.windows import AnyWindow, CountedWindow, Family
from enkash_async._paging.page_request import Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import ListPoint

ReadTimes = Callable[[Sequence[msgspec.Raw]], Sequence[datetime | None]]
"""Reads the times of records; None where one cannot be read."""

MAX_WINDOW_PAGES = 16
"""Pages that a window may hold."""

AIM = 6
"""Pages that a window is meant to hold."""

MAX_CLIPS = 3
"""Windows cut as if all rows stood between the ends of the list as they were first seen: the whole,
and the outer ones of its parts."""

SPREAD = 0.6
"""As much smaller it may be, if its last page is fuller then."""

SLACK = 1.03
"""By so much the fullest of windows cut evenly exceed the average, where rows come evenly."""


class Cutter:
    """Makes windows of at most *max_pages* pages, as far as the service hands out whole pages."""

    def __init__(
        self,
        sizes: PageSizes,
        addressing: Addressing,
        read_times: ReadTimes,
        max_pages: int = MAX_WINDOW_PAGES,
        unproven_pages: int | None = None,
    ) -> None:
        self.max_pages = max_pages
        self._unproven_pages = unproven_pages
        self._sizes = sizes
        self._addressing = addressing
        self.shift = Shift()
        self.written_times = read_times
        """Reads times as the records have them."""
        self._cap: int | None = None
        self._longest_page = 0
        self._root_times: list[datetime | None] = []
        self._span: Window | None = None
        self._clips = 0

    def read_times(self, records: Sequence[msgspec.Raw]) -> Sequence[datetime | None]:
        """Return the times of *records* by which windows hold them; None where one is not read."""
        return self.shift.undone(self.written_times(records))

    # How many rows a page holds

    @property
    def page_rows(self) -> int:
        """Return how many rows come at once, as far as is known."""
        return self._sizes.size if self._cap is None else min(self._sizes.size, self._cap)

    def limit_after(self, first: RawPage, limit: int) -> int:
        """Return the limit of pages after a *first* one, which was asked for with *limit*.

        If that was shorter than asked for, the service may cap pages there. Only the pages after
        it prove that, so that a count which is too high teaches nothing.
        """
        if len(first) < limit:
            return max(1, len(first))
        return min(self._sizes.size + 1, self._addressing.max_limit)

    def note_page(self, rows: int) -> None:
        """Learn that a page of *rows* rows came, which no cap below that explains."""
        self._longest_page = max(self._longest_page, rows)
        if self._cap is not None:
            self._cap = max(self._cap, rows)

    def note_cap(self, rows: int, limit: int) -> None:
        """Learn that *rows* rows came of *limit* although there are more."""
        if self._longest_page <= rows < limit:
            self._cap = rows

    def is_short(self, rows: int, limit: int) -> bool:
        """Say whether *rows* are fewer than any cap seen so far explains."""
        return rows < min(limit, self._longest_page)

    # The first cut

    def note_root(self, page: RawPage) -> None:
        """Learn from the times of a page where the list begins or ends."""
        self._root_times += self.read_times(page.sample(SAMPLE).records)

    @property
    def has_timeless(self) -> bool:
        """Say whether some rows within the whole time have no time, although others have."""
        return None in self._root_times and any(self._root_times)

    def first_parts(self, root: Window, count: int) -> list[AnyWindow]:
        """Cut the whole where its rows lie, as far as both ends of the list show that."""
        known = [time for time in self._root_times if time is not None]
        if known:
            low = min(known).replace(microsecond=0) - 3 * SECOND
            self._span = Window(low, max(known).replace(microsecond=0) + 4 * SECOND)
        return self.parts(root, count, self.max_pages)

    # Any cut

    def smaller(self, asked: Window, count: int, page: RawPage, max_pages: int) -> list[AnyWindow]:
        """Cut a window that holds *count* rows, of which *page* shows how they are spread."""
        spread = self._spread(asked, count, page)
        apart = [asked] if spread.knot is None else around(spread.knot, asked)
        is_too_narrow = asked.end - asked.begin < NARROWEST + 2 * SECOND
        if is_too_narrow or (spread.knot is not None and apart == [asked]):
            crowd = spread.crowd
            # The next window begins two seconds before the end of this one, or a bit earlier.
            is_apart = crowd is not None and asked.end - crowd >= 3 * SECOND
            return [self.paged(asked, crowd=crowd if is_apart else None)]
        if spread.knot is not None:
            return self._counted(apart, None, max_pages)
        return self.parts(asked, count, max_pages, within(asked, spread.stretch))

    def _spread(self, asked: Window, count: int, page: RawPage) -> Spread:
        times = self.read_times(page.sample(SAMPLE).records)
        return spread_of(asked, times, len(page), count)

    def parts(
        self, asked: Window, count: int, max_pages: int, inner: Window | None = None
    ) -> list[AnyWindow]:
        """Cut *asked* into windows as full as they are meant to be, if rows are spread evenly.

        Those that stand between are cut where *inner* is, which holds most of the rows.
        """
        inner = inner or asked
        if self._span is not None and inner is asked:
            inner = Window(max(asked.begin, self._span.begin), min(asked.end, self._span.end))
            if inner.end - inner.begin < NARROWEST:
                inner = asked
            self._clips += inner != asked
            if self._clips >= MAX_CLIPS:
                # Where rows are added after the last one seen, that says little any more.
                self._span = None
        windows = cut(inner, self._number(count, max_pages))
        # Rows may stand before and after, where the order of the list is another.
        windows[0] = Window(asked.begin, windows[0].end)
        windows[-1] = Window(windows[-1].begin, asked.end)
        return self._counted(windows, count, max_pages)

    def rest(self, asked: Window, count: int) -> list[AnyWindow]:
        """Return what is left of a crawl as windows, where *count* rows are still to come."""
        if count <= self.max_pages * self.page_rows:
            return self.one(asked)
        return self.parts(asked, count, self.max_pages)

    def one(self, asked: Window, known: int = 0) -> list[AnyWindow]:
        """Return *asked* as a window that is hoped to hold few enough pages.

        So many of its rows are *known*: they were delivered before.
        """
        size = self._sizes.size
        return [CountedWindow(asked, self._addressing, size, max_pages=self.max_pages, known=known)]

    def one_page_parts(
        self, asked: Window, count: int, page: RawPage | None = None
    ) -> list[AnyWindow]:
        """Cut *asked* into windows that hold a page each, or read it page by page if narrow.

        If it was begun, *page* shows how its rows are spread.
        """
        if asked.end - asked.begin < NARROWEST:
            return [self.paged(asked)]
        if page is None:
            return self.parts(asked, count, 1)
        inner = within(asked, self._spread(asked, count, page).stretch)
        return self.parts(asked, count, 1, inner)

    def _number(self, count: int, max_pages: int) -> int:
        aim = FILL if max_pages == 1 else min(AIM, FILL * max_pages)
        pages = count / self.page_rows
        number = max(2, math.ceil(pages / aim))
        if number > MAX_PARTS:
            # In two steps, so that not too much is asked for where there is nothing.
            return min(MAX_PARTS, math.ceil(math.sqrt(number)))
        # Of the numbers near it, the one that leaves the least room on last pages.
        numbers = range(number, 1 + max(number, math.ceil(pages / (SPREAD * aim))))
        return min(numbers, key=lambda parts: parts * math.ceil(SLACK * pages / parts))

    def _counted(
        self, parts: Iterable[Window], count: int | None, max_pages: int
    ) -> list[AnyWindow]:
        windows = list(parts)
        # Narrow parts overlap by so much that rows are in more than two of them.
        is_family = count is not None and all(
            part.end - part.begin > 2 * NARROWEST for part in windows
        )
        family = Family(count or 0, len(windows)) if is_family else None
        return [
            CountedWindow(
                part, self._addressing, self._sizes.size, max_pages=max_pages, family=family
            )
            for part in windows
        ]

    def paged(
        self, asked: Window, resume: ListPoint | None = None, *, crowd: datetime | None = None
    ) -> PagedWindow:
        """Return a window to read page by page, from *resume* on."""
        # Where the size of a list's pages must stay, it is one that can be had now.
        adapts = self._addressing.unit == "rows"
        pager = Pager(
            page_size=self._sizes.max_size if adapts else self._sizes.size,
            addressing=self._addressing,
            resume=resume,
            sizes=self._sizes,
            unproven_pages=self._unproven_pages,
        )
        return PagedWindow(asked, pager, crowd)
