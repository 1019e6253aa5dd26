"""Errors that may stand for a page past the end."""

from __future__ import annotations

import pytest

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.past_the_end import PastTheEnd
from enkash_async._paging.place import Place
from enkash_async.resume import ListPoint


def past_the_end_of(*edge: str) -> tuple[PastTheEnd, Place]:
    place = Place(0, ListPoint(row=10, edge=edge), None)
    return PastTheEnd(place), place


@pytest.mark.parametrize("purpose", list(Purpose))
def test_what_is_asked_for_at_the_first_row_is_never_past_the_end(purpose: Purpose) -> None:
    refused, _ = past_the_end_of("a")
    assert not refused.is_possible(PageRequest(0, 0, 5, purpose=purpose))


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.NEXT])
def test_pages_that_look_around_may_be_past_the_end(purpose: Purpose) -> None:
    refused, _ = past_the_end_of("a")
    request = PageRequest(9, 9, 5, purpose=purpose)
    assert [refused.is_possible(request) for _ in range(3)] == [True] * 3


def test_the_page_in_line_may_be_past_the_end_once_at_each_place() -> None:
    refused, place = past_the_end_of("a")
    first, again = PageRequest(9, 9, 5), PageRequest(9, 9, 5)
    assert refused.is_possible(first)
    assert refused.is_possible(first)
    assert not refused.is_possible(again)
    # The edge was found where it was.
    place.moves += 1
    assert not refused.is_possible(first)

    place.edge = "b"
    assert refused.is_possible(PageRequest(9, 9, 5))
    assert refused.is_possible(PageRequest(4, 4, 5))


def test_the_first_page_may_be_past_the_end_if_it_begins_at_an_offset() -> None:
    refused, _ = past_the_end_of()
    assert refused.is_possible(PageRequest(10, 10, 5))
