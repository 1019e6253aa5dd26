"""What `recordsCount` is worth. No I/O."""

from __future__ import annotations

import msgspec

from enkash_async._paging.findings import Findings
from enkash_async.resume import MAX_COUNT


class Change(msgspec.Struct, frozen=True):
    """How a list of now *total* rows has changed since the edge was delivered, as counts tell.

    It grew by *growth* rows, and *unread* ones stood after the edge then.
    """

    total: int
    growth: int
    unread: int


class PlaceCount(msgspec.Struct, frozen=True):
    """What the count beside a page says of the place where the page ended.

    *is_last* says that no row comes after it, *shortage* how many do. The count *is_all*, if it is
    the place; that says something once counts are of the whole list (*is_total*).
    """

    is_last: bool = False
    is_all: bool = False
    is_total: bool = False
    shortage: int = 0


class RecordsCount:
    """The latest `recordsCount`, and what may be concluded from it.

    Whether it counts all matches or the rows of the page is not documented. It says something
    only once it was seen to differ from the length of its page, and it never ends a search alone.
    """

    def __init__(self, findings: Findings, *, place: int = 0, counted: int | None = None) -> None:
        """Go on from *place*, where so many rows were *counted* when it was reached."""
        self._findings = findings
        self.latest: int | None = None
        self.has_varied = False
        """It was another before, though it may be as at the start again by now."""
        self._at_place = counted
        self._place = place
        self._is_passed = False

    @property
    def is_total(self) -> bool:
        """Say whether it counts all matches: it was seen not to count the page, nor to stop."""
        return self._findings.count_is_total and not self._is_passed

    @property
    def _counts_more(self) -> bool:
        return self._findings.count_is_total

    def note(self, total: int | None, rows: int) -> None:
        """Learn from the count that stood beside *rows* rows."""
        if total is None or not is_possible(total):
            return
        found = self._findings
        self.has_varied |= self.latest is not None and self.latest != total
        found.total_at_end = self.latest = total
        if found.total_at_start is None:
            found.total_at_start = total
        found.count_is_total |= total != rows
        self.note_reached(total, rows)

    def note_place(self, total: int | None, end_row: int) -> None:
        """Learn that a page that fits, with this count beside it, ended before *end_row*."""
        self._at_place = total if total is not None and is_possible(total) else None
        self._place = end_row
        self.note_reached(total, end_row)

    def note_reached(self, total: int | None, end_row: int) -> None:
        """Learn that a page with this count beside it reached to *end_row*."""
        # As of a service that stops counting: no row after this one is ruled out by it.
        self._is_passed |= self._counts_more and total is not None and end_row > total

    @property
    def at_place(self) -> int | None:
        """Return the count beside the last page that fits, None if it surely says nothing."""
        return None if self._is_passed else self._at_place

    def growth(self, total: int | None) -> int | None:
        """Return by how many rows the list grew since that page, None if no count tells."""
        if not self._counts_more or total is None or self._at_place is None:
            return None
        return total - self._at_place if is_possible(total) else None

    def change(self, total: int | None) -> Change | None:
        """Return how the list has changed since, by the count of a page; None if none tells."""
        growth = self.growth(total)
        if growth is None or total is None or self._at_place is None or self._is_passed:
            return None
        return Change(total, growth, self._at_place - self._place)

    def shortage(self, total: int | None, row: int) -> int:
        """Return by how many rows a page's count goes beyond the place *row* it reached.

        Both numbers are of one answer, so that no change of the list explains a difference.
        """
        if total is None or not self._counts_more or not is_possible(total):
            return 0
        return total - row

    def is_reached(self, total: int | None, row: int) -> bool:
        """Say whether a page that ends before *row* holds the last row its count speaks of.

        A count that was passed speaks of no last row.
        """
        return self.is_total and row == total

    def at(self, total: int | None, *, end_row: int, next_row: int) -> PlaceCount:
        """Return what the count of a page says of its end, before *end_row*.

        That is as a rule *next_row*, the place that the next row to be read has.
        """
        return PlaceCount(
            is_last=self.is_reached(total, end_row),
            is_all=total == end_row,
            is_total=self.expected is not None,
            shortage=self.shortage(total, next_row),
        )

    def may_reach(self, row: int) -> bool:
        """Say whether there may be a row *row*, as far as the latest count tells."""
        return self.expected is None or row < self.expected

    @property
    def expected(self) -> int | None:
        """Return how many rows the list has, as far as the latest count tells."""
        return self.latest if self.is_total else None


def is_possible(total: int) -> bool:
    """Say whether a list may have so many rows; an instant in that field is no count."""
    return 0 <= total <= MAX_COUNT
