"""How the work of many tasks is spread over the turns of the event loop."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Generator

import pytest

from enkash_async._tasks import call_soon_in, next_turn, paced

pytestmark = pytest.mark.anyio


def steps(done: list[str], name: str, number: int) -> Generator[None, None, str]:
    for _ in range(number):
        done.append(name)
        yield
    done.append(name)
    return name


async def turns_of(done: list[str], *tasks: asyncio.Task[str]) -> list[list[str]]:
    """Return what was done in each turn of the loop until all *tasks* have ended."""
    turns, seen = list[list[str]](), 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        turns.append(done[seen:])
        seen = len(done)
    return turns


async def test_in_one_turn_of_the_loop_one_step_is_done_however_many_tasks_are_busy() -> None:
    done = list[str]()
    tasks = [asyncio.create_task(paced(steps(done, name, 3))) for name in "abc"]
    turns = await turns_of(done, *tasks)

    assert [task.result() for task in tasks] == ["a", "b", "c"]
    assert sorted(done) == list("aaaabbbbcccc")
    assert max(map(len, turns)) == 1


async def test_work_of_one_step_is_done_at_once_where_nobody_else_works() -> None:
    done = list[str]()

    with pytest.raises(StopIteration):
        paced(steps(done, "a", 0)).send(None)
    assert done == ["a"]


async def test_a_second_piece_of_a_task_waits_for_the_next_turn() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await next_turn()
    assert ticks == 0
    await next_turn()
    assert ticks > 0
    ticking.cancel()


async def test_who_is_cancelled_while_waiting_holds_nobody_up() -> None:
    done = list[str]()
    tasks = [asyncio.create_task(paced(steps(done, name, 2))) for name in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.wait(tasks)

    assert [task.cancelled() for task in tasks] == [False, True, False]
    assert sorted(done) == list("aaaccc")


async def test_an_error_of_a_step_is_raised_and_the_next_task_goes_on() -> None:
    def failing() -> Generator[None, None, str]:
        yield
        raise ValueError("a step failed")

    done = list[str]()
    failed = asyncio.create_task(paced(failing()))
    other = asyncio.create_task(paced(steps(done, "b", 2)))
    await asyncio.wait([failed, other])

    assert isinstance(failed.exception(), ValueError)
    assert other.result() == "b"


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_loop_calls_soon_whichever_thread_asks(elsewhere: bool) -> None:
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    if elsewhere:
        await asyncio.to_thread(call_soon_in, loop, called.set)
    else:
        call_soon_in(loop, called.set)
        assert not called.is_set()
    await called.wait()


def test_each_loop_has_turns_of_its_own() -> None:
    for _ in range(2):
        assert asyncio.run(paced(steps([], "a", 2))) == "a"


@pytest.mark.parametrize("ending", ["ended", "cancelled while it waited"])
def test_what_is_kept_for_a_loop_does_not_keep_the_loop(ending: str) -> None:
    async def work() -> weakref.ref[asyncio.AbstractEventLoop]:
        tasks = [asyncio.create_task(paced(steps([], name, 2))) for name in "abc"]
        if ending == "ended":
            await asyncio.wait(tasks)
        else:
            # The others wait for their turn when the loop ends, and `run` cancels them.
            await asyncio.sleep(0)
        return weakref.ref(asyncio.get_running_loop())

    loops = [asyncio.run(work()) for _ in range(3)]
    gc.collect()
    assert [loop() for loop in loops] == [None, None, None]
