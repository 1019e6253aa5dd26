"""Who owns the tasks of a session, and how their work leaves room for other tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup

T = TypeVar("T")

CLOSE_DEADLINE = 10.0
"""Seconds that closing waits for tasks which have been cancelled."""


async def paced(steps: Generator[None, None, T]) -> T:
    """Run all *steps* of some work and return its result; other tasks run in between."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(0)


class TaskOwner:
    """Owns the background tasks of a session: one task group, in a task of its own.

    The caller's code never runs inside a cancel scope of the group. So its exceptions arrive as
    themselves and not in a group, and the session may be closed from another task than the one
    that opened it, as fixtures and lifespan hooks do.
    """

    def __init__(self) -> None:
        self._opened = anyio.Event()
        self._closing = anyio.Event()
        self._group: TaskGroup | None = None
        self._task = asyncio.create_task(self._own(), name="enkash-async session")

    async def _own(self) -> None:
        async with anyio.create_task_group() as self._group:
            self._opened.set()
            await self._closing.wait()
            self._group.cancel_scope.cancel()

    async def opened(self) -> None:
        """Wait until tasks can be started."""
        await self._opened.wait()

    @property
    def is_open(self) -> bool:
        """Say whether tasks can be started."""
        return self._group is not None and not self._closing.is_set()

    def start(self, function: Callable[[T], Coroutine[Any, Any, None]], argument: T) -> None:
        """Start `function(argument)` as a task. It must not raise."""
        if self._group is None or not self.is_open:
            raise RuntimeError("the session is closed; open it again and start a new search")
        self._group.start_soon(function, argument)

    async def aclose(self) -> None:
        """Cancel all tasks and wait for them, even while the caller is being cancelled."""
        self._closing.set()
        with anyio.move_on_after(CLOSE_DEADLINE, shield=True):
            await asyncio.wait([self._task])
