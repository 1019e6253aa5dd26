"""Where time is cut into windows. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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

CROWD = 0.5
"""The share of a page at one instant above which that instant is read on its own."""

SAMPLE = 500
"""Rows of a page, evenly spread, from which that share is estimated: a millisecond's work."""


def cut(asked: Window, number: int) -> Iterator[Window]:
    """Cut *asked* at whole seconds into at most *number* windows that overlap by two seconds."""
    width = max(SECOND, (asked.end - asked.begin) / number)
    cuts = [asked.begin + width * place for place in range(1, number)]
    cuts = sorted({moment.replace(microsecond=0) for moment in cuts})
    inner = [moment for moment in cuts if asked.begin < moment < asked.end]
    ends = [*inner, asked.end]
    for begin, end in zip([asked.begin, *inner], ends, strict=True):
        yield Window(max(asked.begin, begin - SECOND), min(asked.end, end + SECOND))


def crowd_of(times: Sequence[datetime | None]) -> tuple[datetime | None, float]:
    """Return the commonest instant and its share of all."""
    known = Counter(moment for moment in times if moment is not None)
    if not known:
        return None, 0.0
    [(moment, number)] = known.most_common(1)
    return moment, number / len(times)


def around(crowd: datetime, asked: Window) -> tuple[Window, Window, Window] | None:
    """Return windows before, around and after *crowd*, of which only the second holds it.

    They overlap by two seconds, whatever ends the bounds include, whether they are off by less
    than a second, and whether the service's clock goes by milliseconds or by seconds. None if the
    crowd fills the whole window.
    """
    if not asked.begin <= crowd <= asked.end:
        return None
    second = crowd.replace(microsecond=0)
    low, high = second, second if second == crowd else second + SECOND
    within = Window(max(asked.begin, low - 3 * SECOND), min(asked.end, high + 3 * SECOND))
    before = Window(asked.begin, low - SECOND)
    after = Window(high + SECOND, asked.end)
    return before, within, after
