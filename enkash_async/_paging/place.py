"""Where in the list reading has come to. No I/O."""

from __future__ import annotations

from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import ListPoint


class Place:
    """The place after the last row delivered, and that row: the *edge* that proves the next page.

    *end_row* is the place in the list, *delivered* the number of rows that came, of this search
    and of those it goes on from. They differ where reading began at an offset, or rows moved.
    """

    def __init__(self, start: int, point: ListPoint, max_rows: int | None) -> None:
        self.start = start
        self.end_row = point.row
        self.edge = point.edge[-1] if point.edge else None
        self.delivered = point.delivered
        self._max_rows = max_rows

    @property
    def next_row(self) -> int:
        """Return the row to plan from: nothing before the caller's offset is wanted."""
        return max(self.start, self.end_row)

    @property
    def stop_row(self) -> int | None:
        """Return the row after the last that is wanted, as far as rows stay where they are."""
        if self._max_rows is None:
            return None
        return self.end_row + self._max_rows - self.delivered

    def move_past(self, request: PageRequest, page: RawPage, new: int) -> None:
        """Go to the end of *page*, which is not empty, with *new* rows delivered."""
        self.edge = page.last_id
        self.end_row = request.row + len(page)
        self.delivered += new
