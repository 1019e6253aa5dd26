"""The pages wanted, in order, and where planning goes on. No I/O."""

from __future__ import annotations

from collections import deque
from itertools import islice

import attrs

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.place import Place
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount

IS_ANSWERED_BY_FEW = frozenset({Purpose.PROBE, Purpose.PEEK, Purpose.CHECK, Purpose.BEFORE})
"""Pages of which the first rows answer the question; the rest is not wanted."""


class Schedule:
    """The pages wanted, of which the first is the next to be accepted.

    They are planned from *place* on, each as far as *reach* goes, until *place* or *count* say
    that there is nothing more to read. Until the first page has come, *foreseen* rows are
    planned for; if that is None, it goes alone. Until two pages fitted, or the first if
    *is_unit_proven*, no more than *unproven_pages* are wanted: as many as are wasted if the service
    does not mean by offsets what it was told.
    """

    def __init__(
        self,
        place: Place,
        count: RecordsCount,
        reach: Reach,
        *,
        foreseen: int | None = None,
        unproven_pages: int | None = None,
        is_unit_proven: bool = False,
    ) -> None:
        self._place = place
        self._count = count
        self._reach = reach
        self._foreseen = foreseen
        self._unproven_pages = unproven_pages
        self._pages_to_prove = 1 if is_unit_proven else 2
        self._wanted: deque[PageRequest] = deque()
        self._next_row = place.end_row
        self._pages_taken = 0
        self._has_longer = False
        """A page that is longer than others is wanted, or was taken."""
        self.one_at_a_time = foreseen is None
        """What the next page shows may change the plan, so that no other is asked for."""

    def __len__(self) -> int:
        return len(self._wanted)

    @property
    def head(self) -> PageRequest:
        """Return the request for the page to be accepted next."""
        return self._wanted[0]

    def first(self, max_pages: int) -> list[PageRequest]:
        """Return the first requests, at most *max_pages*."""
        return list(islice(self._wanted, max_pages))

    def holds(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return request in self._wanted

    def drop_head(self) -> None:
        """Take the first request out: its page has come and was looked at."""
        self._wanted.popleft()

    def put_first(self, request: PageRequest) -> None:
        """Want *request* before all others."""
        self._wanted.appendleft(request)

    def renew_head(self) -> PageRequest:
        """Want the first page once more, and return the new request for it."""
        self._wanted[0] = attrs.evolve(self._wanted[0])
        return self._wanted[0]

    def forget(self) -> None:
        """Drop all requests; what comes next is planned anew."""
        self._wanted.clear()
        self._has_longer = False

    def note_fitted(self) -> None:
        """Learn that a page was accepted as the next of the list."""
        self._pages_taken += 1
        if self._pages_taken == 1 and self._wanted and not self._leads_on(self._wanted[0]):
            # The first page held more rows, or fewer, than were foreseen.
            self.forget()
        while self._wanted and self._ends_before_edge(self._wanted[0]):
            self.drop_head()

    def _ends_before_edge(self, request: PageRequest) -> bool:
        """Say whether *request*, the rest of a longer one, would look as if rows had moved."""
        is_next = request.purpose is Purpose.NEXT and self._place.edge is not None
        return is_next and request.row + request.limit < self._place.end_row

    def _leads_on(self, request: PageRequest) -> bool:
        end_row = self._place.end_row
        if request.purpose is Purpose.LOOSE:
            return request.row == end_row
        return request.row < end_row <= request.row + request.limit

    def note_full(self, *, may_be_all: bool) -> None:
        """Learn that it was as long as asked for, so that the next ones go together.

        Not after a first page that *may_be_all*, since as many rows are counted as it holds: the
        next one shows whether that is the size of the page or of the list.
        """
        self.one_at_a_time = may_be_all and self._pages_taken == 1

    # Planning

    def extend(self, max_pages: int, *, whole_pages: bool) -> None:
        """Plan on until *max_pages* are wanted, or fewer where it is too early for so many.

        With *whole_pages* they are not cut to the rows that are left to deliver.
        """
        if self.one_at_a_time:
            max_pages = 1
        elif self._unproven_pages is not None and self._pages_taken < self._pages_to_prove:
            max_pages = min(max_pages, self._unproven_pages)
        while len(self._wanted) < max_pages and self._may_plan():
            self._wanted.append(self._plan(whole_pages))

    def _may_plan(self) -> bool:
        if not self._wanted:
            self._next_row = self._place.next_row
            return True
        stop_row = self._place.stop_row
        if self.one_at_a_time or (stop_row is not None and self._next_row >= stop_row):
            return False
        # A last page that is full says nothing of the end: the one after it goes with it.
        last_row = self._next_row - 1
        if not self._pages_taken:
            return self._foreseen is not None and last_row < self._foreseen
        return self._count.may_reach(last_row)

    def _plan(self, whole_pages: bool) -> PageRequest:
        new, stop_row = self._reach.page_size, self._place.stop_row
        if stop_row is not None and not whole_pages and not self._reach.counts_pages:
            new = max(1, min(new, stop_row - self._next_row))
        overlaps = self._place.edge is not None or bool(self._wanted)
        if self._pages_taken or self._wanted:
            left = None if stop_row is not None else self._rows_left()
            request = self._reach.next_page(self._next_row, new, overlaps=overlaps)
            request = self._such_that_the_last_is_short(request, left)
            self._next_row = request.row + request.limit
        else:
            request = self._reach.first_page(self._next_row, new, overlaps=overlaps)
            self._next_row = request.row + self._reach.rows_of(request)
        return request

    def _rows_left(self) -> int | None:
        """Return how many rows are still to be planned for, None if no count tells."""
        total = self._count.expected if self._pages_taken else self._foreseen
        return None if total is None else total - self._next_row

    def _such_that_the_last_is_short(self, request: PageRequest, left: int | None) -> PageRequest:
        """Return *request*, or a larger one so that no page need be wanted after the last.

        Where just as many rows are *left* as some pages bring, the last one would be full. So it
        has room for a row more, and one before it begins a row earlier: then the last one is
        short, and shorter than another, which is what shows the end.
        """
        if not left or not self._reach.may_be_larger(request) or left % (request.limit - 1):
            return request
        if left >= request.limit and request.row > self._place.start:
            if self._has_longer:
                return request
            self._has_longer = True
            return attrs.evolve(
                request, row=request.row - 1, offset=request.offset - 1, limit=request.limit + 1
            )
        return attrs.evolve(request, limit=request.limit + 1) if self._has_longer else request

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted, see `Planner.refit`."""
        limit = self._reach.fit(request.limit)
        if limit == request.limit or not self.holds(request):
            return request
        place = self._wanted.index(request)
        parts = _parts(request, limit)
        if not self._ends_before_edge(request):
            parts = [part for part in parts if not self._ends_before_edge(part)]
        if request.purpose in IS_ANSWERED_BY_FEW:
            parts = parts[:1]
        elif request.purpose is not Purpose.REREAD and place == len(self._wanted) - 1:
            # Planning goes on after it, in smaller pages.
            parts = parts[:1]
            self._next_row = parts[0].row + limit
        del self._wanted[place]
        for part in reversed(parts):
            self._wanted.insert(place, part)
        return parts[0]


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
