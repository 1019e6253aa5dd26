"""How a window is read, as its first page shows: whole, in smaller windows, or by pages. No I/O."""

from __future__ import annotations

from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.crawl.frontier import Frontier
from enkash_async._paging.crawl.windows import CountedWindow
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage


class Division:
    """Plans the pages of a window, or wants others in its place."""

    def __init__(self, frontier: Frontier, cutter: Cutter, sizes: PageSizes) -> None:
        self._frontier = frontier
        self._cutter = cutter
        self._sizes = sizes

    def divide(self, window: CountedWindow, page: RawPage, *, is_root: bool) -> bool:
        """Decide by its first *page*; say whether the whole time must be cut, for which see Crawl.

        Whoever cuts that needs to know where the list ends.
        """
        head, count, rows = window.head, page.total, len(page)
        limit = rows if head is None else head.limit
        is_one_page = window.max_pages == 1
        self._cutter.note_page(rows)
        if count is None or rows > count or (not rows and count):
            self.read_paged(window)
        elif count == rows < limit:
            # As many as a cap lets through may not be all, where counts are one too low.
            window.plan(page, count, min(limit, self._cutter.page_rows))
        elif is_one_page and self._cutter.is_short(rows, limit):
            # Shorter than a cap would make it: the count is wrong.
            self.read_paged(window)
        elif not is_one_page and not self._is_too_full(window, page, limit):
            window.plan(page, count, self._cutter.limit_after(page, limit))
        else:
            self._cutter.note_cap(rows, limit)
            if is_root:
                return True
            parts = self._cutter.smaller(window.asked, count, page, window.max_pages)
            self._frontier.replace(window, parts)
        return False

    def _is_too_full(self, window: CountedWindow, page: RawPage, limit: int) -> bool:
        at_once = min(self._cutter.limit_after(page, limit), self._sizes.size)
        return (page.total or 0) > window.max_pages * at_once

    def read_paged(self, window: CountedWindow) -> None:
        """Read *window* page by page, as its counts are of no use."""
        self._frontier.replace(window, [self._cutter.paged(window.asked)])

    def read_anew(self, window: CountedWindow, page: RawPage) -> None:
        """Read *window* anew, whose answers do not make one set, and if again, in single pages.

        *page* is the last that came.
        """
        if window.max_pages > 1 and not window.is_second:
            self._frontier.replace(window, [window.anew()])
            return
        count = max(1, page.total or window.count or 1)
        parts = self._cutter.one_page_parts(window.asked, count, window.first_page)
        self._frontier.replace(window, parts)
