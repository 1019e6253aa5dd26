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
from enkash_async._paging.crawl.census import Census, Purpose
from enkash_async._paging.crawl.contradictions import Contradictions, Step
from enkash_async._paging.crawl.cutter import MOST, Cutter, ReadTimes
from enkash_async._paging.crawl.cutting import EARLIEST
from enkash_async._paging.crawl.findings import CrawlFindings
from enkash_async._paging.crawl.frontier import Frontier
from enkash_async._paging.crawl.resumed import place_of, windows_of
from enkash_async._paging.crawl.seams import Seams
from enkash_async._paging.crawl.windows import AnyWindow, CountedWindow, PagedWindow
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, CrawlPoint


class Crawl:
    """Plans the windows of one crawl and checks each as it comes. Used like a `Pager`.

    Windows are delivered in the order of time, each with its rows in the order of the service.
    *until* is asked where time ends when the first request is wanted. *noun* and *time_field* are
    what the verdict calls the records and their time.
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
        max_pages: int = MOST,
    ) -> None:
        self._sizes = sizes or PageSizes(page_size)
        self._begin, self._until = begin or EARLIEST, until
        self._resume = resume
        self._root: Window | None = None
        self._cutter = Cutter(self._sizes, addressing, read_times, max_pages)
        self._contradictions = Contradictions(self._cutter)
        self._census = Census(addressing)
        self._frontier = Frontier()
        self._seams = Seams(resume.delivered)
        self._error: str | None = None
        self._is_cut = resume.after is not None
        self._last: AnyWindow | None = None
        self.total: int | None = resume.total
        self.ended = False
        self.findings = CrawlFindings(
            noun=noun,
            time_field=time_field,
            total_at_start=resume.total,
            total_at_end=resume.total,
            count_is_total=resume.total is not None,
        )
        self.findings.note_resumed(changed=resume.changed, unproven=resume.unproven)

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
        self._census.outside = resume.outside
        self._seams.add_window(resume.edge_until or resume.after, frozenset(resume.edge))
        self._frontier.add(windows_of(resume, self._cutter, root.end))
        return root

    # Planning

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
        """Return False: windows are asked for by their counts, so that an error is one."""
        return False

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Look at the first page of a window before its turn: it may not hold what it should."""
        window = self._frontier.window_of(request)
        if window is None:
            return
        self._frontier.note_arrival(request)
        if isinstance(window, CountedWindow):
            if self._error is None:
                self._bound_requests()
            is_first = request is window.head and not window.is_begun
            # Until all are counted, nobody knows what counts are worth.
            if is_first and self._census.purpose is not Purpose.ALL:
                self._look_at(window, page)

    def _bound_requests(self) -> None:
        self._contradictions.answers += 1
        rows = max(self.total or 0, self._seams.rows)
        most = self._contradictions.most_answers(rows)
        if self._contradictions.answers > most:
            self._error = (
                f"more than {most} requests for windows of {self.findings.time_field} were"
                f" answered, which is 6 times what {rows} {self.findings.noun} take and 200: the"
                " service seems to misread the bounds of windows; use search()"
            )

    # Accepting

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new."""
        self._start()
        if self._census.request is not None:
            self._take_census(page)
            return NewRows(self._seams.rows, len(page))
        window = self._frontier.head
        if isinstance(window, PagedWindow):
            self._raise_error()
            return self._accept_paged(window, page)
        if window.first_page is not page and not window.is_begun:
            self._look_at(window, page)
        self._raise_error()
        if not len(self._frontier) or self._frontier.head is not window:
            return NewRows(self._seams.rows, len(page))
        return self._accept_counted(window, page)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise IncompleteSearchError(self._error)

    def _take_census(self, page: RawPage) -> None:
        root, census = self._start(), self._census
        purpose = census.done()
        if purpose is Purpose.ALL:
            census.all = page.total
            found = self.findings
            found.count_is_total = page.total is not None and page.total != len(page)
            if page.total == 0 and not page:
                self.total = found.total_at_start = found.total_at_end = 0
                self._frontier.clear()
                self.ended = True
            elif page.total is None or page.total > MAX_COUNT:
                self._read_as_one_list(None)
        elif purpose is Purpose.LAST:
            self._cutter.note_root(page)
            if self._cutter.has_timeless:
                names = self.findings
                self._read_as_one_list(f"{names.noun} without {names.time_field} match any window")
            else:
                self._frontier.add(self._cutter.first_parts(root, self.total or 0))
        elif purpose is Purpose.NEW:
            census.outside = max(0, census.outside - (page.total or 0))
            self._look_for_end()
        elif purpose is Purpose.AGAIN:
            self._take_recount(page)

    def _take_recount(self, page: RawPage) -> None:
        """Hold what came against what is counted now, once more where that is fewer."""
        census, count = self._census, page.total
        if not self.findings.count_is_total or count is None:
            self._conclude()
        elif census.again is None and count < self._seams.rows:
            # So it is where rows were deleted, or where the answer is one to another request.
            census.again = count
            census.want_again(self._start())
        else:
            self.findings.note_end(self._seams.rows, max(count, census.again or 0))
            self._conclude()

    def _note_root(self, page: RawPage) -> None:
        """Learn from the first page of all time how many rows there are in windows."""
        found, count = self.findings, page.total
        if self.total is not None or count is None:
            return
        # One row more may be all there is, or all that is counted.
        found.count_is_total = found.count_is_total or count != len(page) or not count
        if found.count_is_total and count <= MAX_COUNT:
            self._note_total(count)

    def _note_total(self, count: int) -> None:
        self.total = self.findings.total_at_start = self.findings.total_at_end = count
        self._census.outside = max(0, (self._census.all or 0) - count)

    def _look_at(self, window: CountedWindow, page: RawPage) -> None:
        """Decide by the first page of a window how it is read, or by what windows instead."""
        is_root = not self._is_cut and window.asked == self._start()
        if is_root:
            self._note_root(page)
            if self.total is None:
                self._read_as_one_list(None)
                return
        step = self._contradictions.step_after(window, page, is_root=is_root)
        if step is Step.ASK_AGAIN:
            self._frontier.replace(window, [window.again()])
        elif step is Step.GIVE_UP:
            self._read_as_one_list(self._contradictions.why)
        else:
            self._divide(window, page, is_root=is_root)

    def _is_too_full(self, window: CountedWindow, page: RawPage) -> bool:
        head = window.head
        limit = self._cutter.limit_after(page, 0 if head is None else head.limit)
        return (page.total or 0) > window.max_pages * min(limit, self._sizes.size)

    def _divide(self, window: CountedWindow, page: RawPage, *, is_root: bool) -> None:
        head, count, rows = window.head, page.total, len(page)
        limit = rows if head is None else head.limit
        is_one_page = window.max_pages == 1
        self._cutter.note_page(rows)
        if count is None or rows > count or (not rows and count):
            self._read_paged(window)
        elif count == rows < limit or self._error is not None:
            # All of it, or too much was asked for: that error is raised in its turn.
            window.plan(page, count, limit)
        elif is_one_page and self._cutter.is_short(rows, limit):
            # Shorter than a cap would make it: the count is wrong.
            self._read_paged(window)
        elif not is_one_page and not self._is_too_full(window, page):
            window.plan(page, count, self._cutter.limit_after(page, limit))
        elif is_root:
            self._is_cut = True
            self._frontier.replace(window, [])
            self._cutter.note_cap(rows, limit)
            self._cutter.note_root(page)
            self._census.want_last(window.asked, count)
        else:
            self._cutter.note_cap(rows, limit)
            parts = self._cutter.smaller(window.asked, count, page, window.max_pages)
            self._frontier.replace(window, parts)

    def _read_paged(self, window: CountedWindow) -> None:
        self._frontier.replace(window, [self._cutter.paged(window.asked)])

    # What was read

    def _accept_counted(self, window: CountedWindow, page: RawPage) -> NewRows:
        head = window.head
        first = window.first_page
        rows = window.accept(page)
        if rows is None:
            if not window.retry():
                self._fall_back(window, page)
            return NewRows(self._seams.rows, len(page))
        self._sizes.note_taken(len(page))
        if head is not None and head.row and first is not None and rows.count(page):
            self._cutter.note_cap(len(first), window.first_limit)
        new = self._deliver(window, page, rows)
        if window.head is None:
            if window.is_proven:
                self._frontier.drop_head()
                self._seams.add_window(window.asked.end, window.ids)
                self._look_for_end()
            else:
                self._fall_back(window, page)
        return new

    def _fall_back(self, window: CountedWindow, page: RawPage) -> None:
        """Read a window anew whose answers do not make one set, and if again, in single pages."""
        self._seams.add_window(window.asked.end, window.ids)
        self.findings.repairs += 1
        if window.max_pages > 1 and not window.is_second:
            self._frontier.replace(window, [window.anew()])
            return
        count = max(1, page.total or window.count or 1)
        self._frontier.replace(
            window, self._cutter.one_page_parts(window.asked, count, window.first_page)
        )

    def _accept_paged(self, window: PagedWindow, page: RawPage) -> NewRows:
        found = window.pager.accept(page)
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
            self._end_paged(window)
        return rows

    def _end_paged(self, window: PagedWindow) -> None:
        self._frontier.drop_head()
        found = window.pager.findings
        self.findings.add_paged(found)
        if self.total is None:
            # The service does not count, or the single row that it counts is all there is.
            is_single = self._census.all == 1 and self._seams.rows <= 1
            if not found.count_is_total and not is_single:
                self.findings.note_uncounted()
            elif window.pager.total is not None:
                self._note_total(window.pager.total)
        self._seams.add_window(window.asked.end, window.ids)
        self._look_for_end()

    def _deliver(self, window: AnyWindow, page: RawPage, rows: NewRows) -> NewRows:
        """Book *rows* of a page, but for those that came with a window before."""
        self._seams.forget_before(min(one.asked.begin for one in self._frontier))
        new_rows, again = self._seams.take(page, rows)
        self.findings.rows_overlapping += again + len(rows.skip)
        if new_rows.count(page):
            self._last = window
        return new_rows

    def _read_as_one_list(self, why: str | None) -> None:
        """Read all page by page from now on, without those delivered that are still known."""
        root = self._start()
        if not self._seams.is_whole:
            self._error = f"{why}; too much was delivered to begin anew. Use search()"
            return
        if len(self._frontier):
            self._seams.add_window(root.end, self._frontier.head.ids)
        self._frontier.clear()
        if self._census.purpose is Purpose.LAST:
            self._census.done()
        if why is None:
            self.total = self.findings.total_at_start = self.findings.total_at_end = None
        else:
            self.findings.note_wrong_filter(why)
        self._frontier.add([self._cutter.paged(root)])

    # The end

    def _look_for_end(self) -> None:
        if len(self._frontier):
            return
        root = self._start()
        if self._census.outside and self._census.new is None:
            self._census.new = 0
            self._census.want_new(root.end)
        elif self.total is not None and self._seams.rows != self.total:
            # Either rows went meanwhile, or windows do not hold what they should.
            self._census.want_again(root)
        else:
            self._conclude()

    def _conclude(self) -> None:
        self.ended = True
        self.findings.note_outside(self._census.outside)

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a crawl that came to its end, and the reasons for it."""
        return self.findings.verdict()

    # Going on later

    def point(self, unread: int = 0, row: int | None = None) -> CrawlPoint:
        """Return where to go on if the last *unread* new rows were not used; *row* is not used."""
        root, found = self._start(), self.findings
        if self._seams.rows == 0 and not self.total:
            return CrawlPoint()
        windows = list(self._frontier)
        if unread and self._last is not None and self._last not in windows:
            windows.insert(0, self._last)
        return msgspec.structs.replace(
            place_of(windows, self._seams, unread, root.end),
            changed=bool(found.changes),
            unproven=bool(found.doubts),
            total=self.total,
            outside=self._census.outside,
        )
