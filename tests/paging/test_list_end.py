"""What a page's length says of the end of the list."""

from __future__ import annotations

from typing import Any

import pytest

from enkash_async._paging.addressing import OffsetUnit
from enkash_async._paging.list_end import MAX_REPEATS, ListEnd, Step, TakenPage
from enkash_async._paging.records_count import PlaceCount

STILL = {"new": 0, "same_edge": True, "same_place": True}
"""A page that holds the edge and nothing after it."""


def step_after(end: ListEnd, rows: int, limit: int, **facts: Any) -> Step:
    """Return what follows a page that brings five new rows, if no *facts* say otherwise."""
    of_count = {name: facts.pop(name) for name in PlaceCount.__struct_fields__ if name in facts}
    page = TakenPage(rows, limit, **{"new": 5} | facts)
    return end.step_after(page, PlaceCount(**of_count))


def note_peek(end: ListEnd, rows: int, *, ends_with_edge: bool = False, **of_count: Any) -> Step:
    """Return what a page after the edge means, if nothing is counted beside what is given."""
    return end.note_peek(rows, ends_with_edge=ends_with_edge, count=PlaceCount(**of_count))


@pytest.mark.parametrize(
    ("unit", "longest", "rows", "limit", "facts", "step"),
    [
        # A full page says nothing of the end, whatever the count says.
        ("rows", 0, 11, 11, {}, Step.READ_ON),
        ("rows", 10, 10, 10, {"is_last": True}, Step.READ_ON),
        ("rows", 10, 12, 10, {}, Step.READ_ON),
        # A short page ends the list if the count agrees, or nothing follows the edge.
        ("rows", 10, 4, 11, {"is_last": True}, Step.END),
        ("rows", 10, 1, 11, STILL | {"is_last": True}, Step.END),
        # The row after it may be too heavy for a page with it.
        ("rows", 10, 1, 11, STILL, Step.PEEK),
        ("pages", 10, 4, 10, STILL, Step.PEEK),
        ("pages", 10, 4, 10, STILL | {"is_last": True}, Step.END),
        # As long as the longest, it may be capped, even where the count agrees.
        ("rows", 0, 4, 11, {"is_last": True}, Step.DOUBT_SIZE),
        ("rows", 4, 4, 11, {"is_last": True}, Step.DOUBT_SIZE),
        # More than the edge may have been cut off by a cap.
        ("rows", 10, 4, 11, STILL, Step.DOUBT_SIZE),
        # The edge alone, but somewhere else: rows went before it.
        ("rows", 10, 1, 11, STILL | {"same_place": False}, Step.DOUBT_SIZE),
        ("rows", 10, 1, 11, {"new": 1}, Step.DOUBT_SIZE),
        ("rows", 10, 4, 11, {}, Step.DOUBT_SIZE),
        ("rows", 10, 4, 11, {"shortage": 3}, Step.DOUBT_SIZE),
        # So few rows leave no room for an overlap: look at the page after them.
        ("rows", 0, 1, 11, {}, Step.PEEK),
        ("rows", 0, 1, 11, {"is_last": True}, Step.PEEK),
        ("rows", 1, 1, 11, STILL, Step.PEEK),
        ("rows", 0, 2, 11, {}, Step.DOUBT_SIZE),
        ("pages", 0, 2, 10, {}, Step.PEEK),
        ("pages", 0, 3, 10, {}, Step.DOUBT_SIZE),
        # The count says that there is more, so a look at it tells nothing new.
        ("rows", 0, 1, 11, {"shortage": 1}, Step.DOUBT_SIZE),
    ],
)
def test_the_end_rule(
    unit: OffsetUnit, longest: int, rows: int, limit: int, facts: dict[str, Any], step: Step
) -> None:
    assert step_after(ListEnd(unit, longest), rows, limit, **facts) is step


def test_it_looks_at_the_page_after_only_once() -> None:
    end = ListEnd("rows")

    assert step_after(end, 1, 11) is Step.PEEK
    assert step_after(end, 1, 11) is Step.DOUBT_SIZE


