"""An event loop in which waiting takes no time, and in which a seed decides who runs first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MAX_TURNS = 100_000
"""Turns of the loop in one run; a hundred times what a long one takes."""


LONGEST_WORK = 0.01
"""Virtual seconds that something takes in a thread, at most."""


class StuckError(Exception):
    """Nothing is left to wait for, or the tasks wake each other for ever."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Jumps to the next timer instead of waiting for it. It has no sockets and no threads.

    *disorder*, from 0 to 1, is how often another callback than the oldest one runs next. With 0
    the callbacks run in the order that asyncio promises.
    """

    # What asyncio's own loop calls, and what the type stubs do not show.
    _ready: deque[Any]
    _selector: Any
    _clock_resolution: float

    def __init__(self, chance: Random, disorder: float = 0.0) -> None:
        super().__init__()
        self._now = 0.0
        self._turns = 0
        self._given_up = ""
        self._clock_resolution = 1e-9
        self._selector = self
        self._tasks_made = 0
        self._chance = chance
        self._threads = set[asyncio.TimerHandle]()
        self.set_task_factory(_numbered_task)
        if disorder:
            self._ready = _Disordered(chance, disorder)

    def time(self) -> float:
        """Return the virtual time in seconds; a run begins at 0."""
        return self._now

    def next_number(self) -> int:
        """Return a number for a task."""
        self._tasks_made += 1
        return self._tasks_made

    def spend(self, seconds: float) -> None:
        """Let time pass, as a computation would."""
        self._now += seconds

    def give_up(self, why: str) -> None:
        """Let the run end with a StuckError at the next turn."""
        self._given_up = why

    def timers(self) -> list[asyncio.TimerHandle]:
        """Return the timers that are still to go off, but for what stands for threads."""
        scheduled: list[asyncio.TimerHandle] = vars(self)["_scheduled"]
        return [one for one in scheduled if not one.cancelled() and one not in self._threads]

    def run_in_executor(
        self, executor: Any, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call *func* after a while, which nobody can keep from its end, as in a thread."""
        future = self.create_future()

        def work() -> None:
            self._threads.discard(timer)
            try:
                result = func(*args)
            except Exception as error:
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

        timer = self.call_later(self._chance.random() * LONGEST_WORK, work)
        self._threads.add(timer)
        return future

    # In the place of a selector

    def select(self, timeout: float | None) -> list[Any]:
        self._turns += 1
        if self._given_up:
            why, self._given_up = self._given_up, ""
            raise StuckError(why)
        if self._turns > MAX_TURNS:
            raise StuckError(f"after {MAX_TURNS} turns of the loop there is no end")
        if timeout is None:
            raise StuckError("all tasks wait for each other")
        self._now += timeout
        return []

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        """Do nothing: there is no other thread to be woken from."""


class _Task(asyncio.Task[Any]):
    """A task with a hash that is the same whenever a run is repeated.

    anyio cancels the tasks of a scope in the order of a set.
    """

    def __init__(self, coro: Any, *, loop: VirtualLoop, **options: Any) -> None:
        self._number = loop.next_number()
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


def _numbered_task(loop: Any, coro: Any, **options: Any) -> asyncio.Task[Any]:
    return _Task(coro, loop=loop, **options)


class _Disordered(deque[Any]):
    """A queue that gives out any of its callbacks now and then, rather than the oldest."""

    def __init__(self, chance: Random, disorder: float) -> None:
        super().__init__()
        self._chance = chance
        self._disorder = disorder

    def popleft(self) -> Any:
        if len(self) > 1 and self._chance.random() < self._disorder:
            self.rotate(-int(self._chance.random() * len(self)))
        return super().popleft()
