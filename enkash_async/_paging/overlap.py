"""Does a page stand right after the rows delivered, and which of its rows are new? No I/O."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from enkash_async._paging.findings import Findings
from enkash_async._paging.history import History, NewRows
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.place import Place
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.records_count import Change
from enkash_async.resume import ListPoint


class Sighting(msgspec.Struct, frozen=True):
    """Rows of a page that were delivered before: *known* holds the ordinal of each by its index.

    The first of them stands at *row*. *trusted* is the ordinal of the last one that surely has
    not moved down the list, None if there is none: it follows the row delivered before it, half of
    the page up to there was delivered, and it is not much further down than the list grew since.
    Or it begins the page, no further down than it was. They *may_have_stayed* as
    long as, by the count, at least half of the rows that were not read yet stand after them.
    """

    row: int
    known: Mapping[int, int]
    trusted: int | None
    may_have_stayed: bool = True


class Overlap:
    """The proof that pages fit: rows delivered stand in the next page too.

    As long as the edge stands where it should, that row is all that is compared. Once rows have
    come or gone, or with *checks_all*, every row of a page is looked up in the history.
    """

    def __init__(
        self,
        place: Place,
        point: ListPoint,
        findings: Findings,
        *,
        checks_all: bool,
    ) -> None:
        self.history = History(
            point.edge,
            ahead=point.ahead,
            late=point.unproven,
            whole=place.start == 0 and point.delivered <= len(point.ahead) + len(point.edge),
            forgets=not checks_all,
        )
        self.checks_all = checks_all
        self.reordered = 0
        """Pages on which rows came again in another order."""
        self._place = place
        self._findings = findings

    def is_edge_in_place(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether the edge stands in *page* just where it should."""
        index = self._place.end_row - 1 - request.row
        return 0 <= index < len(page) and page.id_at(index) == self._place.edge

    def sight(self, request: PageRequest, page: RawPage, change: Change | None = None) -> Sighting:
        """Look up which rows of *page* were delivered, and where the first of them stands.

        *change* is how the counts have changed since the edge was delivered, as far as they tell.
        """
        ordinals = [self.history.ordinal(record_id) for record_id in page.ids]
        known = {index: place for index, place in enumerate(ordinals) if place is not None}
        trusted: int | None = None
        for number, (index, ordinal) in enumerate(known.items()):
            is_backed = known.get(index - 1) == ordinal - 1 and 2 * number >= index
            # Where it stood when the edge was delivered, or at least so far on if it is ahead.
            stood = self._place.end_row - 1 + self.history.rows_past_place(ordinal)
            down = request.row + index - stood
            if is_backed and change is not None:
                # One that was changed just now stands last, after all that was unread.
                is_backed = down <= max(0, change.growth, change.unread // 8)
            has_stayed = not index and down <= 0 and ordinal <= self.history.last_ordinal
            if is_backed or has_stayed:
                trusted = max(ordinal, ordinal if trusted is None else trusted)
        left = 0 if change is None else change.total - request.row - max(known, default=0) - 1
        may_have_stayed = change is None or 2 * left >= change.unread
        return Sighting(request.row + min(known, default=0), known, trusted, may_have_stayed)

    def rows_in_place(self, request: PageRequest, page: RawPage) -> NewRows:
        """Return the new rows of *page*, in which the edge stands just where it should."""
        found, overlapping = self._findings, self._place.end_row - request.row
        found.rows_overlapping += overlapping
        sighting = None
        if found.drifted or self.checks_all:
            sighting = self.sight(request, page)
        if sighting is None or not sighting.known:
            # Rows that fit are the next in line, as long as none was delivered out of it.
            return NewRows(request.row, overlapping)
        rows = self._after_known(request, page, sighting)
        surplus = len(page) - rows.count(page) - overlapping
        found.duplicates_dropped += max(0, surplus)
        found.drifted |= surplus != 0
        return rows

    def rows_after(self, request: PageRequest, page: RawPage, sighting: Sighting) -> NewRows:
        """Return the rows of *page* that come after those delivered, of which it holds some."""
        rows = self._after_known(request, page, sighting)
        self._findings.duplicates_dropped += max(0, len(page) - rows.count(page))
        self._findings.drifted = True
        last = sighting.trusted
        self.history.go_back(max(sighting.known.values()) if last is None else last)
        return rows

    def _after_known(self, request: PageRequest, page: RawPage, sighting: Sighting) -> NewRows:
        known = sighting.known
        if self.history.is_out_of_order(page.ids[index] for index in known):
            self._findings.moved = True
            self.reordered += 1
        # A row before the first that is known was delivered longer ago than can be remembered,
        # or is new and stands before the place that reading has come to, or before the caller's
        # own offset.
        start = 0 if self.history.is_whole else min(known)
        return NewRows(request.row, start, frozenset(i for i in known if i >= start))

    def unproven_rows(self, request: PageRequest, page: RawPage) -> NewRows:
        """Return the rows of a page too small to overlap: all but those known."""
        self._findings.unchecked = True
        known = frozenset(
            index for index, id_ in enumerate(page.ids) if self.history.ordinal(id_) is not None
        )
        if known:
            self._findings.drifted = True
            self._findings.duplicates_dropped += len(known)
        return NewRows(request.row, 0, known)

    def note_older(self, page: RawPage, rows: NewRows, *, is_older: bool) -> None:
        """Learn whether *page* came before the one taken last: then its new rows are late ones."""
        if is_older:
            self.history.note_late(page.ids[index] for index in rows.indices(page))

    def remember(self, page: RawPage, rows: NewRows) -> None:
        """Add the new rows of *page* to those that later pages are compared with."""
        # Nothing shows that the rows of a loose page stand after those delivered, or what follows.
        self.history.add(page, rows, late=self._findings.unchecked)
