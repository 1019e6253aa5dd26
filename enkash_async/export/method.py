"""Whether a list can be read by windows of time, found out by a few requests that count."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from enkash_async._search.list_resource import ListResource
from enkash_async.errors import IncompleteSearchError
from enkash_async.events import Method

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY = (EPOCH + timedelta(days=2), EPOCH + timedelta(days=3))
"""A time in which no record was made. At its epoch itself some may stand whose time is unknown."""
AHEAD = timedelta(hours=12)
"""How far the service's clock may be ahead of this machine's."""


@attrs.frozen
class Choice:
    """How to read a list, and why, where that needs saying. *total* is what is counted."""

    method: Method
    why: str | None = None
    total: int | None = None
    findings: tuple[str, ...] = ()
    """What the counts showed of the service."""


async def choose_method(resource: ListResource[Any, Any], criteria: Any) -> Choice:
    """Return "crawl" where its windows hold all records, else "search" and the reason.

    Up to twelve requests, each for a row or two. Raises what they raise.
    """
    endpoint = resource.endpoint
    time = endpoint.time
    criteria = endpoint.criteria() if criteria is None else criteria
    if time is None:
        return Choice("search", f"{endpoint.noun} have no time by which they could be divided")
    begin: datetime = getattr(criteria, time.begin) or EPOCH
    end: datetime = getattr(criteria, time.end) or datetime.now(UTC) + AHEAD
    within = _narrowed(criteria, time, max(begin, EPOCH), max(begin, end))
    nothing = _narrowed(criteria, time, *NOBODY)
    filters = [criteria, within, nothing]
    try:
        total, inside, before = await _counts(resource, filters)
        if total and (inside < total or before):
            # Records may have come or gone between the requests.
            total, inside, before = await _counts(resource, filters)
    except IncompleteSearchError as error:
        return Choice("search", f"windows of time cannot be proven whole: {error}")
    if not total or (inside >= total and not before):
        return Choice("crawl", total=total, findings=_findings(time.field, endpoint.noun))
    if before >= total:
        why = f"the service does not heed the filter by {time.field}"
        return Choice("search", why, total)
    missing = max(total - inside, before)
    return Choice("search", f"{missing:,} {endpoint.noun} have no {time.field} of use", total)


def _narrowed(criteria: Any, time: Any, begin: datetime, end: datetime) -> Any:
    return attrs.evolve(criteria, **{time.begin: begin, time.end: end})


def _findings(field: str, noun: str) -> tuple[str, ...]:
    return (
        "recordsCount counts all matches",
        f"the filter by {field} is heeded",
        f"all {noun} have a {field}",
    )


async def _counts(resource: ListResource[Any, Any], filters: list[Any]) -> list[int]:
    # All end before an error is raised, so that no request is left running.
    found = await asyncio.gather(*map(resource.count, filters), return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if not isinstance(one, BaseException)]
