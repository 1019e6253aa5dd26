"""`keep_unknown=True`: of a session, a view of it, and one without an event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from enkash_async import ArgumentTypeError, BearerToken, EnKashSession, blocking
from tests.support.raw_server import Call, RawServer, envelope, raw_server, reply

pytestmark = pytest.mark.anyio

ROWS: list[dict[str, Any]] = [
    {"customerId": f"KC{number}", "riskScore": number, "customerKeyContacts": [{"role": "CFO"}]}
    for number in range(7)
]
KEPT = [(number, ["CFO"]) for number in range(7)]
LEFT_OUT = [(None, [None])] * 7


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async def send(call: Call) -> bytes:
        offset, limit = int(call.query["offset"]), int(call.query["limit"])
        wanted = json.loads(call.body).get("customerIds")
        rows = [row for row in ROWS if wanted is None or row["customerId"] in wanted]
        data = {"data": rows[offset : offset + limit], "recordsCount": len(rows)}
        return reply(envelope(payload=data), keep_alive=True)

    async with raw_server(send) as server:
        yield server


def extra_of(customer: Any) -> tuple[Any, list[Any]]:
    contacts = customer.customer_key_contacts
    return customer.extra.get("riskScore"), [contact.extra.get("role") for contact in contacts]


Ask = Callable[[EnKashSession], Any]


async def by_record(session: EnKashSession) -> list[Any]:
    return [customer async for customer in session.customers.search(page_size=3)]


async def by_page(session: EnKashSession) -> list[Any]:
    return [one async for page in session.customers.search(page_size=3).pages() for one in page]


async def one_by_one(session: EnKashSession) -> list[Any]:
    return [await session.customers.get(row["customerId"]) for row in ROWS]


@pytest.mark.parametrize("ask", [by_record, by_page, one_by_one])
async def test_a_session_or_a_view_of_it_keeps_them(server: RawServer, ask: Ask) -> None:
    async with EnKashSession(server.base_url, BearerToken("t")) as session:
        keeping = session.with_options(keep_unknown=True)
        for asked, wanted in (
            (session, LEFT_OUT),
            (keeping, KEPT),
            (keeping.with_options(timeout=9), KEPT),
            (keeping.with_options(keep_unknown=False), LEFT_OUT),
        ):
            assert [extra_of(customer) for customer in await ask(asked)] == wanted
    async with EnKashSession(server.base_url, BearerToken("t"), keep_unknown=True) as session:
        assert [extra_of(customer) for customer in await ask(session)] == KEPT


async def test_without_an_event_loop_too(server: RawServer) -> None:
    def read() -> list[Any]:
        with blocking.EnKashSession(
            server.base_url, BearerToken("t"), keep_unknown=True
        ) as session:
            return [*session.customers.search(page_size=3)]

    assert [extra_of(customer) for customer in await asyncio.to_thread(read)] == KEPT


async def test_a_table_has_the_columns_of_its_schema(server: RawServer) -> None:
    pytest.importorskip("pyarrow", reason="an extra")
    async with EnKashSession(server.base_url, BearerToken("t"), keep_unknown=True) as session:
        table = await session.customers.search(page_size=3).to_arrow()

    assert (table.num_rows, table.num_columns) == (7, 31)


def test_it_is_a_bool() -> None:
    wrong: Any = "yes"
    with pytest.raises(ArgumentTypeError, match="keep_unknown must be True or False, not str"):
        EnKashSession("https://api.example", BearerToken("t"), keep_unknown=wrong)
