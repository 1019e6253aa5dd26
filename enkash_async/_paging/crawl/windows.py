"""The windows of a crawl, and how one of them is read. No I/O.

A `CountedWindow` ended before the crawl began, so that nothing created since can enter it: it only
loses rows. If all answers about it give the same count, none left between the first and the last
of them, and all of them are pages of one set of so many rows. If as many different ids came, they
are that set, in whatever order and whatever offsets mean. The row by which its pages overlap, and
room on the last page, are a second proof, which does not rely on the count.

Its rows are handed over as they come, not when the window is proven: so no page waits for another,
and what a fallback needs is the ids of one window, which are kept for its neighbours anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

import attrs

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.history import ID_BYTES, NewRows
from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage


@attrs.define(eq=False)
class Family:
    """The windows that one was cut into, which together hold what it held."""

    count: int
    """Of the window that was cut."""
    parts: int
    counted: int = 0
    seen: int = 0

    @property
    def lacks(self) -> bool:
        """Say whether the parts counted so far hold fewer rows than the whole."""
        return self.counted < self.count

    @property
    def is_absurd(self) -> bool:
        """Say whether the parts hold more than they can: each row is in two of them at most."""
        return self.seen > 2 and self.counted > 2 * self.count

    def note(self, count: int) -> None:
        """Learn how many rows one more part holds."""
        self.seen += 1
        self.counted += count


class CountedWindow:
    """A window that is read by offsets within it, and is whole when its counts prove it.

    Its first page tells how many pages there are. With *max_pages* of 1 it is one answer, or cut.
    """

    def __init__(
        self,
        asked: Window,
        addressing: Addressing,
        limit: int,
        *,
        max_pages: int,
        family: Family | None = None,
        tries: int = 0,
        is_second: bool = False,
        known: int = 0,
    ) -> None:
        """Read *asked* in pages of *limit* rows, of which *known* were delivered before."""
        self.asked = asked
        self.max_pages = max_pages
        self.family = family
        self.is_second = is_second
        """It was read before, and its answers did not make one set."""
        self.is_counted = False
        """Its count is known to its family."""
        self.tries = tries
        """How often it was asked for before, because an answer contradicted others."""
        self.count: int | None = None
        self.ids: set[str] = set()
        """Of all rows that came, those that a window before held too among them."""
        self.first_page: RawPage | None = None
        """The page that the plan for the others was made from."""
        self._addressing = addressing
        # A single row leaves no room that would show that it is all.
        first = addressing.request(0, max(2, limit), overlaps=False)
        self.first_limit = first.limit
        self._requests: deque[PageRequest] = deque([attrs.evolve(first, window=asked)])
        # So that the first rows that are new do not wait until the first page is back.
        while known and (row := self._requests[-1].row + self._requests[-1].limit) <= known:
            if len(self._requests) >= max_pages:
                break
            page = addressing.request(row, min(addressing.max_limit, limit + 1), overlaps=True)
            self._requests.append(attrs.evolve(page, window=asked))
        self._end_row = 0
        self._last_id: str | None = None
        self._longest = 0
        """Rows of the longest page so far."""
        self._has_retried = False
        self._error_at: int | None = None
        """Where an error came, for a page after all that is counted."""

    @property
    def head(self) -> PageRequest | None:
        """Return the request for the page to be accepted next; None after the last."""
        return self._requests[0] if self._requests else None

    @property
    def is_begun(self) -> bool:
        """Say whether a page of it was accepted."""
        return self._end_row > 0

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes are kept of the rows that came."""
        first = self.first_page.nbytes if self.first_page is not None and self.is_begun else 0
        return first + ID_BYTES * len(self.ids)

    @property
    def overlaps_next(self) -> bool:
        """Say whether the next page should begin with rows that came, which proves its place."""
        return self._end_row > self._requests[0].row

    @property
    def is_proven(self) -> bool:
        """Say whether all came in one answer, or as many different rows as all answers counted."""
        return self._is_single or len(self.ids) == self.count

    def wanted(self, max_pages: int) -> list[PageRequest]:
        return list(islice(self._requests, max_pages))

    def holds(self, request: PageRequest) -> bool:
        return request in self._requests

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Say whether an error in answer may mean that rows went, so that nothing stands there.

        Where rows are counted, no window ends by it: it is asked for once more, and then the
        window is read anew, at last in single pages, each of which is the first of its own.
        """
        return request.row > 0

    def again(self) -> CountedWindow:
        """Return the same window, to be asked for once more."""
        return self._copy(tries=self.tries + 1, is_second=self.is_second)

    def anew(self) -> CountedWindow:
        """Return the same window, to be read a second time."""
        return self._copy(tries=self.tries, is_second=True)

    def _copy(self, *, tries: int, is_second: bool) -> CountedWindow:
        return CountedWindow(
            self.asked,
            self._addressing,
            self.first_limit,
            max_pages=self.max_pages,
            family=self.family if not self.is_counted else None,
            tries=tries,
            is_second=is_second,
        )

    def retry(self) -> bool:
        """Want the next page once more, which contradicts the others; False the second time."""
        if self._has_retried or not self.is_begun:
            return False
        self._has_retried = True
        self._renew_head()
        return True

    def _renew_head(self) -> None:
        """Want the next page once more: what came for it does not count."""
        self._requests[0] = attrs.evolve(self._requests[0])

    def plan(self, page: RawPage, count: int, limit: int) -> None:
        """Want the pages after the first, *page*, of at most *limit* rows each.

        None if all are on the first, once each, and that has room for more.
        """
        self.first_page, self.count = page, count
        first = self._requests[0]
        self.first_limit = first.limit
        asked = {(one.row, one.limit): one for one in self._requests}
        self._requests = deque([first])
        has_room = count <= len(page) < min(first.limit, limit)
        # A row that comes twice may have taken the place of another one.
        if not has_room or len(set(page.ids)) < len(page):
            # One row more than there are: room that shows that there are no more.
            cover = self._cover(len(page), count + 1, limit)
            self._requests += (asked.get((one.row, one.limit), one) for one in cover)

    @property
    def _is_single(self) -> bool:
        return self.first_page is not None and len(self.first_page) == self.count

    def _cover(self, row: int, stop: int, limit: int) -> Iterator[PageRequest]:
        """Walk over requests for the rows from *row* to *stop*, each with the row before it."""
        while row < stop:
            fit = min(limit, self._addressing.max_limit, stop - row + 1)
            request = self._addressing.request(row, fit, overlaps=True)
            yield attrs.evolve(request, window=self.asked)
            row = request.row + request.limit

    def accept(self, page: RawPage) -> NewRows | None:
        """Return which rows of the next page are new; None where it contradicts the others.

        Rows are counted from 0 in the window.
        """
        request = self._requests[0]
        known = self.ids.intersection(page.ids)
        edge = self._end_row - 1 - request.row
        if edge >= 0 and (edge >= len(page) or page.ids[edge] != self._last_id):
            return None
        rows_due = min(request.limit, (self.count or 0) - request.row)
        is_agreed = page.stands_for_error or page.total == self.count
        if rows_due <= 0 and len(known) == len(page) and is_agreed:
            # Nothing stands there: no row, an error that comes twice, or the last page again.
            if page.stands_for_error and self._error_at != request.row:
                self._error_at = request.row
                self._renew_head()
            else:
                self._requests.popleft()
            return NewRows(request.row, len(page))
        if page.total != self.count or len(page) > rows_due:
            return None
        if len(page) < rows_due and not self._fill(request, page, edge):
            return None
        if not page:
            self._requests.popleft()
            return NewRows(request.row, 0)
        if len(page) == rows_due:
            self._requests.popleft()
        self.ids.update(page.ids)
        self._end_row = max(self._end_row, request.row + len(page))
        self._last_id = page.last_id
        is_full = len(known) < len(page) == self._longest < request.limit
        if is_full and not self._requests:
            # A cap may have taken the room that would have shown one row more than is counted.
            self._requests += self._cover(self._end_row, self._end_row + 1, request.limit)
        self._longest = max(self._longest, len(page))
        skip = frozenset(i for i, id_ in enumerate(page.ids) if id_ in known) if known else None
        return NewRows(request.row, 0, skip or frozenset())

    def _fill(self, request: PageRequest, page: RawPage, edge: int) -> bool:
        """Want the rows by which a page is too short; False where it brings nothing new."""
        if len(page) <= edge + 1:
            return False
        stop = self._requests[1].row + 1 if len(self._requests) > 1 else (self.count or 0) + 1
        self._requests.popleft()
        missing = self._cover(request.row + len(page), stop, request.limit)
        self._requests.extendleft(reversed(list(missing)))
        return True

    def shrink(self, request: PageRequest, sizes: PageSizes, least: int) -> int | None:
        return sizes.shrink(request.limit, least)

    def refit(self, request: PageRequest, sizes: PageSizes) -> PageRequest:
        limit = sizes.fit(request.limit)
        if limit >= request.limit or request not in self._requests:
            return request
        place = self._requests.index(request)
        if not place and not self.is_begun:
            # If the window does not fit into a smaller page, its count shows that.
            first = self._addressing.request(0, limit, overlaps=False)
            parts = [attrs.evolve(first, window=self.asked)]
            if self.first_page is not None:
                stop = self._requests[1].row + 1 if len(self._requests) > 1 else request.limit
                parts += self._cover(first.limit, min(stop, request.limit), limit)
        else:
            before = self._requests[place - 1] if place else None
            row = self._end_row if before is None else before.row + before.limit
            # A page that was asked for before may reach further than this one begins.
            row = min(row, request.row + 1)
            parts = list(self._cover(row, request.row + request.limit, limit))
        del self._requests[place]
        for part in reversed(parts):
            self._requests.insert(place, part)
        return parts[0]


AnyWindow = CountedWindow | PagedWindow
