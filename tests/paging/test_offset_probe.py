"""Do offsets count what the session was told?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.offset_probe import OffsetProbe
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import Purpose
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.reach import Reach
from enkash_async.errors import IncompleteSearchError
from enkash_async.resume import ListPoint
from tests.paging.pages import ids_from, page_of

ROWS, PAGES, PAGES_FROM_1 = Addressing("rows"), Addressing("pages"), Addressing("pages", 1)
FIRST_PAGE = ids_from(0, 10)
SECOND_PAGE = ids_from(10, 10)
FACTS: dict[str, Any] = {"total": None, "growth": None}


def probe_of(addressing: Addressing, start: int = 0) -> OffsetProbe:
    cap = PageCap(addressing.unit, ListPoint(row=start))
    reach = Reach(addressing, cap, PageSizes(10), max_new=10)
    return OffsetProbe(addressing, reach, start, is_settled=False)


@pytest.mark.parametrize(
    ("addressing", "start", "offset", "row"),
    [
        (ROWS, 0, 1, 1),
        (ROWS, 30, 31, 31),
        (Addressing("rows", 1), 0, 2, 1),
        (PAGES, 0, 1, 10),
        (PAGES_FROM_1, 0, 2, 10),
        (PAGES, 30, 4, 40),
    ],
)
def test_it_asks_for_the_page_at_the_first_offset_plus_1(
    addressing: Addressing, start: int, offset: int, row: int
) -> None:
    request = probe_of(addressing, start).request()

    assert (request.offset, request.row) == (offset, row)
    assert request.purpose is Purpose.PROBE


@pytest.mark.parametrize(
    ("addressing", "ids", "facts"),
    [
        (ROWS, ids_from(1, 10), {}),
        # The second row went meanwhile.
        (ROWS, ids_from(2, 10), {}),
        # Rows were inserted, but some of the first page are still here.
        (ROWS, ["new", *ids_from(1, 9)], {}),
        # Rows came or went by the count, and perhaps all of the first page.
        (ROWS, SECOND_PAGE, {"total": 24, "growth": -1}),
        (ROWS, [], {"total": 24, "growth": -1}),
        (ROWS, ids_from(50, 10), {"total": 65, "growth": 40}),
        # The list may hold a single row by now.
        (ROWS, [], {"total": None}),
        (ROWS, [], {"total": 1}),
        (PAGES, SECOND_PAGE, {}),
        (PAGES, [], {}),
        (PAGES, ["new", *SECOND_PAGE], {}),
        # The list grew, which explains why pages do not fit.
        (PAGES_FROM_1, SECOND_PAGE, {"growth": 2}),
    ],
)
def test_what_fits_the_setting_is_accepted(
    addressing: Addressing, ids: Sequence[str], facts: dict[str, Any]
) -> None:
    probe = probe_of(addressing)
    request = probe.request()

    assert probe.judge(request, page_of(*ids), FIRST_PAGE, **FACTS | facts) is False
    assert probe.is_settled


@pytest.mark.parametrize(
    ("addressing", "ids", "facts", "text"),
    [
        (ROWS, SECOND_PAGE, {}, 'offset_unit="pages"'),
        (ROWS, SECOND_PAGE, {"total": 25, "growth": 0}, 'offset_unit="pages"'),
        (ROWS, [], {"total": 25}, 'offset_unit="pages"'),
        (PAGES, ids_from(1, 10), {}, 'offset_unit="rows"'),
        (PAGES_FROM_1, ids_from(1, 10), {}, 'offset_unit="rows"'),
        (PAGES_FROM_1, SECOND_PAGE, {"growth": 0}, "as many records are counted as before"),
        (PAGES_FROM_1, SECOND_PAGE, {"growth": None}, "first_offset=0. Where the list changes"),
    ],
)
def test_what_contradicts_the_setting_is_an_error_that_names_the_cure(
    addressing: Addressing, ids: Sequence[str], facts: dict[str, Any], text: str
) -> None:
    probe = probe_of(addressing)
    request = probe.request()

    with pytest.raises(IncompleteSearchError, match=text):
        probe.judge(request, page_of(*ids), FIRST_PAGE, **FACTS | facts)


@pytest.mark.parametrize("addressing", [ROWS, PAGES], ids=["rows", "pages"])
def test_the_first_page_again_is_looked_into_by_a_second_request(addressing: Addressing) -> None:
    probe = probe_of(addressing)
    assert probe.judge(probe.request(), page_of(*FIRST_PAGE), FIRST_PAGE, **FACTS) is True
    request = probe.request()

    # Both offsets give the same page.
    with pytest.raises(IncompleteSearchError, match="offsets 0 and 1 are the same"):
        probe.judge(request, page_of(*FIRST_PAGE), FIRST_PAGE, **FACTS)


def test_a_row_inserted_before_the_first_explains_the_first_page_again() -> None:
    probe = probe_of(ROWS)
    assert probe.judge(probe.request(), page_of(*FIRST_PAGE), FIRST_PAGE, **FACTS) is True
    inserted = page_of("new", *FIRST_PAGE)

    assert probe.judge(probe.request(), inserted, FIRST_PAGE, **FACTS) is False


def test_a_single_row_delivered_tells_no_first_page() -> None:
    probe = probe_of(PAGES)

    assert probe.judge(probe.request(), page_of("r0"), ["r0"], **FACTS) is False
