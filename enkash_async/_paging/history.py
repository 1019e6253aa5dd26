"""The ids of the rows delivered last, to know them again when they come a second time. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from enkash_async._paging.raw_page import RawPage

MIN_PAGES = 2
MIN_ROWS = 4096

ID_BYTES = 150
"""What an id takes that is remembered, with its place among the others."""

FARTHEST_BEHIND = 2**62
"""Ordinals beyond it are those of rows ahead of the place."""


class NewRows(msgspec.Struct, frozen=True):
    """Which rows of a page are new: those from index *start* on, without the ones at *skip*.

    *row* is the place in the list of the page's first row.
    """

    row: int
    start: int
    skip: frozenset[int] = frozenset()

    def indices(self, page: RawPage) -> Iterator[int]:
        """Walk over the indices of the new rows."""
        return (index for index in range(self.start, len(page)) if index not in self.skip)

    def count(self, page: RawPage) -> int:
        """Return the number of new rows."""
        return len(page) - self.start - len(self.skip)


class _Kept:
    """A page delivered, and which of its rows were new: of a heavy one only their ids."""

    def __init__(self, page: RawPage, rows: NewRows) -> None:
        self.count = rows.count(page)
        self.page_rows = len(page)
        self._page: RawPage | None = page
        self._rows = rows
        self._ids: list[str] = []
        if page.is_heavy:
            self._ids, self._page = self.new_ids(), None
        self.nbytes = page.nbytes if self._page is not None else ID_BYTES * len(self._ids)
        """What keeping it takes."""

    def last_ids(self, count: int) -> list[str]:
        """Return the ids of its last *count* new rows, and read those of no other."""
        page, rows = self._page, self._rows
        if page is None or rows.skip:
            return self.new_ids()[-count:]
        return page.ids_from(max(rows.start, len(page) - count))

    def new_ids(self) -> list[str]:
        page, rows = self._page, self._rows
        if page is None:
            return self._ids
        if not rows.skip:
            return page.ids[rows.start :]
        return [page.ids[index] for index in rows.indices(page)]


class History:
    """The rows delivered last: at least two pages, and up to 4,096 rows where pages are small.

    Pages are kept as bytes until somebody asks for an id, but for heavy ones: together these are
    some 4,096 rows of 4 KiB at most, or two pages of 8 MiB. From then on the rows stand in the
    order of the list on two sides of the place of reading: *behind* it, and *ahead* of it those
    that were delivered before reading went back. None of these is forgotten before it is passed,
    however many other rows come first.
    """

    def __init__(
        self,
        ids: Sequence[str] = (),
        *,
        ahead: Sequence[str] = (),
        late: bool = False,
        whole: bool = True,
        forgets: bool = True,
    ) -> None:
        """Start with *ids*, delivered before in this order, or if *late* in no certain one.

        *ahead* were delivered too and stand after the place where reading goes on. *whole* says
        that reading began at the first row and nothing else was delivered. A history that never
        *forgets* keeps the ids of all rows.
        """
        self._forgets = forgets
        self._pages: deque[_Kept] = deque()
        self._page_bytes = 0
        self._rows = 0
        self._next_ordinal = len(ids)
        self._first_ids = list(ids)
        self._late = set(ids) if late else set[str]()
        self._whole = whole
        self._ordinals: dict[str, int] | None = None
        self._behind: deque[str] = deque()
        self._ahead: list[str] = []
        """The next one to be passed last."""
        self._last_new: list[str] = []
        self._longest_page = 0
        if ahead or not forgets:
            self._look_closer()
        for record_id in reversed(ahead):
            self._put_ahead(record_id)

    @property
    def is_whole(self) -> bool:
        """Say whether nothing that was delivered has been forgotten."""
        return self._whole

    @property
    def nbytes(self) -> int:
        """Return about how many bytes it holds, be they pages or ids."""
        ids = len(self._first_ids) + len(self._behind) + len(self._ahead)
        return self._page_bytes + ID_BYTES * ids

    @property
    def last_ordinal(self) -> int:
        """Return the ordinal of the last row behind the place."""
        return self._next_ordinal - 1

    def rows_past_place(self, ordinal: int) -> int:
        """Return how many rows delivered stand from the place of reading up to that at *ordinal*.

        It is negative for one behind the place, 0 for the last of these, 1 for the first ahead.
        """
        if ordinal <= self.last_ordinal:
            return ordinal - self.last_ordinal
        return ordinal - (2 * FARTHEST_BEHIND - len(self._ahead))

    def ordinal(self, record_id: str) -> int | None:
        """Return the place of *record_id* among the rows delivered, None if it is not known."""
        return self._look_closer().get(record_id)

    def is_out_of_order(self, record_ids: Iterable[str]) -> bool:
        """Say whether rows that are known come in another order than that of the list so far."""
        ordinals = self._look_closer()
        in_time = [ordinals[known] for known in record_ids if known not in self._late]
        return in_time != sorted(in_time)

    def last_ids(self, count: int) -> list[str]:
        """Return the ids of the last *count* rows behind the place, or fewer, oldest first."""
        if self._ordinals is not None:
            return list(self._behind)[max(0, len(self._behind) - count) :]
        ids: list[str] = []
        for kept in reversed(self._pages):
            missing = count - len(ids)
            if missing <= 0:
                return ids
            ids = kept.last_ids(missing) + ids
        return self._first_ids[max(0, len(self._first_ids) + len(ids) - count) :] + ids

    def ids_around(self, count: int, unread: int) -> tuple[list[str], list[str]]:
        """Return the last *count* ids before, and all after, the last *unread* new rows."""
        if self._ordinals is None:
            ids = self.last_ids(count + unread)
            return ids[: len(ids) - unread], []
        not_used = set(self._last_new[max(0, len(self._last_new) - unread) :])
        behind, passed = self._behind.copy(), list[str]()
        while not_used and behind:
            if (record_id := behind.pop()) in not_used:
                not_used.remove(record_id)
            else:
                passed.append(record_id)
        edge = list(behind)[max(0, len(behind) - count) :]
        ahead = passed[::-1] + self._ahead[::-1]
        # A place is known by a row delivered, if need be by one that stands after it.
        return (edge, ahead) if edge else (ahead[:1], ahead[1:])

    def note_late(self, record_ids: Iterable[str]) -> None:
        """Learn that these rows, about to be added, say nothing of the order of others."""
        self._look_closer()
        self._late.update(record_ids)

    # What is added and forgotten

    def add(self, page: RawPage, rows: NewRows, *, late: bool = False) -> None:
        """Remember the new *rows* of *page*, and forget the oldest ones.

        Rows that may be *late* perhaps stand in the list before others delivered already.
        """
        count = rows.count(page)
        if self._ordinals is not None:
            self._add_one_by_one(self._ordinals, page, rows, late=late)
        elif count:
            kept = _Kept(page, rows)
            self._pages.append(kept)
            self._page_bytes += kept.nbytes
            self._next_ordinal += count
            self._rows += count
            while len(self._pages) > MIN_PAGES and self._rows - self._pages[0].count >= MIN_ROWS:
                oldest = self._pages.popleft()
                self._rows -= oldest.count
                self._page_bytes -= oldest.nbytes
                # Ids that came with a resume token are older still, and go first.
                self._first_ids = []
                self._whole = False

    def _add_one_by_one(
        self, ordinals: dict[str, int], page: RawPage, rows: NewRows, *, late: bool
    ) -> None:
        places = [ordinals.get(record_id) for record_id in page.ids]
        new = set(rows.indices(page))
        rest = deque[str]() if late else self._take_out(places, new)
        waiting = set(rest)
        self._last_new = []
        for index, (record_id, place) in enumerate(zip(page.ids, places, strict=True)):
            if index in new:
                self._put_behind(record_id)
                self._last_new.append(record_id)
                if late:
                    self._late.add(record_id)
            elif place is not None and place > FARTHEST_BEHIND:
                self._pass(record_id)
            while record_id in waiting:
                # A row that came twice is there twice.
                waiting.discard(rest[0])
                self._put_behind(rest.popleft())
        for record_id in rest:
            self._put_behind(record_id)
        if self._forgets:
            self._longest_page = max(self._longest_page, len(page))
            self._forget(max(MIN_ROWS, MIN_PAGES * self._longest_page))

    def _take_out(self, places: Sequence[int | None], new: set[int]) -> deque[str]:
        """Take out the rows behind the place that stand after the first *new* row of a page.

        They are put back in their turn: what was found late must not look as if it stood last.
        """
        first_new = min(new, default=len(places))
        after = (place for place in places[first_new:] if place is not None)
        first = min((place for place in after if place < FARTHEST_BEHIND), default=None)
        rest = deque[str]()
        while first is not None and self._next_ordinal > first:
            self._next_ordinal -= 1
            rest.appendleft(self._behind.pop())
        return rest

    def go_back(self, ordinal: int) -> None:
        """Learn that reading goes on after the row at *ordinal*: those after it stand ahead."""
        while self._next_ordinal > ordinal + 1 and self._behind:
            self._next_ordinal -= 1
            self._put_ahead(self._behind.pop())

    def _pass(self, record_id: str) -> None:
        """Go past *record_id*, and with it past all that stand before it."""
        while self._look_closer()[record_id] > FARTHEST_BEHIND:
            self._put_behind(self._ahead.pop())

    def _put_behind(self, record_id: str) -> None:
        self._look_closer()[record_id] = self._next_ordinal
        self._behind.append(record_id)
        self._next_ordinal += 1

    def _put_ahead(self, record_id: str) -> None:
        # A page that was fetched before the row was inserted does not hold it either, so that it
        # may stand before rows that are delivered now.
        self._late.add(record_id)
        # The nearer ones come later, and have a lower ordinal.
        self._look_closer()[record_id] = 2 * FARTHEST_BEHIND - len(self._ahead)
        self._ahead.append(record_id)

    def _forget(self, keep: int) -> None:
        while len(self._behind) > keep:
            record_id = self._behind.popleft()
            self._look_closer().pop(record_id, None)
            self._late.discard(record_id)
            self._whole = False

    def _look_closer(self) -> dict[str, int]:
        """Return the ordinals of all rows, for which the pages' ids are read at the first call."""
        if self._ordinals is None:
            self._behind.extend(self._first_ids)
            for kept in self._pages:
                self._last_new = kept.new_ids()
                self._behind.extend(self._last_new)
                self._longest_page = max(self._longest_page, kept.page_rows)
            first = self._next_ordinal - len(self._behind)
            self._ordinals = {known: place for place, known in enumerate(self._behind, first)}
            self._pages.clear()
            self._page_bytes = 0
            self._first_ids = []
        return self._ordinals
