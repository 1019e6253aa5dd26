"""Who gets the next free place, and how much may wait."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import pytest

import enkash_async._http.limiter as limiter_module
import enkash_async._http.throttle as throttle_module
from enkash_async._clock import now
from enkash_async._http.limiter import FairLimiter, PausedTooLongError
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


async def test_of_one_key_the_lowest_order_is_served_first_whenever_it_came() -> None:
    log: list[str] = []
    limiter = FairLimiter(Throttle(1))

    async def take(name: str, order: tuple[float, int]) -> None:
        async with limiter.place("key", order):
            log.append(name)

    first = Holder(limiter, "x", log)
    async with anyio.create_task_group() as group:
        group.start_soon(first.hold)
        for name, row in (("d", 3), ("b", 1), ("c", 1), ("a", 0), ("e", 9)):
            await anyio.wait_all_tasks_blocked()
            group.start_soon(take, name, (0.0, row))
        await anyio.wait_all_tasks_blocked()
        first.leave.set()
    assert log == ["x", "a", "b", "c", "d", "e"]


async def test_who_waits_leaves_when_pauses_come_to_more_than_its_patience() -> None:
    throttle = Throttle(1)
    limiter = FairLimiter(throttle)
    left: list[str] = []

    async def wait(name: str, patience: float) -> None:
        try:
            async with limiter.place(name, patience=patience):
                left.append(f"{name} served")
        except PausedTooLongError:
            left.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            async with limiter.place("first") as sent:
                group.start_soon(wait, "impatient", 10.0)
                group.start_soon(wait, "patient", 1e9)
                await anyio.wait_all_tasks_blocked()
                throttle.note_refusal(sent, now(), 3600.0, by_service=True)
            await anyio.wait_all_tasks_blocked()
            assert left == ["impatient"]
            group.cancel_scope.cancel()
    assert "0 wait" in repr(limiter)


async def test_whether_more_may_be_in_flight_is_looked_at_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One hangs where only one may be in flight; with time another may."""
    monkeypatch.setattr(throttle_module, "HOLD", 0.0)
    monkeypatch.setattr(throttle_module, "RECOVERED", 0.01)
    monkeypatch.setattr(limiter_module, "LOOK_AGAIN", 0.01)
    throttle = Throttle(8)
    limiter = FairLimiter(throttle)
    async with limiter.place("a") as sent:
        throttle.note_refusal(sent, now(), 0.0, by_service=False)
    with anyio.fail_after(5):
        async with limiter.place("a"), limiter.place("b"):
            pass
