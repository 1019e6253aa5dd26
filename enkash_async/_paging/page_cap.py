"""How many rows the service hands out at once. No I/O."""

from __future__ import annotations

from enkash_async._paging.addressing import MAX_LIMIT, TOO_FEW_TO_OVERLAP, OffsetUnit
from enkash_async.resume import ListPoint


class PageCap:
    """The largest `limit` to ask for, as the lengths of pages have shown it.

    Where offsets count rows, one short page only raises the suspicion: it may have been the last.
    Where they count pages, the number of a page depends on its size, so that never more is asked
    for than surely comes. The service documents *max_limit*. A *foreseen* cap is planned with until
    the first page, which is asked for without it, is longer or shorter.
    """

    def __init__(
        self,
        unit: OffsetUnit,
        point: ListPoint,
        *,
        max_limit: int = MAX_LIMIT,
        foreseen: int | None = None,
    ) -> None:
        self.max_limit = self.first_limit = max_limit
        self._foreseen = foreseen
        if unit == "pages" and max(point.page_rows, point.row) > TOO_FEW_TO_OVERLAP:
            # Only the first page begins where it does whatever its size.
            self._foreseen = None
            self.first_limit = min(point.page_rows or max_limit, max_limit)
        self.limit = min(self._foreseen or self.first_limit, max_limit)
        self._unit = unit
        self._suspected: int | None = None

    def note_first(self, rows: int) -> None:
        """Learn from the first page of the list."""
        if self._unit == "pages":
            # Asked for again, it must begin where pages of its true size do.
            self.limit = self.first_limit = rows

    def is_foreseen(self, rows: int) -> bool:
        """Say whether a page of *rows* rows was cut where the pages of earlier searches were."""
        return rows == self._foreseen

    def note_full(self, rows: int) -> None:
        """Learn that a page came as long as was asked for: a suspicion was wrong."""
        self._suspected = None
        if rows > self.limit:
            self.limit, self._foreseen = self.max_limit, None

    def halve(self) -> None:
        """Learn that pages of this size end too early to reach the row after the edge."""
        self.limit = max(1, self.limit // 2)

    def note_short(self, rows: int, longest: int) -> bool:
        """Learn that a page came short that was not the last; *longest* is the longest so far.

        Return whether this settles the suspicion of one before. If not, the next page must go
        alone, for it tells whether the service caps pages.
        """
        if self._foreseen is not None and self._unit == "rows":
            self.limit, self._foreseen = self.max_limit, None
        if self._unit == "pages":
            self.limit = min(self.limit, longest)
        elif self._suspected is not None:
            self.limit = max(self._suspected, rows)
        is_settled = self._suspected is not None
        self._suspected = None if is_settled else rows
        return is_settled
