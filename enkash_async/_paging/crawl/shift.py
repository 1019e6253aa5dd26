"""Whether times differ from those that the service filters by, all by as much. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from enkash_async._paging.crawl.seams import MARGIN
from enkash_async._paging.page_request import Window

STEP = timedelta(minutes=15)
"""By a multiple of this the clocks of any two zones differ."""

MAX_SHIFT = timedelta(hours=26)
"""As far apart are the zones farthest from each other."""


class Shift:
    """The difference between times as they are read and those by which windows are filtered.

    It is not 0 where a zone is wrong: that of times written without one, or that in which the
    service reads the ends of windows. Windows divide the list all the same, as long as one shift
    explains all rows of all of them: a filter that heeds less than the whole time shows rows on
    both sides of windows, which none does.
    """

    def __init__(self) -> None:
        self.by = timedelta()
        self._low, self._high = -MAX_SHIFT, MAX_SHIFT

    def undone(self, times: Sequence[datetime | None]) -> Sequence[datetime | None]:
        """Return *times* by which windows hold the rows that have these."""
        return [None if time is None else _minus(time, self.by) for time in times]

    def fits(self, asked: Window, times: Sequence[datetime]) -> bool:
        """Say whether rows of these *times* may be those of the window *asked*."""
        low, high = _explaining(asked, times)
        return low <= self.by <= high

    def note(self, asked: Window, times: Sequence[datetime]) -> None:
        """Learn the times of a window that was believed."""
        low, high = _explaining(asked, times)
        self._low, self._high = max(self._low, low), min(self._high, high)

    def learn(self, asked: Window, times: Sequence[datetime]) -> bool:
        """Take the least shift that explains these *times* and all before; False if none does."""
        low, high = _explaining(asked, times)
        low, high = max(self._low, low), min(self._high, high)
        first, last = -(-low // STEP), high // STEP
        if first > last:
            return False
        self.by = STEP * min(max(first, 0), last)
        self._low, self._high = low, high
        return True


def _minus(time: datetime, by: timedelta) -> datetime | None:
    try:
        return time - by
    except OverflowError:
        return None


def _explaining(asked: Window, times: Sequence[datetime]) -> tuple[timedelta, timedelta]:
    """Return the least and the greatest shift by which all *times* come from within *asked*."""
    return max(times) - asked.end - MARGIN, min(times) - asked.begin + MARGIN
