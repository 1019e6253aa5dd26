"""Whether the first page stands at the caller's own offset."""

from __future__ import annotations

import pytest

from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.findings import Findings
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount
from enkash_async._paging.starting_offset import MAX_TRIES, StartingOffset
from enkash_async.resume import ListPoint
from tests.paging.pages import page_of


def starting_at(
    row: int, unit: OffsetUnit = "rows", count: RecordsCount | None = None
) -> StartingOffset:
    reach = Reach(Addressing(unit), PageCap(unit, ListPoint(row=row)), PageSizes(5), max_new=5)
    return StartingOffset(row, reach, count or RecordsCount(Findings(count_is_total=True)))


@pytest.mark.parametrize(
    ("start", "row", "total", "is_counted"),
    [(0, 0, None, True), (7, 7, 8, True), (7, 7, 7, False), (7, 7, None, False), (7, 0, 3, True)],
)
def test_a_count_above_the_offset_says_that_rows_stand_there(
    start: int, row: int, total: int | None, is_counted: bool
) -> None:
    page = page_of("a", "b", total=total)
    assert starting_at(start).is_counted(PageRequest(row, row, 5), page) is is_counted


@pytest.mark.parametrize(
    ("unit", "row", "rows", "is_smaller"),
    [
        ("rows", 7, "ab", False),
        ("pages", 5, "abcde", False),
        ("pages", 5, "abc", True),
        ("pages", 0, "abc", True),
    ],
)
def test_pages_smaller_than_asked_for_begin_elsewhere_where_offsets_count_pages(
    unit: OffsetUnit, row: int, rows: str, is_smaller: bool
) -> None:
    page = page_of(*rows)
    assert starting_at(7, unit).is_smaller(PageRequest(row, 1, 5), page) is is_smaller


@pytest.mark.parametrize(
    ("unit", "before", "leads_on"),
    [
        # Begun one row earlier, it holds the first row at its second place.
        ("rows", "xabcd", True),
        ("rows", "x", True),
        ("rows", "abcde", False),
        ("rows", "xyabc", False),
        ("rows", "a", False),
        ("rows", "", False),
        ("pages", "vwxyz", True),
        ("pages", "abcde", False),
        ("pages", "wxyza", False),
    ],
)
def test_the_page_before_and_the_first_again_prove_it(
    unit: OffsetUnit, before: str, leads_on: bool
) -> None:
    start = starting_at(10, unit)
    request = PageRequest(10, 10 if unit == "rows" else 2, 5)
    asked = start.request(request, page_of(*"abcde"))
    assert asked.purpose is Purpose.BEFORE
    assert (asked.row, asked.offset, asked.limit) == ((9, 9, 5) if unit == "rows" else (5, 1, 5))
    start.judge(page_of(*before))

    # One row that went meanwhile would make a last page look the same.
    assert (start.is_proven, start.is_past_end, start.is_doubtful) == (False, False, True)
    assert start.awaits_proof is leads_on
    assert start.is_counted(request, page_of(*"abcde")) is leads_on


NO_COUNT = (None, None, None)


@pytest.mark.parametrize(
    ("first", "before", "again", "totals", "is_proven"),
    [
        ("abc", "xab", "abc", NO_COUNT, True),
        # Rows after the first may come and go.
        ("abc", "xab", "abd", NO_COUNT, True),
        # The last rows come, and one of them was deleted before the second request.
        ("abc", "xab", "xab", NO_COUNT, False),
        # The last page comes, and a row was added before all others, or after them.
        ("yz", "xyz", "xyz", NO_COUNT, False),
        ("abcd", "n", "n", NO_COUNT, False),
        # A count that goes on to say that the list ends before must do so for the same page.
        ("abc", "xab", "abc", (9, 9, 9), True),
        ("abc", "xab", "abd", (9, 9, 9), False),
        ("abc", "xab", "abc", (9, 8, 9), False),
        ("abc", "xab", "abc", (9, 9, 8), False),
        ("abc", "xab", "abc", (9, None, 9), False),
        # One that goes beyond the offset needs no other proof.
        ("abc", "xab", "xyz", (9, 9, 11), True),
    ],
)
def test_one_change_of_the_list_proves_no_last_page(
    first: str, before: str, again: str, totals: tuple[int | None, ...], is_proven: bool
) -> None:
    count = RecordsCount(Findings())
    start = starting_at(10, count=count)
    request, pages = PageRequest(10, 10, 5), []
    for ids, total in zip((first, before, again), totals, strict=True):
        pages.append(page_of(*ids, total=total))
    count.note(totals[0], len(first))
    start.request(request, pages[0])
    count.note(totals[1], len(before))
    start.judge(pages[1])
    count.note(totals[2], len(again))

    assert start.is_counted(request, pages[2]) is is_proven


def test_where_nothing_is_counted_two_pages_before_prove_the_one_between_them() -> None:
    start = starting_at(10, count=RecordsCount(Findings()))
    for first, is_proven in (("wxyza", False), ("abcde", True)):
        # A row was added before all others, and now the pages fit.
        start.request(PageRequest(10, 10, 5), page_of(*first))
        start.judge(page_of(*"zabcd"))
        assert start.is_proven is is_proven


def test_a_last_page_that_fitted_by_chance_is_asked_for_once_more() -> None:
    start = starting_at(10)
    for before, is_past_end in (("abcde", False), ("abcde", False), ("xabcd", False), ("a", True)):
        start.request(PageRequest(10, 10, 5), page_of(*"abcde"))
        start.judge(page_of(*before))
        assert start.is_past_end is is_past_end


def test_a_page_that_is_never_proven_is_the_last_page_again() -> None:
    start = starting_at(10)
    for _ in range(MAX_TRIES):
        assert not start.is_past_end
        start.request(PageRequest(10, 10, 5), page_of(*"abcde"))
        start.judge(page_of(*"abcde"))
    assert start.is_past_end


@pytest.mark.parametrize(
    ("before", "has_changed"),
    [("abcde", False), ("e", False), ("bcdefg", True), ("bcde", True), ("", True)],
)
def test_what_is_neither_the_same_nor_the_last_row_shows_a_change(
    before: str, has_changed: bool
) -> None:
    start = starting_at(10)
    start.request(PageRequest(10, 10, 5), page_of(*"abcde"))
    start.judge(page_of(*before))
    assert start.has_changed is has_changed


def test_an_error_says_nothing_where_the_first_page_of_the_list_reaches_that_far() -> None:
    start = starting_at(10)
    for is_last in (False, False, True):
        start.request(PageRequest(10, 10, 5), RawPage.of_error())
        start.judge(page_of(*"abcdefghijkl"), reaches_start=True)
        assert start.is_past_end is is_last


def test_an_error_is_held_against_the_first_page_of_the_list() -> None:
    start = starting_at(10)
    assert start.request(PageRequest(10, 10, 5), RawPage.of_error()).row == 0
    start.judge(page_of("a"))
    assert start.is_past_end
