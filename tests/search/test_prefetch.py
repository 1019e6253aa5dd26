"""Pages fetched ahead: in which order, how many, how many bytes, and how they are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import (
    ClientRequestError,
    ConnectError,
    InvalidAccessError,
    RecordNotFoundError,
    RequestTimeoutError,
    SystemFaultError,
    Timeout,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
)
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import HEAVY_ROW, RawPage
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.prefetch import ASSUMED_ROW_BYTES, Prefetch
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry.telemetry import Telemetry
from tests.support.planned import ROWS, FakePlanner, Gate, page_of

pytestmark = pytest.mark.anyio

ASSUMED = ROWS * ASSUMED_ROW_BYTES
"""What a page is taken to weigh until the first has come; those of the gate have 100 bytes."""

PAGE = ASSUMED
"""What each weighs where rows weigh what they are taken to."""

PATIENT = Timeout(progress=60)

Make = Callable[..., Prefetch]

some = settings(max_examples=60, deadline=None, database=None)


@pytest.fixture
async def owner() -> AsyncIterator[TaskOwner]:
    owner = TaskOwner()
    yield owner
    await owner.aclose()


@pytest.fixture
def planner() -> FakePlanner:
    return FakePlanner(pages=8)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def budget() -> ByteBudget:
    return ByteBudget(100 * ASSUMED)


@pytest.fixture
def make(owner: TaskOwner, planner: FakePlanner, gate: Gate, budget: ByteBudget) -> Make:
    def make(
        max_pages: int = 4,
        budget: ByteBudget = budget,
        timeout: Timeout = PATIENT,
        fetch: Any = gate.fetch,
    ) -> Prefetch:
        watch = Telemetry([]).search("things", "search")
        return Prefetch(planner, fetch, owner, budget, max_pages, timeout, watch)

    return make


async def filled(prefetch: Prefetch) -> None:
    """Fill, and wait until the fetches have started."""
    prefetch.fill()
    await anyio.wait_all_tasks_blocked()


async def take(prefetch: Prefetch, planner: FakePlanner) -> int:
    """Take the page that is next, as a stream does, and return its first row."""
    page = await prefetch.head()
    planner.accept(page)
    prefetch.fill()
    await anyio.wait_all_tasks_blocked()
    return int(page.first_id)


# How many


async def test_no_more_pages_are_in_flight_or_waiting_than_allowed(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    prefetch = make(max_pages=3)
    await filled(prefetch)
    assert gate.started == [0, 10, 20]
    await gate.let_come(10, 20)
    assert gate.started == [0, 10, 20]
    await gate.let_come(0)
    assert await take(prefetch, planner) == 0
    assert gate.started == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("nbytes", "started"),
    [
        (0, [0]),
        (ASSUMED - 1, [0]),
        (ASSUMED, [0]),
        (2 * ASSUMED, [0, 10]),
        (3 * ASSUMED - 1, [0, 10]),
        (9 * ASSUMED, [0, 10, 20, 30]),
    ],
)
async def test_pages_keep_to_the_bytes_but_for_the_one_that_is_next(
    make: Make, gate: Gate, nbytes: int, started: list[int]
) -> None:
    await filled(make(budget=ByteBudget(nbytes)))
    assert gate.started == started


async def test_the_next_page_is_fetched_though_others_hold_all_bytes(
    make: Make, gate: Gate
) -> None:
    shared = ByteBudget(10)
    shared.take(1000)
    await filled(make(budget=shared))
    assert gate.started == [0]


async def test_pages_that_came_weigh_what_they_are_and_tell_what_others_will(
    make: Make, gate: Gate, budget: ByteBudget
) -> None:
    small = ByteBudget(ASSUMED)
    prefetch = make(budget=small)
    await filled(prefetch)
    assert (gate.started, small.used) == ([0], ASSUMED)
    await gate.let_come(0)
    assert (gate.started, small.used) == ([0, 10, 20, 30], 400)


@some
@given(st.integers(0, 9), st.integers(1, 5), st.lists(st.integers(0, 12), min_size=8, max_size=8))
def test_what_is_remembered_leaves_less_room_ahead_and_stops_nobody(
    pages: int, max_pages: int, remembered: list[int]
) -> None:
    async def read() -> None:
        owner, planner, gate, budget = TaskOwner(), FakePlanner(8), Gate(), ByteBudget(pages * PAGE)
        gate.row_bytes = ASSUMED_ROW_BYTES
        watch = Telemetry([]).search("things", "search")
        prefetch = Prefetch(planner, gate.fetch, owner, budget, max_pages, PATIENT, watch)
        await filled(prefetch)
        for accepted, held in enumerate(remembered):
            before = len(gate.started) - accepted
            await gate.let_come(planner.requests[0].row)
            assert int((await prefetch.head()).first_id) == accepted * ROWS
            planner.accept(await prefetch.head())
            planner.held_bytes = held * PAGE
            await filled(prefetch)

            there = len(gate.started) - accepted - 1
            assert budget.used == (there + held) * PAGE
            if planner.requests:
                assert there >= 1
            if there > max(1, before - 1):
                assert there + held <= pages
            if there < min(max_pages, len(planner.requests)):
                assert there + held + 1 > pages
        assert planner.ended
        prefetch.discard()
        assert (budget.used, budget.remembered) == (0, 0)
        await owner.aclose()

    asyncio.run(read())


async def test_what_arrives_is_told_to_the_plan_before_its_turn(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    await filled(make())
    await gate.let_come(20, 10)
    assert planner.arrived == [20, 10]


# In which order


async def test_pages_are_taken_in_order_whatever_order_they_land_in(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    prefetch = make()
    await filled(prefetch)
    await gate.let_come(30, 10, 20, 0)
    gate.open()
    assert [await take(prefetch, planner) for _ in range(8)] == list(range(0, 80, 10))
    assert planner.ended


async def test_a_page_that_the_plan_prefers_when_another_has_come_is_taken_first(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    prefetch = make()
    planner.prefers = PageRequest(500, 500, ROWS)
    gate.open()
    await filled(prefetch)
    assert await take(prefetch, planner) == 500
    assert await take(prefetch, planner) == 0


async def test_one_who_waits_gets_the_page_that_takes_the_place_of_one_not_wanted_any_more(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    prefetch = make()
    await filled(prefetch)
    async with anyio.create_task_group() as group:
        pages: list[RawPage] = []

        async def wait() -> None:
            pages.append(await prefetch.head())

        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        del planner.requests[0]
        await gate.let_come(20)
        assert not pages
        await gate.let_come(10)
    assert [page.first_id for page in pages] == ["10"]


async def test_an_error_comes_in_its_turn_and_stops_no_other_fetch(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    error = ConnectError("no")
    gate.fail(10, error)
    prefetch = make()
    await filled(prefetch)
    await gate.let_come(10, 0)
    assert await take(prefetch, planner) == 0
    for _ in range(2):
        with pytest.raises(ConnectError) as caught:
            await prefetch.head()
        assert caught.value is error
    assert planner.shrunk == [10]
    assert gate.cancelled == []


async def test_a_page_that_does_not_come_for_long_is_an_error(make: Make, gate: Gate) -> None:
    prefetch = make(timeout=Timeout(progress=1e-9))
    await filled(prefetch)
    with pytest.raises(RequestTimeoutError, match=r"not arrive .* Timeout\(progress=1e-09\)"):
        await prefetch.head()


async def test_where_the_plan_asks_for_ids_they_are_read_when_a_page_arrives(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    planner.needs_ids = True
    prefetch = make()
    gate.open()
    await filled(prefetch)
    page = await prefetch.head()
    assert vars(page)["ids"] == [str(row) for row in range(10)]


async def test_the_ids_of_a_heavy_page_are_read_when_it_arrives(make: Make) -> None:
    async def fetch_heavy(*_: object) -> RawPage:
        return page_of(0, nbytes=ROWS * HEAVY_ROW + 1)

    prefetch = make(max_pages=1, fetch=fetch_heavy)
    await filled(prefetch)
    page = await prefetch.head()
    assert vars(page)["ids"] == [str(row) for row in range(10)]


# A plan that changes


async def test_a_page_is_asked_for_in_the_size_that_the_plan_wants_by_then(
    make: Make, planner: FakePlanner, gate: Gate, budget: ByteBudget
) -> None:
    small, rest = PageRequest(0, 0, 4), PageRequest(4, 4, 6)
    planner.refits[planner.requests[0]] = small, rest
    prefetch = make(max_pages=2)
    await filled(prefetch)
    assert gate.sent[0] is small
    # The rest of its rows is fetched as well.
    assert sorted(gate.started) == [0, 4, 10]
    assert budget.used == 2 * ASSUMED
    gate.open()
    await gate.let_come(0, 4, 10)
    assert [await take(prefetch, planner) for _ in range(3)] == [0, 4, 10]


async def test_a_page_that_is_no_longer_wanted_is_stopped_and_gives_its_bytes_back(
    make: Make, planner: FakePlanner, gate: Gate, budget: ByteBudget
) -> None:
    prefetch = make(max_pages=2)
    await filled(prefetch)
    del planner.requests[1:]
    await filled(prefetch)
    assert gate.cancelled == [10]
    assert budget.used == ASSUMED


# Stopping


async def test_cancelling_keeps_what_has_come_and_the_page_that_is_next(
    make: Make, planner: FakePlanner, gate: Gate, budget: ByteBudget
) -> None:
    prefetch = make(max_pages=3)
    await filled(prefetch)
    await gate.let_come(10)
    for _ in range(3):
        prefetch.cancel()
        await anyio.wait_all_tasks_blocked()
    assert gate.cancelled == [20]
    assert budget.used == 100 + ASSUMED
    gate.open()
    await gate.let_come(0)
    await filled(prefetch)
    assert gate.started == [0, 10, 20, 20]
    assert [await take(prefetch, planner) for _ in range(3)] == [0, 10, 20]


async def test_a_page_that_lands_after_cancelling_starts_no_other(
    make: Make, planner: FakePlanner, gate: Gate
) -> None:
    prefetch = make(max_pages=1)
    await filled(prefetch)
    await gate.let_come(0)
    prefetch.cancel()
    planner.accept(await prefetch.head())
    await anyio.wait_all_tasks_blocked()
    assert gate.started == [0]


async def test_discarding_stops_everything_for_good(
    make: Make, gate: Gate, budget: ByteBudget
) -> None:
    prefetch = make()
    await filled(prefetch)
    await gate.let_come(0)
    prefetch.discard()
    await filled(prefetch)
    assert sorted(gate.cancelled) == [10, 20, 30]
    assert budget.used == 0
    assert len(gate.started) == 4
    with pytest.raises(RuntimeError, match="closed while the search was being read"):
        await prefetch.head()


async def test_one_who_waits_is_told_when_everything_is_discarded(make: Make, gate: Gate) -> None:
    prefetch = make()
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            with pytest.raises(RuntimeError, match="closed while the search was being read"):
                await prefetch.head()

        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        prefetch.discard()


async def test_closing_waits_until_the_fetches_have_ended(make: Make, gate: Gate) -> None:
    prefetch = make()
    await filled(prefetch)
    await prefetch.aclose()
    assert sorted(gate.cancelled) == [0, 10, 20, 30]


async def test_its_repr_shows_what_goes_on(make: Make, gate: Gate) -> None:
    prefetch = make()
    assert repr(prefetch) == "<Prefetch paused: 0 in flight, 0 came, 0 failed, 0 bytes>"
    gate.fail(10, ConnectError("no"))
    await filled(prefetch)
    await gate.let_come(10, 20)
    nbytes = 3 * ASSUMED + 100
    assert repr(prefetch) == f"<Prefetch running: 2 in flight, 1 came, 1 failed, {nbytes} bytes>"
    prefetch.discard()
    assert repr(prefetch) == "<Prefetch discarded: 0 in flight, 0 came, 0 failed, 0 bytes>"


@pytest.mark.parametrize(
    ("error", "is_empty"),
    [
        (ValidationError("offset"), True),
        (RecordNotFoundError("nothing"), True),
        (ClientRequestError("offset"), True),
        (UnprocessableRequestError("offset"), True),
        (UnknownServiceError("nothing", 404), True),
        (UnknownServiceError("nothing", 404, error_type="NEW"), False),
        (UnknownServiceError("in the way", 405), False),
        (InvalidAccessError("no"), False),
        (SystemFaultError("down"), False),
        (ConnectError("gone"), False),
    ],
)
async def test_an_error_about_a_page_that_may_be_past_the_end_becomes_an_empty_page(
    make: Make, planner: FakePlanner, gate: Gate, error: Exception, is_empty: bool
) -> None:
    prefetch = make(max_pages=1)
    gate.fail(0, error)
    await filled(prefetch)
    await gate.let_come(0)
    with pytest.raises(type(error)):
        await prefetch.head()
    planner.may_be_past_end.append(planner.requests[0])

    if is_empty:
        page = await prefetch.head()
        assert (len(page), page.total, page.stands_for_error) == (0, None, True)
    else:
        with pytest.raises(type(error)):
            await prefetch.head()


class Hasty(TaskOwner):
    """Its tasks are cancelled before they begin, as where callbacks run in another order."""

    def start(self, function: Any, argument: Any) -> asyncio.Task[None]:
        task = super().start(function, argument)
        task.cancel()
        return task


async def test_a_fetch_that_was_cancelled_before_it_began_holds_up_nobody(
    planner: FakePlanner, gate: Gate, budget: ByteBudget
) -> None:
    watch = Telemetry([]).search("things", "search")
    prefetch = Prefetch(planner, gate.fetch, Hasty(), budget, 4, PATIENT, watch)
    prefetch.fill()

    with pytest.raises(RuntimeError, match="closed"):
        await prefetch.head()
    await prefetch.aclose()
    assert budget.used == 0
