"""Coroutines run from threads without an event loop, in the thread of one that has it."""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from threading import Thread, current_thread
from typing import Any, Generic, ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from enkash_async._session.core import FORKED

P = ParamSpec("P")
T = TypeVar("T")

THREAD = "enkash-async loop"

NOT_OPEN = (
    "the session is not open; use 'with EnKashSession(...) as session', or 'session.open()', and"
    " 'session.close()' at the end"
)


class Portal:
    """An event loop in a thread of its own, from `open` to `close`."""

    def __init__(self) -> None:
        self._portal: BlockingPortal | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None
        self._process = 0
        """The one that the thread is in, by its id: none that is forked from it has the thread."""

    @property
    def is_open(self) -> bool:
        """Say whether there is a thread in this process."""
        return self._portal is not None and self._process == os.getpid()

    def open(self) -> None:
        """Start the thread. It keeps no program from ending."""
        if not self.is_open:
            self.close()
            thread = start_blocking_portal(name=THREAD)
            self._portal, self._process = thread.__enter__(), os.getpid()
            # Also at the exit of the interpreter, while the thread can still answer.
            self._finalizer = weakref.finalize(self, _end, thread, self._portal, self._process)

    def close(self) -> None:
        """End the thread, and wait until it has ended."""
        self._portal = None
        if self._finalizer is not None:
            self._finalizer()

    def run(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a coroutine function and return its result, or raise its error.

        Whatever interrupts the caller, such as Ctrl-C, cancels it. RuntimeError if it is not open.
        """
        if self._portal is None:
            raise RuntimeError(NOT_OPEN)
        if self._process != os.getpid():
            # Waited for, it would never end.
            raise RuntimeError(FORKED)

        async def call() -> T:
            return await function(*args, **kwargs)

        future = self._portal.start_task_soon(call)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def ask(self, function: Callable[[], T]) -> T:
        """Call a plain *function* where nothing else changes what it looks at."""

        async def call() -> T:
            return function()

        return self.run(call) if self.is_open else function()


def _end(
    thread: AbstractContextManager[BlockingPortal], portal: BlockingPortal, process: int
) -> None:
    """End the *thread* of a portal, which the garbage collector may do in that thread itself."""
    if process != os.getpid():
        # One step is all that it takes to say that nothing is to be asked of the thread, which is
        # not here.
        with contextlib.suppress(StopIteration, RuntimeError):
            portal.stop().send(None)
    if current_thread().name == THREAD:
        Thread(target=thread.__exit__, args=(None, None, None), daemon=True).start()
    else:
        thread.__exit__(None, None, None)


class Steps(Generic[T]):
    """Walks over what an async iterator gives, one step a call into the portal."""

    def __init__(self, portal: Portal, steps: AsyncIterator[T]) -> None:
        self._portal = portal
        self._steps = steps

    def __iter__(self) -> Iterator[T]:
        aiter(self._steps)
        return self

    def __next__(self) -> T:
        step: Any = self._portal.run(_next_of, self._steps)
        if step is _END:
            raise StopIteration
        made: T = step
        return made

    def close(self) -> None:
        """Stop what the iterator has in flight, where it has a way to."""
        aclose = getattr(self._steps, "aclose", None)
        if aclose is not None and self._portal.is_open:
            self._portal.run(aclose)

    def __repr__(self) -> str:
        return f"<Steps of {self._steps!r}>"


_END: Any = object()
"""No exception: a StopAsyncIteration cannot leave a coroutine."""


async def _next_of(steps: AsyncIterator[Any]) -> Any:
    return await anext(steps, _END)
