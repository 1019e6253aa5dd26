"""The rows that neighbouring windows share, known by their ids. No I/O.

The service's bounds may exclude their ends, or be off by less than a second, so that windows
overlap and a row may come with two. A window is remembered until two seconds past its end lie
before all that is still to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import attrs

from enkash_async._paging.crawl.cutting import SECOND
from enkash_async._paging.history import NewRows
from enkash_async._paging.raw_page import RawPage

MARGIN = 2 * SECOND
"""Two bounds may each be off by less than a second, towards each other."""


@attrs.frozen(eq=False)
class DoneWindow:
    """A window that was delivered until *end*, and the ids of its rows that another may hold."""

    end: datetime
    ids: Collection[str]


class Seams:
    """The windows delivered of late, whose rows may come again, and the page delivered last."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        """All rows delivered so far, before a resume token was taken too."""
        self.is_whole = rows == 0
        """Nothing that was delivered has been forgotten."""
        self._done: list[DoneWindow] = []
        self._last_ids: list[str] = []

    def add_window(self, end: datetime, ids: Collection[str]) -> None:
        """Remember a window that was delivered, and those ids that another may hold too."""
        if ids:
            self._done.append(DoneWindow(end, ids))

    def forget_before(self, begin: datetime) -> None:
        """Forget windows that share no row with any that begins at *begin* or later."""
        kept = [done for done in self._done if done.end + MARGIN >= begin]
        self.is_whole = self.is_whole and len(kept) == len(self._done)
        self._done = kept

    def take(self, page: RawPage, rows: NewRows) -> tuple[NewRows, int]:
        """Count the new *rows* of a page, but for those that came with another window.

        Return which are left, and how many came again.
        """
        again: set[int] = set()
        shared = set[str]().union(*(set(page.ids) & set(done.ids) for done in self._done))
        if shared:
            again = {index for index in rows.indices(page) if page.ids[index] in shared}
        first = next((index for index in rows.indices(page) if index not in again), len(page))
        skip = frozenset(index for index in rows.skip | again if index > first)
        new_rows = NewRows(self.rows - first, first, skip)
        new = [page.ids[index] for index in new_rows.indices(page)]
        if new:
            self._last_ids = new
        self.rows += len(new)
        return new_rows, len(again)

    @property
    def ids_held(self) -> int:
        """Return how many ids are remembered."""
        return len(self._last_ids) + sum(len(done.ids) for done in self._done)

    def forget(self) -> None:
        """Let go of them all."""
        self.is_whole = False
        self._done, self._last_ids = [], []

    # Going on later

    def unused_ids(self, unread: int) -> list[str]:
        """Return the ids of the last *unread* rows."""
        return self._last_ids[len(self._last_ids) - unread :] if unread else []

    def ids_from(self, begin: datetime) -> Iterable[str]:
        """Walk over the ids of the windows that reach to *begin* or beyond."""
        for done in self._done:
            if done.end + MARGIN >= begin:
                yield from done.ids

    def end_after(self, begin: datetime) -> datetime | None:
        """Return where the last of these windows ends; None if there is none."""
        ends = (done.end for done in self._done if done.end + MARGIN >= begin)
        return max(ends, default=None)
