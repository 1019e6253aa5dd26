"""The ids of the rows delivered last, to know them again when they come a second time. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import attrs

from enkash_async._paging.raw_page import RawPage

MIN_PAGES = 2
MIN_ROWS = 4096


@attrs.frozen
class NewRows:
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


@attrs.frozen
class _Kept:
    """A page delivered; *first_ordinal* is the place of its first new row among all delivered."""

    page: RawPage
    rows: NewRows
    first_ordinal: int

    @property
    def count(self) -> int:
        return self.rows.count(self.page)

    def new_ids(self) -> list[str]:
        if not self.rows.skip:
            return self.page.ids[self.rows.start :]
        return [self.page.ids[index] for index in self.rows.indices(self.page)]


class History:
    """At least the last two pages delivered, and up to 4,096 rows where pages are small.

    Besides, what was delivered and stands after the place to which reading went back. Pages are kept as bytes; their ids are read when somebody asks for one of them.
    """

    def __init__(
        self,
        ids: Sequence[str] = (),
        *,
        ahead: int = 0,
        late: bool = False,
        whole: bool = True,
        forgets: bool = True,
    ) -> None:
        """Start with *ids*, delivered before in this order, or if *late* in no certain one.

        The first *ahead* of them stand in the list after the place where reading goes on. *whole*
        says that reading began at the first row and nothing else was delivered. A history that
        never *forgets* keeps the ids of all rows, though not the pages.
        """
        self._forgets = forgets
        self._pages: deque[_Kept] = deque()
        self._rows = 0
        self._next_ordinal = len(ids)
        self._first_ids = list(ids)
        self._ordinals: dict[str, int] | None = None
        if ahead or not forgets:
            self._ordinals = {known: place for place, known in enumerate(ids)}
        # Nothing says in which order they stand, so that each is a run of its own.
        self._ahead = {ordinal: ordinal - ahead for ordinal in range(ahead)}
        self._runs = [0]
        self._met: dict[int, int] = {}
        self._late = set(range(len(ids))) if late else set[int]()
        self._whole = whole

    @property
    def is_whole(self) -> bool:
        """Say whether nothing that was delivered has been forgotten."""
        return self._whole

    @property
    def last_ordinal(self) -> int:
        """Return the ordinal of the row delivered last."""
        return self._next_ordinal - 1

    def add(self, page: RawPage, rows: NewRows, *, late: bool = False) -> None:
        """Remember the new *rows* of *page*, and forget the oldest ones.

        Rows that may be *late* perhaps stand in the list before others delivered already.
        """
        count = rows.count(page)
        if not count:
            return
        if late:
            self._late.update(range(self._next_ordinal, self._next_ordinal + count))
        self._pages.append(_Kept(page, rows, self._next_ordinal))
        if self._ordinals is not None:
            self._index(self._ordinals, self._pages[-1])
        self._next_ordinal += count
        self._rows += count
        while len(self._pages) > MIN_PAGES and self._rows - self._pages[0].count >= MIN_ROWS:
            self._forget_oldest()

    def ordinal(self, record_id: str) -> int | None:
        """Return the place of *record_id* among all rows delivered, None if it is not known."""
        if self._ordinals is None:
            self._ordinals = {known: place for place, known in enumerate(self._first_ids)}
            for kept in self._pages:
                self._index(self._ordinals, kept)
        return self._ordinals.get(record_id)

    # What was delivered and stands after the place of reading

    def is_ahead(self, ordinals: Iterable[int]) -> bool:
        """Say whether one of the rows at *ordinals* stands after the place of reading."""
        return not self._ahead.keys().isdisjoint(ordinals)

    def go_back(self, ordinal: int) -> None:
        """Learn that reading goes on after the row at *ordinal*, the last that was found.

        Those delivered after it may stand anywhere after the place, and are not forgotten before
        they are passed, however many other rows come before them.
        """
        for later in range(ordinal + 1, self._next_ordinal):
            self._ahead[later] = bisect_right(self._runs, later)
        self._runs.append(self._next_ordinal)

    def note_met(self, ordinals: Iterable[int]) -> None:
        """Learn that the rows at *ordinals* stand on the page that reading comes to now.

        They are passed with the page after it, since a reader may stop before them.
        """
        if self._met:
            last = self._met
            self._ahead = {o: run for o, run in self._ahead.items() if o > last.get(run, -1)}
            self._met = {}
        if self._ahead:
            for ordinal in sorted(self._ahead.keys() & set(ordinals)):
                # Rows of one run were delivered in the order of the list.
                self._met[self._ahead[ordinal]] = ordinal

    def ahead_ids(self, last: int) -> list[str]:
        """Return the ids of rows after the place of reading, but for the *last* delivered."""
        if not self._ahead or self._ordinals is None:
            return []
        oldest = self._next_ordinal - last
        return [
            record_id
            for record_id, ordinal in self._ordinals.items()
            if ordinal in self._ahead and ordinal < oldest
        ]

    def is_out_of_order(self, ordinals: Iterable[int]) -> bool:
        """Say whether rows at *ordinals* come in another order than that of their delivery."""
        in_time = [ordinal for ordinal in ordinals if ordinal not in self._late]
        return in_time != sorted(in_time)

    def last_ids(self, count: int) -> list[str]:
        """Return the ids of the last *count* rows, or fewer, oldest first."""
        ids: list[str] = []
        for kept in reversed(self._pages):
            missing = count - len(ids)
            if missing <= 0:
                return ids
            ids = kept.new_ids()[-missing:] + ids
        return self._first_ids[max(0, len(self._first_ids) + len(ids) - count) :] + ids

    def _index(self, ordinals: dict[str, int], kept: _Kept) -> None:
        places = enumerate(kept.new_ids(), kept.first_ordinal)
        ordinals.update({record_id: ordinal for ordinal, record_id in places})

    def _forget_oldest(self) -> None:
        kept = self._pages.popleft()
        self._rows -= kept.count
        if not self._forgets:
            return
        self._whole = False
        self._first_ids = []
        if self._ordinals is not None:
            # Ids that came with a resume token are older still, and go first.
            oldest = kept.first_ordinal + kept.count
            ahead = self._ahead
            self._late = {o for o in self._late if o >= oldest or o in ahead}
            self._ordinals = {
                known: o for known, o in self._ordinals.items() if o >= oldest or o in ahead
            }
