"""Work that may block, out of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run *work* in a thread that, if it is stuck, does not keep the process from ending.

    Who is cancelled does not wait for it. The threads of anyio and of asyncio are waited for.
    """
    return await asyncio.wrap_future(_started(work, is_waited_for=False))


async def to_its_end(work: Callable[[], T]) -> T:
    """Run *work* in a thread; who is cancelled still waits until it has ended."""
    future = asyncio.wrap_future(_started(work, is_waited_for=True))
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        # What the work itself raised is no news to who is leaving.
        future.exception()
        raise cancelled
    return future.result()


def _started(work: Callable[[], T], *, is_waited_for: bool) -> Future[T]:
    outcome: Future[T] = Future()

    def settle() -> None:
        if not outcome.set_running_or_notify_cancel():
            return
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    # A daemon may let go of what it held while the interpreter ends, and pyarrow aborts by that.
    Thread(target=settle, daemon=not is_waited_for).start()
    return outcome
