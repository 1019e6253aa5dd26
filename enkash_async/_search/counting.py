"""Several counts at a time, and what nothing should be counted in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from enkash_async._paging.crawl.census import AHEAD
from enkash_async._paging.crawl.seams import MARGIN
from enkash_async._paging.page_request import Window

F = TypeVar("F")

Count = Callable[[F], Awaitable[int]]

ENDS_MISREAD = (
    "match a window that begins now: the service's clock is ahead, or it reads windows in another"
    " zone"
)
"""What it means that a window `from_now_on` holds records."""


def from_now_on(begin: datetime | None = None) -> Window:
    """Return a window that holds nothing yet, which begins now, or at *begin* if that is later."""
    now = datetime.now(UTC)
    # As far from now as bounds may be off: what is created just then is new.
    first = (now if begin is None else max(now, begin)) + MARGIN
    return Window(first, first + AHEAD)


async def counts_of(filters: Sequence[F], count: Count[F]) -> list[int]:
    """Return the *count* of each of the *filters*."""
    # All end before an error is raised, so that no request is left running.
    results = await asyncio.gather(*map(count, filters), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
