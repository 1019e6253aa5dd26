"""How many rows to ask for at once, as far as the service can send them. No I/O."""

from __future__ import annotations

import math

SMALLEST = 2
"""A row that overlaps the page before, and one that is new."""

SMALLEST_WORTH_HALVING = 50
"""A page of so few rows takes long, or breaks off, for another reason than its size."""

GROW_AFTER = 16
"""Pages that must have come before larger ones are tried; twice as many after each halving."""

MAX_GROW_AFTER = 8 * GROW_AFTER

STEPS = 8
"""In as many steps the size grows back from nothing to what it was."""


class KnownSize:
    """The most *rows* that a search of a session asks for at first, as others have learned.

    They learn it from answers beyond a bound of the session, which no other search can do anything
    about. A page that came late, or broke off, may have done so for the filter of its search.
    """

    def __init__(self) -> None:
        self.rows = math.inf


class PageSizes:
    """The rows to ask for at once in one search: *max_size*, or fewer where those do not come.

    A page that does not come, or breaks off, or is too large, halves the size. Those that were
    asked for with the larger size and fail as well are the same news. Until something has come of
    its own pages, a search goes by what is *known*, and what it learns itself others know by that.
    Sizes that are not *adaptive* stay as they are.
    """

    def __init__(
        self,
        max_size: int,
        *,
        adaptive: bool = True,
        grow_after: int = GROW_AFTER,
        known: KnownSize | None = None,
    ) -> None:
        self.max_size = max_size
        self._adaptive = adaptive
        self._known = known or KnownSize()
        self._own: int | None = None
        """The size from now on, once a page of this search has come, or has not."""
        self._came = 0
        self._grow_after = grow_after

    @property
    def size(self) -> int:
        """Return the rows to ask for, without the one that overlaps."""
        if self._own is not None:
            return self._own
        return int(min(self.max_size, self._known.rows)) if self._adaptive else self.max_size

    @property
    def largest(self) -> int:
        """Return the most rows to ask for at once: with the one that overlaps, and one to spare.

        Where larger pages did not come, there is none to spare.
        """
        spare = SMALLEST < self.size == self.max_size
        return max(SMALLEST, self.size + 1 + spare)

    def fit(self, limit: int) -> int:
        """Return *limit*, or the largest one there is now if that is smaller."""
        return min(limit, self.largest)

    def shrink(self, limit: int, least: int = SMALLEST) -> int | None:
        """Learn that so many rows could not be had; return the size from now on.

        None where nothing can be learned: the page was small beside others that may come, or had
        no more than *least* rows. A *least* of `SMALLEST` says that the answer was too large.
        """
        if not self._adaptive or limit <= max(least, self.size // 2):
            return None
        if limit <= self.largest:
            self._own = max(limit // 2, least // 2)
            self._came = 0
            self._grow_after = min(2 * self._grow_after, MAX_GROW_AFTER)
            if least == SMALLEST:
                self._known.rows = min(self._known.rows, self._own)
        return self.size

    def note_taken(self, rows: int) -> None:
        """Learn that a page of *rows* rows came; after enough of them the size grows again."""
        self._own = self.size
        # A page that is short by itself does not show that a full one could be had.
        if self.size == self.max_size or 2 * rows < self.size:
            return
        self._came += 1
        if self._came >= self._grow_after:
            was, self._own = self._own, min(self.max_size, self._own + self._step)
            self._came = 0
            if was >= self._known.rows:
                self._known.rows = self._own

    @property
    def _step(self) -> int:
        return max(1, self.max_size // STEPS)
