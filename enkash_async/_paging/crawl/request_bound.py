"""How many answers a crawl may take. No I/O."""

from __future__ import annotations

import math

FACTOR = 6
"""So many answers a page of rows: the worst of spreads takes half of that."""

SPARE = 200
"""Answers besides, which short lists and wrong counts may take."""

REPAIRS = 7
"""Answers for each page with new rows of a window read page by page, as in a search."""


class RequestBound:
    """Counts the answers of a crawl against the most that its rows explain.

    Rows that come and go cost answers too, but not more than these.
    """

    def __init__(self) -> None:
        self._answers = 0
        self._earned = SPARE

    def note_answer(self) -> None:
        """Learn that a page of a window came."""
        self._answers += 1

    def note_paged(self, *, is_new: bool) -> None:
        """Learn that a page of a window read page by page was looked at, with new rows or not."""
        self._answers += 1
        self._earned += REPAIRS if is_new else 0

    def most(self, rows: int, page_rows: int) -> int:
        """Return how many answers may come where there are so many rows."""
        return self._earned + FACTOR * math.ceil(rows / max(1, page_rows))

    def is_passed(self, rows: int, page_rows: int) -> bool:
        """Say whether more answers came."""
        return self._answers > self.most(rows, page_rows)
