"""Several counts at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

F = TypeVar("F")

Count = Callable[[F], Awaitable[int]]


async def counts_of(filters: Sequence[F], count: Count[F]) -> list[int]:
    """Return the *count* of each of the *filters*."""
    # All end before an error is raised, so that no request is left running.
    results = await asyncio.gather(*map(count, filters), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