def test_a_last_page_that_comes_again_and_again_is_taken_for_the_end() -> None:
    end = ListEnd("rows", 10)
    repeated = {"new": 0, "same_edge": True}
    steps = [step_after(end, 4, 11, **repeated) for _ in range(MAX_REPEATS)]

    assert steps == [Step.DOUBT_SIZE] * (MAX_REPEATS - 1) + [Step.END_UNPROVEN]


@pytest.mark.parametrize("facts", [{"new": 1}, {"same_edge": False}])
def test_anything_new_starts_the_counting_of_repeats_over(facts: dict[str, Any]) -> None:
    end = ListEnd("rows", 10)
    repeated = {"new": 0, "same_edge": True}
    for _ in range(MAX_REPEATS - 1):
        step_after(end, 4, 11, **repeated)
    step_after(end, 4, 11, **repeated | facts)

    assert step_after(end, 4, 11, **repeated) is Step.DOUBT_SIZE


def test_a_page_as_long_as_the_longest_is_no_repeat_of_the_last() -> None:
    end = ListEnd("rows", 4)
    repeated = {"new": 0, "same_edge": True}

    assert {step_after(end, 4, 11, **repeated) for _ in range(20)} == {Step.DOUBT_SIZE}


def test_it_remembers_the_longest_page_and_whether_a_single_row_came_alone() -> None:
    end = ListEnd("rows")
    seen = []
    for rows, limit in [(3, 3), (7, 10), (1, 1), (1, 10), (2, 10)]:
        step_after(end, rows, limit)
        seen.append((end.longest_page, end.was_single))

    assert seen == [(3, False), (7, False), (7, False), (7, True), (7, True)]


@pytest.mark.parametrize(
    ("unit", "longest", "rows", "facts", "step"),
    [
        # The page after the few rows that may be all: the edge is asked for again.
        ("rows", 1, 0, {}, Step.READ_ON),
        ("rows", 1, 1, {"ends_with_edge": True}, Step.READ_ON),
        ("rows", 1, 0, {"is_last": True}, Step.READ_ON),
        ("rows", 1, 1, {}, Step.DOUBT_SIZE),
        ("rows", 1, 2, {"ends_with_edge": True}, Step.READ_ON),
        ("pages", 2, 2, {"ends_with_edge": True}, Step.END),
        ("pages", 2, 1, {"ends_with_edge": True}, Step.END),
        ("pages", 2, 0, {}, Step.END),
        ("pages", 2, 3, {}, Step.DOUBT_SIZE),
        # The page after the edge alone.
        ("rows", 10, 0, {}, Step.END),
        ("rows", 10, 9, {"ends_with_edge": True}, Step.READ_ON),
        ("rows", 10, 3, {}, Step.READ_ON),
        ("pages", 10, 0, {}, Step.END),
        ("pages", 10, 1, {"ends_with_edge": True}, Step.END),
        ("pages", 10, 1, {}, Step.READ_ON),
    ],
)
def test_what_the_page_after_the_edge_means(
    unit: OffsetUnit, longest: int, rows: int, facts: dict[str, bool], step: Step
) -> None:
    assert note_peek(ListEnd(unit, longest), rows, **facts) is step


MORE = {"is_total": True, "shortage": 1}
ALL = {"is_total": True, "is_all": True}


