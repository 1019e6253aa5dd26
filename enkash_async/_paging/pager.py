"""Which page to ask for next, and do the pages fit together? No I/O.

Neighbouring pages overlap by one row: the last row of a page must be the first of the next. As
long as rows keep their order, that is a proof: whatever was inserted or deleted in between, every
row that was there throughout stands after that row in one snapshot of the list as in the next.
Where the row is missing, the pages around are read again until a row that was delivered is found,
and reading goes on after it.

Nothing that the service leaves open is taken for granted. Rows are counted as they come, so that
a cap on the page size shows; the second page goes alone, so that an offset which is ignored, or
counted in pages, shows before much is fetched.
"""

from __future__ import annotations

from enkash_async._paging.addressing import MAX_LIMIT, Addressing
from enkash_async._paging.findings import Findings, judge
from enkash_async._paging.history import History, NewRows
from enkash_async._paging.list_end import ListEnd, Step
from enkash_async._paging.lost_place import LostPlace
from enkash_async._paging.offset_probe import OffsetProbe
from enkash_async._paging.overlap import Overlap
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.place import Place
from enkash_async._paging.progress import Progress
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount
from enkash_async._paging.schedule import Schedule
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, ListPoint

EDGE_IDS = 20
"""Ids to know the place by: as long as one of these records is still there, reading can go on."""

EDGE_IDS_OF_CHANGED = 1000
"""As many where rows came and went: then some after the place may have been delivered too."""


