"""Coarse windows of `createdOn` for processes that read in parallel, cut by count."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import attrs

from enkash_async._paging.crawl.cutting import EARLIEST, FILL, MAX_PARTS, SECOND
from enkash_async._paging.page_request import Window
from enkash_async.customers.filters import CustomerFilter
from enkash_async.errors import IncompleteSearchError

Count = Callable[[CustomerFilter], Awaitable[int]]

MILLISECOND = timedelta(milliseconds=1)
NOTHING = timedelta(0)

SEAMS = (
    (MILLISECOND, NOTHING),
    (NOTHING, NOTHING),
    (SECOND, NOTHING),
    (NOTHING, -MILLISECOND),
    (NOTHING, -SECOND),
)
"""How far before a cut the left window ends, and how far behind it the right one begins.

Which of them neither loses nor doubles a customer depends on the ends that the service's bounds
include and on the fineness of its clock. Neither is documented, so the counts decide.
"""


async def shards(
    count: Count, criteria: CustomerFilter, until: datetime, max_records: int
) -> list[CustomerFilter]:
    """Return filters of at most *max_records* customers each, whose counts add up."""
    whole = Window(criteria.created_on_from or EARLIEST, until)
    everything = _narrowed(criteria, whole)
    total, within = await _counts(count, [criteria, everything])
    if total != within:
        raise IncompleteSearchError(
            f"{total - within} of {total} customers are in no window: they have no createdOn, or"
            " one after now. Read all with search(), or narrow the filter by created_on_from"
        )
    windows = await _cut(count, criteria, whole, within, max_records)
    return [_narrowed(criteria, window) for window in windows]


async def _cut(
    count: Count, criteria: CustomerFilter, window: Window, rows: int, most: int
) -> list[Window]:
    number = min(MAX_PARTS, math.ceil(rows / (FILL * most)))
    cuts = _cuts(window, max(2, number))
    if rows <= most or not cuts:
        return [window]
    for seam in SEAMS:
        parts = _parts(window, cuts, seam)
        counts = await _counts(count, [_narrowed(criteria, part) for part in parts])
        if sum(counts) == rows:
            cut = [
                await _cut(count, criteria, part, part_rows, most)
                for part, part_rows in zip(parts, counts, strict=True)
                if part_rows
            ]
            return [shard for shards in cut for shard in shards]
    raise IncompleteSearchError(
        f"the counts of windows do not add up to {rows}, however they are cut: customers were"
        " deleted meanwhile (then try again), or recordsCount does not count all matches"
    )


def _cuts(window: Window, number: int) -> list[datetime]:
    width = (window.end - window.begin) / number
    moments = {window.begin + width * place for place in range(1, number)}
    whole = sorted({moment.replace(microsecond=0) for moment in moments})
    return [moment for moment in whole if window.begin + SECOND < moment < window.end]


def _parts(
    window: Window, cuts: Sequence[datetime], seam: tuple[timedelta, timedelta]
) -> list[Window]:
    before, behind = seam
    begins = [window.begin, *(moment + behind for moment in cuts)]
    ends = [*(moment - before for moment in cuts), window.end]
    return [Window(begin, end) for begin, end in zip(begins, ends, strict=True)]


def _narrowed(criteria: CustomerFilter, window: Window) -> CustomerFilter:
    return attrs.evolve(criteria, created_on_from=window.begin, created_on_to=window.end)


async def _counts(count: Count, filters: Sequence[CustomerFilter]) -> list[int]:
    # All end before an error is raised, so that none is left behind.
    results = await asyncio.gather(*map(count, filters), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
