"""Which windows of `createdOn` to ask for, and is what came all that is in them? No I/O.

Pages of one list shift when rows come and go. A window of time that ends before the crawl began
takes no new rows, and one that fits into a single page is a single snapshot: nothing in it can
shift, and neither offsets nor an order nor a cap matter. So time is cut until each window fits.

Whether the service's bounds include their ends, and how fine its clock is, is not documented. So
time is cut at whole seconds, neighbours are asked for with a second more, and rows that come twice
are known by their id. Where an instant holds more than a page, as after a bulk import, or where
the service does not count, a window is read page by page, as any other list.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

import attrs
import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.cutting import (
    CROWD,
    EARLIEST,
    FILL,
    MAX_PARTS,
    NARROWEST,
    SAMPLE,
    SECOND,
    around,
    crowd_of,
    cut,
)
from enkash_async._paging.findings import Findings, judge
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async.report import Verdict
from enkash_async.resume import ResumePoint

ReadTimes = Callable[[Sequence[msgspec.Raw]], Sequence[datetime | None]]
"""Reads the times of records; None where one cannot be read."""


class _Leaf:
    """A window that is hoped to fit into one page."""

    def __init__(self, asked: Window, limit: int, addressing: Addressing) -> None:
        self.asked = asked
        first = addressing.request(0, limit, overlaps=False)
        self.request = attrs.evolve(first, window=asked)

    def wanted(self, most: int) -> list[PageRequest]:
        return [self.request][:most]

    def holds(self, request: PageRequest) -> bool:
        return request is self.request

    def shrink(self, request: PageRequest, sizes: PageSizes, least: int) -> int | None:
        return sizes.shrink(request.limit, least)

    def refit(self, request: PageRequest, sizes: PageSizes) -> PageRequest:
        # If the window does not fit into a smaller page, its count shows that, and it is cut.
        limit = sizes.fit(request.limit)
        if limit < request.limit:
            self.request = attrs.evolve(request, limit=limit)
        return self.request


class _Deep:
    """A window that is read page by page, by a pager of its own."""

    def __init__(self, asked: Window, pager: Pager, crowd: datetime | None = None) -> None:
        self.asked = asked
        self.pager = pager
        self.crowd = crowd
        self.ids: list[str] = []
        """Of the rows delivered, those that the next window may hold too."""
        self._requests: dict[PageRequest, PageRequest] = {}

    def wanted(self, most: int) -> list[PageRequest]:
        inner = self.pager.wanted(most)
        self._requests = {
            request: self._requests.get(request) or attrs.evolve(request, window=self.asked)
            for request in dict.fromkeys([*self._requests, *inner])
            if self.pager.is_wanted(request)
        }
        return [self._requests[request] for request in inner]

    def holds(self, request: PageRequest) -> bool:
        return self._inner(request) is not None

    def shrink(self, request: PageRequest, sizes: PageSizes, least: int) -> int | None:
        inner = self._inner(request)
        return None if inner is None else self.pager.shrink(inner, least)

    def refit(self, request: PageRequest, sizes: PageSizes) -> PageRequest:
        inner = self._inner(request)
        if inner is None or (smaller := self.pager.refit(inner)) is inner:
            return request
        self._requests[smaller] = attrs.evolve(smaller, window=self.asked)
        return self._requests[smaller]

    def _inner(self, request: PageRequest) -> PageRequest | None:
        """Return the request of the pager that *request* stands for, if it still wants it."""
        return next(
            (
                inner
                for inner, outer in self._requests.items()
                if outer is request and self.pager.is_wanted(inner)
            ),
            None,
        )


@attrs.frozen
class _Done:
    """A window that was delivered, and the ids of its rows that another may hold too."""

    asked: Window
    ids: list[str]
    item: _Leaf | _Deep | None = None


class Crawl:
    """Plans the windows of one crawl and checks each as it comes. Used like a `Pager`.

    Windows are delivered in the order of time, each with its rows in the order of the service.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        begin: datetime | None,
        until: datetime,
        read_times: ReadTimes,
        resume: ResumePoint,
        sizes: PageSizes | None = None,
    ) -> None:
        self._sizes = sizes or PageSizes(page_size)
        self._addressing = addressing
        self._read_times = read_times
        self._root = Window(begin or EARLIEST, resume.until or until)
        self._items: deque[_Leaf | _Deep] = deque()
        self._census: PageRequest | None = None
        self._first_created: datetime | None = None
        self._recent: list[_Done] = []
        self._last: _Leaf | _Deep | None = None
        self._last_ids: list[str] = []
        self._accepted = 0
        self._most_rows = 0
        self._cap: int | None = None
        self._delivered = resume.delivered
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

    def _begin(self, resume: ResumePoint) -> None:
        if resume.after is None:
            self._census = self._addressing.request(0, 1, overlaps=False)
            return
        rest = Window(resume.after, self._root.end)
        known = Window(self._root.begin, resume.edge_until or rest.begin)
        self._recent.append(_Done(known, list(resume.edge)))
        if resume.inside is not None:
            asked = Window(rest.begin, resume.inside.until or rest.end)
            self._items.append(_Deep(asked, self._pager(resume.inside)))
            rest = Window(asked.end - SECOND, rest.end)
        if self.total is None:
            if resume.inside is None:
                self._items.append(_Deep(rest, self._pager(None)))
        elif rest.begin <= rest.end:
            self._items += self._parts(rest, max(1, self.total - self._delivered))

    def _pager(self, resume: ResumePoint | None) -> Pager:
        # Where the size of a list's pages must stay, it is one that can be had now.
        adapts = self._addressing.unit == "rows"
        return Pager(
            page_size=self._sizes.most if adapts else self._sizes.size,
            addressing=self._addressing,
            resume=resume,
            sizes=self._sizes,
        )

    # Planning

    @property
    def _page_size(self) -> int:
        return self._sizes.size

    @property
    def next_page_row(self) -> int:
        """Return the number of rows delivered, which is where the next page begins."""
        return self._delivered

    @property
    def needs_ids(self) -> bool:
        """Say that all ids are compared: neighbouring windows overlap."""
        return True

    def wanted(self, most: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *most*; the first is the next to be accepted."""
        if self._census is not None:
            return [self._census]
        most = min(most, int(2 ** min(self._accepted, 10)))
        requests: list[PageRequest] = []
        for item in self._items:
            if len(requests) >= most:
                break
            requests += item.wanted(most - len(requests))
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

    def _item_of(self, request: PageRequest) -> _Leaf | _Deep | None:
        return next((item for item in self._items if item.holds(request)), None)

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Cut a window whose page does not hold all of it, before its turn has come."""
        for place, item in enumerate(self._items):
            if isinstance(item, _Leaf) and item.request is request:
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
            return NewRows(self._delivered, len(page))
        item = self._items[0]
        self._accepted += 1
        if isinstance(item, _Deep):
            return self._accept_deep(item, page)
        parts = self._replacement(item, page)
        if parts is not None:
            self._items.popleft()
            self._items.extendleft(reversed(parts))
            return NewRows(self._delivered, len(page))
        self._items.popleft()
        self._sizes.taken(len(page))
        delivery = self._without_known(item.asked, page, NewRows(0, 0))
        self._book(item, page, delivery)
        self._recent.append(_Done(item.asked, page.ids, item))
        self._look_for_end()
        return delivery

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
                self._items.append(_Deep(self._root, self._pager(None)))
            else:
                fits = page.total < self._page_size
                self._items += [_Leaf(self._root, self._page_size if fits else 1, self._addressing)]
                self._first_created = next(iter(self._read_times(page.records)), None)

    def _replacement(self, leaf: _Leaf, page: RawPage) -> list[_Leaf | _Deep] | None:
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
            return [_Deep(leaf.asked, self._pager(None))]
        if count is None or count <= rows or not rows:
            return [_Deep(leaf.asked, self._pager(None))]
        if leaf.request.limit > 1:
            self._most_rows = max(self._most_rows, rows)
            if rows < min(self._most_rows, leaf.request.limit):
                # Shorter than a cap would make it: the count is wrong, and of no use.
                return [_Deep(leaf.asked, self._pager(None))]
            if rows < leaf.request.limit:
                self._cap = rows
        if is_first:
            return self._first_parts(count)
        return self._smaller(leaf.asked, count, page)

    def _note_root(self, count: int, rows: int) -> None:
        self.total = count
        self.findings.total_at_start = self.findings.total_at_end = count
        self.findings.count_is_total = self.findings.count_is_total or count != rows
        self._outside = max(0, self._outside - count)

    def _first_parts(self, count: int) -> list[_Leaf | _Deep]:
        """Cut the whole, in two first where the list seems to begin."""
        begin = self._first_created
        if begin is None or not self._root.begin + NARROWEST < begin < self._root.end:
            return self._parts(self._root, count)
        begin = begin.replace(microsecond=0) - 3 * SECOND
        before = Window(self._root.begin, begin + SECOND)
        return [self._leaf(before), *self._parts(Window(begin - SECOND, self._root.end), count)]

    def _smaller(self, asked: Window, count: int, page: RawPage) -> list[_Leaf | _Deep]:
        crowd, share = crowd_of(self._read_times(page.sample(SAMPLE).records))
        narrow = asked.end - asked.begin < NARROWEST
        if crowd is not None and share > CROWD:
            apart = around(crowd, asked)
            if apart is not None:
                before, within, after = apart
                # Near the end of the window, the next one holds the crowd too.
                is_apart = asked.end == self._root.end or asked.end - crowd >= 3 * SECOND
                deep = _Deep(within, self._pager(None), crowd if is_apart else None)
                parts: list[_Leaf | _Deep] = [deep]
                return [*self._leaves(before), *parts, *self._leaves(after)]
        if narrow:
            return [_Deep(asked, self._pager(None))]
        return self._parts(asked, count)

    def _parts(self, asked: Window, count: int) -> list[_Leaf | _Deep]:
        """Cut *asked* into windows that hold a page each, if its rows are spread evenly."""
        page = min(self._page_size, self._cap or self._page_size)
        number = math.ceil(count / (FILL * page))
        if number <= 1:
            return [self._leaf(asked)]
        if number > MAX_PARTS:
            # In two steps, so that not too much is asked for where there is nothing.
            number = math.ceil(math.sqrt(number))
        return [self._leaf(part) for part in cut(asked, number)]

    def _leaf(self, asked: Window) -> _Leaf:
        return _Leaf(asked, self._page_size, self._addressing)

    def _leaves(self, asked: Window) -> list[_Leaf]:
        return [self._leaf(asked)] if asked.begin <= asked.end else []

    def _accept_deep(self, item: _Deep, page: RawPage) -> NewRows:
        delivery = item.pager.accept(page)
        delivery = self._without_known(item.asked, page, delivery)
        self._book(item, page, delivery)
        times = self._read_times(page.records) if item.crowd is not None else [None] * len(page)
        # The last window has no next one to share rows with.
        item.ids += [
            page.ids[index]
            for index in delivery.indices(page)
            if len(self._items) > 1 and (times[index] is None or times[index] != item.crowd)
        ]
        if item.pager.ended:
            self._end_deep(item)
        return delivery

    def _end_deep(self, item: _Deep) -> None:
        self._items.popleft()
        verdict, reasons = judge(item.pager.findings)
        if verdict is Verdict.INCOMPLETE:
            self._doubts += reasons
        elif verdict is Verdict.CHANGED:
            self._changes += reasons
        if self.total is None:
            # The service does not count, and this was all there is.
            self._doubts.append(
                "the service sends no total, so customers without createdOn cannot be noticed"
            )
        found, total = item.pager.findings, self.findings
        total.rows_reread += found.rows_reread
        total.repairs += found.repairs
        total.duplicates_dropped += found.duplicates_dropped
        total.rows_overlapping += found.rows_overlapping
        self._recent.append(_Done(item.asked, item.ids, item))
        self._look_for_end()

    def _without_known(self, asked: Window, page: RawPage, delivery: NewRows) -> NewRows:
        """Leave out rows that came with a window before, which overlaps this one."""
        begin = min([asked.begin, *(item.asked.begin for item in self._items)])
        self._recent = [done for done in self._recent if done.asked.end >= begin]
        known = {id_ for done in self._recent for id_ in done.ids}
        again = {i for i in delivery.indices(page) if known and page.ids[i] in known}
        self.findings.rows_overlapping += len(again)
        first = next((i for i in delivery.indices(page) if i not in again), len(page))
        skip = frozenset(i for i in delivery.skip | again if i > first)
        return NewRows(self._delivered - first, first, skip)

    def _book(self, item: _Leaf | _Deep, page: RawPage, delivery: NewRows) -> None:
        new = [page.ids[index] for index in delivery.indices(page)]
        if new:
            self._last, self._last_ids = item, new
        self._delivered += len(new)

    # The end

    def _look_for_end(self) -> None:
        if self._items:
            return
        if self.total is not None and self._delivered != self.total:
            # Either rows went meanwhile, or windows do not hold what they should.
            first = self._addressing.request(0, 1, overlaps=False)
            self._census = attrs.evolve(first, window=self._root)
            return
        self._conclude()

    def _conclude(self) -> None:
        self.ended = True
        if self._outside:
            self._doubts.append(
                f"{self._outside} customers are in no window: they have no createdOn, or one"
                " outside the time that was crawled"
            )
        if self.total is None or self._delivered == self.total:
            return
        self.findings.total_at_end = self._recount
        if self._recount != self.total:
            self._changes.append(f"recordsCount went from {self.total} to {self._recount}")
        elif self._delivered < self.total:
            self.findings.shortage = self.total - self._delivered
            self._doubts.append(
                f"recordsCount says {self.total}, but all windows hold {self._delivered}"
            )
        else:
            self._changes.append(f"recordsCount says {self.total}, and {self._delivered} came")

    def knows(self, record_id: str) -> bool:
        """Say whether a row was delivered with the windows just before."""
        return any(record_id in done.ids for done in self._recent)

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

    # Going on later

    def _behind_inside(self, item: _Deep, behind: int) -> int:
        """Return how many new rows of the pager stand from the first unused one on.

        More than *behind*, where windows before held some of them too.
        """
        history = item.pager.history
        first_unused = history.ordinal(self._last_ids[len(self._last_ids) - behind])
        return behind if first_unused is None else history.last_ordinal - first_unused + 1

    def point(self, behind: int = 0, row: int | None = None) -> ResumePoint:
        """Return where to go on if the last *behind* new rows were not used."""
        item = self._last if behind else next(iter(self._items), None)
        inside: ResumePoint | None = None
        edge: list[str] = []
        edge_until: datetime | None = None
        if isinstance(item, _Deep):
            unread = self._behind_inside(item, behind) if behind else 0
            inner = item.pager.point(unread, item.pager.end_row - unread)
            inside = attrs.evolve(inner, until=item.asked.end)
            unused = set(self._last_ids[len(self._last_ids) - behind :]) if behind else set[str]()
            edge = [id_ for id_ in item.ids if id_ not in unused]
        elif behind:
            edge = self._last_ids[: len(self._last_ids) - behind]
        after = None
        if self.total is not None or self._accepted:
            after = self._root.end if item is None else item.asked.begin
        if after is not None:
            done = [
                one
                for one in self._recent
                if one.asked.end >= after and (one.item is None or one.item is not item)
            ]
            edge = [id_ for one in done for id_ in one.ids] + edge
            ends = [one.asked.end for one in done]
            if behind or inside is not None:
                ends += [item.asked.end] if item is not None else []
            edge_until = max(ends, default=None)
        return ResumePoint(
            row=self._delivered - behind,
            delivered=self._delivered - behind,
            edge=tuple(edge),
            changed=bool(self._changes),
            unproven=bool(self._doubts),
            total=self.total,
            after=after,
            edge_until=edge_until,
            until=self._root.end,
            inside=inside,
            outside=self._outside,
        )
