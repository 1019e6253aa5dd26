"""Requests that count rows, or find the last one: what each is for. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

import attrs

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import PageSizes

AHEAD = timedelta(hours=12)
"""How far the service's clock may be ahead of ours; what is later than that is no new record."""


LOOKED_AT = 50
"""Rows created since the crawl began that are looked at, if there are so many."""


class CensusPurpose(Enum):
    """Why rows are counted."""

    ALL = auto()
    """All rows, whatever their time, as the crawl begins."""
    LAST = auto()
    """A row at the other end of the list, whose time shows how far it reaches."""
    NEW = auto()
    """Those created since the crawl began, which are in no window, and need not be."""
    AGAIN = auto()
    """The rows of all windows once more, at the end."""


class Census:
    """Counts the rows of a crawl of the time *root*, one request at a time."""

    def __init__(self, addressing: Addressing, sizes: PageSizes) -> None:
        self._addressing = addressing
        self._sizes = sizes
        self.purpose: CensusPurpose | None = None
        self.request: PageRequest | None = None
        self.all: int | None = None
        self.new: int | None = None
        self.again: int | None = None
        self.outside = 0
        """Rows that are in no window."""

    def want_all(self) -> None:
        self._want(CensusPurpose.ALL, None, 0)

    def want_last(self, root: Window, count: int) -> None:
        # Not the very last: there may be none where the count is too high or rows were deleted.
        self._want(CensusPurpose.LAST, root, count - 1 - count // 50)

    def want_new(self, until: datetime) -> None:
        # With rows, whose times show whether they are new.
        limit = min(LOOKED_AT, self._sizes.size)
        self._want(CensusPurpose.NEW, Window(until, until + AHEAD), 0, limit)

    def want_again(self, root: Window) -> None:
        self._want(CensusPurpose.AGAIN, root, 0)

    def _want(
        self, purpose: CensusPurpose, window: Window | None, row: int, limit: int = 1
    ) -> None:
        request = self._addressing.request(row, limit, overlaps=False)
        self.purpose, self.request = purpose, attrs.evolve(request, window=window)

    def done(self) -> CensusPurpose | None:
        """Want nothing more for now; return what the request was for."""
        purpose, self.purpose, self.request = self.purpose, None, None
        return purpose
