"""Is a short page the end of the list, a capped one, or too few rows to tell? No I/O."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from enkash_async._paging.addressing import TOO_FEW_TO_OVERLAP, OffsetUnit
from enkash_async._paging.records_count import PlaceCount

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
    LOOSE = auto()
    """Read the page after it without a row that both share: they are too heavy for one page."""
    SMALLER = auto()
    """Read on in smaller pages: of such a size, one ends early and none begins where it ends."""
    DOUBT_SIZE = auto()
    """The service may cap its pages: plan anew."""


class TakenPage(msgspec.Struct, frozen=True):
    """A page of *rows* rows, asked for with *limit*, that was taken as the next of its list.

    *new* of its rows are new. With *same_edge* it ended with the same row as the one before, with
    *same_place* at the same place. One that *is_loose* was to share no row with the one before; in
    one that *is_shifted* rows that were delivered stand elsewhere than they should.
    """

    rows: int
    limit: int
    new: int
    same_edge: bool = False
    same_place: bool = False
    is_loose: bool = False
    is_shifted: bool = False


class ListEnd:
    """Decides what a page's length says of the end, and remembers what such a decision needs."""

    def __init__(self, unit: OffsetUnit, longest_page: int = 0) -> None:
        self.longest_page = longest_page
        """The most rows that a page has held."""
        self.was_single = False
        """A short page of one row came: where that is the edge, its room for more is a proof."""
        self.is_uneven = False
        """Pages that were short for no cap were followed by others, as where bytes end them."""
        self._counts_pages = unit == "pages"
        # So few rows leave no room for pages that overlap.
        self._few = 1 if unit == "rows" else TOO_FEW_TO_OVERLAP
        self._has_peeked = False
        self._repeats = 0
        self._short = 0
        self._short_is_all_counted = False
        self._has_lone_rows = False
        """There were rows too heavy for one page with the row before them."""
        self._seen: Step | None = None
        """What a page after the edge told: the end, or that there is more."""
        self._edge_count = PlaceCount()
        """What was counted where the last page ended."""

    @property
    def page_rows(self) -> int:
        """Return the length of a full page as it shows an end; 0 where lengths say nothing."""
        return 0 if self.is_uneven and not self._counts_pages else self.longest_page

    def step_after(self, page: TakenPage, count: PlaceCount) -> Step:
        """Return what to do after *page*, of whose end its *count* says something."""
        self._note(page, count)
        # A page as long as the longest seen may be a capped one, whatever the count says.
        is_rest = page.rows < self.longest_page
        is_last = is_rest and count.is_last and not self.is_uneven
        if self._repeats >= MAX_REPEATS and (is_rest or page.is_loose):
            return Step.END if is_last else Step.END_UNPROVEN
        if page.rows >= page.limit:
            return Step.READ_ON
        self.was_single = self.was_single or page.rows == 1
        # One that holds nothing new, and not the edge, may be the answer to another request.
        if is_last and not (page.is_shifted and not page.new):
            return Step.END
        if page.same_edge and page.same_place and not page.new:
            # The number of a page may have it begin before the edge.
            is_alone = page.rows == 1 or self._counts_pages
            if is_alone and (is_rest or self._seen is not None):
                return self._step_after_edge_alone()
        if self.longest_page <= self._few and not self._has_peeked and count.shortage <= 0:
            self._has_peeked = True
            return Step.PEEK
        return Step.DOUBT_SIZE

    def _note(self, page: TakenPage, count: PlaceCount) -> None:
        self._repeats = self._repeats + 1 if page.same_edge and not page.new else 0
        if not page.same_place:
            # What a page after the edge told was of another place.
            self._seen = None
        if page.new:
            self._note_new(page, count)
        self.longest_page = max(self.longest_page, page.rows)
        self._edge_count = count

    def _note_new(self, page: TakenPage, count: PlaceCount) -> None:
        """Learn the length of a page that held something new."""
        self._seen = None
        if self._short and not (count.is_total and self._short_is_all_counted):
            # All pages that a cap cuts are as long as the longest; the end of the list is no cap.
            self.is_uneven |= page.rows > self._short or self._short < self.longest_page
        self._short = page.rows if page.rows < page.limit else 0
        self._short_is_all_counted = count.is_all

    def _step_after_edge_alone(self) -> Step:
        """Return what to do after the edge and nothing else, though there was room for more.

        The row after it may be too heavy for one page with it, and with those before it where
        offsets count pages. Where a page after it and the edge alone, in its place before and
        after that, agree, there is none.
        """
        if self._seen is Step.END:
            return Step.END
        if self._seen is Step.LOOSE and self._counts_pages:
            self._seen, self._repeats = None, 0
            return Step.SMALLER
        if self._seen is Step.LOOSE or self._has_lone_rows:
            self._has_lone_rows = True
            return Step.LOOSE
        return Step.PEEK

    def note_peek(self, rows: int, *, ends_with_edge: bool, count: PlaceCount) -> Step:
        """Return what a page after the edge means: the end, or that the edge is asked for again.

        It holds nothing at the end, or the same rows once more where the service stays at its
        last page. So it would where rows before the edge came or went just then, which shows as
        soon as the edge is asked for again. Nor does its own count tell these apart, which ends
        at the place too where as many rows went as came after the edge. The count beside the edge
        does, as both are of one answer.
        """
        beside_edge = self._edge_count
        is_counted_out = count.is_last and beside_edge.is_all
        may_have_shrunk = beside_edge.is_total and not beside_edge.is_all and count.shortage <= 0
        is_like_end = not rows or ends_with_edge
        if self.longest_page <= self._few:
            is_longer = self._counts_pages and rows > self.longest_page
            if not is_like_end or is_longer:
                self._seen = Step.LOOSE if self._counts_pages else None
                return Step.DOUBT_SIZE
            if self._counts_pages or (is_counted_out and not rows):
                return Step.END
        elif (not rows or (self._counts_pages and is_like_end)) and (
            is_counted_out or not (self.is_uneven or may_have_shrunk)
        ):
            return Step.END
        self._seen = Step.END if is_like_end else Step.LOOSE
        return Step.READ_ON
