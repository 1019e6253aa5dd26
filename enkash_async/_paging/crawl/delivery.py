"""Which rows of the pages of windows are new, and are the windows whole? No I/O."""

from __future__ import annotations

from enkash_async._paging.crawl.contradictions import Contradictions
from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.crawl.division import Division
from enkash_async._paging.crawl.findings import CrawlFindings
from enkash_async._paging.crawl.frontier import Frontier
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.crawl.seams import Seams
from enkash_async._paging.crawl.windows import AnyWindow, CountedWindow
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage


class Delivery:
    """Takes the pages of the first window, and drops it when it is whole."""

    def __init__(
        self,
        frontier: Frontier,
        cutter: Cutter,
        division: Division,
        contradictions: Contradictions,
        seams: Seams,
        sizes: PageSizes,
        findings: CrawlFindings,
    ) -> None:
        self._frontier = frontier
        self._cutter = cutter
        self._division = division
        self._contradictions = contradictions
        self._seams = seams
        self._sizes = sizes
        self._findings = findings
        self.last: AnyWindow | None = None
        """The window of the rows delivered last."""

    def nothing(self, page: RawPage) -> NewRows:
        """Return that no row of *page* is new."""
        return NewRows(self._seams.rows, len(page))

    def take_counted(self, window: CountedWindow, page: RawPage) -> NewRows:
        """Return which rows of the next page of a counted window are new."""
        head, first = window.head, window.first_page
        is_stray = window.is_begun and self._contradictions.is_stray(window, page)
        rows = None if is_stray else window.accept(page)
        if rows is None:
            if not window.retry():
                self._fall_back(window, page)
            return self.nothing(page)
        self._sizes.note_taken(len(page))
        if head is not None and head.row and first is not None and rows.count(page):
            self._cutter.note_cap(len(first), window.first_limit)
        new = self._deliver(window, page, rows)
        if window.head is None and window.is_proven:
            self._drop(window)
        elif window.head is None:
            self._fall_back(window, page)
        return new

    def _fall_back(self, window: CountedWindow, page: RawPage) -> None:
        self._seams.add_window(window.asked.end, window.ids)
        self._findings.repairs += 1
        self._division.read_anew(window, page)

    def take_paged(self, window: PagedWindow, page: RawPage) -> NewRows:
        """Return which rows of the next page are new of a window that is read page by page."""
        found = window.pager.accept(page)
        if self._contradictions.has_others(window.asked, page):
            self._findings.note_other_times()
        rows = self._deliver(window, page, found)
        # The last window has no next one to share rows with.
        if len(self._frontier) > 1:
            # Those too that came with a window before: the next one may hold them as well.
            places = list(found.indices(page))
            if window.crowd is not None:
                # No window after it holds those, unless the service ignores where windows begin.
                self._seams.is_whole = False
                times = self._cutter.read_times(page.records)
                places = [place for place in places if times[place] != window.crowd]
            window.ids.update(page.ids[place] for place in places)
        if window.pager.ended:
            self._findings.add_paged(window.pager.findings)
            self._drop(window)
        return rows

    def _drop(self, window: AnyWindow) -> None:
        if isinstance(window, PagedWindow) and window.crowd is not None:
            self._contradictions.note_crowd(window.crowd)
        self._frontier.drop_head()
        self._seams.add_window(window.asked.end, window.ids)

    def _deliver(self, window: AnyWindow, page: RawPage, rows: NewRows) -> NewRows:
        """Book *rows* of a page, but for those that came with a window before."""
        self._seams.forget_before(min(one.asked.begin for one in self._frontier))
        if self._contradictions.holds_crowd(page):
            self._findings.note_other_times()
        new_rows, again = self._seams.take(page, rows)
        self._findings.rows_overlapping += again + len(rows.skip)
        if new_rows.count(page):
            self.last = window
        return new_rows
