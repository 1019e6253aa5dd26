"""Where to look for a row lost from sight."""

from __future__ import annotations

from itertools import islice

import pytest

from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.lost_place import (
    MAX_TRIES,
    PAGES_AFTER,
    PAGES_BEFORE,
    LostPlace,
    places_to_look,
)
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.reach import Reach
from enkash_async.errors import IncompleteSearchError
from enkash_async.resume import ListPoint


def places(
    expected: int, step: int, growth: int | None = None, *, expected_first: bool = False
) -> list[int]:
    """Return where to look if pages hold one row more than they reach."""
    return list(
        places_to_look(
            expected, step, growth, lambda row: row + step + 1, expected_first=expected_first
        )
    )


@pytest.mark.parametrize(
    ("expected", "step", "growth", "first", "begin"),
    [
        # Rows before it were deleted, so that it is further up: page by page.
        (50, 10, None, False, [40, 30, 20, 10, 0, 61]),
        (50, 10, None, True, [50, 40, 30]),
        # The count says by how much it moved.
        (50, 10, 7, False, [40, 57, 47, 67, 30, 20]),
        (50, 10, -20, False, [40, 30, 20, 10, 0]),
        (50, 10, 0, True, [50, 40, 60, 30, 20]),
        # Nothing lies before the first row.
        (3, 10, None, False, [0, 14, 25]),
        (0, 10, None, False, [11, 22, 33]),
        (5, 10, -100, False, [0, 16, 27]),
    ],
)
def test_the_likeliest_places_come_first(
    expected: int, step: int, growth: int | None, first: bool, begin: list[int]
) -> None:
    assert places(expected, step, growth, expected_first=first)[: len(begin)] == begin


def test_no_place_is_looked_at_twice_and_none_before_the_list() -> None:
    for growth in (None, -35, 0, 20):
        looked = places(100, 10, growth, expected_first=True)
        assert len(set(looked)) == len(looked)
        assert min(looked) == 0


def test_where_offsets_count_pages_none_is_looked_at_twice() -> None:
    for growth in (None, -35, 0, 3, 20):
        looked = places_to_look(95, 9, growth, lambda row: row // 10 * 10 + 10, expected_first=True)
        pages = [row // 10 for row in looked]
        assert len(set(pages)) == len(pages)
        assert set(pages) >= set(range(14))


def test_so_many_pages_before_and_after_are_looked_at() -> None:
    looked = places(10_000, 10)

    assert sum(row < 10_000 for row in looked) == PAGES_BEFORE
    assert [row for row in looked if row > 10_000] == [
        10_000 + 11 * number for number in range(1, PAGES_AFTER + 1)
    ]


def test_where_pages_reach_less_far_no_row_between_them_is_left_out() -> None:
    looked = sorted(
        places_to_look(50, 10, None, lambda row: row // 7 * 7 + 7, expected_first=False)
    )
    covered = {row for place in looked for row in range(place // 7 * 7, place // 7 * 7 + 7)}

    assert covered >= set(range(50))


# One after another


def lost_place(unit: OffsetUnit = "rows", page_size: int = 10) -> LostPlace:
    cap = PageCap(unit, ListPoint(row=0))
    return LostPlace(Reach(Addressing(unit), cap, PageSizes(page_size), max_new=page_size))


def test_it_asks_for_whole_pages_that_are_read_again() -> None:
    request = lost_place().next_request(50, 50, None)

    assert (request.row, request.offset, request.limit) == (40, 40, 11)
    assert request.purpose is Purpose.REREAD


def test_the_place_itself_is_looked_at_unless_it_was_just_asked_for() -> None:
    assert lost_place().next_request(asked=50, expected=50, growth=None).row == 40
    assert lost_place().next_request(asked=61, expected=50, growth=None).row == 50


def test_it_goes_on_where_it_was_until_new_rows_come() -> None:
    lost = lost_place()
    rows = [lost.next_request(50, 50, None).row for _ in range(3)]
    lost.note_new_rows()
    rows.append(lost.next_request(80, 80, None).row)

    assert rows == [40, 30, 20, 70]
    assert lost.tries == 1


def test_after_a_place_was_found_again_it_starts_with_the_new_one() -> None:
    lost = lost_place()
    lost.next_request(50, 50, None)
    lost.was_found_again = True
    rows = [lost.next_request(35, 35, None).row for _ in range(2)]

    assert rows == [35, 25]
    assert lost.was_found_again is False


def test_it_gives_up_where_no_place_is_left() -> None:
    lost = lost_place()
    for _ in places(5, 10):
        lost.next_request(5, 5, None)

    with pytest.raises(IncompleteSearchError, match="none around row 5 holds a record"):
        lost.next_request(5, 5, None)


def test_it_gives_up_after_so_many_pages() -> None:
    lost = lost_place("pages", page_size=3)
    # Where pages are small and leave gaps, there are more places than tries.
    found = islice(iter(lambda: lost.next_request(3000, 3000, None).row, None), MAX_TRIES + 1)

    with pytest.raises(IncompleteSearchError, match="pages read again"):
        list(found)
    assert lost.tries <= MAX_TRIES + 1


def test_a_page_put_aside_is_asked_for_again_after_five_others_and_taken_as_it_is() -> None:
    lost = lost_place()
    lost.put_aside(PageRequest(61, 61, 11), 65)
    lost.put_aside(PageRequest(50, 50, 11), 58)
    rows: list[int] = []
    while not lost.makes_do:
        lost.note_looked()
        rows.append(lost.next_request(50, 50, None).row)

    # That which leads back furthest.
    assert rows == [40, 30, 20, 10, 0, 50]
    lost.note_looked()
    assert lost.next_request(50, 50, None).row == 61
    assert not lost.makes_do


def test_of_pages_put_aside_for_the_same_row_the_one_that_begins_first_is_taken() -> None:
    lost = lost_place()
    for _ in places(5, 10):
        lost.next_request(5, 5, None)
    for row in (1, 0, 2):
        lost.put_aside(PageRequest(row, row, 11), 9)

    assert lost.next_request(5, 5, None).row == 0


def test_a_page_put_aside_is_made_do_with_where_no_place_is_left() -> None:
    lost = lost_place()
    for _ in places(5, 10):
        lost.next_request(5, 5, None)
    lost.put_aside(PageRequest(6, 6, 11), 9)

    assert lost.next_request(5, 5, None).row == 6
    assert lost.makes_do
