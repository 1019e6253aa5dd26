"""Leaving a search early, in every way there is: nothing hangs, leaks or warns."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import anyio
import pytest

from enkash_async import (
    BearerToken,
    CustomerSearch,
    EnKashSession,
    InvalidAccessError,
    RequestTimeoutError,
    Timeout,
)
from enkash_async._paging.raw_page import RawPage
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    Sandbox,
    SandboxSettings,
    SearchCall,
    faults,
    open_sandbox,
)
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


class Gate:
    """Holds every search request behind the first 100 rows until it is opened."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.opened = anyio.Event()
        self.reached = anyio.Event()
        self.sandbox = sandbox
        sandbox.on_search = self._hold

    async def _hold(self, call: SearchCall) -> None:
        if call.offset >= 99:
            self.reached.set()
            await self.opened.wait()


@pytest.fixture
async def gate(sandbox: Sandbox) -> AsyncIterator[Gate]:
    gate = Gate(sandbox)
    yield gate
    gate.opened.set()


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox) as session:
        yield session


def tasks_in_flight() -> int:
    return sum("Prefetch._run" in task.get_name() for task in asyncio.all_tasks())


async def nothing_is_in_flight(*, but: int = 0) -> bool:
    """Let cancelled tasks end, and say whether all have *but* so many."""
    for _ in range(100):
        if tasks_in_flight() <= but:
            return True
        await asyncio.sleep(0)
    return False


async def is_usable(session: EnKashSession, gate: Gate) -> bool:
    gate.opened.set()
    return len([customer async for customer in session.customers.search()]) == 250


async def test_break_stops_the_fetches_and_leaves_the_session_usable(
    session: EnKashSession, gate: Gate
) -> None:
    expected = gate.sandbox.customer_ids()
    async for customer in session.customers.search():
        if customer.customer_id == expected[60]:
            await gate.reached.wait()
            # Of five full pages two have come.
            assert tasks_in_flight() == 3
            break
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


async def test_break_out_of_pages_stops_the_fetches(session: EnKashSession, gate: Gate) -> None:
    async for page in session.customers.search().pages():
        if page.offset:
            await gate.reached.wait()
            break
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


async def test_leaving_the_block_stops_the_fetches_at_once(
    session: EnKashSession, gate: Gate
) -> None:
    async with session.customers.search() as search:
        pages = search.pages()
        await anext(pages)
        await anext(pages)
        await gate.reached.wait()
        assert tasks_in_flight()
    assert tasks_in_flight() == 0
    assert await is_usable(session, gate)


async def test_an_error_in_the_loop_body_arrives_as_itself(
    session: EnKashSession, gate: Gate
) -> None:
    class OwnError(Exception):
        pass

    with pytest.raises(OwnError) as caught:
        await fail_in_the_middle(session, OwnError("mine"))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    del caught
    gc.collect()
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


async def fail_in_the_middle(session: EnKashSession, error: Exception) -> None:
    async with session.customers.search() as search:
        async for page in search.pages():
            if page.offset:
                raise error


async def test_an_error_leaves_the_session_block_as_itself(sandbox: Sandbox) -> None:
    error = LookupError("mine")
    with pytest.raises(LookupError) as caught:
        async with session_for(sandbox) as session:
            await fail_in_the_middle(session, error)
    assert caught.value is error


