"""How the rows of a window stand in time, as far as those of one page show it. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import attrs

from enkash_async._paging.crawl.cutting import SECOND
from enkash_async._paging.page_request import Window

SAMPLE = 500
"""Rows of a page, evenly spread, from which this is estimated: a millisecond's work."""

CROWD = 0.5
"""The share of a page at one instant above which that instant is read on its own."""

MOST_REACH = 0.125
"""The share of a window by which rows may reach beyond those seen, for it to be cut around them."""


@attrs.frozen
class Spread:
    """Where the rows of a window are, if all stand as close as those seen."""

    crowd: datetime | None
    """The instant at which most of them were created."""
    stretch: Window | None
    """Much less than the window; None if nothing says so."""

    @property
    def knot(self) -> Window | None:
        """Return the stretch if it is too short to be cut, so that it is read on its own."""
        stretch = self.stretch
        is_short = stretch is not None and stretch.end - stretch.begin <= 2 * SECOND
        return stretch if is_short else None


def spread_of(asked: Window, times: Sequence[datetime | None], rows: int, count: int) -> Spread:
    """Return the spread of the *count* rows of *asked*.

    *times* are those of a sample of *rows* rows, which may be the first or the last of all.
    """
    crowd, share = crowd_of(times)
    if crowd is not None and share > CROWD:
        return Spread(crowd, Window(crowd, crowd))
    return Spread(None, _stretch_of(asked, times, rows, count))


def crowd_of(times: Sequence[datetime | None]) -> tuple[datetime | None, float]:
    """Return the commonest instant and its share of all."""
    known = Counter(moment for moment in times if moment is not None)
    if not known:
        return None, 0.0
    [(moment, number)] = known.most_common(1)
    return moment, number / len(times)


def densest(times: Sequence[datetime]) -> Window | None:
    """Return the shortest stretch that holds half of *times*; None of fewer than two."""
    if len(times) < 2:
        return None
    ordered = sorted(times)
    stretches = zip(ordered, ordered[len(ordered) // 2 :], strict=False)
    begin, end = min(stretches, key=lambda ends: ends[1] - ends[0])
    return Window(begin, end)


def _stretch_of(
    asked: Window, times: Sequence[datetime | None], rows: int, count: int
) -> Window | None:
    dense = densest([time for time in times if time and asked.begin <= time <= asked.end])
    if dense is None or asked.begin == asked.end:
        return None
    # In parts of the whole, since a count may be larger than a stretch of time can be long.
    share = 2 * count / max(1, rows) * ((dense.end - dense.begin) / (asked.end - asked.begin))
    if share > MOST_REACH:
        return None
    reach = share * (asked.end - asked.begin)
    return Window(max(asked.begin, dense.begin - reach), min(asked.end, dense.end + reach))
