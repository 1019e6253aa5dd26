"""Which page to ask for next, and do the pages fit together? No I/O.

Neighbouring pages overlap by one row: the last row of a page must be the first of the next. As
long as rows keep their order, that is a proof: whatever was inserted or deleted in between, every
row that was there throughout stands behind that row in one snapshot of the list as in the next.
Where the row is missing, the pages around are read again until a row that was delivered is found,
and reading goes on behind it.

Nothing that the service leaves open is taken for granted. Rows are counted as they come, so that
a cap on the page size shows; the second page goes alone, so that an offset which is ignored, or
counted in pages, shows before much is fetched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

import attrs

from enkash_async._paging.addressing import MAX_LIMIT, Addressing
from enkash_async._paging.findings import Findings, judge
from enkash_async._paging.history import History, NewRows
from enkash_async._paging.lost_place import MAX_TRIES, check_unit, places_to_look
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import ResumePoint

MAX_IDLE_PAGES = 100
"""Pages in a row that hold nothing new before the search gives up."""

MAX_REPEATS = 5
"""Short pages in a row that end with the same row, and hold nothing new, before the service is
taken to stay at its last page."""

TOO_FEW_TO_OVERLAP = 2
"""Rows so few that pages of them cannot overlap where offsets count pages."""

EDGE_IDS = 20
"""Ids to know the place by: as long as one of these records is still there, reading can go on."""

EDGE_IDS_OF_CHANGED = 1000
"""As many where rows came and went: then some behind the place may have been delivered too."""


class Pager:
    """Plans the pages of one search and checks each as it comes.

    A caller fetches what `wanted` returns, in any order, and gives the first of them to `accept`.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        start: int = 0,
        max_rows: int | None = None,
        resume: ResumePoint | None = None,
        full_check: bool = False,
        sizes: PageSizes | None = None,
    ) -> None:
        """Read *max_rows* from row *start*, or what is left of them behind *resume*.

        With *full_check* every row is compared with all rows before it. *sizes* may make pages
        smaller while they are read.
        """
        point = resume or ResumePoint(row=start)
        self._addressing = addressing
        self._most_new = page_size if max_rows is None else min(page_size, max_rows)
        self._sizes = sizes or PageSizes(page_size)
        self._max_rows = max_rows
        self._cap = MAX_LIMIT
        if addressing.unit == "pages" and max(point.page_rows, point.row) > TOO_FEW_TO_OVERLAP:
            # The number of a page depends on its size; only the first begins where it does.
            self._cap = point.page_rows or MAX_LIMIT
        self._planned: deque[PageRequest] = deque()
        self._rereads: set[PageRequest] = set()
        self._probe: PageRequest | None = None
        self._probe_distance = 1
        self._candidates: Iterator[int] | None = None

        self._start = start
        self._delivered_before = point.delivered
        self._next_row = self._end_row = point.row
        self._edge = point.edge[-1] if point.edge else None
        self.history = History(
            point.edge,
            late=point.changed,
            whole=point.delivered <= len(point.edge),
            forgets=not full_check,
        )
        self._full_check = full_check

        self._loose: set[PageRequest] = set()
        self._unit_known = bool(point.edge)
        self._testing = True
        self._suspected_cap: int | None = None
        self._most_rows = point.page_rows
        self._seen_alone = False
        self._behind: PageRequest | None = None
        """The page behind a single row, asked for once to see whether it is all there is."""
        self._looked_behind = False
        self._repeats = 0
        """Pages in a row that held nothing new and ended with the same row."""
        self._accepted = 0
        self._tries = 0
        self._idle = 0
        self._refreshed = False
        self._in_line = not point.changed
        """Every row delivered stood behind all rows delivered before it."""
        self._linked_total: int | None = None

        self.total: int | None = None
        self.ended = False
        self.findings = Findings(
            total_at_start=point.total,
            count_is_total=point.total is not None,
            drifted=point.changed,
            unchecked=point.unproven,
            counts_from_one=addressing.first == 1,
        )

    def point(self, behind: int = 0, row: int | None = None) -> ResumePoint:
        """Return where to go on if the last *behind* new rows, from *row* on, were not used."""
        found = self.findings
        keep = EDGE_IDS_OF_CHANGED if found.drifted else EDGE_IDS
        ids = self.history.last_ids(keep + behind)
        return ResumePoint(
            row=self._end_row if row is None else row,
            delivered=self._delivered_before + self.history.added - behind,
            edge=tuple(ids[: len(ids) - behind]),
            changed=found.drifted,
            unproven=found.unchecked,
            page_rows=self._most_rows,
            total=found.total_at_start if found.count_is_total else None,
        )

    @property
    def end_row(self) -> int:
        """Return the place in the list that reading has come to."""
        return self._end_row

    @property
    def next_page_row(self) -> int:
        """Return the row at which the page begins that is to be accepted next."""
        return self._planned[0].row if self._planned else self._end_row

    @property
    def needs_ids(self) -> bool:
        """Say whether the ids of all records of a page are going to be asked for."""
        return self._full_check or self.findings.drifted

    # Planning

    @property
    def _page_size(self) -> int:
        # The number of a page depends on the size of all pages before it, so that stays.
        adapts = self._addressing.unit == "rows"
        return min(self._most_new, self._sizes.size) if adapts else self._most_new

    def wanted(self, most: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *most*; the first is the next to be accepted."""
        ramp = 1 if self._testing else int(2 ** min(self._accepted - 1, 10))
        while len(self._planned) < min(most, ramp) and self._may_plan():
            self._planned.append(self._plan())
        return list(islice(self._planned, most))

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return request in self._planned

    def _may_plan(self) -> bool:
        if self.ended:
            return False
        if not self._planned:
            self._next_row = max(self._start, self._end_row)
            return True
        stop_row = self._stop_row()
        if self._testing or (stop_row is not None and self._next_row >= stop_row):
            return False
        return not self.findings.count_is_total or self.total is None or self._next_row < self.total

    def _plan(self) -> PageRequest:
        overlaps = self._edge is not None
        new, stop_row = self._page_size, self._stop_row()
        # Whole pages lead past rows that moved on behind the place where reading has come to.
        if stop_row is not None and not self._idle:
            new = max(1, min(new, stop_row - self._next_row))
        request = self._addressing.request(
            self._next_row, min(new + overlaps, self._cap), overlaps=overlaps
        )
        if overlaps and request.row >= self._next_row:
            self._loose.add(request)
        self._next_row = request.row + request.limit
        return request

    def _forget_plan(self) -> None:
        self._planned.clear()
        self._rereads.clear()

    def _stop_row(self) -> int | None:
        """Return the row behind the last that is wanted, as far as rows stay where they are."""
        if self._max_rows is None:
            return None
        return self._end_row + self._max_rows - self._delivered_before - self.history.added

    def shrink(self, request: PageRequest, least: int = SMALLEST) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps."""
        adapts = self._addressing.unit == "rows"
        return self._sizes.shrink(request.limit, least) if adapts else None

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be.

        Then it has the other's place in the plan, and the rest of the rows are wanted behind it.
        """
        limit = self._sizes.fit(request.limit)
        adapts = self._addressing.unit == "rows" and request in self._planned
        if limit == request.limit or not adapts:
            return request
        place = self._planned.index(request)
        parts = _parts(request, limit)
        if request is self._probe:
            parts = [parts[0]]
            self._probe = parts[0]
        elif request is self._behind:
            parts = [parts[0]]
            self._behind = parts[0]
        elif request in self._rereads:
            self._rereads.remove(request)
            self._rereads.update(parts)
        elif place == len(self._planned) - 1:
            # Planning goes on behind it. The first pages go one at a time.
            parts = [parts[0]]
            self._next_row = parts[0].row + limit
        del self._planned[place]
        for part in reversed(parts):
            self._planned.insert(place, part)
        return parts[0]

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Do nothing: a page of a list says nothing before its turn."""

    def knows(self, record_id: str) -> bool:
        """Say whether a row was delivered lately."""
        return self.history.ordinal(record_id) is not None

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a list that was read to its end, and the reasons for it."""
        return judge(self.findings)

    # Accepting

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new.

        Often that is none: then other pages are wanted first. IncompleteSearchError if the pages
        contradict each other.
        """
        request = self._planned[0]
        self._note_total(page)
        nothing = NewRows(request.row, len(page))
        if request is self._probe:
            self._judge_probe(page)
            return nothing
        if request is self._behind:
            self._judge_behind(page)
            return nothing
        if self._edge is None:
            return self._accept_first(request, page)
        if request in self._loose:
            return self._accept_loose(request, page)
        if not self._unit_known and not self._fits(request, page):
            self._send_probe(1)
            return nothing
        delivery = self._link(request, page)
        if delivery is None:
            self._look_elsewhere(request, page)
            return nothing
        return self._take(request, page, delivery)

    def _note_total(self, page: RawPage) -> None:
        self.findings.total_at_end = page.total
        if self.findings.total_at_start is None:
            self.findings.total_at_start = page.total
        if page.total is not None:
            self.total = page.total
            self.findings.count_is_total |= page.total != len(page)

    def _accept_first(self, request: PageRequest, page: RawPage) -> NewRows:
        if not page:
            if self._shortage(page) > 1:
                raise IncompleteSearchError(
                    f"the first page (offset {request.offset}) is empty although recordsCount is"
                    f" {self.total}. If the service counts offsets from 1, set first_offset=1"
                )
            self._end(page)
            # The caller's own offset may lie far behind the end.
            self.findings.shortage = max(0, self.findings.shortage)
            return NewRows(request.row, 0)
        if self._addressing.unit == "pages":
            # The number of a page depends on its size, so never ask for more than surely comes.
            self._cap = len(page)
        # A page that holds the first row wanted may begin before it.
        start = min(self._end_row - request.row, len(page))
        return self._take(request, page, NewRows(request.row, start))

    def _take(self, request: PageRequest, page: RawPage, delivery: NewRows) -> NewRows:
        """Book *page* as the next of the list and look whether it is the last."""
        was_reread = request in self._rereads
        self._planned.popleft()
        self._rereads.discard(request)
        self.history.add(page, delivery, late=not self._in_line)
        new = delivery.count(page)
        if was_reread:
            self.findings.rows_reread += len(page) - new
        self._refreshed = was_reread
        self._count_progress(new, request)
        if not page:
            return delivery
        edge, end_row = self._edge, self._end_row
        self._edge = page.last_id
        self._repeats = self._repeats + 1 if not new and self._edge == edge else 0
        self._end_row = request.row + len(page)
        self._accepted += 1
        self._sizes.taken(len(page))
        self._linked_total = page.total
        # The edge and nothing behind it. A longer page might have been cut off there by a cap,
        # which offsets that count pages would have shown before.
        alone = len(page) == 1 or self._addressing.unit == "pages"
        stands_still = alone and self._edge == edge and self._end_row == end_row
        self._look_for_end(request, page, stands_still=stands_still)
        return delivery

    def _count_progress(self, new: int, request: PageRequest) -> None:
        if new:
            # Not to nothing at once: where each request finds another order, rows delivered long
            # ago look new now and then.
            self._idle = max(0, self._idle - new)
            self._tries = 0
            self._candidates = None
            return
        self._idle += 1
        if self._idle > MAX_IDLE_PAGES:
            raise IncompleteSearchError(
                f"{self._idle} pages of late, the last at offset {request.offset}, held only"
                " records already delivered. The service seems to clamp or to ignore offsets, or"
                " to answer each request in another order; then set order_by"
            )

    # The end of the list, and caps

    def _look_for_end(self, request: PageRequest, page: RawPage, *, stands_still: bool) -> None:
        self._most_rows = max(self._most_rows, len(page))
        # A page as long as the longest seen may be a capped one, whatever the count says.
        is_rest = len(page) < self._most_rows
        if is_rest and self._repeats >= MAX_REPEATS:
            self.findings.end_is_unproven = True
            self._end(page)
            return
        if len(page) >= request.limit:
            self._suspected_cap = None
            self._testing = self._accepted < 2
            return
        self._seen_alone = self._seen_alone or len(page) == 1
        if is_rest and (stands_still or self._is_counted_out(page)):
            self._end(page)
        elif self._may_look_behind and self._shortage(page) <= 0:
            self._look_behind(request)
        else:
            self._suspect_cap(len(page))

    def _is_counted_out(self, page: RawPage) -> bool:
        counts = self.findings.count_is_total and page.total is not None
        return counts and self._end_row >= (page.total or 0)

    @property
    def _may_look_behind(self) -> bool:
        # So few rows leave no room for pages that overlap.
        few = 1 if self._addressing.unit == "rows" else TOO_FEW_TO_OVERLAP
        return self._most_rows <= few and not self._looked_behind

    def _look_behind(self, request: PageRequest) -> None:
        """Want the page behind the first few rows, large enough to show that they are all."""
        self._looked_behind = self._testing = True
        offset, limit = request.offset + 1, request.limit
        if self._addressing.unit == "rows":
            offset, limit = self._end_row + self._addressing.first, max(2, limit)
        self._behind = PageRequest(self._end_row, offset, limit)
        self._forget_plan()
        self._planned.append(self._behind)

    def _judge_behind(self, page: RawPage) -> None:
        """End if there is nothing, or the same again from a service that stays at its last page."""
        self._planned.popleft()
        self._behind = None
        if not page or (len(page) <= self._most_rows and page.last_id == self._edge):
            self._end(page)
            # Of more than one row, pages may be capped there.
            found = self.findings
            if self._most_rows > 1 and not found.count_is_total:
                found.end_is_unproven |= bool(page)
                found.unchecked |= not page
            return
        # Rows were added behind, or the service hands out that few.
        self.findings.rows_reread += len(page)
        self._suspect_cap(self._most_rows)

    def _suspect_cap(self, rows: int) -> None:
        """Planner anew after a short page; what comes next tells whether the service caps pages."""
        if self._addressing.unit == "pages":
            self._cap = min(self._cap, self._most_rows)
        elif self._suspected_cap is not None:
            self._cap = max(self._suspected_cap, rows)
        learned = self._suspected_cap is not None
        self._suspected_cap = None if learned else rows
        self._testing = not learned
        self._forget_plan()

    def _end(self, page: RawPage) -> None:
        self.ended = True
        self.findings.shortage = self._shortage(page)
        watched = self._full_check or self.findings.moved
        if watched and self.findings.count_is_total and not self.findings.total_changed:
            # As many rows came as were counted, but some of them came twice.
            distinct = self._delivered_before + self.history.added
            missing = (page.total or 0) - self._start - distinct
            self.findings.shortage = max(self.findings.shortage, missing)
        self._forget_plan()

    def _shortage(self, page: RawPage) -> int:
        """Return by how many rows the count of *page* goes beyond the place reached.

        Both numbers are of one answer, so that no change of the list explains a difference.
        """
        if not self.findings.count_is_total or page.total is None:
            return 0
        return page.total - max(self._start, self._end_row)

    def _page_at(self, row: int) -> PageRequest:
        return self._addressing.request(row, min(self._page_size + 1, self._cap), overlaps=False)

    def _end_of_page_at(self, row: int) -> int:
        page = self._page_at(row)
        return page.row + page.limit

    # Pages that overlap

    def _fits(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether the edge stands in *page* just where it should."""
        index = self._end_row - 1 - request.row
        return 0 <= index < len(page) and page.id_at(index) == self._edge

    def _link(self, request: PageRequest, page: RawPage) -> NewRows | None:
        """Return the rows of *page* that come behind those delivered; None if that is unknown."""
        fits = self._fits(request, page)
        if fits:
            self._unit_known = self._unit_known or request.row > 0
            if not self.findings.drifted and not self._full_check:
                # Rows that fit are the next in line, as long as none was delivered out of it.
                start = self._end_row - request.row
                self.findings.rows_overlapping += start
                return NewRows(request.row, start)
        delivery = self._known_rows(request, page)
        if delivery is not None:
            overlapping = self._end_row - request.row if fits else 0
            surplus = len(page) - delivery.count(page) - overlapping
            self.findings.rows_overlapping += overlapping
            self.findings.duplicates_dropped += max(0, surplus)
            self.findings.drifted |= surplus != 0 or not fits
        return delivery

    def _known_rows(self, request: PageRequest, page: RawPage) -> NewRows | None:
        ordinals = [self.history.ordinal(record_id) for record_id in page.ids]
        known = {index: place for index, place in enumerate(ordinals) if place is not None}
        if not known:
            return None
        if self.history.is_out_of_order(known.values()):
            self.findings.moved = True
        # A row before the first that is known was delivered longer ago than can be remembered,
        # or is new and stands before the place that reading has come to.
        start = 0 if self.history.is_whole else min(known)
        last = max(known)
        is_next = known[last] == self.history.last_ordinal and last - start + 1 == len(known)
        self._in_line = self._in_line and is_next
        return NewRows(request.row, start, frozenset(i for i in known if i >= start))

    def _look_elsewhere(self, request: PageRequest, page: RawPage) -> None:
        """Want another page before this one: it does not hold the edge."""
        self.findings.repairs += not self._tries
        self._tries += 1
        expected = self._end_row - 1
        is_hole = request.row > expected
        self.findings.drifted = self.findings.drifted or not is_hole
        if request in self._rereads or (self._refreshed and not is_hole):
            self._planned.popleft()
            self._rereads.discard(request)
            self.findings.rows_reread += len(page)
        if self._candidates is None or self._refreshed:
            self._candidates = places_to_look(
                expected,
                max(1, min(self._page_size + 1, self._cap) - 1),
                self._growth(page),
                self._end_of_page_at,
                expected_first=self._refreshed or request.row != expected,
            )
            self._refreshed = False
        row = next(self._candidates, None)
        if row is None or self._tries > MAX_TRIES:
            raise IncompleteSearchError(
                f"after {self._tries} pages read again, none around row {expected} holds a record"
                " that was delivered before it: too much changed at once, or offsets beyond"
                " this place are not answered. Go on with the resume token, or use crawl()"
            )
        again = self._page_at(row)
        self._rereads.add(again)
        self._planned.appendleft(again)

    def _growth(self, page: RawPage) -> int | None:
        if not self.findings.count_is_total or page.total is None or self._linked_total is None:
            return None
        return page.total - self._linked_total

    # Offsets that are not what the session was told

    def _send_probe(self, distance: int) -> None:
        """Want the page at the first offset plus *distance*, which tells what offsets count."""
        if self._addressing.unit == "rows":
            self._probe = self._page_at(self._start + distance)
        else:
            first = self._addressing.request(self._start, self._page_size, overlaps=False)
            row = first.row + distance * first.limit
            self._probe = attrs.evolve(first, row=row, offset=first.offset + distance)
        self._probe_distance = distance
        self._planned.appendleft(self._probe)

    def _judge_probe(self, page: RawPage) -> None:
        probe = self._planned.popleft()
        self._probe = None
        self._unit_known = True
        self.findings.rows_reread += len(page)
        delivered = self.history.last_ids(2 * MAX_LIMIT)
        is_first_page = len(delivered) > 1 and bool(page) and page.first_id == delivered[0]
        if is_first_page and self._probe_distance == 1:
            # As if the offset made no difference; or a row was inserted before, which the page
            # at the first offset shows.
            self._send_probe(0)
        elif self._probe_distance == 1:
            more = self.total is not None and self.total > self._start + 1
            check_unit(probe, page, delivered, self._addressing.unit, more=more)
            if self._addressing == Addressing("pages", 1) and not self._growth(page):
                # The list is as long as before, so that nothing was added or removed.
                raise IncompleteSearchError(
                    "pages do not fit although the list did not change: perhaps the service counts"
                    " pages from 0; then open the session with first_offset=0"
                )
        elif is_first_page:
            raise IncompleteSearchError(
                f"the pages at offsets {probe.offset} and {probe.offset + 1} are the same: the"
                " service ignores offsets, or counts them from 1 (then open the session with"
                " first_offset=1)"
            )

    # Pages that cannot overlap

    def _accept_loose(self, request: PageRequest, page: RawPage) -> NewRows:
        """Take a page too small to overlap the one before it: nothing proves its place."""
        self._loose.discard(request)
        found = self.findings
        repeats = bool(page) and page.last_id == self._edge
        if not page or (repeats and self._is_counted_out(page)):
            self._end(page)
            # Without a count, a single row with room behind it is all that shows the end.
            unknown = not found.count_is_total and not self._seen_alone
            changed = found.drifted or found.total_changed or found.shortage != 0
            found.unchecked |= changed or unknown
            return NewRows(request.row, len(page))
        found.unchecked = True
        # Nothing shows either that its rows stand behind those delivered.
        self._in_line = False
        known = frozenset(
            index for index, id_ in enumerate(page.ids) if self.history.ordinal(id_) is not None
        )
        if known:
            self.findings.drifted = True
            self.findings.duplicates_dropped += len(known)
        return self._take(request, page, NewRows(request.row, 0, known))


def _parts(request: PageRequest, limit: int) -> list[PageRequest]:
    """Cut *request* into pages of at most *limit* rows that overlap by one."""
    return [
        attrs.evolve(
            request,
            row=request.row + skipped,
            offset=request.offset + skipped,
            limit=min(limit, request.limit - skipped),
        )
        for skipped in range(0, request.limit - 1, limit - 1)
    ]
