"""Whether a list can be read by windows of time, found out by a few requests that count."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import attrs

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.census import AHEAD
from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.crawl.cutting import EARLIEST
from enkash_async._paging.page_request import Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._search.counting import ENDS_MISREAD, Count, counts_of, from_now_on
from enkash_async._search.endpoint import ListEndpoint
from enkash_async._search.query import narrowed
from enkash_async._wire.criteria import Criteria
from enkash_async.errors import IncompleteSearchError
from enkash_async.events import Method

F = TypeVar("F", bound=Criteria)

NOBODY = Window(EARLIEST + timedelta(days=2), EARLIEST + timedelta(days=3))
"""A time in which no record was made. At its epoch itself some may stand whose time is unknown."""


@attrs.frozen
class Choice:
    """How to read a list, and why, where that needs saying. *total* is what is counted."""

    method: Method
    why: str | None = None
    total: int | None = None
    findings: tuple[str, ...] = ()
    """What the counts showed of the service."""


async def choose_method(endpoint: ListEndpoint[F, Any], criteria: F, count: Count[F]) -> Choice:
    """Return "crawl" where its windows hold all that *criteria* match, else "search" and why.

    The days of *criteria* are instants. Up to eight counts; raises what they raise.
    """
    time, noun = endpoint.time, endpoint.noun
    if time is None:
        return Choice("search", f"{noun} have no time by which they could be divided")
    begin: datetime = getattr(criteria, time.begin) or EARLIEST
    now = datetime.now(UTC)
    if begin > now:
        return Choice("search", f"{time.begin} lies in the future, where a crawl finds nothing")
    end: datetime = getattr(criteria, time.end) or now + AHEAD
    within = Window(max(begin, EARLIEST), max(begin, end))

    def windows() -> list[F]:
        ahead = from_now_on()
        later = [Window(ahead.begin, min(end, ahead.end))] if end > ahead.begin else []
        return [narrowed(endpoint, criteria, window) for window in (within, NOBODY, *later)]

    try:
        total, inside, before, *later = await counts_of([criteria, *windows()], count)
        if total and (inside < total or before or any(later)):
            # Records may have come or gone between the requests: what was there before and after
            # the windows were counted should be in them.
            inside, before, *later = await counts_of(windows(), count)
            [after] = await counts_of([criteria], count)
            total = min(total, after)
    except IncompleteSearchError as error:
        return Choice("search", f"windows of time cannot be proven whole: {error}")
    if total and any(later):
        return Choice("search", f"{sum(later):,} {noun} {ENDS_MISREAD}", total)
    if not total or (inside >= total and not before):
        return Choice("crawl", total=total, findings=_findings(time.field, noun))
    if before >= total:
        return Choice("search", f"the service does not heed the filter by {time.field}", total)
    missing = max(total - inside, before)
    return Choice("search", f"{missing:,} {noun} have no {time.field} of use", total)


def expected_windows(rows: int, page_rows: int) -> int:
    """Return into how many windows a crawl cuts so many *rows*, if they come evenly.

    They come *page_rows* at a time.
    """
    cutter = Cutter(PageSizes(page_rows), Addressing(), lambda records: [None] * len(records))
    if rows <= cutter.max_pages * page_rows:
        return 1
    whole = Window(EARLIEST, EARLIEST + timedelta(days=36_500))
    parts = len(cutter.parts(whole, rows, cutter.max_pages))
    return parts * expected_windows(math.ceil(rows / parts), page_rows)


def _findings(field: str, noun: str) -> tuple[str, ...]:
    return (
        "recordsCount counts all matches",
        f"the filter by {field} is heeded",
        f"all {noun} have a {field}",
    )
