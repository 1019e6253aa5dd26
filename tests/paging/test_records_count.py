"""What `recordsCount` is worth."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from enkash_async._paging.findings import Findings
from enkash_async._paging.records_count import RecordsCount
from enkash_async.resume import MAX_COUNT


def count_after(*pages: tuple[int | None, int]) -> tuple[RecordsCount, Findings]:
    """Return a count that learned from *pages*, each the number told and the rows beside it."""
    findings = Findings()
    count = RecordsCount(findings)
    for total, rows in pages:
        count.note(total, rows)
    return count, findings


TOTAL = count_after((100, 10))[0]
"""It was seen to differ from the length of its page."""
OF_PAGE = count_after((10, 10))[0]
"""It may count the rows of the page only."""
MISSING = count_after((None, 10))[0]


@pytest.mark.parametrize(
    ("pages", "latest", "at_start", "at_end", "is_total"),
    [
        ([], None, None, None, False),
        ([(None, 10)], None, None, None, False),
        ([(10, 10)], 10, 10, 10, False),
        ([(10, 10), (4, 4)], 4, 10, 4, False),
        ([(14, 10), (14, 4)], 14, 14, 14, True),
        # Once seen to differ, it counts all, also where both are the same by chance.
        ([(14, 10), (4, 4)], 4, 14, 4, True),
        # No count is no count of none.
        ([(14, 10), (None, 4)], 14, 14, 14, True),
        # Nor is a number that no list has.
        ([(2**63, 10), (14, 4)], 14, 14, 14, True),
        ([(-1, 10)], None, None, None, False),
        ([(None, 10), (14, 4)], 14, 14, 14, True),
        ([(0, 0)], 0, 0, 0, False),
        ([(5, 0)], 5, 5, 5, True),
    ],
)
def test_it_counts_all_once_it_differs_from_the_length_of_its_page(
    pages: Sequence[tuple[int | None, int]],
    latest: int | None,
    at_start: int | None,
    at_end: int | None,
    is_total: bool,
) -> None:
    count, findings = count_after(*pages)

    assert (count.latest, count.is_total) == (latest, is_total)
    assert (findings.total_at_start, findings.total_at_end) == (at_start, at_end)
    assert findings.count_is_total == is_total


@pytest.mark.parametrize(
    ("count", "total", "row", "shortage", "is_reached"),
    [
        (TOTAL, 100, 90, 10, False),
        (TOTAL, 100, 100, 0, True),
        # A total that was passed is no total.
        (TOTAL, 100, 103, -3, False),
        (TOTAL, 2**63, 100, 0, False),
        (TOTAL, None, 100, 0, False),
        # What may count the page only proves no end and no shortage.
        (OF_PAGE, 100, 90, 0, False),
        (OF_PAGE, 10, 10, 0, False),
        (MISSING, None, 10, 0, False),
    ],
)
def test_shortage_and_end_are_told_by_the_count_of_one_answer(
    count: RecordsCount, total: int | None, row: int, shortage: int, is_reached: bool
) -> None:
    assert count.shortage(total, row) == shortage
    assert count.is_reached(total, row) is is_reached


@pytest.mark.parametrize(
    ("count", "row", "may"),
    [
        (TOTAL, 99, True),
        (TOTAL, 100, False),
        (OF_PAGE, 10, True),
        (OF_PAGE, 5000, True),
        (MISSING, 5000, True),
    ],
)
def test_only_a_count_of_all_ends_the_planning(count: RecordsCount, row: int, may: bool) -> None:
    assert count.may_reach(row) is may


@pytest.mark.parametrize(
    ("pages", "at_place", "now", "growth"),
    [
        ([(100, 10)], 100, 103, 3),
        ([(100, 10)], 100, 98, -2),
        ([(100, 10)], None, 98, None),
        ([(100, 10)], 100, None, None),
        ([(10, 10)], 10, 12, None),
    ],
)
def test_growth_is_told_since_the_place_was_reached(
    pages: Sequence[tuple[int | None, int]],
    at_place: int | None,
    now: int | None,
    growth: int | None,
) -> None:
    count, _ = count_after(*pages)
    count.note_place(at_place, 10)

    assert count.growth(now) == growth


def test_a_count_that_was_passed_ends_nothing() -> None:
    count, _ = count_after((100, 10))
    count.note_place(100, 100)
    assert not count.may_reach(100)
    count.note_place(100, 110)

    assert count.may_reach(5000)
    assert not count.is_reached(120, 120)


@pytest.mark.parametrize("total", [-1, MAX_COUNT + 1, 1_800_000_000_000, 10**16, 2**63])
def test_a_number_that_no_list_has_is_no_count(total: int) -> None:
    count, _ = count_after((100, 10), (total, 10))
    count.note_place(100, 10)

    assert count.latest == 100
    assert count.shortage(total, 10) == 0
    assert count.growth(2 * MAX_COUNT + total) is None
