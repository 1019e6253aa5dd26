"""A service that answers each request with one and the same customer is left with a sentence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from enkash_async import BearerToken, EnKashSession, IncompleteSearchError
from enkash_async.sandbox import SandboxSettings, SearchCall, open_sandbox

pytestmark = pytest.mark.anyio

MOST = 250
"""Requests in which it shows that nothing else comes."""


async def _read(search: Any) -> None:
    async for _ in search:
        pass


@pytest.mark.parametrize("method", ["search", "crawl"])
@pytest.mark.parametrize("counted", [None, 9, 10_000])
@pytest.mark.parametrize("of_page", [2, 3])
async def test_one_row_over_and_over_is_no_list(
    method: str, counted: int | None, of_page: int
) -> None:
    async def answer(call: SearchCall) -> web.Response:
        rows = [{"customerId": "KC1"}] * of_page
        return web.json_response({"payload": {"data": rows, "recordsCount": counted}})

    async with (
        open_sandbox(SandboxSettings(rows=1)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token), page_size=3) as session,
    ):
        sandbox.on_search = answer
        search: Any = getattr(session.customers, method)()
        with pytest.raises(IncompleteSearchError):
            await asyncio.wait_for(_read(search), 60)
        assert len(sandbox.searches) < MOST
