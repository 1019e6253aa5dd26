"""Where time is cut into windows, of a crawl or of filters to read in parallel. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from enkash_async._paging.page_request import Window

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

NARROWEST = 6 * SECOND
"""A window narrower than this is not cut: its parts would be as wide, with what they overlap."""

FILL = 0.8
"""How full a window is meant to be: fuller ones overflow more often, emptier ones cost more."""

MAX_PARTS = 40
"""Parts into which a window is cut at once: where rows are crowded, most parts are empty."""

LEAST_WIDTH = 4 * SECOND
"""Between two cuts of a crawl: its parts overlap, and narrow ones would hold each row thrice."""


def cuts(asked: Window, number: int, least: timedelta = SECOND) -> list[datetime]:
    """Return whole seconds within *asked* that cut it into at most *number* parts.

    These are as wide as each other, and *least* at least; the last may be narrower.
    """
    width = max(least, (asked.end - asked.begin) / number)
    moments = {(asked.begin + width * place).replace(microsecond=0) for place in range(1, number)}
    return sorted(moment for moment in moments if asked.begin < moment < asked.end)


def parts_at(
    asked: Window, moments: Sequence[datetime], before: timedelta, after: timedelta
) -> list[Window]:
    """Return the parts of *asked* between *moments*.

    The part before a cut ends *before* it, and the next begins *after* it: less than nothing makes
    them overlap.
    """
    places = (min(moment + after, asked.end) for moment in moments)
    begins = [asked.begin, *(max(asked.begin, place) for place in places)]
    ends = [*(min(asked.end, moment - before) for moment in moments), asked.end]
    return [Window(begin, end) for begin, end in zip(begins, ends, strict=True)]


def cut(asked: Window, number: int) -> list[Window]:
    """Cut *asked* into at most *number* windows that overlap by two seconds."""
    return parts_at(asked, cuts(asked, number, LEAST_WIDTH), -SECOND, -SECOND)


def around(knot: Window, asked: Window) -> list[Window]:
    """Return windows before, around and after *knot*, of which only one holds it.

    They overlap by two seconds, whatever ends the bounds include, whether they are off by less
    than a second, and whether the service's clock goes by milliseconds or by seconds. It is *asked*
    alone if the knot fills that.
    """
    low, high = knot.begin.replace(microsecond=0), knot.end.replace(microsecond=0)
    high += SECOND * (high < knot.end)
    # Bounds that are off let rows in which stand a bit outside; each part is to be a smaller one.
    low, high = (max(asked.begin, min(moment, asked.end)) for moment in (low, high))
    inside = Window(max(asked.begin, low - 3 * SECOND), min(asked.end, high + 3 * SECOND))
    parts = [Window(asked.begin, low - SECOND), inside, Window(high + SECOND, asked.end)]
    return [asked] if inside == asked else [part for part in parts if part.begin <= part.end]


def within(asked: Window, stretch: Window | None) -> Window:
    """Return the part of *asked* around *stretch*, if it is much smaller, and all of it if not."""
    if stretch is None:
        return asked
    begin = max(asked.begin, stretch.begin.replace(microsecond=0) - 3 * SECOND)
    end = min(asked.end, stretch.end.replace(microsecond=0) + 4 * SECOND)
    begin = max(asked.begin, min(begin, end - NARROWEST))
    end = min(asked.end, max(end, begin + NARROWEST))
    return Window(begin, end) if 4 * (end - begin) < asked.end - asked.begin else asked
