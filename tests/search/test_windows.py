"""`customers.windows` and `search(full_check=True)`, against the sandbox over a real socket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from enkash_async import CustomerFilter, IncompleteSearchError, Verdict
from enkash_async._search.partitions import Partitions
from enkash_async.customers.resource import CUSTOMERS
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.misread_ends import misread_ends
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("bounds", ["inclusive", "half_open", "exclusive"])
@pytest.mark.parametrize("clock", ["ms", "s"])
@pytest.mark.parametrize("spread", ["even", "rising"])
async def test_windows_hold_every_customer_once(bounds: Any, clock: Any, spread: Any) -> None:
    settings = SandboxSettings(
        rows=600, created_on_bounds=bounds, clock_resolution=clock, spread=spread
    )
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        windows = await session.customers.windows(max_records=100)
        ids = [
            customer.customer_id
            for window in windows
            async for customer in session.customers.search(window)
        ]
        counts = [await session.customers.count(window) for window in windows]
        assert ids == sandbox.customer_ids()
    assert sum(counts) == 600
    assert max(counts) <= 100
    assert len(windows) <= 12


async def test_windows_keep_the_filter_and_its_bounds(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        whole = CustomerFilter(customer_status="ACTIVE", level="LEVEL_1")
        windows = await session.customers.windows(whole, max_records=20)
        counts = [await session.customers.count(window) for window in windows]
        assert sum(counts) == await session.customers.count(whole)
    assert len(windows) > 1
    assert {window.level for window in windows} == {"LEVEL_1"}


async def test_a_crowd_in_one_instant_stays_in_one_window() -> None:
    settings = SandboxSettings(rows=600, spread="bulk")
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        windows = await session.customers.windows(max_records=50)
        counts = [await session.customers.count(window) for window in windows]
    assert sum(counts) == 600
    assert sum(count > 50 for count in counts) == 1


async def test_few_customers_are_one_window(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        [window] = await session.customers.windows()
        assert await session.customers.count(window) == 250
    assert len(sandbox.searches) == 3


async def test_customers_without_a_time_are_told() -> None:
    settings = SandboxSettings(rows=100, rows_without_created_on=7)
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        with pytest.raises(IncompleteSearchError, match="7 of 100 customers are in no window"):
            await session.customers.windows(max_records=20)


@pytest.mark.parametrize(("created_since", "outside"), [(3, 0), (1, 2), (0, 3)])
async def test_customers_created_meanwhile_are_in_no_window_and_need_not_be(
    created_since: int, outside: int
) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC)

    async def count(criteria: CustomerFilter) -> int:
        if criteria.created_on_to is None:
            return 103
        if criteria.created_on_to == now:
            return 100
        return created_since if criteria.created_on_from == now else 0

    assert CUSTOMERS.time is not None
    partitions = Partitions(CUSTOMERS, CUSTOMERS.time, CustomerFilter(), count)
    if outside:
        with pytest.raises(IncompleteSearchError, match=f"^{outside} of 103 customers"):
            await partitions.cut(lambda: now, 1000)
    else:
        [window] = await partitions.cut(lambda: now, 1000)
        assert window.created_on_to == now


@pytest.mark.parametrize("rows", [0, 1, 2, 100])
async def test_a_count_of_the_page_is_not_taken_for_one_of_all(rows: int) -> None:
    settings = SandboxSettings(rows=rows, count_style="page")
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        if rows < 2:
            assert await session.customers.count() == rows
            return
        with pytest.raises(IncompleteSearchError, match="records of each page"):
            await session.customers.count()
        with pytest.raises(IncompleteSearchError, match="records of each page"):
            await session.customers.windows()


@pytest.mark.parametrize("rows", [0, 1, 2, 100])
async def test_a_count_of_all_is_right_however_few_there_are(rows: int) -> None:
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox, session_for(sandbox) as session:
        assert await session.customers.count() == rows
    assert len(sandbox.searches) == 1 + (rows == 1)


async def test_counts_that_do_not_add_up_are_told() -> None:
    settings = SandboxSettings(rows=100, count_style="plus_one")
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        with pytest.raises(IncompleteSearchError, match="do not add up"):
            await session.customers.windows(max_records=20)


async def test_a_full_check_agrees_with_an_orderly_list(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search(full_check=True)
        assert [customer.customer_id async for customer in search] == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        assert search.report.duplicates_dropped == 0


async def test_a_full_check_finds_records_swapped_where_pages_fit(sandbox: Sandbox) -> None:
    """Two records far apart change places between two pages, as records do that tie."""
    rows = sandbox.records()

    async def swap_behind_the_first_pages(call: SearchCall) -> web.Response:
        there = list(rows)
        if call.offset >= 99:
            there[20], there[220] = there[220], there[20]
        data = there[call.offset : call.offset + call.limit]
        payload = {"data": data, "recordsCount": len(there)}
        return web.Response(body=msgspec.json.encode({"payload": payload}))

    sandbox.on_search = swap_behind_the_first_pages
    async with session_for(sandbox) as session:
        watched = session.customers.search(full_check=True)
        seen = [customer.customer_id async for customer in watched]
        assert len(set(seen)) == len(seen) == 249
        assert watched.report.verdict is Verdict.INCOMPLETE
        with pytest.raises(IncompleteSearchError, match="1 more than"):
            async for _ in session.customers.search(full_check=True, strict=True):
                pass


async def test_windows_that_end_before_now_hold_not_all() -> None:
    async with open_sandbox(SandboxSettings(rows=0)) as sandbox, session_for(sandbox) as session:
        sandbox.on_search = misread_ends(5.5)
        with pytest.raises(IncompleteSearchError, match="10 of 60 customers match a window that"):
            await session.customers.windows(max_records=20)
