"""Where to look when a page is not what it should be. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from enkash_async._addressing import OffsetUnit, PageRequest
from enkash_async._pages import RawPage
from enkash_async.errors import IncompleteSearchError


def places_to_look(
    expected: int, step: int, shift: int | None, *, expected_first: bool
) -> Iterator[int]:
    """Walk over the rows at which a page may hold a row lost from sight, the likeliest first.

    It was last seen at row *expected*. Pages reach *step* rows far; *shift* is by how many rows
    the list grew since, as far as a count tells.
    """
    rows = [expected] if expected_first else []
    # Rows before it were deleted, which is the commonest reason, so it is further up.
    rows.append(expected - step)
    if shift is not None:
        guess = expected + shift
        rows += [guess, guess - step, guess + step]
    rows += range(expected - 2 * step, -step, -step)
    rows += range(expected + step, expected + 5 * step, step)
    return iter(dict.fromkeys(max(0, row) for row in rows))


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
