"""Where time is cut, and how rows are seen to stand in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enkash_async._paging.crawl.cutting import SECOND, around, cut, cuts, parts_at, within
from enkash_async._paging.crawl.spread import crowd_of, densest, spread_of
from tests.paging.crawl.rows import at, seconds, window


@pytest.mark.parametrize(
    ("asked", "number", "least", "moments"),
    [
        ((0, 100), 4, SECOND, [25, 50, 75]),
        ((0.5, 100.5), 2, SECOND, [50]),
        ((0, 100), 1, SECOND, []),
        ((0, 4), 9, SECOND, [1, 2, 3]),
        ((0, 10), 9, 4 * SECOND, [4, 8]),
        ((0, 0), 3, SECOND, []),
        ((0, 0.9), 3, SECOND, []),
    ],
)
def test_cuts_stand_at_whole_seconds(
    asked: tuple[float, float], number: int, least: timedelta, moments: list[float]
) -> None:
    assert cuts(window(*asked), number, least) == [at(moment) for moment in moments]


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        (0, 0, [(0, 5), (5, 10)]),
        (1, 0, [(0, 4), (5, 10)]),
        (-1, -1, [(0, 6), (4, 10)]),
        (-9, -9, [(0, 10), (0, 10)]),
    ],
)
def test_parts_meet_leave_room_or_overlap(
    before: float, after: float, parts: list[tuple[float, float]]
) -> None:
    found = parts_at(window(0, 10), [at(5)], timedelta(seconds=before), timedelta(seconds=after))
    assert [seconds(part) for part in found] == parts


@pytest.mark.parametrize(
    ("asked", "number", "parts"),
    [
        ((0, 40), 2, [(0, 21), (19, 40)]),
        ((0, 9), 9, [(0, 5), (3, 9), (7, 9)]),
        ((0, 3), 9, [(0, 3)]),
    ],
)
def test_windows_of_a_crawl_overlap_by_two_seconds(
    asked: tuple[float, float], number: int, parts: list[tuple[float, float]]
) -> None:
    assert [seconds(part) for part in cut(window(*asked), number)] == parts


@pytest.mark.parametrize(
    ("knot", "asked", "parts"),
    [
        ((50, 50), (0, 100), [(0, 49), (47, 53), (51, 100)]),
        ((50.2, 50.9), (0, 100), [(0, 49), (47, 54), (52, 100)]),
        ((0.5, 0.5), (0, 100), [(0, 4), (2, 100)]),
        ((2, 2), (0, 5), [(0, 5)]),
        # A bit outside, where bounds are off: none is the whole again.
        ((101.2, 101.2), (0, 100), [(0, 99), (97, 100)]),
        ((-1.2, -1.2), (0, 100), [(0, 3), (1, 100)]),
    ],
)
def test_a_knot_is_in_one_of_the_windows_around_it(
    knot: tuple[float, float], asked: tuple[float, float], parts: list[tuple[float, float]]
) -> None:
    assert [seconds(part) for part in around(window(*knot), window(*asked))] == parts


@pytest.mark.parametrize(
    ("stretch", "inner"),
    [
        (None, (0, 1000)),
        ((500, 510), (497, 514)),
        ((0, 900), (0, 1000)),
        # Never too narrow to be cut.
        ((999, 1000), (994, 1000)),
        ((0, 1), (0, 6)),
    ],
)
def test_a_window_is_cut_where_its_rows_are_if_that_is_much_smaller(
    stretch: tuple[float, float] | None, inner: tuple[float, float]
) -> None:
    found = within(window(0, 1000), None if stretch is None else window(*stretch))
    assert seconds(found) == inner


@pytest.mark.parametrize(
    ("moments", "stretch"),
    [([], None), ([1], None), ([1, 9], (1, 9)), ([0, 40, 41, 42, 90], (40, 42))],
)
def test_the_densest_stretch_holds_half_of_all(
    moments: list[float], stretch: tuple[float, float] | None
) -> None:
    found = densest([at(moment) for moment in moments])
    assert (None if found is None else seconds(found)) == stretch


def test_a_crowd_is_the_commonest_instant() -> None:
    assert crowd_of([]) == (None, 0.0)
    assert crowd_of([None, None]) == (None, 0.0)
    assert crowd_of([at(1), at(2), at(2), None]) == (at(2), 0.5)


DAY = 86400


@pytest.mark.parametrize(
    ("moments", "count", "knot", "stretch"),
    [
        # Evenly over the day, all of them or the first of many.
        ([hour * 3600 for hour in range(24)], 24, None, None),
        ([minute * 60 for minute in range(24)], 24 * 60, None, None),
        # At one instant, or within a second.
        ([5.0, 7.0, 7.0, 7.0], 4, (7, 7), (7, 7)),
        ([100 + place / 1000 for place in range(20)], 40, (99.96, 100.05), (99.96, 100.05)),
        # In a few minutes of the day.
        ([1000 + 10 * place for place in range(20)], 20, None, (800, 1300)),
        # More than a stretch of time can be long, and no time at all.
        ([0, 3600, 7200], 2**62, None, None),
        ([None, None, None], 9, None, None),
    ],
)
def test_where_rows_are_is_told_from_those_seen(
    moments: list[float | None],
    count: int,
    knot: tuple[float, float] | None,
    stretch: tuple[float, float] | None,
) -> None:
    times = [None if moment is None else at(moment) for moment in moments]
    spread = spread_of(window(0, DAY), times, len(times), count)

    for found, due in ((spread.knot, knot), (spread.stretch, stretch)):
        ends = None if found is None else seconds(found)
        assert ends == (due if due is None else pytest.approx(due, abs=0.2))
