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
    that there is nothing more to read.
    """

    def __init__(self, place: Place, count: RecordsCount, reach: Reach) -> None:
        self._place = place
        self._count = count
        self._reach = reach
        self._wanted: deque[PageRequest] = deque()
        self._next_row = place.end_row
        self._pages_taken = 0
        self.one_at_a_time = True
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

    def forget(self) -> None:
        """Drop all requests; what comes next is planned anew."""
        self._wanted.clear()

    def note_taken(self) -> None:
        """Learn that a page was accepted as the next of the list."""
        self._pages_taken += 1

    def note_full(self) -> None:
        """Learn that it was as long as asked for; then only the first two go alone."""
        self.one_at_a_time = self._pages_taken < 2

    # Planning

    def extend(self, max_pages: int, *, whole_pages: bool) -> None:
        """Plan on until *max_pages* are wanted, or fewer where it is too early for so many.

        With *whole_pages* they are not cut to the rows that are left to deliver.
        """
        # Twice as many with each page that fitted: a misunderstanding shows before much is sent.
        ramp = 1 if self.one_at_a_time else int(2 ** min(self._pages_taken - 1, 10))
        while len(self._wanted) < min(max_pages, ramp) and self._may_plan():
            self._wanted.append(self._plan(whole_pages))

    def _may_plan(self) -> bool:
        if not self._wanted:
            self._next_row = self._place.next_row
            return True
        stop_row = self._place.stop_row
        if self.one_at_a_time or (stop_row is not None and self._next_row >= stop_row):
            return False
        return self._count.may_reach(self._next_row)

    def _plan(self, whole_pages: bool) -> PageRequest:
        new, stop_row = self._reach.page_size, self._place.stop_row
        if stop_row is not None and not whole_pages and not self._reach.counts_pages:
            new = max(1, min(new, stop_row - self._next_row))
        overlaps = self._place.edge is not None
        request = self._reach.next_page(self._next_row, new, overlaps=overlaps)
        self._next_row = request.row + request.limit
        return request

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted, see `Planner.refit`."""
        limit = self._reach.fit(request.limit)
        if limit == request.limit or not self.holds(request):
            return request
        place = self._wanted.index(request)
        parts = _parts(request, limit)
        if request.purpose in IS_ANSWERED_BY_FEW:
            parts = parts[:1]
        elif request.purpose is not Purpose.REREAD and place == len(self._wanted) - 1:
            # Planning goes on after it. The first pages go one at a time.
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
