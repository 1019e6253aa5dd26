"""Does the first page stand at the caller's own offset? No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount

MAX_TRIES = 3
"""First pages looked at before they are taken for the last page of a list that ends before."""


class StartingOffset:
    """Tells whether the first page holds rows from before the offset *start*.

    So it is where a service answers an offset past the end with its last page, and where offsets
    count pages and the service makes pages smaller than asked for.
    """

    def __init__(self, start: int, reach: Reach, count: RecordsCount) -> None:
        self._start = start
        self._reach = reach
        self._count = count
        self._tries = 0
        self._first_ids: Sequence[str] = ()
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
        return bool(self._first_ids) and not self.is_proven

    def is_smaller(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether smaller pages than were asked for make *page* begin somewhere else."""
        if not self._reach.counts_pages or len(page) >= request.limit:
            return False
        return request.row > 0 or len(page) <= self._start

    def is_counted(self, request: PageRequest, page: RawPage) -> bool:
        """Say whether the count, or the place of *page*, proves that rows stand there."""
        is_counted = self._count.shortage(page.total, self._start) > 0
        return self.is_proven or is_counted or not request.row

    def request(self, first: PageRequest, page: RawPage) -> PageRequest:
        """Return the request for what stands before the *first* page, which tells.

        Where an error came instead, it is the first page of the list: it comes if the error is
        about the offset.
        """
        self._tries += 1
        # The last page of a list ends with the same row whenever it comes.
        before, now = self._first_ids[-1:], page.ids[-1:]
        self.has_changed |= bool(before and now) and before != now
        self._first_ids, self.is_error = page.ids, page.stands_for_error
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
        if len(page) < 2 or self._reach.counts_pages:
            is_before = set(page.ids).isdisjoint(self._first_ids)
        else:
            is_before = page.ids[1] in self._first_ids[:1]
        self.is_proven = is_before and len(page) > 0 and bool(self._first_ids)
        # Just before the end stands the last row alone, or the last page again.
        same = (list(self._first_ids), list(self._first_ids[-1:]))
        self.has_changed |= bool(self._first_ids) and page.ids not in same
        is_sure = (not self._first_ids and not reaches_start) or self._tries >= MAX_TRIES
        self.is_past_end = not self.is_proven and is_sure
