"""What `recordsCount` is worth. No I/O."""

from __future__ import annotations

from enkash_async._paging.findings import Findings


class RecordsCount:
    """The latest `recordsCount`, and what may be concluded from it.

    Whether it counts all matches or the rows of the page is not documented. It says something
    only once it was seen to differ from the length of its page, and it never ends a search alone.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.latest: int | None = None
        self._at_place: int | None = None

    @property
    def is_total(self) -> bool:
        """Say whether it was seen to count all matches."""
        return self._findings.count_is_total

    def note(self, total: int | None, rows: int) -> None:
        """Learn from the count that stood beside *rows* rows."""
        found = self._findings
        found.total_at_end = total
        if found.total_at_start is None:
            found.total_at_start = total
        if total is not None:
            self.latest = total
            found.count_is_total |= total != rows

    def note_place(self, total: int | None) -> None:
        """Remember the count of the page that reading has come to the end of."""
        self._at_place = total

    def growth(self, total: int | None) -> int | None:
        """Return by how many rows the list grew since that page, None if no count tells."""
        if not self.is_total or total is None or self._at_place is None:
            return None
        return total - self._at_place

    def shortage(self, total: int | None, row: int) -> int:
        """Return by how many rows a page's count goes beyond the place *row* it reached.

        Both numbers are of one answer, so that no change of the list explains a difference.
        """
        return 0 if total is None or not self.is_total else total - row

    def is_reached(self, total: int | None, row: int) -> bool:
        """Say whether a page that ends before *row* holds the last row its count speaks of."""
        return self.is_total and total is not None and row >= total

    def may_reach(self, row: int) -> bool:
        """Say whether there may be a row *row*, as far as the latest count tells."""
        return not self.is_total or self.latest is None or row < self.latest
