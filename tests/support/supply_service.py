"""A service that lists made-up suppliers, in the order in which they were registered."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.second_list import SUPPLIERS, stamp

FIRST = datetime(2021, 3, 1, tzinfo=UTC)


class SupplyService:
    """The suppliers there are, and the bodies of the searches that came."""

    def __init__(self, rows: int, without_time: int = 0) -> None:
        self.rows = [_supplier(number, number < without_time) for number in range(rows)]
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""

    def keys(self) -> list[str]:
        return [row["supplier_key"] for row in self.rows]

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        matching = [row for row in self.rows if _matches(row, body)]
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        payload = {"data": matching[offset : offset + limit], "recordsCount": len(matching)}
        return web.Response(body=msgspec.json.encode({"payload": payload}))


@asynccontextmanager
async def open_supply_service(
    rows: int, *, without_time: int = 0
) -> AsyncGenerator[SupplyService, None]:
    service = SupplyService(rows, without_time)
    app = web.Application()
    app.router.add_post(SUPPLIERS.path, service.answer)
    async with TestServer(app) as server:
        service.base_url = str(server.make_url(""))
        yield service


def _supplier(number: int, is_timeless: bool) -> dict[str, Any]:
    moment = FIRST + timedelta(hours=7, seconds=11) * number
    return {
        "supplier_key": f"S/{number:05d}",
        "tradeName": f"Supplier {number}",
        "registeredAt": None if is_timeless else stamp(moment),
        "rating": number % 5,
        "creditLimit": number + 0.25,
        "labels": ["new"] if number % 2 else None,
        "depots": [{"depot-code": f"D{number}", "openedAt": stamp(moment), "tonnage": 1.5}],
        "addedLater": {"and": "not declared"},
    }


def _matches(row: dict[str, Any], body: dict[str, Any]) -> bool:
    keys, rating = body.get("supplier_keys"), body.get("rating")
    begin, end, moment = body.get("registered_from"), body.get("registered_to"), row["registeredAt"]
    # Texts of this notation sort as the times do.
    return (
        (keys is None or row["supplier_key"] in keys)
        and (rating is None or row["rating"] == rating)
        and (begin is None or (moment is not None and begin <= moment))
        and (end is None or (moment is not None and moment <= end))
    )