@pytest.mark.parametrize(
    ("is_uneven", "beside_edge", "after_edge", "step"),
    [
        # Both counts end at the edge, and the first is of one answer with it.
        (True, ALL, {"is_last": True}, Step.END),
        # As many rows may have gone before the edge as stand after it.
        (False, MORE, {"is_last": True}, Step.READ_ON),
        (True, MORE, {"is_last": True}, Step.READ_ON),
        # Or more of them did.
        (False, MORE, {"is_last": False, "shortage": -1}, Step.READ_ON),
        # No count stands beside the edge, but others were seen.
        (False, {"is_total": True}, {"is_last": True}, Step.READ_ON),
        # A count that is too high stays so; what it says goes into the verdict.
        (False, MORE, {"is_last": False, "shortage": 1}, Step.END),
        # Nothing is counted.
        (False, {}, {"is_last": False}, Step.END),
        (True, {}, {"is_last": False}, Step.READ_ON),
    ],
)
def test_nothing_after_the_edge_is_the_end_if_the_count_beside_the_edge_said_no_more(
    is_uneven: bool, beside_edge: dict[str, Any], after_edge: dict[str, Any], step: Step
) -> None:
    end = uneven_end() if is_uneven else ListEnd("rows", 9)
    assert step_after(end, 1, 11, **STILL | beside_edge) is Step.PEEK
    assert note_peek(end, 0, **after_edge) is step

    if step is Step.READ_ON:
        # Once more alone, in its place: now what is counted beside it ends the list.
        assert step_after(end, 1, 11, **STILL | ALL) is Step.END


def test_a_row_that_may_be_all_is_all_where_both_counts_say_so() -> None:
    end = ListEnd("rows")
    # Beside a page as long as it is, a count may be of the page.
    assert step_after(end, 1, 11, is_all=True) is Step.PEEK
    assert note_peek(end, 0, is_last=True) is Step.END


@pytest.mark.parametrize(
    ("rows", "ends_with_edge", "step"),
    [(0, False, Step.END), (5, True, Step.END), (5, False, Step.LOOSE)],
)
def test_the_edge_alone_again_confirms_what_the_page_after_it_showed(
    rows: int, ends_with_edge: bool, step: Step
) -> None:
    end = uneven_end()
    step_after(end, 1, 11, **STILL)
    assert note_peek(end, rows, ends_with_edge=ends_with_edge) is Step.READ_ON

    assert step_after(end, 1, 11, **STILL) is step
    # Rows too heavy for a page are met again.
    step_after(end, 7, 11)
    assert step_after(end, 1, 11, **STILL) is (Step.LOOSE if step is Step.LOOSE else Step.PEEK)


def test_pages_that_end_before_the_row_after_the_edge_become_smaller() -> None:
    end = ListEnd("pages", 10)
    for _ in range(2 * MAX_REPEATS):
        assert step_after(end, 4, 10, **STILL) is Step.PEEK
        step = note_peek(end, 1)
        assert step is Step.READ_ON
        # Had it come with the page after that, the list would have grown.
        assert step_after(end, 4, 10, **STILL) is Step.SMALLER


def uneven_end() -> ListEnd:
    """Return one that saw short pages in the middle of the list, as where bytes end them."""
    end = ListEnd("rows")
    for rows in (6, 9, 3):
        assert step_after(end, rows, 11) is Step.DOUBT_SIZE
    return end


def test_where_pages_are_short_for_no_cap_a_count_alone_ends_nothing() -> None:
    assert step_after(uneven_end(), 4, 11, **{"is_last": True}) is Step.DOUBT_SIZE
    capped = ListEnd("rows")
    for _ in range(3):
        step_after(capped, 6, 11)
    assert step_after(capped, 4, 11, **{"is_last": True}) is Step.END


def test_loose_pages_that_come_again_and_again_are_taken_for_the_end() -> None:
    end = ListEnd("rows", 1)
    repeated = {"new": 0, "same_edge": True, "is_loose": True}
    steps = [step_after(end, 1, 1, **repeated) for _ in range(MAX_REPEATS)]

    assert steps == [Step.READ_ON] * (MAX_REPEATS - 1) + [Step.END_UNPROVEN]


@pytest.mark.parametrize(("unit", "page_rows"), [("rows", 0), ("pages", 11)])
def test_pages_that_end_anywhere_have_no_length_to_go_on_with(
    unit: OffsetUnit, page_rows: int
) -> None:
    end = ListEnd(unit, 11)
    step_after(end, 4, 11)
    assert end.page_rows == 11
    step_after(end, 6, 11)
    assert end.page_rows == page_rows