async def test_cancelling_the_consumer_cancels_its_fetches(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    consumer = asyncio.create_task(read_all(search))
    await gate.reached.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    # The page that is needed next is kept, in case somebody reads on.
    assert await nothing_is_in_flight(but=1)
    await search.aclose()
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


async def read_all(search: CustomerSearch) -> int:
    return len([customer async for customer in search])


async def test_a_timeout_around_the_loop_is_a_timeout_and_reading_can_go_on(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    seen = []

    async def read_for_a_while() -> None:
        async with asyncio.timeout(0.2):
            async for customer in search:
                seen.append(customer.customer_id)

    with pytest.raises(TimeoutError):
        await read_for_a_while()
    # The page that is needed next is kept.
    assert await nothing_is_in_flight(but=1)
    gate.opened.set()
    seen += [customer.customer_id async for customer in search]
    assert seen == gate.sandbox.customer_ids()


@pytest.mark.parametrize("view", ["first", "pages", "raw_pages", "records"])
async def test_a_read_cancelled_in_the_middle_of_decoding_loses_nothing(
    session: EnKashSession, sandbox: Sandbox, view: str
) -> None:
    for turns in range(12):
        # Three slices to decode, and turns of the event loop in between.
        search = session.customers.search(page_size=250)
        views: dict[str, Any] = {"pages": search.pages, "raw_pages": search.raw_pages}
        source: Any = views[view]() if view in views else search

        async def step(source: Any = source, search: CustomerSearch = search) -> Any:
            return await search if view == "first" else await anext(source)

        reader = asyncio.create_task(step())
        while not search.report.pages:
            await anyio.lowlevel.checkpoint()
        for _ in range(turns):
            await asyncio.sleep(0)
        came = [] if reader.cancel() else [reader.result()]
        await asyncio.wait([reader])
        if view == "first":
            assert len(await search) == 250
            continue
        came += [unit async for unit in source]
        assert sum(1 if view == "records" else len(unit) for unit in came) == 250


async def test_closing_from_another_task_wakes_the_reader_with_an_error(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    consumer = asyncio.create_task(read_all(search))
    await gate.reached.wait()
    await search.aclose()
    await search.aclose()
    with pytest.raises(RuntimeError, match="closed while"):
        await consumer
    with pytest.raises(RuntimeError, match="closed"):
        await anext(search)
    assert tasks_in_flight() == 0
    assert await is_usable(session, gate)


async def test_closing_the_session_wakes_the_reader_with_an_error(
    sandbox: Sandbox, gate: Gate
) -> None:
    async with session_for(sandbox) as session:
        consumer = asyncio.create_task(read_all(session.customers.search()))
        await gate.reached.wait()
    with pytest.raises(RuntimeError, match="closed while"):
        await consumer
    assert tasks_in_flight() == 0


async def test_a_session_may_be_closed_by_another_task_than_opened_it(sandbox: Sandbox) -> None:
    session = session_for(sandbox)
    await asyncio.create_task(session.__aenter__())
    assert await session.customers.count() == 250
    await asyncio.create_task(session.aclose())
    await session.aclose()
    with pytest.raises(RuntimeError, match="not open"):
        await session.customers.count()


async def test_a_search_that_nobody_holds_is_collected_and_stopped(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    pages = search.pages()
    await anext(pages)
    await anext(pages)
    await gate.reached.wait()
    gone = weakref.ref(search)
    del search, pages
    assert gone() is None
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


async def test_a_search_may_be_collected_in_another_thread(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    pages = search.pages()
    await anext(pages)
    await anext(pages)
    await gate.reached.wait()
    cycle: list[Any] = [search, pages]
    cycle.append(cycle)
    del search, pages, cycle
    collector = threading.Thread(target=gc.collect)
    collector.start()
    await asyncio.to_thread(collector.join)
    assert await nothing_is_in_flight()
    assert await is_usable(session, gate)


def test_a_search_may_outlive_its_loop() -> None:
    left: list[CustomerSearch] = []

    async def leave_a_search_behind() -> None:
        settings = SandboxSettings(rows=250)
        async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
            search = session.customers.search()
            await anext(search)
            left.append(search)

    asyncio.run(leave_a_search_behind())
    left.clear()
    gc.collect()


def test_a_program_may_end_without_closing_anything() -> None:
    async def just_end() -> None:
        settings = SandboxSettings(rows=250)
        async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
            await anext(session.customers.search())

    asyncio.run(just_end())
    gc.collect()


async def test_two_tasks_cannot_read_one_search_at_a_time(
    session: EnKashSession, gate: Gate
) -> None:
    search = session.customers.search()
    consumer = asyncio.create_task(read_all(search))
    await gate.reached.wait()
    with pytest.raises(RuntimeError, match="one task reads at a time"):
        await read_all(search)
    gate.opened.set()
    assert await consumer <= 250


async def test_an_error_is_raised_again_rather_than_taken_for_the_end(sandbox: Sandbox) -> None:
    async with session_for(sandbox, timeout=Timeout(progress=0.1)) as session:
        gate = Gate(sandbox)
        search = session.customers.search()
        for _ in range(2):
            with pytest.raises(RequestTimeoutError, match="progress"):
                await read_all(search)
        gate.opened.set()


async def test_the_end_stays_the_end(session: EnKashSession) -> None:
    search = session.customers.search()
    assert await read_all(search) == 250
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(search)
    await search.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(search)


@pytest.mark.parametrize("leave", ["cancel", "close", "drop"])
async def test_memory_and_places_come_back_when_many_searches_are_left(
    session: EnKashSession, gate: Gate, leave: str
) -> None:
    searches = [session.customers.search() for _ in range(20)]
    async with anyio.create_task_group() as group:
        for search in searches:
            group.start_soon(_read_until_cancelled, search)
        await gate.reached.wait()
        if leave == "cancel":
            group.cancel_scope.cancel()
        else:
            for search in searches:
                await search.aclose()
    if leave == "drop":
        searches.clear()
    # Who was cancelled may go on, and has one request for that.
    assert await nothing_is_in_flight(but=20 if leave == "cancel" else 0)
    assert await is_usable(session, gate)


async def test_searches_that_were_left_give_their_bytes_back(sandbox: Sandbox) -> None:
    # Room for the head and about two pages more.
    async with session_for(sandbox, prefetch_bytes=400_000, page_size=50) as session:
        for _ in range(10):
            pages = session.customers.search().pages()
            for _ in range(3):
                await anext(pages)
            await anyio.wait_all_tasks_blocked()
            del pages
        gate = Gate(sandbox)
        search = session.customers.search()
        pages = search.pages()
        for _ in range(2):
            await anext(pages)
        await gate.reached.wait()
        assert tasks_in_flight() == 3
        gate.opened.set()
        await search.aclose()


async def _read_until_cancelled(search: CustomerSearch) -> None:
    with contextlib.suppress(RuntimeError):
        await read_all(search)


async def test_a_search_belongs_to_its_loop(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()

        def in_another_loop(use: Callable[[], Coroutine[Any, Any, object]]) -> str:
            with pytest.raises(RuntimeError) as caught:
                asyncio.run(use())
            return str(caught.value)

        for use in (search.__anext__, session.customers.count, search.__anext__):
            assert "another event loop" in await asyncio.to_thread(in_another_loop, use)
        # It is bound where it is read first.
        search = session.customers.search()
        await search
        assert "another event loop" in await asyncio.to_thread(in_another_loop, search.__anext__)


async def test_a_session_can_be_opened_again(sandbox: Sandbox) -> None:
    session = EnKashSession(sandbox.base_url, BearerToken(sandbox.token))
    for _ in range(2):
        async with session:
            assert await session.customers.count() == 250
            with pytest.raises(RuntimeError, match="open already"):
                await session.__aenter__()


def pages_held() -> list[RawPage]:
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, RawPage) and len(one)]


@pytest.mark.parametrize(
    ("method", "options", "fails"),
    [
        ("search", {}, False),
        ("search", {"full_check": True}, False),
        ("search", {"max_records": 120}, False),
        ("crawl", {}, False),
        ("search", {}, True),
        ("crawl", {}, True),
    ],
)
async def test_a_search_that_ended_holds_no_pages_and_knows_its_place(
    sandbox: Sandbox, method: str, options: dict[str, Any], fails: bool
) -> None:
    before = pages_held()
    async with session_for(sandbox) as session:
        if fails:
            sandbox.faults = FaultScript([Fault(faults.HttpError(403), offset_from=40)])
        search, seen = getattr(session.customers, method)(**options), list[str | None]()
        with pytest.raises(InvalidAccessError) if fails else contextlib.nullcontext() as raised:
            async for customer in search:
                seen.append(customer.customer_id)
        del raised
        assert [page for page in pages_held() if page not in before] == []
        assert session.customers._settings.connect().budget.used == 0

        sandbox.faults = FaultScript([])
        options = {name: value for name, value in options.items() if name != "max_records"}
        rest = getattr(session.customers, method)(resume=search.resume_token, **options)
        seen += [customer.customer_id async for customer in rest]
    assert sorted(map(str, seen)) == sorted(sandbox.customer_ids())
