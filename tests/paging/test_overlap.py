"""Which rows of a page stand after those delivered."""

from __future__ import annotations

import pytest

from enkash_async._paging.findings import Findings
from enkash_async._paging.history import NewRows
from enkash_async._paging.overlap import Overlap
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.place import Place
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import ListPoint
from tests.paging.pages import page_of

POINT = ListPoint(row=3, delivered=3, edge=("a", "b", "c"))


def overlap_of(findings: Findings, *, checks_all: bool = False) -> Overlap:
    return Overlap(Place(0, POINT, None), POINT, findings, checks_all=checks_all)


def rows_of(overlap: Overlap, request: PageRequest, page: RawPage) -> NewRows | None:
    """Return the new rows of *page* as the pager takes them, None if none of it is known."""
    if overlap.is_edge_in_place(request, page):
        return overlap.rows_in_place(request, page)
    sighting = overlap.sight(request, page)
    return overlap.rows_after(request, page, sighting) if sighting.known else None


@pytest.mark.parametrize(
    ("row", "ids", "is_in_place"),
    [
        (2, "cde", True),
        (1, "bcd", True),
        (0, "abc", True),
        (2, "dce", False),
        (1, "cd", False),
        # The place lies before the page, or after it.
        (3, "cde", False),
        (0, "ab", False),
        (2, "", False),
    ],
)
def test_the_edge_is_looked_for_in_its_place_only(row: int, ids: str, is_in_place: bool) -> None:
    overlap = overlap_of(Findings())

    assert overlap.is_edge_in_place(PageRequest(row, row, 3), page_of(*ids)) is is_in_place


@pytest.mark.parametrize(
    ("row", "ids", "new", "drifted", "moved"),
    [
        # Just after those delivered.
        (2, "cde", "de", False, False),
        (2, "c", "", False, False),
        # Rows were deleted before it: they stand further up.
        (2, "bcde", "de", True, False),
        (0, "cde", "de", True, False),
        # A row was inserted among those delivered. All that came is known, so that it is new.
        (0, "axbcd", "xd", True, False),
        # In another order than before.
        (2, "acbd", "d", True, True),
        # Nothing known: it may stand anywhere.
        (3, "xyz", None, False, False),
    ],
)
def test_the_rows_after_known_ones_are_new(
    row: int, ids: str, new: str | None, drifted: bool, moved: bool
) -> None:
    findings = Findings()
    overlap, page = overlap_of(findings), page_of(*ids)
    request = PageRequest(row, row, 5)
    rows = rows_of(overlap, request, page)

    told = None if rows is None else "".join(page.ids[index] for index in rows.indices(page))
    assert told == new
    assert (findings.drifted, findings.moved) == (drifted, moved)


def test_only_a_full_check_compares_rows_of_a_page_in_place_with_those_before() -> None:
    page, request = page_of("c", "a", "d"), PageRequest(2, 2, 5)
    quick, full = Findings(), Findings()

    rows = overlap_of(quick).rows_in_place(request, page)
    assert rows == NewRows(2, 1)
    assert (quick.duplicates_dropped, quick.moved) == (0, False)
    rows = overlap_of(full, checks_all=True).rows_in_place(request, page)
    assert list(rows.indices(page)) == [2]
    assert (full.duplicates_dropped, full.moved, full.drifted) == (1, True, True)


@pytest.mark.parametrize(
    ("ids", "new", "dropped"), [("xy", "xy", 0), ("cx", "x", 1), ("ab", "", 2)]
)
def test_rows_of_pages_too_small_to_overlap_are_never_proven(
    ids: str, new: str, dropped: int
) -> None:
    findings = Findings()
    page = page_of(*ids)
    rows = overlap_of(findings).unproven_rows(PageRequest(3, 3, 2), page)

    assert "".join(page.ids[index] for index in rows.indices(page)) == new
    assert findings.unchecked
    assert (findings.duplicates_dropped, findings.drifted) == (dropped, dropped > 0)


@pytest.mark.parametrize(
    ("row", "ids", "trusted"),
    [
        # It follows the row that was delivered before it.
        (5, "abcx", 2),
        (5, "bcx", 2),
        (5, "xbc", 2),
        (5, "xyzbc", None),
        # It begins the page, no further down than it was.
        (2, "cx", 2),
        (0, "cx", 2),
        (1, "bx", 1),
        (3, "cx", None),
        # Others stand before it, as before one that was touched and moved to the end.
        (0, "xyc", None),
        (1, "bxyc", 1),
        (1, "xyza", None),
        (1, "xyz", None),
    ],
)
def test_a_row_that_may_have_moved_down_is_not_trusted(
    row: int, ids: str, trusted: int | None
) -> None:
    page = page_of(*ids)
    assert overlap_of(Findings()).sight(PageRequest(row, row, 9), page).trusted == trusted


def test_rows_before_a_starting_offset_are_not_new() -> None:
    point = ListPoint(row=3, delivered=1, edge=("c",))
    overlap = Overlap(Place(2, point, None), point, Findings(), checks_all=False)
    request, page = PageRequest(1, 1, 5), page_of(*"abcd")
    rows = overlap.rows_after(request, page, overlap.sight(request, page))

    assert [page.ids[index] for index in rows.indices(page)] == ["d"]
