"""The windows still to be read, in the order of time. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from enkash_async._paging.crawl.windows import AnyWindow
from enkash_async._paging.page_request import PageRequest

MAX_ARRIVED = 200
"""Requests remembered as answered before it is looked at which of them are still wanted."""


class Frontier:
    """The windows wanted, of which the first is being read; others may have been asked for."""

    def __init__(self) -> None:
        self._windows: deque[AnyWindow] = deque()
        self._arrived: set[PageRequest] = set()

    def __len__(self) -> int:
        return len(self._windows)

    def __iter__(self) -> Iterator[AnyWindow]:
        return iter(self._windows)

    @property
    def head(self) -> AnyWindow:
        """Return the window that is being read."""
        return self._windows[0]

    def add(self, windows: Sequence[AnyWindow]) -> None:
        """Want *windows* after all others."""
        self._windows += windows

    def clear(self) -> None:
        """Want nothing more."""
        self._windows.clear()

    def drop_head(self) -> None:
        """Want the first window no more."""
        self._windows.popleft()

    def replace(self, window: AnyWindow, others: Sequence[AnyWindow]) -> None:
        """Want *others* in the place of *window*."""
        place = self._windows.index(window)
        del self._windows[place]
        for other in reversed(others):
            self._windows.insert(place, other)

    def window_of(self, request: PageRequest) -> AnyWindow | None:
        """Return the window that wants *request*, None if no one does."""
        return next((window for window in self._windows if window.holds(request)), None)

    def note_arrival(self, request: PageRequest) -> None:
        """Learn that a page has come, and waits for its turn."""
        if len(self._arrived) > MAX_ARRIVED:
            self._arrived = {one for one in self._arrived if self.window_of(one)}
        self._arrived.add(request)

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the first requests, at most *max_pages* and half as many that came already.

        Where the first pages of later windows have come before the rest of earlier ones is asked
        for, they would take the place of requests that could be on their way.
        """
        requests: list[PageRequest] = []
        waiting, spare = 0, max_pages // 2
        for window in self._windows:
            left = max_pages + min(waiting, spare) - len(requests)
            if left <= 0:
                break
            for request in window.wanted(left + spare):
                if len(requests) >= max_pages + min(waiting, spare):
                    break
                requests.append(request)
                waiting += request in self._arrived and len(requests) > 1
        return requests
