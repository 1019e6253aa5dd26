"""Filters that divide a list among processes that read in parallel: windows of time, by count."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from enkash_async._paging.crawl.census import AHEAD
from enkash_async._paging.crawl.cutting import EARLIEST, FILL, MAX_PARTS, SECOND, cuts, parts_at
from enkash_async._paging.page_request import Window
from enkash_async._search.counting import ENDS_MISREAD, Count, counts_of, from_now_on
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
    (-137 * MILLISECOND, 137 * MILLISECOND),
)
"""How far before a cut the left window ends, and how far after it the right one begins.

Which of them neither loses nor doubles a record depends on the ends that the service's bounds
include and on the fineness of its clock. Neither is documented, so the counts decide. The last is
for a clock finer than milliseconds: many records stand on a whole second, few on an odd moment.
"""

NARROW = 4 * SECOND
"""A window of at most this is left as it is where no cut adds up."""

PLANS = 3
"""How often time is cut before it is said that the list does not stay as it is for so long."""


class NoSumError(Exception):
    """The counts of the parts of a window do not add up to its own."""


class ChangedError(Exception):
    """The list changed while windows were counted."""


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
        # Where all are in windows, this is the count before time is cut. That of the whole as a
        # window, which follows, proves both: records only go, so an equal count means the same
        # records, and a sum was compared with what was there when it was taken.
        total = rows = await self._count(self._criteria)
        for number in range(PLANS):
            plan = PartitionPlan(whole, rows, max_records, self._count_in)
            failure: NoSumError | None = None
            try:
                windows = await plan.windows()
            except ChangedError:
                windows = []
            except NoSumError as error:
                windows, failure = [], error
            within = await self._count_in(whole)
            if number == 0:
                await self._check_outside(whole, total, within)
            is_whole = windows == [whole] and within <= max(rows, max_records)
            if windows and (within == rows or is_whole):
                return [self._narrowed(window) for window in windows]
            if failure is not None and within == rows:
                raise self._no_sum(failure, rows)
            rows = within
        raise IncompleteSearchError(
            f"{self._endpoint.noun} came or went within the windows each of the {PLANS} times"
            " that these were counted, so nothing proves that they hold each once: try again, or"
            " read all with crawl()"
        )

    async def _check_outside(self, whole: Window, total: int, within: int) -> None:
        """Raise IncompleteSearchError if not all of *total* are in *whole*, which holds *within*.

        Those created since are in no window, and need not be.
        """
        if total <= within:
            return
        since = self._narrowed(Window(whole.end, whole.end + AHEAD))
        later = self._narrowed(from_now_on(whole.end))
        new, ahead = await counts_of([since, later], self._count)
        if ahead:
            raise IncompleteSearchError(
                f"{ahead} of {total} {self._endpoint.noun} {ENDS_MISREAD}, so that some are in"
                " none. Read all with search()"
            )
        if total - within <= new:
            return
        # Some may have gone before the whole was counted. Of those counted now, all but the new
        # ones were there when it was.
        total = await self._count(self._criteria)
        outside = total - within
        if outside > 0:
            outside -= await self._count(since)
        if outside > 0:
            raise IncompleteSearchError(
                f"{outside} of {total} {self._endpoint.noun} are in no window: they have no"
                f" {self._time.field}, or one that is not between {whole.begin:%Y-%m-%d} and now."
                f" Read all with search(), or narrow the filter by {self._time.begin}"
            )

    def _no_sum(self, failure: NoSumError, rows: int) -> IncompleteSearchError:
        return IncompleteSearchError(
            f"{failure}, though {rows} {self._endpoint.noun} were counted before and after:"
            f" recordsCount does not count all matches, or the filter by {self._time.field} cannot"
            " part them. Read all with search()"
        )

    async def _count_in(self, window: Window) -> int:
        return await self._count(self._narrowed(window))

    def _narrowed(self, window: Window) -> F:
        criteria: F = narrowed(self._endpoint, self._criteria, window)
        return criteria


class PartitionPlan:
    """Divides *whole* once, in which *rows* were counted, by the counts of windows."""

    def __init__(self, whole: Window, rows: int, max_records: int, count: Count[Window]) -> None:
        self._whole = whole
        self._rows = rows
        self._max_records = max_records
        self._count = count
        self._is_in_doubt = False

    async def windows(self) -> list[Window]:
        """Return windows that hold few enough, proven if *rows* are in the whole afterwards.

        NoSumError where their counts do not add up, ChangedError where that is no wonder.
        """
        return await self._cut(self._whole, self._rows)

    async def _cut(self, window: Window, rows: int) -> list[Window]:
        moments = self._moments(window, rows)
        if rows <= self._max_records or not moments:
            return [window]
        for before, after in CUT_ENDS:
            parts = parts_at(window, moments, before, after)
            if window in parts:
                continue
            counts = await counts_of(parts, self._count)
            if sum(counts) == rows:
                return [
                    smaller
                    for part, part_rows in zip(parts, counts, strict=True)
                    if part_rows
                    for smaller in await self._cut(part, part_rows)
                ]
            await self._doubt()
        if window.end - window.begin <= NARROW:
            return [window]
        raise NoSumError(f"the counts of windows do not add up to {rows}, however they are cut")

    def _moments(self, window: Window, rows: int) -> list[datetime]:
        number = min(MAX_PARTS, math.ceil(rows / (FILL * self._max_records)))
        least = window.begin + SECOND
        moments = [moment for moment in cuts(window, max(2, number)) if moment > least]
        if moments or window.end - window.begin > NARROW:
            return moments
        first = least.replace(microsecond=0) + SECOND
        return [moment for moment in (first, first + SECOND) if moment < window.end]

    async def _doubt(self) -> None:
        """Raise ChangedError if the first parts that do not add up are of a list that changed."""
        if not self._is_in_doubt:
            self._is_in_doubt = True
            if await self._count(self._whole) != self._rows:
                raise ChangedError
