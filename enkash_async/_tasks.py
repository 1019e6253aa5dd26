"""Who owns the tasks of a session, and how their work leaves room for other tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

CLOSE_DEADLINE = 10.0
"""Seconds that closing waits for tasks which have been cancelled."""

CANCEL_AGAIN = 0.5
"""Seconds after which those are cancelled once more that go on all the same."""


class _Turns:
    """Lets one task at a time do a piece of work, and other tasks of the loop run in between.

    It does not know its loop: what is kept for a loop must not keep the loop.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Return when the task may do a piece: at once, if none was done in this turn."""
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._pass_on, loop)
            return
        future = loop.create_future()
        self._waiting.append(future)
        try:
            await future
        except BaseException:
            # Where the loop ends with this, nobody will pass on.
            if future in self._waiting:
                self._waiting.remove(future)
            raise

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        # Who was cancelled a moment ago is passed over.
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                loop.call_soon(self._pass_on, loop)
                return
        self._is_taken = False


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


async def next_turn() -> None:
    """Return when a piece of work may be done that takes less than a millisecond.

    In one turn of the event loop one such piece is done, however many searches and fetches are
    busy: together they would hold it up for as many milliseconds.
    """
    loop = asyncio.get_running_loop()
    turns = _turns.get(loop)
    if turns is None:
        turns = _turns[loop] = _Turns()
    await turns.next(loop)


async def paced(steps: Generator[None, None, T]) -> T:
    """Run all *steps* of some work, each in a turn of its own, and return its result."""
    while True:
        await next_turn()
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def call_soon_in(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Have *loop* call a function soon, from whatever thread this is."""
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        loop.call_soon(function)
    else:
        # It wakes the loop through a socket, which costs as much as sending a request.
        loop.call_soon_threadsafe(function)


def cancel_soon(task: asyncio.Task[None]) -> None:
    """Cancel *task* once it has begun, so that it cleans up though it was started in this turn."""
    task.get_loop().call_soon(task.cancel)


def shielded(seconds: float) -> AbstractContextManager[object]:
    """Return a block that goes on, for some *seconds*, in a scope of anyio that is cancelled."""
    # Not at the top: its first scope has anyio import what takes as long as ten requests, and most
    # sessions have nothing left to wait for when they are closed.
    import anyio

    return anyio.move_on_after(seconds, shield=True)


class TaskOwner:
    """Owns the background tasks of a session.

    They are tasks of asyncio, and in no group: a task group would hold the caller's code in its
    cancel scope, and takes four times as long to start one. The session may be closed from another
    task than the one that opened it, as fixtures and lifespan hooks do.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks = set[asyncio.Task[None]]()
        self.is_open = True
        """Tasks can be started."""

    def start(
        self, function: Callable[[T], Coroutine[Any, Any, None]], argument: T
    ) -> asyncio.Task[None]:
        """Start `function(argument)` as a task, and return it. It must not raise."""
        if not self.is_open:
            raise RuntimeError("the session is closed; open it again and start a new search")
        task = self._loop.create_task(function(argument), name=function.__qualname__)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Cancel all tasks and wait for them, even while the caller is being cancelled."""
        self.is_open = False
        if not self._left():
            return
        with shielded(CLOSE_DEADLINE):
            while tasks := self._left():
                for task in tasks:
                    cancel_soon(task)
                # What it waits for may have swallowed the cancellation.
                await asyncio.wait(tasks, timeout=CANCEL_AGAIN)

    def _left(self) -> set[asyncio.Task[None]]:
        """Return the tasks that have not ended, but for that which asks."""
        return {task for task in self._tasks if not task.done()} - {asyncio.current_task()}
