"""When pages bring nothing new."""

from __future__ import annotations

import pytest

from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.progress import (
    MAX_IDLE_PAGES,
    MAX_REORDERED,
    WASTED_A_PAGE,
    WASTED_AT_MOST,
    Progress,
)
from enkash_async.errors import IncompleteSearchError

REQUEST = PageRequest(40, 40, 5)


def test_it_gives_up_after_so_many_pages_that_bring_nothing() -> None:
    progress = Progress()
    for _ in range(MAX_IDLE_PAGES):
        progress.note(0, REQUEST)
    assert progress.is_slow
    with pytest.raises(IncompleteSearchError, match="the last at offset 40, held only"):
        progress.note(0, REQUEST)


@pytest.mark.parametrize("useful", [0, 1, 50])
def test_a_search_takes_no_more_pages_than_those_with_new_rows_pay_for(useful: int) -> None:
    progress = Progress()
    for _ in range(useful):
        progress.note_looked_at(3)
    for _ in range(WASTED_AT_MOST + WASTED_A_PAGE * useful):
        progress.note_looked_at(0)

    with pytest.raises(IncompleteSearchError, match=f"only {useful} did"):
        progress.note_looked_at(0)


@pytest.mark.parametrize("in_order", [0, 1, 50])
def test_a_search_gives_up_where_most_pages_come_in_another_order(in_order: int) -> None:
    progress = Progress()
    for _ in range(in_order):
        progress.note_taken(0)
    for reordered in range(1, MAX_REORDERED + in_order + 1):
        progress.note_taken(reordered)

    with pytest.raises(IncompleteSearchError, match=r"another order.*order_by"):
        progress.note_taken(MAX_REORDERED + in_order + 1)
