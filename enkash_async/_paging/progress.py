"""Do pages still bring new rows? No I/O."""

from __future__ import annotations

from enkash_async._paging.page_request import PageRequest
from enkash_async.errors import IncompleteSearchError

MAX_IDLE_PAGES = 100
"""Pages of late that hold nothing new before the search gives up."""


class Progress:
    """Counts the pages of late that held nothing new, and gives up when they are too many."""

    def __init__(self) -> None:
        self._idle_pages = 0

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
