"""Errors that may stand for a page past the end."""

from __future__ import annotations

import pytest

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.findings import Findings
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.past_the_end import PastTheEnd
from enkash_async._paging.place import Place
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount
from enkash_async.resume import ListPoint
from tests.paging.pages import page_of

NEXT = PageRequest(9, 9, 6)


def past_the_end(total: int | None = None) -> PastTheEnd:
    """Return one of a list of which the row e, at place 9, was delivered last."""
    point = ListPoint(row=10, edge=("e",))
    reach = Reach(Addressing(), PageCap("rows", point), PageSizes(5), max_new=5)
    count = RecordsCount(Findings())
    count.note(total, 0)
    return PastTheEnd(Place(0, point, None), reach, count)


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.CHECK])
def test_what_is_asked_for_at_the_first_row_is_never_past_the_end(purpose: Purpose) -> None:
    assert not past_the_end().is_possible(PageRequest(0, 0, 5, purpose=purpose))


@pytest.mark.parametrize("purpose", list(Purpose))
def test_any_other_page_may_be_past_the_end(purpose: Purpose) -> None:
    assert past_the_end().is_possible(PageRequest(9, 9, 5, purpose=purpose))


@pytest.mark.parametrize(("total", "is_possible"), [(None, True), (1, True), (2, False)])
def test_a_probe_is_past_the_end_of_a_single_row_only(total: int | None, is_possible: bool) -> None:
    probe = PageRequest(1, 1, 5, purpose=Purpose.PROBE)
    assert past_the_end(total).is_possible(probe) is is_possible


def test_an_error_must_come_again_for_the_same_page() -> None:
    errors = past_the_end()
    peek = PageRequest(10, 10, 5, purpose=Purpose.PEEK)

    assert errors.needs_another(peek)
    assert errors.needs_another(PageRequest(11, 11, 5, purpose=Purpose.PEEK))
    assert errors.needs_another(peek)
    assert not errors.needs_another(PageRequest(10, 10, 5, purpose=Purpose.PEEK))


def test_the_page_that_ends_with_the_edge_is_asked_for() -> None:
    check = past_the_end().check(NEXT)
    assert (check.row, check.limit, check.purpose) == (4, 6, Purpose.CHECK)


def test_where_the_edge_is_found_in_its_place_again_the_next_error_is_another() -> None:
    errors = past_the_end()
    errors.judge(errors.first_page(), page_of("a"), NEXT)
    again = PageRequest(9, 9, 6)

    assert errors.is_possible(NEXT)
    assert not errors.is_possible(again)
    assert errors.is_possible(PageRequest(5, 5, 6))


@pytest.mark.parametrize(
    ("row", "page", "is_confirmed"),
    [
        (4, page_of(*"vwxyze"), False),
        (5, page_of(*"uvwxyze"), False),
        # It has moved up, since rows before it are gone.
        (4, page_of("d", "e", "f"), True),
        # The list is shorter now, or another.
        (4, page_of(), True),
        (4, page_of("f", "g"), True),
        (0, page_of("a", "b"), True),
        # Nothing but errors.
        (0, RawPage.of_error(), False),
    ],
)
def test_an_error_is_about_the_end_unless_the_edge_is_there_or_there_are_only_errors(
    row: int, page: RawPage, is_confirmed: bool
) -> None:
    errors = past_the_end()
    check = PageRequest(row, row, 6, purpose=Purpose.CHECK)
    assert errors.judge(check, page, NEXT) is False

    assert errors.is_confirmed(NEXT) is is_confirmed
    if not is_confirmed:
        # Asked for once more, the next error is that of the page itself.
        errors.note_other(NEXT)
    assert errors.is_possible(NEXT) is is_confirmed


def test_after_two_errors_the_first_page_is_asked_for() -> None:
    errors = past_the_end()
    assert errors.judge(errors.check(NEXT), RawPage.of_error(), NEXT)
    first = errors.first_page()
    assert (first.row, first.purpose) == (0, Purpose.CHECK)
    assert errors.is_possible(first)
