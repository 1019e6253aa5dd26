"""What one page fetch asks for. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable

from enkash_async._http.operation import Message
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import SMALLEST, SMALLEST_WORTH_HALVING
from enkash_async._search.query import Query
from enkash_async._wire.sealed import Sealed

Refit = Callable[[], PageRequest]
"""Returns the request to send now: the plan may want a smaller page by now."""

Shrink = Callable[[int], int | None]
"""Asks for smaller pages from now on, see `Planner.shrink`."""


class PageTicket:
    """A page that is wanted, in whatever size it can be had."""

    request: PageRequest
    """What was asked for in the last attempt."""

    def __init__(self, query: Query, refit: Refit, shrink: Shrink) -> None:
        self._query = query
        self._refit = refit
        self._shrink = shrink

    @property
    def order(self) -> tuple[float, int]:
        """Return the page's place in the plan: by window, if there is one, and by row."""
        request = self._refit()
        begin = request.window.begin.timestamp() if request.window is not None else -math.inf
        return begin, request.row

    def message(self) -> Message:
        """Return what to send now."""
        self.request = self._refit()
        return Message(
            self._query.parameters_of(self.request), Sealed(self._query.body_of(self.request))
        )

    def shrink(self, *, too_large: bool) -> int | None:
        """Ask for smaller pages from now on; return their rows, None if that is no help."""
        return self._shrink(SMALLEST if too_large else SMALLEST_WORTH_HALVING)
