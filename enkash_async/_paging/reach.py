"""How far a page reaches, and the requests for pages of that size. No I/O."""

from __future__ import annotations

import attrs

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import PageSizes


class Reach:
    """Makes requests: no larger than the caller wants, the service caps, or now comes whole."""

    def __init__(
        self, addressing: Addressing, cap: PageCap, sizes: PageSizes, *, max_new: int
    ) -> None:
        self._addressing = addressing
        self._cap = cap
        self._sizes = sizes
        self._max_new = max_new
        # The number of a page depends on the size of all pages before it, so that stays.
        self._adapts = addressing.unit == "rows"

    @property
    def counts_pages(self) -> bool:
        """Say whether offsets count pages, so that all pages must have one size."""
        return self._addressing.unit == "pages"

    @property
    def page_size(self) -> int:
        """Return how many new rows to ask for at once."""
        return min(self._max_new, self._sizes.size) if self._adapts else self._max_new

    @property
    def stride(self) -> int:
        """Return how many rows further a page reaches that overlaps the one before."""
        return max(1, min(self.page_size + 1, self._cap.limit) - 1)

    def next_page(self, row: int, new: int, *, overlaps: bool) -> PageRequest:
        """Return a request for *new* rows from *row* on, with *overlaps* and the row before."""
        return self._line_up(row, min(new + overlaps, self._cap.limit), overlaps=overlaps)

    def first_page(self, row: int, new: int, *, overlaps: bool) -> PageRequest:
        """Return the same, but as large as if no cap were known: one that is gone shows so."""
        return self._line_up(row, min(new + overlaps, self._cap.first_limit), overlaps=overlaps)

    def rows_of(self, request: PageRequest) -> int:
        """Return how many rows *request* brings, as far as a cap is known."""
        return min(request.limit, self._cap.limit)

    def _line_up(self, row: int, limit: int, *, overlaps: bool) -> PageRequest:
        request = self._addressing.request(row, limit, overlaps=overlaps)
        if overlaps and request.row >= row > 0:
            return attrs.evolve(request, purpose=Purpose.LOOSE)
        return request

    def may_be_larger(self, request: PageRequest) -> bool:
        """Say whether *request* may ask for a row more than a page with an overlap has."""
        limit = request.limit + 1
        return self._adapts and self.stride + 1 < limit == min(self.fit(limit), self._cap.limit)

    def loose_page(self, row: int) -> PageRequest:
        """Return a request for a page from *row* on that shares no row with the one before."""
        return self.page_at(row, Purpose.LOOSE)

    def page_before(self, first: PageRequest) -> PageRequest:
        """Return a request for the page before the *first*, or one that begins a row earlier."""
        if self.counts_pages:
            row, offset, limit = first.row - first.limit, first.offset - 1, first.limit
        else:
            # As large as that one, or a last page that comes again would begin elsewhere.
            row, offset, limit = first.row - 1, first.offset - 1, first.limit
        return PageRequest(row, offset, limit, purpose=Purpose.BEFORE)

    def page_at(self, row: int, purpose: Purpose) -> PageRequest:
        """Return a request for a page that holds *row*."""
        limit = min(self.page_size + 1, self._cap.limit)
        return self._addressing.request(row, limit, overlaps=False, purpose=purpose)

    def end_of_page_at(self, row: int) -> int:
        """Return the row after the page that holds *row*."""
        page = self.page_at(row, Purpose.REREAD)
        return page.row + page.limit

    def probe(self, start: int, distance: int) -> PageRequest:
        """Return a request for the page at the offset of row *start* plus *distance*."""
        if self._addressing.unit == "rows":
            return self.page_at(start + distance, Purpose.PROBE)
        first = self._addressing.request(
            start, self.page_size, overlaps=False, purpose=Purpose.PROBE
        )
        row = first.row + distance * first.limit
        return attrs.evolve(first, row=row, offset=first.offset + distance)

    def peek(self, last: PageRequest, end_row: int) -> PageRequest:
        """Return a request for a page from *end_row* on, where *last* ended."""
        # Where offsets count pages, only those of a single row begin at any row. Elsewhere it is
        # large enough to show more than the single row that came.
        limit = 1 if self.counts_pages else max(last.limit, min(2, self._cap.max_limit))
        offset = end_row + self._addressing.first
        return PageRequest(end_row, offset, limit, purpose=Purpose.PEEK)

    # What the service can send

    def fit(self, limit: int) -> int:
        """Return *limit*, or the largest one there is now if that is smaller."""
        return self._sizes.fit(limit) if self._adapts else limit

    def shrink(self, limit: int, least: int) -> int | None:
        """Learn that so many rows could not be had; return the size from now on, if it helps."""
        return self._sizes.shrink(limit, least) if self._adapts else None

    def note_taken(self, rows: int) -> None:
        """Learn that a page of *rows* rows came."""
        self._sizes.note_taken(rows)
