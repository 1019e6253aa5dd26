"""A window of a crawl that cannot be cut, read as any other list. No I/O."""

from __future__ import annotations

from datetime import datetime

import attrs

from enkash_async._paging.history import ID_BYTES
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager


class PagedWindow:
    """A window that is read page by page, by a pager of its own.

    Where most of its rows were created at one instant, the *crowd*, no window after it holds
    those. The requests of the pager are sent with the window added to them.
    """

    def __init__(self, asked: Window, pager: Pager, crowd: datetime | None = None) -> None:
        self.asked = asked
        self.pager = pager
        self.crowd = crowd
        self.ids: set[str] = set()
        """Of the rows that came, those that the next window may hold too."""
        self._requests: dict[PageRequest, PageRequest] = {}

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes are kept of the rows that came."""
        return self.pager.held_bytes + ID_BYTES * len(self.ids)

    def wanted(self, max_pages: int) -> list[PageRequest]:
        inner = self.pager.wanted(max_pages)
        self._requests = {
            request: self._requests.get(request) or attrs.evolve(request, window=self.asked)
            for request in dict.fromkeys([*self._requests, *inner])
            if self.pager.is_wanted(request)
        }
        return [self._requests[request] for request in inner]

    def holds(self, request: PageRequest) -> bool:
        return self._inner(request) is not None

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Say whether an error in answer may mean that nothing stands there."""
        inner = self._inner(request)
        return inner is not None and self.pager.reads_as_empty(inner)

    def shrink(self, request: PageRequest, sizes: PageSizes, least: int) -> int | None:
        inner = self._inner(request)
        return None if inner is None else self.pager.shrink(inner, least)

    def refit(self, request: PageRequest, sizes: PageSizes) -> PageRequest:
        inner = self._inner(request)
        if inner is None or (smaller := self.pager.refit(inner)) is inner:
            return request
        self._requests[smaller] = attrs.evolve(smaller, window=self.asked)
        return self._requests[smaller]

    def _inner(self, request: PageRequest) -> PageRequest | None:
        """Return the request of the pager that *request* stands for, if it still wants it."""
        return next(
            (
                inner
                for inner, outer in self._requests.items()
                if outer is request and self.pager.is_wanted(inner)
            ),
            None,
        )
