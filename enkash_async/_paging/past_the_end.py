"""What an error in answer to one page may mean. No I/O."""

from __future__ import annotations

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.place import Place
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount


class PastTheEnd:
    """Tells which errors may stand for nothing: those for pages that may lie past the end.

    The page in line begins with a row that was there, so that it lies past the end only if the
    list has become shorter. So the page that ends with that row is asked for, and if that is an
    error too, the first page: where the row is still in its place, or there is nothing but errors,
    the first error is about something else.
    """

    def __init__(self, place: Place, reach: Reach, count: RecordsCount) -> None:
        self._place = place
        self._reach = reach
        self._count = count
        self._other: PageRequest | None = None
        """A request of which an error is about something else."""
        self._confirmed: PageRequest | None = None
        """A request for a page past the end."""
        self._edge: str | None = None
        self._errors_at: tuple[Purpose, int, str | None] | None = None
        """Where an error came that may stand for the end."""

    def is_possible(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* may mean that nothing stands there."""
        if request.purpose is Purpose.CHECK:
            return True
        if request.row <= 0 or request is self._other:
            return False
        last = self._confirmed
        if request is not last and last is not None and request.purpose is Purpose.NEXT:
            # The row was found again just where it was.
            return request.row != last.row or self._edge != self._place.edge
        if request.purpose is Purpose.PROBE:
            return not self._count.is_total or not self._count.may_reach(request.row)
        return True

    def is_confirmed(self, request: PageRequest) -> bool:
        """Say whether it is known by now that *request* is for a page past the end."""
        return request is self._confirmed

    def needs_another(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* must come again before the list ends by it.

        Errors that have another cause come now and then. The page in line is not asked for again:
        no list ends by an error for it.
        """
        here = (request.purpose, request.row, self._place.edge)
        was_there, self._errors_at = self._errors_at == here, here
        return not was_there

    def check(self, request: PageRequest) -> PageRequest:
        """Return the request that tells what an error in answer to *request* means."""
        return self._reach.page_at(max(0, request.row - self._reach.stride), Purpose.CHECK)

    def judge(self, check: PageRequest, page: RawPage, next_page: PageRequest) -> bool:
        """Say whether another page is needed to tell what the error for *next_page* means."""
        if page.stands_for_error and check.row > 0:
            return True
        if not (page.stands_for_error or self._is_edge_reached(check, page, next_page)):
            self.confirm(next_page)
        return False

    def _is_edge_reached(self, check: PageRequest, page: RawPage, next_page: PageRequest) -> bool:
        """Say whether the edge stands where *next_page* begins, or after it.

        Where it has moved up, that page lies past the end.
        """
        edge = self._place.edge
        return edge in page.ids and check.row + page.ids.index(edge) >= next_page.row

    def note_other(self, next_page: PageRequest) -> None:
        """Learn that an error in answer to *next_page* is about something else."""
        self._other = next_page

    def confirm(self, next_page: PageRequest) -> None:
        """Learn that *next_page* is past the end if its answer is an error."""
        self._confirmed, self._edge = next_page, self._place.edge

    def first_page(self) -> PageRequest:
        """Return the request that tells whether there is nothing but errors."""
        return self._reach.page_at(0, Purpose.CHECK)
