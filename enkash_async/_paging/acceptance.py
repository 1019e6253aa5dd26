"""What becomes of a page that came: its new rows, and what to ask for next. No I/O."""

from __future__ import annotations

import msgspec

from enkash_async._paging.addressing import MAX_LIMIT, TOO_FEW_TO_OVERLAP
from enkash_async._paging.findings import Findings
from enkash_async._paging.history import NewRows
from enkash_async._paging.list_end import ListEnd, Step, TakenPage
from enkash_async._paging.lost_place import LostPlace
from enkash_async._paging.offset_probe import OffsetProbe
from enkash_async._paging.overlap import Overlap
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.past_the_end import PastTheEnd
from enkash_async._paging.place import Place
from enkash_async._paging.progress import Progress
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import PlaceCount, RecordsCount
from enkash_async._paging.schedule import Schedule
from enkash_async._paging.starting_offset import StartingOffset
from enkash_async.errors import IncompleteSearchError


class Acceptance(msgspec.Struct, eq=False, kw_only=True):
    """Takes the pages of one list in their order, each by the purpose it was asked for.

    It asks the other parts of the `Pager`, which all belong to that one list, and tells them what
    follows.
    """

    findings: Findings
    place: Place
    count: RecordsCount
    cap: PageCap
    reach: Reach
    schedule: Schedule
    overlap: Overlap
    list_end: ListEnd
    probe: OffsetProbe
    lost: LostPlace
    start: StartingOffset
    past_the_end: PastTheEnd
    progress: Progress
    ended: bool = False

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new.

        Often that is none: then other pages are wanted first. IncompleteSearchError if the pages
        contradict each other.
        """
        rows = self._accept(self.schedule.head, page)
        if not self.ended:
            self.progress.note_looked_at(rows.count(page))
        return rows

    def _accept(self, request: PageRequest, page: RawPage) -> NewRows:
        self.count.note(page.total, len(page))
        if request.purpose is Purpose.PROBE:
            return self._accept_probe(request, page)
        if request.purpose is Purpose.CHECK:
            return self._accept_check(request, page)
        if request.purpose is Purpose.BEFORE:
            return self._accept_before(request, page)
        if self._is_single_error(request, page):
            self.schedule.renew_head()
            return _nothing_new(request, page)
        if request.purpose is Purpose.PEEK:
            return self._accept_peek(request, page)
        if request.purpose is Purpose.LOOSE:
            return self._accept_loose(request, page)
        if self.place.edge is None:
            return self._accept_first(request, page)
        return self._accept_next(request, page)

    def _is_single_error(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether an error came by which the list would end, and for the first time."""
        if not page.stands_for_error or self.count.is_reached(
            self.count.latest, self.place.end_row
        ):
            return False
        is_first = request.purpose is Purpose.NEXT and self.place.edge is None
        ends = is_first or request.purpose in (Purpose.PEEK, Purpose.LOOSE)
        return ends and self.past_the_end.needs_another(request)

    def _accept_next(self, request: PageRequest, page: RawPage) -> NewRows:
        is_next_error = page.stands_for_error and request.purpose is Purpose.NEXT
        if is_next_error and not self.past_the_end.is_confirmed(request):
            self.schedule.put_first(self.past_the_end.check(request))
            return _nothing_new(request, page)
        if self.overlap.is_edge_in_place(request, page):
            if request.row > 0:
                self.probe.is_settled = self.probe.is_proven = True
            return self._take(request, page, self.overlap.rows_in_place(request, page))
        if not self.probe.is_settled:
            self.schedule.put_first(self.probe.request())
            return _nothing_new(request, page)
        sighting = self.overlap.sight(request, page, self.count.change(page.total))
        if sighting.known:
            if sighting.trusted is not None or self.lost.makes_do:
                is_shown = sighting.trusted is not None or sighting.may_have_stayed
                self.findings.place_is_unproven |= not is_shown
                rows = self.overlap.rows_after(request, page, sighting)
                # What came with the page read again may stand between the rows of an older one.
                is_older = self.lost.was_found_again and request.purpose is Purpose.NEXT
                self.overlap.note_older(page, rows, is_older=is_older)
                return self._take(request, page, rows, is_shifted=True)
            self.lost.put_aside(request, sighting.row)
        self._look_elsewhere(request, page)
        return _nothing_new(request, page)

    def _accept_first(self, request: PageRequest, page: RawPage) -> NewRows:
        if page.stands_for_error or (page and not self.start.is_counted(request, page)):
            self.schedule.put_first(self.start.request(request, page))
            return _nothing_new(request, page)
        if not page:
            if self._shortage(page) > 1:
                raise IncompleteSearchError(
                    f"the first page (offset {request.offset}) is empty although recordsCount is"
                    f" {page.total}. If the service counts offsets from 1, set first_offset=1"
                )
            self._end(page)
            # The caller's own offset may lie far after the end.
            self.findings.shortage = max(0, self.findings.shortage)
            # Or nothing does, although something did before.
            self.findings.end_is_unproven |= self.start.is_doubtful
            return NewRows(request.row, 0)
        self.cap.note_first(len(page))
        if self.start.is_smaller(request, page):
            self.findings.rows_reread += len(page)
            self.schedule.forget()
            self.start.is_proven = False
            return _nothing_new(request, page)
        # A page that holds the first row wanted may begin before it.
        start = min(self.place.end_row - request.row, len(page))
        return self._take(request, page, NewRows(request.row, start))

    def _accept_check(self, request: PageRequest, page: RawPage) -> NewRows:
        """Learn what the error is about that was the answer to the page in line."""
        self.findings.rows_reread += len(page)
        self.schedule.drop_head()
        if self.past_the_end.judge(request, page, self.schedule.head):
            self.schedule.put_first(self.past_the_end.first_page())
        elif self.past_the_end.is_confirmed(self.schedule.head):
            # The edge may be missing because pages are short or errors come now and then.
            self.past_the_end.confirm(self.schedule.renew_head())
        else:
            # The error may be older than a row that was added at the end meanwhile.
            self.past_the_end.note_other(self.schedule.renew_head())
        return _nothing_new(request, page)

    def _accept_before(self, request: PageRequest, page: RawPage) -> NewRows:
        """Learn from what stands before the first page whether that is at the caller's offset."""
        self.findings.rows_reread += len(page)
        self.schedule.drop_head()
        reached = request.row + len(page)
        is_contradiction = self.start.is_error and reached > self.place.start
        if self.start.is_error:
            self.count.note_reached(page.total, reached)
        self.start.judge(page, reaches_start=is_contradiction)
        if self.start.is_past_end:
            if self._shortage(page) > 1 or is_contradiction:
                raise IncompleteSearchError(
                    f"the service does not answer for row {self.place.start} although recordsCount"
                    f" is {page.total}, and a page before it ends at row {reached}"
                )
            if (proof := self.start.proof(request, page)) is not None:
                self.schedule.put_first(proof)
            else:
                self._end_before_start(request, page, reached)
        elif self.start.awaits_proof:
            self.schedule.renew_head()
        elif not self.start.is_proven:
            self.schedule.forget()
        return _nothing_new(request, page)

    def _end_before_start(self, request: PageRequest, page: RawPage, reached: int) -> None:
        """End a list that ends before the caller's offset, and note what does not prove that."""
        self._end(page)
        found, is_error = self.findings, self.start.is_error
        # A count may be one too high, but an error does not say so.
        found.shortage = max(0, found.shortage) if is_error else 0
        may_go_on = len(page) >= request.limit or (is_error and reached > self.start.ends_at)
        found.end_is_unproven |= may_go_on and not self.count.is_total
        found.end_is_unproven |= page.total is None or self.start.has_changed

    def _accept_loose(self, request: PageRequest, page: RawPage) -> NewRows:
        """Take a page too small to overlap the one before it: nothing proves its place."""
        repeats = bool(page) and page.last_id == self.place.edge
        if page and not (repeats and self._is_counted_out(page)):
            return self._take(request, page, self.overlap.unproven_rows(request, page))
        self._end(page)
        found = self.findings
        # Without a count, a single row with room after it is all that shows the end.
        is_unknown = not self.count.is_total and not self.list_end.was_single
        has_changed = found.drifted or found.total_changed or self.count.has_varied
        found.unchecked |= has_changed or is_unknown or found.shortage != 0
        return _nothing_new(request, page)

    def _accept_probe(self, request: PageRequest, page: RawPage) -> NewRows:
        self.schedule.drop_head()
        self.findings.rows_reread += len(page)
        delivered = self.overlap.history.last_ids(2 * MAX_LIMIT)
        growth = self.count.growth(page.total)
        if self.probe.judge(request, page, delivered, total=self.count.latest, growth=growth):
            self.schedule.put_first(self.probe.request())
        return _nothing_new(request, page)

    def _accept_peek(self, request: PageRequest, page: RawPage) -> NewRows:
        self.schedule.drop_head()
        step = self.list_end.note_peek(
            len(page),
            ends_with_edge=bool(page) and page.last_id == self.place.edge,
            count=self._counted(page),
        )
        if step is Step.END:
            self._end(page)
            # Of more than one row, pages may be capped there.
            if self.reach.counts_pages and 1 < self.list_end.longest_page <= TOO_FEW_TO_OVERLAP:
                is_unknown = not self.count.is_total
                self.findings.end_is_unproven |= is_unknown and bool(page)
                self.findings.unchecked |= is_unknown and not page
            return _nothing_new(request, page)
        self.findings.rows_reread += len(page)
        self.schedule.forget()
        if step is Step.DOUBT_SIZE:
            # Rows were added after it, or the service hands out that few.
            self._doubt_size(self.list_end.longest_page)
        return _nothing_new(request, page)

    def _look_elsewhere(self, request: PageRequest, page: RawPage) -> None:
        """Want another page before this one: it does not hold the edge."""
        lost, found, expected = self.lost, self.findings, self.place.end_row - 1
        found.repairs += not lost.tries
        # A page that begins too far down shows a hole, which a page before it may fill.
        is_hole = request.row > expected
        # An error does not say that anything changed: the edge may be found where it was.
        found.drifted |= not (is_hole or page.stands_for_error)
        if request.purpose is Purpose.REREAD or (lost.was_found_again and not is_hole):
            self.schedule.drop_head()
            found.rows_reread += len(page)
        elif page.stands_for_error:
            self.schedule.drop_head()
        if is_hole and lost.was_found_again and self.reach.end_of_page_at(expected) == expected + 1:
            # The page that holds the edge ends with it, and would be asked for again and again.
            lost.was_found_again = False
            self.schedule.forget()
            return
        if page:
            lost.note_looked()
        growth = self.count.growth(page.total)
        self.schedule.put_first(lost.next_request(request.row, expected, growth))

    # What follows from a page that fits

    def _take(
        self, request: PageRequest, page: RawPage, rows: NewRows, *, is_shifted: bool = False
    ) -> NewRows:
        """Book *page* as the next of the list and look whether it is the last.

        In one that *is_shifted* rows delivered were found, but the edge is not where it should be.
        """
        # Before anything is booked, so that a resume token does not pass over its rows.
        self.progress.note_taken(self.overlap.reordered)
        self.schedule.drop_head()
        self.overlap.remember(page, rows)
        new = rows.count(page)
        self.lost.note_taken()
        self.lost.was_found_again = request.purpose is Purpose.REREAD
        if self.lost.was_found_again:
            self.findings.rows_reread += len(page) - new
        # One row over and over would fit on for ever.
        self.progress.note(0 if page.ends_as_it_begins else new, request)
        if new:
            self.lost.note_new_rows()
        if page:
            edge, end_row = self.place.edge, self.place.end_row
            self.place.move_past(request, page, new)
            self.schedule.note_fitted()
            self.reach.note_taken(len(page))
            self.count.note_place(page.total, self.place.end_row)
            taken = TakenPage(
                len(page),
                request.limit,
                new,
                same_edge=self.place.edge == edge,
                same_place=self.place.end_row == end_row,
                is_loose=request.purpose is Purpose.LOOSE,
                is_shifted=is_shifted,
            )
            step = self.list_end.step_after(taken, self._counted(page))
            self._go_on(step, request, page, new)
        return rows

    def _go_on(self, step: Step, request: PageRequest, page: RawPage, new: int) -> None:
        if step is Step.DOUBT_SIZE and self.cap.is_foreseen(len(page)):
            step = Step.READ_ON
        if step is Step.READ_ON:
            self.cap.note_full(len(page))
            self.schedule.note_full(may_be_all=page.total == len(page))
        elif step is Step.DOUBT_SIZE and new and self._holds_the_rest(page):
            # What the list grew by meanwhile shows no cap.
            self._plan_anew()
        elif step is Step.DOUBT_SIZE:
            self._doubt_size(len(page))
        elif step is Step.SMALLER:
            self.cap.halve()
            self._plan_anew()
        elif step is Step.PEEK:
            self._plan_anew()
            self.schedule.put_first(self.reach.peek(request, self.place.end_row))
        elif step is Step.LOOSE:
            self._plan_anew()
            self.schedule.put_first(self.reach.loose_page(self.place.end_row))
        else:
            self.findings.end_is_unproven |= step is Step.END_UNPROVEN
            self._end(page)

    def _doubt_size(self, rows: int) -> None:
        """Plan anew after a short page; what comes next tells whether the service caps pages."""
        is_settled = self.cap.note_short(rows, self.list_end.longest_page)
        self._plan_anew(one_at_a_time=not is_settled)

    def _plan_anew(self, *, one_at_a_time: bool = True) -> None:
        self.schedule.one_at_a_time = one_at_a_time
        self.schedule.forget()

    def _holds_the_rest(self, page: RawPage) -> bool:
        """Say whether a page is short because the list held no more."""
        return self._is_counted_out(page) and not self.list_end.is_uneven

    def _counted(self, page: RawPage) -> PlaceCount:
        """Return what the count of *page* says of the place that reading has come to."""
        end, after = self.place.end_row, self.place.next_row
        return self.count.at(page.total, end_row=end, next_row=after)

    def _is_counted_out(self, page: RawPage) -> bool:
        return self.count.is_reached(page.total, self.place.end_row)

    def _shortage(self, page: RawPage) -> int:
        return self.count.shortage(page.total, self.place.next_row)

    def _end(self, page: RawPage) -> None:
        self.ended = True
        self.schedule.forget()
        found = self.findings
        found.shortage = self._shortage(page)
        # An error counts nothing, but what was counted before it may go beyond this place.
        counted = self.count.at_place if self.count.latest is None else self.count.latest
        is_short = self.count.shortage(counted, self.place.next_row) > 0
        found.end_is_unproven |= page.stands_for_error and is_short
        is_one_page = self.place.delivered <= self.list_end.longest_page
        is_uncounted = not found.count_is_total and not is_one_page
        found.nothing_counted = self.overlap.checks_all and is_uncounted
        is_watched = self.overlap.checks_all or found.moved
        if is_watched and found.count_is_total and not found.total_changed:
            # As many rows came as were counted, but some of them came twice.
            distinct = self.place.delivered
            found.shortage = max(found.shortage, (page.total or 0) - self.place.start - distinct)


def _nothing_new(request: PageRequest, page: RawPage) -> NewRows:
    return NewRows(request.row, len(page))
