"""Which windows of time to ask for, and is what came all that is in them? No I/O.

Pages of one list shift when rows come and go. A window of time that ends before the crawl began
takes no new rows, and one that fits into a single page is a single snapshot: nothing in it can
shift, and neither offsets nor an order nor a cap matter. So time is cut until each window fits.

Whether the service's bounds include their ends, and how fine its clock is, is not documented. So
time is cut at whole seconds, neighbours are asked for with a second more, and rows that come twice
are known by their id. Where an instant holds more than a page, as after a bulk import, or where
the service does not count, a window is read page by page, as any other list.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

import attrs
import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.cutter import Cutter, ReadTimes
from enkash_async._paging.crawl.cutting import EARLIEST, SECOND
from enkash_async._paging.crawl.delivered import Delivered
from enkash_async._paging.crawl.windows import AnyWindow, PagedWindow, PageWindow
from enkash_async._paging.findings import Findings, judge
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, CrawlPoint


class Crawl:
    """Plans the windows of one crawl and checks each as it comes. Used like a `Pager`.

    Windows are delivered in the order of time, each with its rows in the order of the service.
    *noun* and *time_field* are what the verdict calls the records and their time.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        begin: datetime | None,
        until: datetime,
        read_times: ReadTimes,
        resume: CrawlPoint,
        sizes: PageSizes | None = None,
        noun: str = "records",
        time_field: str = "time",
    ) -> None:
        self._sizes = sizes or PageSizes(page_size)
        self._addressing = addressing
        self._read_times = read_times
        self._noun, self._time_field = noun, time_field
        self._root = Window(begin or EARLIEST, resume.until or until)
        self._cutter = Cutter(self._sizes, addressing, read_times, self._root.end)
        self._items: deque[AnyWindow] = deque()
        self._census: PageRequest | None = None
        self._first_created: datetime | None = None
        self._accepted = 0
        self._delivered = Delivered(resume.delivered)
        self._outside = resume.outside
        self._recount: int | None = None
        self._doubts: list[str] = []
        self._changes: list[str] = []
        self.total: int | None = resume.total
        self.ended = False
        self.findings = Findings(
            total_at_start=resume.total,
            total_at_end=resume.total,
            count_is_total=resume.total is not None,
            drifted=resume.changed,
            unchecked=resume.unproven,
        )
        self._begin(resume)

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"{len(self._items)} windows planned"
        return f"<Crawl: {self._delivered.rows} of {self.total} delivered, {state}>"

    def _begin(self, resume: CrawlPoint) -> None:
        if resume.after is None:
            self._census = self._addressing.request(0, 1, overlaps=False)
            return
        rest = Window(resume.after, self._root.end)
        known = Window(self._root.begin, resume.edge_until or rest.begin)
        self._delivered.add_window(known, list(resume.edge))
        if resume.inside is not None:
            asked = Window(rest.begin, resume.inside_until or rest.end)
            self._items.append(self._cutter.paged(asked, resume.inside))
            rest = Window(asked.end - SECOND, rest.end)
        if self.total is None:
            if resume.inside is None:
                self._items.append(self._cutter.paged(rest))
        elif rest.begin <= rest.end:
            self._items += self._cutter.parts(rest, max(1, self.total - self._delivered.rows))

    # Planning

    @property
    def next_page_row(self) -> int:
        """Return the number of rows delivered, which is where the next page begins."""
        return self._delivered.rows

    @property
    def needs_ids(self) -> bool:
        """Say that all ids are compared: neighbouring windows overlap."""
        return True

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *max_pages*; the first is accepted next."""
        if self._census is not None:
            return [self._census]
        # Twice as many with each page: a misunderstanding shows before much is sent.
        max_pages = min(max_pages, int(2 ** min(self._accepted, 10)))
        requests: list[PageRequest] = []
        for item in self._items:
            if len(requests) >= max_pages:
                break
            requests += item.wanted(max_pages - len(requests))
        return requests

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return request is self._census or any(item.holds(request) for item in self._items)

    def shrink(self, request: PageRequest, least: int = SMALLEST) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps."""
        item = self._item_of(request)
        return None if item is None else item.shrink(request, self._sizes, least)

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be."""
        item = self._item_of(request)
        return request if item is None else item.refit(request, self._sizes)

    def _item_of(self, request: PageRequest) -> AnyWindow | None:
        return next((item for item in self._items if item.holds(request)), None)

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Return False: windows are asked for by their counts, so that an error is one."""
        return False

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Cut a window whose page does not hold all of it, before its turn has come."""
        for place, item in enumerate(self._items):
            if isinstance(item, PageWindow) and item.request is request:
                parts = self._replacement(item, page)
                if parts is not None:
                    del self._items[place]
                    for part in reversed(parts):
                        self._items.insert(place, part)
                return

    # Accepting

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new."""
        if self._census is not None:
            self._take_census(page)
            return NewRows(self._delivered.rows, len(page))
        item = self._items[0]
        self._accepted += 1
        if isinstance(item, PagedWindow):
            return self._accept_paged(item, page)
        parts = self._replacement(item, page)
        if parts is not None:
            self._items.popleft()
            self._items.extendleft(reversed(parts))
            return NewRows(self._delivered.rows, len(page))
        self._items.popleft()
        self._sizes.note_taken(len(page))
        rows = self._deliver(item, page, NewRows(0, 0))
        self._delivered.add_window(item.asked, page.ids, item)
        self._look_for_end()
        return rows

    def _take_census(self, page: RawPage) -> None:
        """Learn how many rows there are: of all time, within the window, or at the end."""
        census, self._census = self._census, None
        if census is not None and census.window is not None and self.total is not None:
            self._recount = page.total
            self._conclude()
        elif census is not None and census.window is None:
            self._outside = page.total or 0
            self.findings.count_is_total = page.total is not None and page.total != len(page)
            if page.total == 0 and not page:
                self.total = 0
                self.ended = True
            elif page.total is None:
                self._items.append(self._cutter.paged(self._root))
            else:
                fits = page.total < self._sizes.size
                # If not, its first row and the count of all are enough to cut it by.
                limit = self._sizes.size if fits else 1
                self._items.append(PageWindow(self._root, limit, self._addressing))
                self._first_created = next(iter(self._read_times(page.records)), None)

    def _replacement(self, leaf: PageWindow, page: RawPage) -> list[AnyWindow] | None:
        """Return what takes the place of a window that *page* does not hold whole."""
        count, rows = page.total, len(page)
        is_first = self.total is None
        if is_first and count is not None:
            self._note_root(count, rows)
        is_whole = count == rows and rows < leaf.request.limit
        if is_whole and (self.findings.count_is_total or rows <= 1):
            return None
        if not self.findings.count_is_total:
            # Without a total there is nothing to cut by, and nothing to compare with.
            self.total = self.findings.total_at_start = self.findings.total_at_end = None
            return [self._cutter.paged(leaf.asked)]
        if count is None or count <= rows or not rows:
            return [self._cutter.paged(leaf.asked)]
        if not self._cutter.note_cut_short(rows, leaf.request.limit):
            return [self._cutter.paged(leaf.asked)]
        if is_first:
            return self._cutter.first_parts(self._root, count, self._first_created)
        return self._cutter.smaller(leaf.asked, count, page)

    def _note_root(self, count: int, rows: int) -> None:
        self.total = count
        self.findings.total_at_start = self.findings.total_at_end = count
        self.findings.count_is_total = self.findings.count_is_total or count != rows
        self._outside = max(0, self._outside - count)

    def _accept_paged(self, item: PagedWindow, page: RawPage) -> NewRows:
        rows = self._deliver(item, page, item.pager.accept(page))
        times = self._read_times(page.records) if item.crowd is not None else [None] * len(page)
        # The last window has no next one to share rows with.
        item.ids += [
            page.ids[index]
            for index in rows.indices(page)
            if len(self._items) > 1 and (times[index] is None or times[index] != item.crowd)
        ]
        if item.pager.ended:
            self._end_paged(item)
        return rows

    def _end_paged(self, item: PagedWindow) -> None:
        self._items.popleft()
        verdict, reasons = judge(item.pager.findings)
        if verdict is Verdict.INCOMPLETE:
            self._doubts += reasons
        elif verdict is Verdict.CHANGED:
            self._changes += reasons
        if self.total is None:
            # The service does not count, and this was all there is.
            self._doubts.append(
                f"the service sends no total, so {self._noun} without {self._time_field} cannot"
                " be noticed"
            )
        found, total = item.pager.findings, self.findings
        total.rows_reread += found.rows_reread
        total.repairs += found.repairs
        total.duplicates_dropped += found.duplicates_dropped
        total.rows_overlapping += found.rows_overlapping
        self._delivered.add_window(item.asked, item.ids, item)
        self._look_for_end()

    def _deliver(self, item: AnyWindow, page: RawPage, rows: NewRows) -> NewRows:
        """Book *rows* of a page, but for those that came with a window before."""
        pending = [item.asked, *(one.asked for one in self._items)]
        new_rows, again = self._delivered.without_known(page, rows, pending)
        self.findings.rows_overlapping += again
        self._delivered.add_page(item, page, new_rows)
        return new_rows

    # The end

    def _look_for_end(self) -> None:
        if self._items:
            return
        if self.total is not None and self._delivered.rows != self.total:
            # Either rows went meanwhile, or windows do not hold what they should.
            first = self._addressing.request(0, 1, overlaps=False)
            self._census = attrs.evolve(first, window=self._root)
            return
        self._conclude()

    def _conclude(self) -> None:
        self.ended = True
        if self._outside:
            self._doubts.append(
                f"{self._outside} {self._noun} are in no window: they have no"
                f" {self._time_field}, or one outside the time that was crawled"
            )
        if self.total is None or self._delivered.rows == self.total:
            return
        self.findings.total_at_end = self._recount
        if self._recount != self.total:
            self._changes.append(f"recordsCount went from {self.total} to {self._recount}")
        elif self._delivered.rows < self.total:
            self.findings.shortage = self.total - self._delivered.rows
            self._doubts.append(
                f"recordsCount says {self.total}, but all windows hold {self._delivered.rows}"
            )
        else:
            self._changes.append(f"recordsCount says {self.total}, and {self._delivered.rows} came")

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a crawl that came to its end, and the reasons for it."""
        if self.findings.drifted:
            self._changes.append("the list changed before the crawl was resumed")
        if self.findings.unchecked:
            self._doubts.append("before the crawl was resumed, something could not be proven")
        reasons = list(dict.fromkeys(self._doubts + self._changes))
        if self._doubts:
            return Verdict.INCOMPLETE, reasons
        return (Verdict.CHANGED if self._changes else Verdict.COMPLETE), reasons

    def point(self, unread: int = 0, row: int | None = None) -> CrawlPoint:
        """Return where to go on if the last *unread* new rows were not used; *row* is not used."""
        point = self._delivered.point(
            unread,
            self._items[0] if self._items else None,
            until=self._root.end,
            is_begun=self.total is not None or self._accepted > 0,
        )
        total, outside = self.total, self._outside
        return msgspec.structs.replace(
            point,
            changed=bool(self._changes),
            # No token holds so large a count, so that the next crawl must not rely on it.
            unproven=bool(self._doubts) or max(total or 0, outside) > MAX_COUNT,
            total=None if total is None else min(total, MAX_COUNT),
            outside=min(outside, MAX_COUNT),
        )
