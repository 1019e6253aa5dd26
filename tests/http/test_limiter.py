"""Who gets the next free place, and how much may wait."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import pytest

from enkash_async._http.limiter import FairLimiter
from enkash_async._http.throttle import Throttle
from enkash_async._search.byte_budget import ByteBudget

pytestmark = pytest.mark.anyio


class Holder:
    """Takes a place of a limiter and keeps it until told to leave."""

    def __init__(self, limiter: FairLimiter, key: str, log: list[str]) -> None:
        self.limiter = limiter
        self.key = key
        self.log = log
        self.leave = anyio.Event()
        self.scope = anyio.CancelScope()

    async def hold(self) -> None:
        with self.scope:
            async with self.limiter.place(self.key):
                self.log.append(self.key)
                await self.leave.wait()


async def test_no_more_hold_a_place_than_there_are() -> None:
    log: list[str] = []
    limiter = FairLimiter(Throttle(3))
    holders = [Holder(limiter, "a", log) for _ in range(5)]
    async with anyio.create_task_group() as group:
        for holder in holders:
            group.start_soon(holder.hold)
        await anyio.wait_all_tasks_blocked()
        assert len(log) == 3
        for holder in holders:
            holder.leave.set()
    assert len(log) == 5


async def test_a_free_place_goes_to_the_key_that_holds_the_fewest() -> None:
    log: list[str] = []
    limiter = FairLimiter(Throttle(2))
    greedy = [Holder(limiter, "greedy", log) for _ in range(6)]
    modest = [Holder(limiter, "modest", log) for _ in range(2)]
    async with anyio.create_task_group() as group:
        for holder in greedy + modest:
            group.start_soon(holder.hold)
            await anyio.wait_all_tasks_blocked()
        assert log == ["greedy", "greedy"]
        greedy[0].leave.set()
        await anyio.wait_all_tasks_blocked()
        assert log == ["greedy", "greedy", "modest"]
        for holder in greedy + modest:
            holder.leave.set()
    assert Counter(log) == {"greedy": 6, "modest": 2}


async def test_keys_that_hold_as_many_take_turns() -> None:
    log: list[str] = []
    limiter = FairLimiter(Throttle(1))
    first = Holder(limiter, "x", log)
    waiting = [Holder(limiter, key, log) for key in ("a", "a", "b", "b")]
    async with anyio.create_task_group() as group:
        for holder in [first, *waiting]:
            group.start_soon(holder.hold)
            await anyio.wait_all_tasks_blocked()
            holder.leave.set() if holder is not first else None
        first.leave.set()
    assert log == ["x", "a", "b", "a", "b"]


@pytest.mark.parametrize("granted_at_once", [True, False])
async def test_one_that_is_cancelled_in_line_takes_no_place(granted_at_once: bool) -> None:
    log: list[str] = []
    limiter = FairLimiter(Throttle(1))
    first, cancelled, last = (Holder(limiter, key, log) for key in "abc")
    async with anyio.create_task_group() as group:
        for holder in (first, cancelled, last):
            group.start_soon(holder.hold)
            await anyio.wait_all_tasks_blocked()
        if granted_at_once:
            # The place is granted and the waiter cancelled before it runs.
            first.leave.set()
            await anyio.lowlevel.checkpoint()
        cancelled.scope.cancel()
        first.leave.set()
        last.leave.set()
    assert log[0] == "a"
    assert log[-1] == "c"
    async with AsyncExitStack() as stack:
        with anyio.fail_after(5):
            await stack.enter_async_context(limiter.place("d"))


def test_bytes_are_counted_over_all_searches() -> None:
    budget = ByteBudget(100)
    assert budget.has_room(100)
    budget.take(60)
    assert not budget.has_room(41)
    assert budget.has_room(40)
    budget.take(-60)
    assert budget.has_room(100)
