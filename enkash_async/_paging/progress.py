"""Do pages still bring new rows? No I/O."""

from __future__ import annotations

from enkash_async._paging.page_request import PageRequest
from enkash_async.errors import IncompleteSearchError

MAX_IDLE_PAGES = 100
"""Pages of late that hold nothing new before the search gives up."""

WASTED_AT_MOST, WASTED_A_PAGE = 200, 6
"""Pages without a new row that a search may take, and as many more for each page with one."""

MAX_REORDERED = 5
"""Pages taken that hold rows in another order than they came in, beyond those that do not."""


class Progress:
    """Counts the pages that held nothing new, and gives up when they are too many.

    So a search takes at most 200 pages, and seven for each page with a new row, besides those
    fetched ahead and not wanted any more. Where each answer is in another order, rows that were
    forgotten look new for ever: that shows by what is still known on most of the pages taken.
    """

    def __init__(self) -> None:
        self._idle_pages = 0
        self._wasted = 0
        self._useful = 0
        self._taken = 0

    @property
    def is_slow(self) -> bool:
        """Say whether pages of late held nothing new, so that more of them may follow."""
        return self._idle_pages > 0

    def note(self, new: int, request: PageRequest) -> None:
        """Learn that a page held *new* new rows; IncompleteSearchError where too many hold none."""
        if new:
            # Not to nothing at once: where each request finds another order, rows delivered long
            # ago look new now and then.
            self._idle_pages = max(0, self._idle_pages - new)
            return
        self._idle_pages += 1
        if self._idle_pages > MAX_IDLE_PAGES:
            raise IncompleteSearchError(
                f"{self._idle_pages} pages of late, the last at offset {request.offset}, held only"
                " records already delivered. The service seems to clamp or to ignore offsets, or"
                " to answer each request in another order; then set order_by"
            )

    def note_looked_at(self, new: int) -> None:
        """Learn that a page was looked at, whatever it was asked for, and held *new* new rows."""
        if new:
            self._useful += 1
            return
        self._wasted += 1
        if self._wasted > WASTED_AT_MOST + WASTED_A_PAGE * self._useful:
            raise IncompleteSearchError(
                f"{self._wasted} pages held nothing new, and only {self._useful} did: the list"
                " changes faster than it can be read, or each request is answered differently."
                " Go on with the resume token, or use crawl()"
            )

    def note_taken(self, reordered: int) -> None:
        """Learn that one more page is taken; of all, on *reordered* rows came in another order."""
        self._taken += 1
        if reordered > MAX_REORDERED + self._taken - reordered:
            raise IncompleteSearchError(
                f"{reordered} of {self._taken} pages held records in another order than they had"
                " come in: the service seems to answer each request in another order. Use search()"
                " with order_by, a field that does not change and is different for each record"
            )
