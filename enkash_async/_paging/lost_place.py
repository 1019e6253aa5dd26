"""Where to look when a page is not what it should be. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from enkash_async._paging.addressing import OffsetUnit
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError

MAX_TRIES = 100
"""Pages read again at one edge before the search gives up."""

PAGES_BEFORE, PAGES_BEHIND = 40, 4
"""How many pages before and behind the place where a row was last seen are looked at."""


def places_to_look(
    expected: int,
    step: int,
    shift: int | None,
    end_of: Callable[[int], int],
    *,
    expected_first: bool,
) -> Iterator[int]:
    """Walk over the rows at which a page may hold a row lost from sight, the likeliest first.

    It was last seen at row *expected*. Pages reach *step* rows far, or less where offsets count
    pages: *end_of* is the row behind the page that holds a row. *shift* is by how many rows the
    list grew since, as far as a count tells.
    """
    places = [max(0, row) for row in range(expected - step, -step, -step)[:PAGES_BEFORE]]
    before = list(_without_gaps(expected, places, end_of))
    rows = [expected] if expected_first else []
    # Rows before it were deleted, which is the commonest reason, so it is further up.
    rows += before[:1]
    if shift is not None:
        guess = expected + shift
        rows += [guess, guess - step, guess + step]
    rows += before[1:]
    place = expected
    for _ in range(PAGES_BEHIND):
        place = end_of(place)
        rows.append(place)
    return iter(dict.fromkeys(max(0, row) for row in rows))


def _without_gaps(
    expected: int, places: Sequence[int], end_of: Callable[[int], int]
) -> Iterator[int]:
    """Walk over *places*, down from *expected*, and over those that their pages leave out."""
    looked_at = expected
    for place in places:
        gaps: list[int] = []
        end = end_of(place)
        while end < looked_at:
            gaps.append(end)
            end = end_of(end)
        yield from reversed(gaps)
        yield place
        looked_at = place


def check_unit(
    probe: PageRequest, page: RawPage, delivered: Sequence[str], unit: OffsetUnit, *, more: bool
) -> None:
    """Raise if *page* shows that offsets do not count what the session was told.

    It is the page at the first offset plus 1; *delivered* are the ids of the first page, and
    *more* says whether the service counts rows behind it.
    """
    what = f"the page at offset {probe.offset}"
    if unit == "pages" and page and len(delivered) > 1 and page.first_id == delivered[1]:
        raise IncompleteSearchError(
            f"{what} begins one row behind the page before it: the service seems to count offsets"
            ' in rows. Open the session with offset_unit="rows"'
        )
    if unit == "rows" and (page or more) and set(page.ids).isdisjoint(delivered):
        raise IncompleteSearchError(
            f"{what} does not begin one row behind the page before it: the service seems to count"
            ' offsets in pages. Open the session with offset_unit="pages"'
        )
