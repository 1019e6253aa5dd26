"""From a window that is too full to windows that hold a page each. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.cutting import (
    CROWD,
    FILL,
    MAX_PARTS,
    NARROWEST,
    SAMPLE,
    SECOND,
    around,
    crowd_of,
    cut,
)
from enkash_async._paging.crawl.windows import AnyWindow, PagedWindow, PageWindow
from enkash_async._paging.page_request import Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import ListPoint

ReadTimes = Callable[[Sequence[msgspec.Raw]], Sequence[datetime | None]]
"""Reads the times of records; None where one cannot be read."""


class Cutter:
    """Cuts windows so that each holds a page, as far as the service hands out whole pages.

    One that cannot be cut, or not by its count, is read page by page.
    """

    def __init__(
        self, sizes: PageSizes, addressing: Addressing, read_times: ReadTimes, end: datetime
    ) -> None:
        self._sizes = sizes
        self._addressing = addressing
        self._read_times = read_times
        self._end = end
        self._longest_page = 0
        self._cap: int | None = None

    def note_cut_short(self, rows: int, limit: int) -> bool:
        """Learn from a page that does not hold all of its window; say whether its count is of use.

        If it is shorter than asked for, the service caps pages there.
        """
        if limit == 1:
            return True
        self._longest_page = max(self._longest_page, rows)
        if rows < min(self._longest_page, limit):
            # Shorter than a cap would make it: the count is wrong.
            return False
        if rows < limit:
            self._cap = rows
        return True

    def first_parts(self, root: Window, count: int, begin: datetime | None) -> list[AnyWindow]:
        """Cut the whole, in two first where the list seems to *begin*."""
        if begin is None or not root.begin + NARROWEST < begin < root.end:
            return self.parts(root, count)
        begin = begin.replace(microsecond=0) - 3 * SECOND
        before = Window(root.begin, begin + SECOND)
        return [self._one_page(before), *self.parts(Window(begin - SECOND, root.end), count)]

    def smaller(self, asked: Window, count: int, page: RawPage) -> list[AnyWindow]:
        """Cut a window that holds *count* rows, of which *page* shows how they are spread."""
        crowd, share = crowd_of(self._read_times(page.sample(SAMPLE).records))
        if crowd is not None and share > CROWD:
            apart = around(crowd, asked)
            if apart is not None:
                before, within, after = apart
                # Near the end of the window, the next one holds the crowd too.
                is_apart = asked.end == self._end or asked.end - crowd >= 3 * SECOND
                crowded = self.paged(within, crowd=crowd if is_apart else None)
                return [*self._one_page_or_none(before), crowded, *self._one_page_or_none(after)]
        if asked.end - asked.begin < NARROWEST:
            return [self.paged(asked)]
        return self.parts(asked, count)

    def parts(self, asked: Window, count: int) -> list[AnyWindow]:
        """Cut *asked* into windows that hold a page each, if its rows are spread evenly."""
        page = min(self._sizes.size, self._cap or self._sizes.size)
        number = math.ceil(count / (FILL * page))
        if number <= 1:
            return [self._one_page(asked)]
        if number > MAX_PARTS:
            # In two steps, so that not too much is asked for where there is nothing.
            number = math.ceil(math.sqrt(number))
        return [self._one_page(part) for part in cut(asked, number)]

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
        )
        return PagedWindow(asked, pager, crowd)

    def _one_page(self, asked: Window) -> PageWindow:
        return PageWindow(asked, self._sizes.size, self._addressing)

    def _one_page_or_none(self, asked: Window) -> list[PageWindow]:
        return [self._one_page(asked)] if asked.begin <= asked.end else []
