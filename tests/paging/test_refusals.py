"""Errors that may stand for a page past the end."""

from __future__ import annotations

import pytest

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.place import Place
from enkash_async._paging.refusals import Refusals
from enkash_async.resume import ListPoint


def refusals(*edge: str) -> tuple[Refusals, Place]:
    place = Place(0, ListPoint(row=10, edge=edge), None)
    return Refusals(place), place


@pytest.mark.parametrize("purpose", list(Purpose))
def test_what_is_asked_for_at_the_first_row_is_never_past_the_end(purpose: Purpose) -> None:
    refused, _ = refusals("a")
    assert not refused.may_mean_nothing(PageRequest(0, 0, 5, purpose=purpose))


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.NEXT])
def test_pages_that_look_around_may_be_past_the_end(purpose: Purpose) -> None:
    refused, _ = refusals("a")
    request = PageRequest(9, 9, 5, purpose=purpose)
    assert [refused.may_mean_nothing(request) for _ in range(3)] == [True] * 3


def test_the_page_in_line_may_be_past_the_end_once_at_each_place() -> None:
    refused, place = refusals("a")
    first, again = PageRequest(9, 9, 5), PageRequest(9, 9, 5)
    assert refused.may_mean_nothing(first)
    assert refused.may_mean_nothing(first)
    assert not refused.may_mean_nothing(again)
    # The edge was found where it was.
    place.moves += 1
    assert not refused.may_mean_nothing(first)

    place.edge = "b"
    assert refused.may_mean_nothing(PageRequest(9, 9, 5))
    assert refused.may_mean_nothing(PageRequest(4, 4, 5))


def test_the_first_page_may_be_past_the_end_if_it_begins_at_an_offset() -> None:
    refused, _ = refusals()
    assert refused.may_mean_nothing(PageRequest(10, 10, 5))
