"""The ids of the rows delivered last, to know them again when they come a second time. No I/O."""

from __future__ import annotations

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

    Pages are kept as bytes; their ids are read when somebody asks for one of them.
    """

    def __init__(
        self,
        ids: Sequence[str] = (),
        *,
        late: bool = False,
        whole: bool = True,
        forgets: bool = True,
    ) -> None:
        """Start with *ids*, delivered before in this order, or if *late* in no certain one.

        *whole* says that nothing else was delivered. A history that never *forgets* keeps the
        ids of all rows, though not the pages.
        """
        self._forgets = forgets
        self._pages: deque[_Kept] = deque()
        self._rows = 0
        self._next_ordinal = len(ids)
        self._first_ids = list(ids)
        self._ordinals: dict[str, int] | None = None
        if not forgets:
            self._ordinals = {known: place for place, known in enumerate(ids)}
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
            self._late = {ordinal for ordinal in self._late if ordinal >= oldest}
            self._ordinals = {
                known: ordinal for known, ordinal in self._ordinals.items() if ordinal >= oldest
            }
