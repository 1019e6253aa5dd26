"""Filters that divide a list among processes that read in parallel: windows of time, by count."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from enkash_async._paging.crawl.census import AHEAD
from enkash_async._paging.crawl.cutting import EARLIEST, FILL, MAX_PARTS, SECOND, cuts, parts_at
from enkash_async._paging.page_request import Window
from enkash_async._search.counting import Count, counts_of
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.query import narrowed
from enkash_async._wire.criteria import Criteria
from enkash_async.errors import IncompleteSearchError

F = TypeVar("F", bound=Criteria)

MILLISECOND = timedelta(milliseconds=1)
NOTHING = timedelta(0)

CUT_ENDS = (
    (MILLISECOND, NOTHING),
    (NOTHING, NOTHING),
    (SECOND, NOTHING),
    (NOTHING, -MILLISECOND),
    (NOTHING, -SECOND),
)
"""How far before a cut the left window ends, and how far after it the right one begins.

Which of them neither loses nor doubles a record depends on the ends that the service's bounds
include and on the fineness of its clock. Neither is documented, so the counts decide.
"""


class Partitions(Generic[F]):
    """Divides what *criteria* match into windows of *time* that hold few enough records."""

    def __init__(
        self, endpoint: ListEndpoint[F, Any], time: TimeRange, criteria: F, count: Count[F]
    ) -> None:
        self._endpoint = endpoint
        self._time = time
        self._criteria = criteria
        self._count = count

    async def cut(self, until: Callable[[], datetime], max_records: int) -> list[F]:
        """Return filters of at most *max_records* records each, whose counts add up.

        *until* is asked where time ends when the first request is sent.
        """
        begin: datetime | None = getattr(self._criteria, self._time.begin)
        whole = Window(begin or EARLIEST, until())
        total, within = await counts_of([self._criteria, self._narrowed(whole)], self._count)
        outside = total - within
        if outside > 0:
            # Those created since are in no window, and need not be.
            outside -= await self._count(self._narrowed(Window(whole.end, whole.end + AHEAD)))
        if outside > 0:
            raise IncompleteSearchError(
                f"{outside} of {total} {self._endpoint.noun} are in no window: they have no"
                f" {self._time.field}, or one after now. Read all with search(), or narrow the"
                f" filter by {self._time.begin}"
            )
        windows = await self._cut_window(whole, within, max_records)
        return [self._narrowed(window) for window in windows]

    async def _cut_window(self, window: Window, rows: int, max_records: int) -> list[Window]:
        number = min(MAX_PARTS, math.ceil(rows / (FILL * max_records)))
        moments = [
            moment for moment in cuts(window, max(2, number)) if moment > window.begin + SECOND
        ]
        if rows <= max_records or not moments:
            return [window]
        for before, after in CUT_ENDS:
            parts = parts_at(window, moments, before, after)
            counts = await counts_of([self._narrowed(part) for part in parts], self._count)
            if sum(counts) == rows:
                return [
                    smaller
                    for part, part_rows in zip(parts, counts, strict=True)
                    if part_rows
                    for smaller in await self._cut_window(part, part_rows, max_records)
                ]
        raise IncompleteSearchError(
            f"the counts of windows do not add up to {rows}, however they are cut:"
            f" {self._endpoint.noun} were deleted meanwhile (then try again), or recordsCount does"
            " not count all matches"
        )

    def _narrowed(self, window: Window) -> F:
        criteria: F = narrowed(self._endpoint, self._criteria, window)
        return criteria
