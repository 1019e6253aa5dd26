"""Does the first page stand at the caller's own offset? No I/O."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount

MAX_TRIES = 3
"""First pages looked at before they are taken for the last page of a list that ends before.

One more where the last of them led on from the page before it.
"""


class Seen(msgspec.Struct, frozen=True):
    """The ids of a page, and the count that stood beside them."""

    ids: Sequence[str] = ()
    total: int | None = None


NOTHING = Seen()


class StartingOffset:
    """Tells whether the first page holds rows from before the offset *start*.

    So it is where a service answers an offset past the end with its last page, and where offsets
    count pages and the service makes pages smaller than asked for.

    That the page before leads up to it says little: of a last page that comes for each offset, one
    row added or removed between the two looks the same. So the first page is asked for again, and
    must lead on from the page before as well. Where a count says that the list ends before, that
    must be the same page again, with the same count beside all three.
    """

    def __init__(self, start: int, reach: Reach, count: RecordsCount) -> None:
        self._start = start
        self._reach = reach
        self._count = count
        self._tries = 0
        self._first = self._before = NOTHING
        self._fits = False
        """The two led on from each other when the later of them came."""
        self.is_proven = not start
        """The page stands where it should."""
        self.is_past_end = False
        """Nothing stands there."""
        self.has_changed = False
        """The first page and the one before it were neither the same nor neighbours."""
        self.is_error = False
        """An error came instead of the first page."""
        self.ends_at = start
        """The row before which the list ends, by its first page; 0 if no other page can show it."""

    @property
    def is_doubtful(self) -> bool:
        """Say whether a page came that may stand there, or may not."""
        return bool(self._first.ids) and not self.is_proven

    @property
    def awaits_proof(self) -> bool:
        """Say whether the first page is to come again, as it did, to prove that it stands there."""
        return self._fits and not self.is_proven

    def is_smaller(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether smaller pages than were asked for make *page* begin somewhere else."""
        if not self._reach.counts_pages or len(page) >= request.limit:
            return False
        return request.row > 0 or len(page) <= self._start

    def is_counted(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether the count, or the pages around *page*, prove that rows stand there."""
        is_counted = self._count.shortage(page.total, self._start) > 0
        return self.is_proven or is_counted or not request.row or self._is_confirmed(page)

    def _is_confirmed(self, page: RawPage) -> bool:
        """Say whether *page* is the first page again, and the one before leads up to both."""
        if not self._fits or not self._leads_on(self._before.ids, page.ids):
            return False
        if self._count.expected is None:
            return True
        is_same = list(page.ids) == list(self._first.ids)
        return is_same and self._first.total == self._before.total == page.total

    def _leads_on(self, before: Sequence[str], first: Sequence[str]) -> bool:
        """Say whether the *first* page begins where the page *before* it says."""
        if not before or not first:
            return False
        if len(before) < 2 or self._reach.counts_pages:
            return set(before).isdisjoint(first)
        return before[1] == first[0]

    def request(self, first: PageRequest, page: RawPage) -> PageRequest:
        """Return the request for what stands before the *first* page, which tells.

        Where an error came instead, it is the first page of the list: it comes if the error is
        about the offset.
        """
        self._tries += 1
        # The last page of a list ends with the same row whenever it comes.
        before, now = self._first.ids[-1:], page.ids[-1:]
        self.has_changed |= bool(before and now) and before != now
        self._fits = self._leads_on(self._before.ids, page.ids)
        self._first, self.is_error = Seen(page.ids, page.total), page.stands_for_error
        if page.stands_for_error:
            return self._reach.page_at(0, Purpose.BEFORE)
        return self._reach.page_before(first)

    def proof(self, before: PageRequest, page: RawPage) -> PageRequest | None:
        """Return the request that tells whether the list ends where the first page of it says.

        It came for *before*, since an error came for the offset. A count may have stopped at some
        number, and a page may be short because the service caps it: so the page is asked for that
        ends with the last row, if there is no other. None if there is nothing to ask.
        """
        if not self.is_error or before.row > 0:
            return None
        is_short = len(page) < before.limit
        uncounted = len(page) if is_short else self._start
        self.ends_at = uncounted if self._count.expected is None else self._count.expected
        is_shown = self._count.is_total and is_short and len(page) == self.ends_at
        if is_shown or self.ends_at < 2:
            return None
        proof = self._reach.page_at(self.ends_at - 1, Purpose.BEFORE)
        if proof.row <= 0:
            # Where offsets count pages, that is the first page again, which shows nothing more.
            self.ends_at = 0
            return None
        return proof

    def judge(self, page: RawPage, *, reaches_start: bool = False) -> None:
        """Learn what stands before the first page, and so what that one is.

        Where *page* itself *reaches_start*, an error says nothing: rows stand there.
        """
        was_fitting, first = self._fits, self._first.ids
        # Held against an error, it is the first page of the list.
        self._before = NOTHING if self.is_error else Seen(page.ids, page.total)
        self._fits = self._leads_on(self._before.ids, first)
        self.is_proven = self._fits and was_fitting and self._count.expected is None
        # Just before the end stands the last row alone, or the last page again.
        same = (list(first), list(first[-1:]))
        self.has_changed |= bool(first) and page.ids not in same
        is_sure = (not first and not reaches_start) or self._tries >= MAX_TRIES + self._fits
        self.is_past_end = not self.is_proven and is_sure
