"""What is known of a list from before it is read. No I/O."""

from __future__ import annotations

import msgspec

from enkash_async._paging.addressing import TOO_FEW_TO_OVERLAP
from enkash_async.resume import ListPoint


class Remembered(msgspec.Struct):
    """What earlier searches of a session saw of one list.

    It decides which pages are asked for before the first has come, and nothing else: each of them
    is checked like any other, and what the first page says is planned with from then on.
    """

    total: int | None = None
    """The latest count, where it was seen to count all rows."""
    cap: int | None = None
    """The most rows that a page held, where the service made pages smaller than asked for."""
    is_unit_proven: bool = False
    """A page further on began where its offset says."""

    def with_point(self, point: ListPoint, page_size: int) -> Remembered:
        """Return what is known to a search that goes on at *point*, by pages of *page_size*."""
        total = point.total if self.total is None else self.total
        cap = self.cap
        if cap is None and 0 < point.page_rows < min(page_size, point.delivered):
            cap = point.page_rows
        if cap is not None and cap <= TOO_FEW_TO_OVERLAP:
            # Nothing would prove that pages of so few rows fit, which larger ones may.
            cap = None
        return Remembered(total, cap, self.is_unit_proven or bool(point.edge))

    def note_pages(self, longest: int, cap: int, page_size: int) -> None:
        """Learn from a list read to its end, by pages of *page_size*, that held several.

        The *longest* of them held so many rows, and *cap* was the most that was asked for.
        """
        if longest == cap < page_size:
            self.cap = cap
        elif self.cap is not None and longest > self.cap:
            self.cap = None
