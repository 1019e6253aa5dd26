"""What a crawl has delivered, as the next windows and a resume token need it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from enkash_async._paging.crawl.windows import AnyWindow, DoneWindow, PagedWindow
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import Window
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import CrawlPoint, ListPoint


class Delivered:
    """The windows delivered lately, whose rows may come again, and the page delivered last."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        """All rows delivered so far, before a resume token was taken too."""
        self._windows: list[DoneWindow] = []
        self._last: AnyWindow | None = None
        self._last_ids: list[str] = []

    def add_window(self, asked: Window, ids: list[str], item: AnyWindow | None = None) -> None:
        """Remember a window that was delivered whole, and those ids that another may hold too."""
        self._windows.append(DoneWindow(asked, ids, item))

    def without_known(
        self, page: RawPage, rows: NewRows, pending: Iterable[Window]
    ) -> tuple[NewRows, int]:
        """Leave out *rows* that came with a window before, and say how many they are.

        Windows that end before all of those *pending* are forgotten: they overlap none of them.
        """
        begin = min(window.begin for window in pending)
        self._windows = [done for done in self._windows if done.asked.end >= begin]
        known = {id_ for done in self._windows for id_ in done.ids}
        again = {i for i in rows.indices(page) if known and page.ids[i] in known}
        first = next((i for i in rows.indices(page) if i not in again), len(page))
        skip = frozenset(i for i in rows.skip | again if i > first)
        return NewRows(self.rows - first, first, skip), len(again)

    def add_page(self, item: AnyWindow, page: RawPage, rows: NewRows) -> None:
        """Count the new *rows* of a page of the window *item*."""
        new = [page.ids[index] for index in rows.indices(page)]
        if new:
            self._last, self._last_ids = item, new
        self.rows += len(new)

    # Going on later

    def point(
        self, unread: int, next_item: AnyWindow | None, *, until: datetime, is_begun: bool
    ) -> CrawlPoint:
        """Return the place to go on from if the last *unread* rows were not used.

        *next_item* is the window to be accepted next, and *until* where the last one ends. Only
        a crawl that *is_begun* knows how its windows are cut.
        """
        place = CrawlPoint(delivered=self.rows - unread, until=until)
        if not is_begun:
            return place
        item = self._last if unread else next_item
        after = until if item is None else item.asked.begin
        done = [
            one
            for one in self._windows
            if one.asked.end >= after and (one.item is None or one.item is not item)
        ]
        edge = [id_ for one in done for id_ in one.ids]
        ends = [one.asked.end for one in done]
        inside, inside_until = None, None
        if isinstance(item, PagedWindow):
            inside, inside_until = self._inside(item, unread), item.asked.end
            unused = set(self._unused_ids(unread))
            edge += [id_ for id_ in item.ids if id_ not in unused]
        elif unread:
            edge += self._last_ids[: len(self._last_ids) - unread]
        if item is not None and (unread or inside is not None):
            ends.append(item.asked.end)
        return msgspec.structs.replace(
            place,
            edge=tuple(edge),
            after=after,
            edge_until=max(ends, default=None),
            inside=inside,
            inside_until=inside_until,
        )

    def _unused_ids(self, unread: int) -> list[str]:
        return self._last_ids[len(self._last_ids) - unread :] if unread else []

    def _inside(self, item: PagedWindow, unread: int) -> ListPoint:
        """Return the place within a window, before its first row that was not used.

        More rows than *unread* may stand from there on: windows before held some of them too.
        """
        rest, history = unread, item.pager.history
        if unread:
            first_unused = history.ordinal(self._unused_ids(unread)[0])
            if first_unused is not None:
                rest = history.last_ordinal - first_unused + 1
        # Where many rows were deleted meanwhile, more are unread than stand before the place.
        return item.pager.point(rest, max(0, item.pager.end_row - rest))
