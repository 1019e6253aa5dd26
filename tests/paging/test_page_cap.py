"""The largest limit to ask for, as the lengths of pages show it."""

from __future__ import annotations

import pytest

from enkash_async._paging.addressing import MAX_LIMIT, OffsetUnit
from enkash_async._paging.page_cap import PageCap
from enkash_async.resume import ListPoint


def cap_of(unit: OffsetUnit) -> PageCap:
    return PageCap(unit, ListPoint(row=0))


@pytest.mark.parametrize(
    ("unit", "point", "limit"),
    [
        ("rows", ListPoint(row=0), MAX_LIMIT),
        ("rows", ListPoint(row=500, page_rows=100), MAX_LIMIT),
        ("pages", ListPoint(row=0), MAX_LIMIT),
        # The number of a page depends on its size, so that the size stays.
        ("pages", ListPoint(row=500, page_rows=100), 100),
        ("pages", ListPoint(row=500), MAX_LIMIT),
        ("pages", ListPoint(row=1, page_rows=3), 3),
        # Only the first page begins where it does whatever its size.
        ("pages", ListPoint(row=2, page_rows=2), MAX_LIMIT),
    ],
)
def test_it_begins_with_what_a_resume_point_tells(
    unit: OffsetUnit, point: ListPoint, limit: int
) -> None:
    assert PageCap(unit, point).limit == limit


@pytest.mark.parametrize(("unit", "limit"), [("rows", MAX_LIMIT), ("pages", 7)])
def test_where_offsets_count_pages_no_more_is_asked_for_than_the_first_page_held(
    unit: OffsetUnit, limit: int
) -> None:
    cap = cap_of(unit)
    cap.note_first(7)

    assert cap.limit == limit


@pytest.mark.parametrize(
    ("short", "limit"),
    [
        ((), MAX_LIMIT),
        # One may have been the last of the list.
        ((7,), MAX_LIMIT),
        ((7, 7), 7),
        # The second may have been the last; then the first shows the cap.
        ((7, 3), 7),
        ((3, 7), 7),
        # With the cap known, the next suspicion begins anew.
        ((7, 7, 5), 7),
        ((7, 7, 5, 5), 5),
    ],
)
def test_two_short_pages_in_a_row_show_a_cap(short: tuple[int, ...], limit: int) -> None:
    cap = cap_of("rows")
    settled = [cap.note_short(rows, max(short)) for rows in short]

    assert cap.limit == limit
    assert settled == [place % 2 == 1 for place in range(len(short))]


def test_a_full_page_clears_the_suspicion() -> None:
    cap = cap_of("rows")
    cap.note_short(7, 7)
    cap.note_full(20)

    assert cap.note_short(7, 7) is False
    assert cap.limit == MAX_LIMIT


@pytest.mark.parametrize(("rows", "longest", "limit"), [(3, 7, 7), (7, 7, 7), (3, 40, 20)])
def test_where_offsets_count_pages_the_longest_page_is_the_cap_at_once(
    rows: int, longest: int, limit: int
) -> None:
    cap = cap_of("pages")
    cap.note_first(20)
    cap.note_short(rows, longest)

    assert cap.limit == limit


@pytest.mark.parametrize(("rows", "limits"), [(7, [3, 1, 1]), (2, [1, 1, 1])])
def test_pages_that_end_too_early_become_half_as_large(rows: int, limits: list[int]) -> None:
    cap = cap_of("pages")
    cap.note_first(rows)
    halved = []
    for _ in limits:
        cap.halve()
        halved.append(cap.limit)

    assert halved == limits
