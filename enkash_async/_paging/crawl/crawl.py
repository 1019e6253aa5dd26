"""Which windows of time to ask for, and is what came all that is in them? No I/O.

Pages of one list shift when rows come and go. A window of time that ends before the crawl began
takes no new rows: it only loses some. So time is cut into windows of few pages, each of which is
read by offsets within it and proven by its counts, see `windows`. Where that fails, since rows were
deleted meanwhile or the order changes, the window is read anew in windows of a page each: one
answer is one snapshot, in which nothing can shift. What had been delivered of it is known again by
its ids, and so are the rows that neighbouring windows share, see `seams`.

Where an instant holds more than fits, as after a bulk import, or where counts are of no use, a
window is read page by page, as any other list. Where the filter by time itself is of no use, since
answers hold rows of other times or parts hold more than their whole, all is read as one list.

The first two requests go together: one counts all rows, the other asks for the first page of the
whole time. If that does not fit into one window, the row at the other end of the list is asked for
too, since nobody says whether the oldest or the newest come first; then all windows are cut.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.census import Census, CensusPurpose
from enkash_async._paging.crawl.contradictions import Contradictions, WindowStep
from enkash_async._paging.crawl.counts import Counts
from enkash_async._paging.crawl.cutter import MAX_WINDOW_PAGES, Cutter, ReadTimes
from enkash_async._paging.crawl.cutting import EARLIEST
from enkash_async._paging.crawl.delivery import Delivery
from enkash_async._paging.crawl.division import Division
from enkash_async._paging.crawl.findings import CrawlFindings
from enkash_async._paging.crawl.frontier import Frontier
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.crawl.request_bound import RequestBound
from enkash_async._paging.crawl.resumed import place_of, windows_of
from enkash_async._paging.crawl.seams import MARGIN, Seams
from enkash_async._paging.crawl.windows import CountedWindow
from enkash_async._paging.history import ID_BYTES, NewRows
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import CrawlPoint


class Crawl:
    """Plans the windows of one crawl and checks each as it comes. Used like a `Pager`.

    Windows are delivered in the order of time, each with its rows in the order of the service.
    *until* is asked where time ends when the first request is wanted. *noun* and *time_field* are
    what the verdict calls the records and their time. Of a window that is read page by page, no
    more than *unproven_pages* are wanted until pages were seen to fit.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        begin: datetime | None,
        until: Callable[[], datetime],
        read_times: ReadTimes,
        resume: CrawlPoint,
        sizes: PageSizes | None = None,
        noun: str = "records",
        time_field: str = "time",
        max_pages: int = MAX_WINDOW_PAGES,
        unproven_pages: int | None = None,
    ) -> None:
        sizes = sizes or PageSizes(page_size)
        self._begin, self._until = begin or EARLIEST, until
        self._resume = resume
        self._sizes = sizes
        self._root: Window | None = None
        self._is_cut = resume.after is not None
        self._error: str | None = None
        self.ended = False
        self.findings = CrawlFindings(noun=noun, time_field=time_field)
        self.findings.note_resumed(changed=resume.changed, unproven=resume.unproven)
        self._cutter = Cutter(sizes, addressing, read_times, max_pages, unproven_pages)
        self._census = Census(addressing, sizes)
        self._counts = Counts(self._census, self.findings, resume)
        self._bound = RequestBound()
        self._contradictions = Contradictions(self._cutter)
        self._frontier = Frontier()
        self._seams = Seams(resume.delivered)
        self._division = Division(self._frontier, self._cutter, sizes)
        self._delivery = Delivery(
            self._frontier,
            self._cutter,
            self._division,
            self._contradictions,
            self._seams,
            sizes,
            self.findings,
        )
        if resume.finished:
            self._look_for_end()

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"{len(self._frontier)} windows planned"
        return f"<Crawl: {self._seams.rows} of {self.total} delivered, {state}>"

    def _start(self) -> Window:
        """Settle where time ends, and want the first windows."""
        if self._root is not None:
            return self._root
        resume = self._resume
        root = self._root = Window(self._begin, resume.until or self._until())
        if resume.after is None:
            self._census.want_all()
            self._frontier.add(self._cutter.one(root))
            return root
        if resume.total is None and not resume.finished:
            # Whether a single row is all there is was not known yet when the token was written.
            self._census.want_all()
        self._seams.add_window(resume.edge_until or resume.after, frozenset(resume.edge))
        self._frontier.add(windows_of(resume, self._cutter, root.end))
        return root

    # Planning

    @property
    def total(self) -> int | None:
        """Return how many rows all windows hold, as they were counted first."""
        return self._counts.total

    @property
    def next_page_row(self) -> int:
        """Return the number of rows delivered, which is where the next page begins."""
        return self._seams.rows

    @property
    def is_spent(self) -> bool:
        """Say whether all windows were read and fewer rows came than are counted."""
        return self.ended and self.findings.shortage > 0

    @property
    def needs_ids(self) -> bool:
        """Say that all ids are compared: neighbouring windows overlap."""
        return True

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes it holds to know rows again."""
        # Of a window that is not being read yet, there is nothing but pages ahead.
        window = self._frontier.head.held_bytes if len(self._frontier) else 0
        return window + ID_BYTES * self._seams.ids_held

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the pages to fetch now; the first is accepted next. See `Frontier.wanted`."""
        self._start()
        first = [] if self._census.request is None else [self._census.request]
        return first + self._frontier.wanted(max_pages - len(first))

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return request is self._census.request or self._frontier.window_of(request) is not None

    def shrink(self, request: PageRequest, least: int = SMALLEST) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps."""
        window = self._frontier.window_of(request)
        return None if window is None else window.shrink(request, self._sizes, least)

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be."""
        window = self._frontier.window_of(request)
        return request if window is None else window.refit(request, self._sizes)

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* may mean that nothing stands there."""
        if request is self._census.request:
            return request.row > 0
        window = self._frontier.window_of(request)
        return window is not None and window.reads_as_empty(request)

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Look at the first page of a window before its turn: it may not hold what it should."""
        window = self._frontier.window_of(request)
        if window is None:
            return
        self._frontier.note_arrival(request)
        if isinstance(window, CountedWindow):
            self._bound.note_answer()
            self._check_bound()
            is_first = request is window.head and not window.is_begun
            # Until all are counted, nobody knows what counts are worth.
            if is_first and self._census.purpose is not CensusPurpose.ALL and self._error is None:
                self._look_at(window, page)

    def _check_bound(self) -> None:
        rows = max(self.total or 0, self._seams.rows)
        if self._error is None and self._bound.is_passed(rows, self._cutter.page_rows):
            most = self._bound.most(rows, self._cutter.page_rows)
            self._fail(
                f"more than {most} requests for windows of {self.findings.time_field} were"
                f" answered, and {self._seams.rows} of {self.total} {self.findings.noun} came: the"
                " service seems to misread the bounds of windows; use search()"
            )

    # Accepting

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new."""
        self._start()
        if self._census.request is not None:
            self._take_census(page)
            return self._delivery.nothing(page)
        self._raise_error()
        window = self._frontier.head
        if isinstance(window, PagedWindow):
            rows = self._accept_paged(window, page)
        else:
            rows = self._accept_counted(window, page)
        if not len(self._frontier) and self._census.request is None and not self.ended:
            self._look_for_end()
        return rows

    def _accept_counted(self, window: CountedWindow, page: RawPage) -> NewRows:
        if window.first_page is not page and not window.is_begun:
            self._look_at(window, page)
            self._raise_error()
        if not len(self._frontier) or self._frontier.head is not window:
            return self._delivery.nothing(page)
        return self._delivery.take_counted(window, page)

    def _accept_paged(self, window: PagedWindow, page: RawPage) -> NewRows:
        rows = self._delivery.take_paged(window, page)
        self._bound.note_paged(is_new=bool(rows.count(page)))
        if window.pager.ended:
            self._counts.note_list(window.pager, self._seams.rows)
        else:
            self._check_bound()
        return rows

    def _fail(self, why: str) -> None:
        """Raise from the next page on, and let whoever goes on from here all the same be told."""
        self._error = why
        self.findings.doubts.append(why)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise IncompleteSearchError(self._error)

    def _take_census(self, page: RawPage) -> None:
        purpose = self._census.done()
        if purpose is CensusPurpose.ALL:
            is_counted = self._counts.note_all(page)
            if self._resume.after is not None:
                return
            if not is_counted:
                self._read_as_one_list(None)
            elif self.total == 0:
                self._frontier.clear()
                self.ended = True
        elif purpose is CensusPurpose.LAST:
            self._cut_root(page)
        elif purpose is CensusPurpose.NEW:
            times = self._cutter.read_times(page.records)
            begin = self._start().end - MARGIN
            self._counts.note_new(page, sum(time is not None and time < begin for time in times))
            self._look_for_end()
        elif purpose is CensusPurpose.AGAIN:
            self.ended = self._counts.note_again(page, self._start(), self._seams.rows)

    def _cut_root(self, page: RawPage) -> None:
        """Cut the whole time into windows, of which *page* holds the row at the other end."""
        self._cutter.note_root(page)
        if self._cutter.has_timeless:
            names = self.findings
            self._read_as_one_list(f"{names.noun} without {names.time_field} match any window")
        else:
            self._frontier.add(self._cutter.first_parts(self._start(), self.total or 0))

    def _look_at(self, window: CountedWindow, page: RawPage) -> None:
        """Decide by the first page of a window how it is read, or by what windows instead."""
        is_root = not self._is_cut and window.asked == self._start()
        if is_root and not self._counts.note_root(page):
            self._read_as_one_list(None)
            return
        step = self._contradictions.step_after(window, page, is_root=is_root)
        if step is WindowStep.ASK_AGAIN:
            self._frontier.replace(window, [window.again()])
        elif step is WindowStep.GIVE_UP:
            self._read_as_one_list(self._contradictions.why)
        elif self._division.divide(window, page, is_root=is_root):
            self._is_cut = True
            self._frontier.replace(window, [])
            self._cutter.note_root(page)
            self._census.want_last(window.asked, page.total or 0)

    def _read_as_one_list(self, why: str | None) -> None:
        """Read all page by page from now on, without those delivered that are still known."""
        root = self._start()
        if not self._seams.is_whole:
            self._fail(f"{why}; too much was delivered to begin anew. Use search()")
            return
        if len(self._frontier):
            self._seams.add_window(root.end, self._frontier.head.ids)
        self._frontier.clear()
        if self._census.purpose is CensusPurpose.LAST:
            self._census.done()
        if why is None:
            self._counts.forget_total()
        else:
            self.findings.note_wrong_filter(why)
        self._frontier.add([self._cutter.paged(root)])

    # The end

    def _look_for_end(self) -> None:
        self.ended = self._counts.is_settled(self._start(), self._seams.rows)

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a crawl that came to its end, and the reasons for it."""
        return self.findings.verdict()

    def forget(self) -> None:
        """Let go of all rows that are remembered: nothing is accepted and no place asked for."""
        self._seams.forget()
        self._frontier.clear()
        self._delivery.last = None

    # Going on later

    def point(self, unread: int = 0, row: int | None = None) -> CrawlPoint:
        """Return where to go on if the last *unread* new rows were not used; *row* is not used."""
        root, found = self._start(), self.findings
        if self._seams.rows == 0 and not self.total:
            return CrawlPoint()
        windows = list(self._frontier)
        if self._census.purpose is CensusPurpose.LAST:
            # The whole time is about to be cut, and nothing of it is planned yet.
            windows += self._cutter.one(root)
        last = self._delivery.last
        if unread and last is not None and last not in windows:
            windows.insert(0, last)
        return msgspec.structs.replace(
            place_of(windows, self._seams, unread, root.end),
            changed=bool(found.changes),
            unproven=bool(found.doubts),
            total=self.total,
            outside=self._counts.outside,
        )
