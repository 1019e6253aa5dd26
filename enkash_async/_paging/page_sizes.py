"""How many rows to ask for at once, as far as the service can send them. No I/O."""

from __future__ import annotations

SMALLEST = 2
"""A row that overlaps the page before, and one that is new."""

SMALLEST_WORTH_HALVING = 50
"""A page of so few rows takes long, or breaks off, for another reason than its size."""

GROW_AFTER = 16
"""Pages that must have come before larger ones are tried; twice as many after each halving."""

MAX_GROW_AFTER = 8 * GROW_AFTER

STEPS = 8
"""In as many steps the size grows back from nothing to what it was."""


class PageSizes:
    """The rows to ask for at once in one search, at most *most*; always so many if not *adaptive*.

    A page that does not come, or breaks off, or is too large, halves the size. Those that were
    asked for with the larger size and fail as well are the same news.
    """

    def __init__(self, most: int, *, adaptive: bool = True, grow_after: int = GROW_AFTER) -> None:
        self.most = self.size = most
        self._adaptive = adaptive
        self._taken = 0
        self._grow_after = grow_after

    def fit(self, limit: int) -> int:
        """Return *limit*, or the largest one there is now if that is smaller."""
        return min(limit, max(SMALLEST, self.size + 1))

    def shrink(self, limit: int, least: int = SMALLEST) -> int | None:
        """Learn that so many rows could not be had; return the size from now on.

        None where nothing can be learned: the page was small beside others that may come, or had
        no more than *least* rows.
        """
        if not self._adaptive or limit <= max(least, self.size // 2):
            return None
        if limit <= self.size + 1:
            self.size = max(limit // 2, least // 2)
            self._taken = 0
            self._grow_after = min(2 * self._grow_after, MAX_GROW_AFTER)
        return self.size

    def taken(self, rows: int) -> None:
        """Note that a page of *rows* rows came."""
        if self.size == self.most or 2 * rows < self.size:
            return
        self._taken += 1
        if self._taken >= self._grow_after:
            self.size = min(self.most, self.size + max(1, self.most // STEPS))
            self._taken = 0
