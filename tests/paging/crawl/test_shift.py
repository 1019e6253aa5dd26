"""Times that differ from those by which windows are filtered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from enkash_async._paging.crawl.shift import Shift
from tests.paging.crawl.rows import at, window

HOURS = 3600.0

Sight = tuple[tuple[float, float], tuple[float, float]]
"""The ends of a window, and the first and the last time on its page, in seconds after noon."""


@pytest.mark.parametrize(
    ("seen", "hours"),
    [
        # In a zone that is 5:30 hours off, either way.
        ([((0, 60), (5.5 * HOURS + 1, 5.5 * HOURS + 59))], 5.5),
        ([((0, 60), (-5.5 * HOURS + 1, -5.5 * HOURS + 59))], -5.5),
        # Of several that explain it, the least.
        ([((0, 4 * HOURS), (2 * HOURS, 5 * HOURS))], 1),
        ([((0, 4 * HOURS), (-HOURS, 2 * HOURS))], -1),
        # The bounds may be off by a part of a second each.
        ([((0, 60), (5.5 * HOURS - 2, 5.5 * HOURS + 62))], 5.5),
        # A window seen before leaves fewer, and so does one that came when it was learned.
        ([((0, 4 * HOURS), (2 * HOURS, 5 * HOURS)), ((0, 10), (1.25 * HOURS, 1.25 * HOURS))], 1.25),
        # By no zone: as where the filter looks at the minute, the date or nothing.
        ([((0, 90), (-30, 119))], None),
        ([((0, 4 * HOURS), (-8 * HOURS, 8 * HOURS))], None),
        ([((0, 60), (9.4 * HOURS + 1, 9.4 * HOURS + 59))], None),
        ([((0, 60), (27 * HOURS, 27 * HOURS))], None),
        ([((0, 60), (2 * HOURS, 2 * HOURS)), ((0, 60), (3 * HOURS, 3 * HOURS))], None),
    ],
)
def test_one_shift_must_explain_all_windows(seen: list[Sight], hours: float | None) -> None:
    shift, learned = Shift(), True
    for asked, times in seen:
        learned = shift.learn(window(*asked), [at(moment) for moment in times])
    assert learned is (hours is not None)
    if hours is not None:
        assert shift.by == timedelta(hours=hours)
        assert all(shift.fits(window(*asked), [at(one) for one in times]) for asked, times in seen)


def test_a_window_that_was_believed_holds_against_a_shift() -> None:
    shift = Shift()
    shift.note(window(0, 60), [at(0), at(60)])
    assert not shift.learn(window(0, 60), [at(5.5 * HOURS)])
    assert shift.by == timedelta()


def test_a_shift_is_taken_off_what_is_read() -> None:
    shift = Shift()
    assert shift.learn(window(0, 60), [at(HOURS)])
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert list(shift.undone([at(HOURS), None, first])) == [at(0), None, None]