class Pager:
    """Plans the pages of one list and checks each as it comes. See `Planner` for how it is used.

    It asks its parts and books what they say: the `Schedule` which page comes next, the `Overlap`
    which rows are new, the `ListEnd` whether there are more.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        start: int = 0,
        max_rows: int | None = None,
        resume: ListPoint | None = None,
        full_check: bool = False,
        sizes: PageSizes | None = None,
    ) -> None:
        """Read *max_rows* from row *start*, or what is left of them after *resume*.

        With *full_check* every row is compared with all rows before it. *sizes* may make pages
        smaller while they are read.
        """
        point = resume or ListPoint(row=start)
        self.ended = False
        self.findings = Findings(
            total_at_start=point.total,
            count_is_total=point.total is not None,
            drifted=point.changed,
            unchecked=point.unproven,
            counts_from_one=addressing.first == 1,
        )
        self._place = Place(start, point, max_rows)
        self._count = RecordsCount(self.findings)
        self._cap = PageCap(addressing.unit, point)
        max_new = page_size if max_rows is None else min(page_size, max_rows)
        self._reach = Reach(addressing, self._cap, sizes or PageSizes(page_size), max_new=max_new)
        self._schedule = Schedule(self._place, self._count, self._reach)
        self._overlap = Overlap(self._place, point, self.findings, checks_all=full_check)
        self._list_end = ListEnd(addressing.unit, point.page_rows)
        self._probe = OffsetProbe(addressing, self._reach, start, is_settled=bool(point.edge))
        self._lost = LostPlace(self._reach)
        self._progress = Progress()

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"{len(self._schedule)} pages wanted"
        head = f", first for {self._schedule.head.purpose.name}" if len(self._schedule) else ""
        return (
            f"<Pager at row {self.end_row} of {self.total}, {self._place.delivered} delivered,"
            f" {state}{head}>"
        )

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`."""
        return self._count.latest

    @property
    def history(self) -> History:
        """Return the rows delivered last."""
        return self._overlap.history

    @property
    def end_row(self) -> int:
        """Return the place in the list that reading has come to."""
        return self._place.end_row

    @property
    def next_page_row(self) -> int:
        """Return the row at which the page begins that is to be accepted next."""
        return self._schedule.head.row if len(self._schedule) else self._place.end_row

    @property
    def needs_ids(self) -> bool:
        """Say whether the ids of all records of a page are going to be asked for."""
        return self._overlap.checks_all or self.findings.drifted

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *max_pages*; the first is accepted next."""
        if not self.ended:
            # Whole pages lead past rows that moved on after the place reading has come to.
            self._schedule.extend(max_pages, whole_pages=self._progress.is_slow)
        return self._schedule.first(max_pages)

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return self._schedule.holds(request)

    def shrink(self, request: PageRequest, least: int = SMALLEST) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps."""
        return self._reach.shrink(request.limit, least)

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be."""
        return self._schedule.refit(request)

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Do nothing: a page of a list says nothing before its turn."""

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a list that was read to its end, and the reasons for it."""
        return judge(self.findings)

    def point(self, unread: int = 0, row: int | None = None) -> ListPoint:
        """Return where to go on if the last *unread* new rows, from *row* on, were not used."""
        found = self.findings
        keep = EDGE_IDS_OF_CHANGED if found.drifted else EDGE_IDS
        ids = self.history.last_ids(keep + unread)
        total = found.total_at_start if found.count_is_total else None
        return ListPoint(
            row=self._place.end_row if row is None else row,
            delivered=self._place.delivered - unread,
            edge=tuple(ids[: len(ids) - unread]),
            changed=found.drifted,
            unproven=found.unchecked,
            page_rows=self._list_end.longest_page,
            # No list is that long, so that it tells nothing.
            total=None if total is None or total > MAX_COUNT else total,
        )

    # Accepting

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new.

        Often that is none: then other pages are wanted first. IncompleteSearchError if the pages
        contradict each other.
        """
        request = self._schedule.head
        self._count.note(page.total, len(page))
        if request.purpose is Purpose.PROBE:
            return self._accept_probe(request, page)
        if request.purpose is Purpose.PEEK:
            return self._accept_peek(request, page)
        if request.purpose is Purpose.LOOSE:
            return self._accept_loose(request, page)
        if self._place.edge is None:
            return self._accept_first(request, page)
        return self._accept_next(request, page)

    def _accept_next(self, request: PageRequest, page: RawPage) -> NewRows:
        is_in_place = self._overlap.is_edge_in_place(request, page)
        if is_in_place:
            self._probe.is_settled = self._probe.is_settled or request.row > 0
        elif not self._probe.is_settled:
            self._schedule.put_first(self._probe.request())
            return _nothing_new(request, page)
        rows = self._overlap.new_rows(request, page, is_in_place=is_in_place)
        if rows is None:
            self._look_elsewhere(request, page)
            return _nothing_new(request, page)
        return self._take(request, page, rows)

    def _accept_first(self, request: PageRequest, page: RawPage) -> NewRows:
        if not page:
            if self._shortage(page) > 1:
                raise IncompleteSearchError(
                    f"the first page (offset {request.offset}) is empty although recordsCount is"
                    f" {self.total}. If the service counts offsets from 1, set first_offset=1"
                )
            self._end(page)
            # The caller's own offset may lie far after the end.
            self.findings.shortage = max(0, self.findings.shortage)
            return NewRows(request.row, 0)
        self._cap.note_first(len(page))
        # A page that holds the first row wanted may begin before it.
        start = min(self._place.end_row - request.row, len(page))
        return self._take(request, page, NewRows(request.row, start))

    def _accept_loose(self, request: PageRequest, page: RawPage) -> NewRows:
        """Take a page too small to overlap the one before it: nothing proves its place."""
        repeats = bool(page) and page.last_id == self._place.edge
        if page and not (repeats and self._is_counted_out(page)):
            return self._take(request, page, self._overlap.unproven_rows(request, page))
        self._end(page)
        found = self.findings
        # Without a count, a single row with room after it is all that shows the end.
        is_unknown = not self._count.is_total and not self._list_end.was_single
        has_changed = found.drifted or found.total_changed or found.shortage != 0
        found.unchecked |= has_changed or is_unknown
        return _nothing_new(request, page)

    def _accept_probe(self, request: PageRequest, page: RawPage) -> NewRows:
        self._schedule.drop_head()
        self.findings.rows_reread += len(page)
        delivered = self.history.last_ids(2 * MAX_LIMIT)
        growth = self._count.growth(page.total)
        if self._probe.judge(request, page, delivered, total=self.total, growth=growth):
            self._schedule.put_first(self._probe.request())
        return _nothing_new(request, page)

    def _accept_peek(self, request: PageRequest, page: RawPage) -> NewRows:
        self._schedule.drop_head()
        ends_with_edge = bool(page) and page.last_id == self._place.edge
        if self._list_end.is_confirmed_by_peek(len(page), ends_with_edge=ends_with_edge):
            self._end(page)
            # Of more than one row, pages may be capped there.
            if self._list_end.longest_page > 1 and not self._count.is_total:
                self.findings.end_is_unproven |= bool(page)
                self.findings.unchecked |= not page
        else:
            # Rows were added after it, or the service hands out that few.
            self.findings.rows_reread += len(page)
            self._doubt_size(self._list_end.longest_page)
        return _nothing_new(request, page)

    def _look_elsewhere(self, request: PageRequest, page: RawPage) -> None:
        """Want another page before this one: it does not hold the edge."""
        lost, found, expected = self._lost, self.findings, self._place.end_row - 1
        found.repairs += not lost.tries
        # A page that begins too far down shows a hole, which a page before it may fill.
        is_hole = request.row > expected
        found.drifted = found.drifted or not is_hole
        if request.purpose is Purpose.REREAD or (lost.was_found_again and not is_hole):
            self._schedule.drop_head()
            found.rows_reread += len(page)
        growth = self._count.growth(page.total)
        self._schedule.put_first(lost.next_request(request.row, expected, growth))

    # What follows from a page that fits

    def _take(self, request: PageRequest, page: RawPage, rows: NewRows) -> NewRows:
        """Book *page* as the next of the list and look whether it is the last."""
        self._schedule.drop_head()
        self._overlap.remember(page, rows)
        new = rows.count(page)
        self._lost.was_found_again = request.purpose is Purpose.REREAD
        if self._lost.was_found_again:
            self.findings.rows_reread += len(page) - new
        self._progress.note(new, request)
        if new:
            self._lost.note_new_rows()
        if page:
            edge, end_row = self._place.edge, self._place.end_row
            self._place.move_past(request, page, new)
            self._schedule.note_taken()
            self._reach.note_taken(len(page))
            self._count.note_place(page.total)
            step = self._list_end.step_after(
                len(page),
                request.limit,
                new=new,
                same_edge=self._place.edge == edge,
                same_place=self._place.end_row == end_row,
                is_counted_out=self._is_counted_out(page),
                shortage=self._shortage(page),
            )
            self._go_on(step, request, page)
        return rows

    def _go_on(self, step: Step, request: PageRequest, page: RawPage) -> None:
        if step is Step.READ_ON:
            self._cap.note_full()
            self._schedule.note_full()
        elif step is Step.DOUBT_SIZE:
            self._doubt_size(len(page))
        elif step is Step.PEEK:
            self._schedule.one_at_a_time = True
            self._schedule.forget()
            self._schedule.put_first(self._reach.peek(request, self._place.end_row))
        else:
            self.findings.end_is_unproven |= step is Step.END_UNPROVEN
            self._end(page)

    def _doubt_size(self, rows: int) -> None:
        """Plan anew after a short page; what comes next tells whether the service caps pages."""
        is_settled = self._cap.note_short(rows, self._list_end.longest_page)
        self._schedule.one_at_a_time = not is_settled
        self._schedule.forget()

    def _is_counted_out(self, page: RawPage) -> bool:
        return self._count.is_reached(page.total, self._place.end_row)

    def _shortage(self, page: RawPage) -> int:
        return self._count.shortage(page.total, self._place.next_row)

    def _end(self, page: RawPage) -> None:
        self.ended = True
        self._schedule.forget()
        found = self.findings
        found.shortage = self._shortage(page)
        is_watched = self._overlap.checks_all or found.moved
        if is_watched and found.count_is_total and not found.total_changed:
            # As many rows came as were counted, but some of them came twice.
            distinct = self._place.delivered
            found.shortage = max(found.shortage, (page.total or 0) - self._place.start - distinct)


def _nothing_new(request: PageRequest, page: RawPage) -> NewRows:
    return NewRows(request.row, len(page))
