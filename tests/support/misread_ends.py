"""A service that ignores the zone in which the ends of windows are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web

from enkash_async.sandbox import SearchCall


def misread_ends(hours: float) -> Callable[[SearchCall], Awaitable[web.Response]]:
    """Return what answers for 60 customers, ten of the last hours, as if it ignored the zone."""
    now = datetime.now(UTC)
    ages = [timedelta(days=50 - n) for n in range(50)]
    ages += [timedelta(minutes=20 * (10 - n)) for n in range(10)]
    rows = [
        {"customerId": f"KC{n}", "createdOn": (now - age).isoformat()} for n, age in enumerate(ages)
    ]

    def bound(call: SearchCall, name: str, default: datetime) -> datetime:
        text = call.body.get(name)
        return default if text is None else datetime.fromisoformat(text) - timedelta(hours=hours)

    async def answer(call: SearchCall) -> web.Response:
        first = bound(call, "createdOnFrom", datetime.min.replace(tzinfo=UTC))
        last = bound(call, "createdOnTo", datetime.max.replace(tzinfo=UTC))
        found = [row for row in rows if first <= datetime.fromisoformat(row["createdOn"]) <= last]
        page = found[call.offset : call.offset + call.limit]
        payload = {"data": page, "recordsCount": len(found)}
        return web.json_response({"errorResponse": None, "payload": payload, "response_code": 0})

    return answer
