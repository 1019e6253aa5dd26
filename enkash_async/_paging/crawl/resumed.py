"""Where a crawl can go on, and the windows that remain there. No I/O.

What remains begins where the earliest of the windows does that were not read to their end. All
rows delivered that reach there are known by their ids, so that it does not matter how it is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.crawl.cutting import NARROWEST
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.crawl.seams import MARGIN, Seams
from enkash_async._paging.crawl.windows import AnyWindow
from enkash_async._paging.page_request import Window
from enkash_async.resume import CrawlPoint, ListPoint


def windows_of(point: CrawlPoint, cutter: Cutter, until: datetime) -> list[AnyWindow]:
    """Return the windows that remain after *point*."""
    assert point.after is not None
    if point.finished:
        return []
    windows: list[AnyWindow] = []
    rest: datetime | None = point.after
    if point.inside is not None:
        asked = Window(point.after, point.inside_until or until)
        windows.append(cutter.paged(asked, point.inside))
        rest = point.rest
    if rest is None:
        return windows
    remaining = Window(rest, until)
    if point.total is None:
        return [*windows, cutter.paged(remaining)]
    begun = point.edge_until
    if point.inside is None and begun is not None and begun - rest >= NARROWEST:
        # The window that was being read: what is left of it is known to fit, and comes first.
        windows += cutter.one(Window(rest, begun), len(point.edge))
        if begun >= until:
            return windows
        remaining = Window(begun - MARGIN, until)
    return windows + cutter.rest(remaining, max(1, point.total - point.delivered))


def place_of(
    windows: Sequence[AnyWindow], seams: Seams, unread: int, until: datetime
) -> CrawlPoint:
    """Return the place before the last *unread* rows, where *windows* are not read to their end.

    Where there is none, all rows are used, and nothing that was delivered can come again.
    """
    if not windows:
        return CrawlPoint(delivered=seams.rows, until=until, after=until, finished=True)
    head = windows[0]
    after = min(window.asked.begin for window in windows)
    unused = set(seams.unused_ids(unread))
    edge, ends = list(seams.ids_from(after)), [seams.end_after(after)]
    if head.ids:
        edge += head.ids
        ends.append(head.asked.end)
    point = CrawlPoint(
        delivered=seams.rows - unread,
        until=until,
        after=after,
        edge=tuple(dict.fromkeys(id_ for id_ in edge if id_ not in unused)),
        edge_until=_within(
            max((end for end in ends if end is not None), default=None), after, until
        ),
    )
    if not isinstance(head, PagedWindow):
        return point
    return msgspec.structs.replace(
        point,
        after=head.asked.begin,
        edge_until=_within(point.edge_until, head.asked.begin, until),
        inside=_inside(head, seams, unread),
        inside_until=head.asked.end,
        rest=min((window.asked.begin for window in windows[1:]), default=None),
    )


def _within(moment: datetime | None, begin: datetime, end: datetime) -> datetime | None:
    """Return *moment* between *begin* and *end*: ids known for longer than need be do no harm."""
    return None if moment is None else max(begin, min(moment, end))


def _inside(window: PagedWindow, seams: Seams, unread: int) -> ListPoint:
    """Return the place within a window, before its first row that was not used.

    More rows than *unread* may stand from there on: windows before held some of them too.
    """
    rest, history = unread, window.pager.history
    if unread:
        first_unused = history.ordinal(seams.unused_ids(unread)[0])
        if first_unused is not None:
            rest = history.last_ordinal - first_unused + 1
    # Where many rows were deleted meanwhile, more are unread than stand before the place.
    point = window.pager.point(rest, max(0, window.pager.end_row - rest))
    # As many rows may be put back as came again, which the list does not count twice.
    return msgspec.structs.replace(point, delivered=max(0, point.delivered))
