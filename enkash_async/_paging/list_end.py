"""Is a short page the end of the list, a capped one, or too few rows to tell? No I/O."""

from __future__ import annotations

from enum import Enum, auto

from enkash_async._paging.addressing import TOO_FEW_TO_OVERLAP, OffsetUnit

MAX_REPEATS = 5
"""Short pages in a row that end with the same row, and hold nothing new, before the service is
taken to stay at its last page."""


class Step(Enum):
    """What to do after a page that fits."""

    READ_ON = auto()
    """The page was full: go on as planned."""
    END = auto()
    END_UNPROVEN = auto()
    """Take it for the end, though nothing proves it."""
    PEEK = auto()
    """Look at the page after it."""
    DOUBT_SIZE = auto()
    """The service may cap its pages: plan anew."""


class ListEnd:
    """Decides what a page's length says of the end, and remembers what such a decision needs."""

    def __init__(self, unit: OffsetUnit, longest_page: int = 0) -> None:
        self.longest_page = longest_page
        """The most rows that a page has held."""
        self.was_single = False
        """A short page of one row came: where that is the edge, its room for more is a proof."""
        self._counts_pages = unit == "pages"
        # So few rows leave no room for pages that overlap.
        self._few = 1 if unit == "rows" else TOO_FEW_TO_OVERLAP
        self._has_peeked = False
        self._repeats = 0

    def step_after(
        self,
        rows: int,
        limit: int,
        *,
        new: int,
        same_edge: bool,
        same_place: bool,
        is_counted_out: bool,
        shortage: int,
    ) -> Step:
        """Return what to do after a page of *rows* rows, *new* of them new.

        It was asked for with *limit*, and with *same_edge* ended with the same row as the one
        before, with *same_place* at the same place. *is_counted_out* and *shortage* are what the
        count says of that place.
        """
        self._repeats = self._repeats + 1 if same_edge and not new else 0
        self.longest_page = max(self.longest_page, rows)
        # A page as long as the longest seen may be a capped one, whatever the count says.
        is_rest = rows < self.longest_page
        if is_rest and self._repeats >= MAX_REPEATS:
            return Step.END_UNPROVEN
        if rows >= limit:
            return Step.READ_ON
        self.was_single = self.was_single or rows == 1
        # The edge and nothing after it. A longer page might have been cut off there by a cap,
        # which offsets that count pages would have shown before.
        stands_still = same_edge and same_place and (rows == 1 or self._counts_pages)
        if is_rest and (stands_still or is_counted_out):
            return Step.END
        if self.longest_page <= self._few and not self._has_peeked and shortage <= 0:
            self._has_peeked = True
            return Step.PEEK
        return Step.DOUBT_SIZE

    def is_confirmed_by_peek(self, rows: int, *, ends_with_edge: bool) -> bool:
        """Say whether the page after the few rows held nothing, or nothing but them again.

        A service may stay at its last page, whatever the offset.
        """
        return not rows or (rows <= self.longest_page and ends_with_edge)
