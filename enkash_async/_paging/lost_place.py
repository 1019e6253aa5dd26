"""Where to look when a page does not hold the last row delivered. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.reach import Reach
from enkash_async.errors import IncompleteSearchError

MAX_TRIES = 100
"""Pages read again at one edge before the search gives up."""

MAX_TRIES_BESIDES = 5
"""Pages looked at after one that holds only rows which may have moved, before it is made do with.
"""

PAGES_BEFORE, PAGES_AFTER = 40, 4
"""How many pages before and after the place where a row was last seen are looked at."""


class LostPlace:
    """Names the pages in which to look for the edge, one after another, and gives up in the end.

    A page whose rows may have moved down the list, such as a customer that was just changed where
    the list is ordered by that, is put aside: to read on after them would leave out what they
    passed. If no better one is found soon, the one that leads back furthest is asked for again,
    since rows that come twice are known.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self.tries = 0
        """Pages that did not hold the edge since rows came last."""
        self.was_found_again = False
        """The page taken last had been read again: those planned before are of an older list."""
        self.makes_do = False
        """The page asked for last is taken if it holds any row delivered."""
        self._places: Iterator[int] | None = None
        self._aside: tuple[int, int] | None = None
        self._tries_besides = 0

    def put_aside(self, request: PageRequest, row: int) -> None:
        """Keep in mind the place of a page whose first row that was delivered stands at *row*."""
        # Of pages with the same row, the one that begins first holds most of what stands before it.
        if self._aside is None or (row, request.row) < self._aside:
            self._aside = row, request.row

    def note_looked(self) -> None:
        """Learn that a page held rows: none that can be relied on."""
        self._tries_besides += self._aside is not None

    def note_taken(self) -> None:
        """Forget what was put aside: a page was taken."""
        self.makes_do = False
        self._aside = None
        self._tries_besides = 0

    def note_new_rows(self) -> None:
        """Start over: the place is known again, and reading has come further."""
        self.tries = 0
        self._places = None

    def next_request(self, asked: int, expected: int, growth: int | None) -> PageRequest:
        """Return the request to send after a page at row *asked* did not hold the edge.

        The edge was last seen at row *expected*, and the list grew since by *growth* rows, as far
        as a count tells. IncompleteSearchError where looking on is of no use.
        """
        self.tries += 1
        if self._places is None or self.was_found_again:
            self._places = places_to_look(
                expected,
                self._reach.stride,
                growth,
                self._reach.end_of_page_at,
                expected_first=self.was_found_again or asked != expected,
            )
            self.was_found_again = False
        self.makes_do = False
        row = None
        if self._aside is None or self._tries_besides <= MAX_TRIES_BESIDES:
            row = next(self._places, None)
        if row is None and self._aside is not None:
            row = self._aside[1]
            self.note_taken()
            self.makes_do = True
        if row is None or self.tries > MAX_TRIES:
            raise IncompleteSearchError(
                f"after {self.tries} pages read again, none around row {expected} holds a record"
                " that was delivered before it: too much changed at once, or offsets beyond"
                " this place are not answered. Go on with the resume token, or use crawl()"
            )
        return self._reach.page_at(row, Purpose.REREAD)


def places_to_look(
    expected: int,
    step: int,
    growth: int | None,
    end_of: Callable[[int], int],
    *,
    expected_first: bool,
) -> Iterator[int]:
    """Walk over the rows at which a page may hold a row lost from sight, the likeliest first.

    It was last seen at row *expected*. Pages reach *step* rows far, or less where offsets count
    pages: *end_of* is the row after the page that holds a row. *growth* is by how many rows the
    list grew since, as far as a count tells.
    """
    places = [max(0, row) for row in range(expected - step, -step, -step)[:PAGES_BEFORE]]
    before = list(_without_gaps(expected, places, end_of))
    rows = [expected] if expected_first else []
    # Rows before it were deleted, which is the commonest reason, so it is further up.
    rows += before[:1]
    if growth is not None:
        guess = expected + growth
        rows += [guess, guess - step, guess + step]
    rows += before[1:]
    place = expected
    for _ in range(PAGES_AFTER):
        place = end_of(place)
        rows.append(place)
    likeliest: dict[int, int] = {}
    for row in map(partial(max, 0), rows):
        # Where offsets count pages, one of them holds several of these rows.
        likeliest.setdefault(end_of(row), row)
    return iter(likeliest.values())


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
