"""A search read by code that has no event loop: one thread with a loop and a session of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from enkash_async._decoding.arrow.kinds import RecordBatch
from enkash_async._search.search import Search
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import SearchReport, Verdict

S = TypeVar("S")

AHEAD = 2
"""Batches decoded before they are asked for, while the tool works on the one before."""

LOOK_SECONDS = 0.2
"""How often a thread that nobody reads from any more looks whether the program has ended."""


class BatchReading(Generic[S]):
    """The record batches of searches, for any thread. It is read once, by one thread at a time.

    *searches* are made from the open session, and read one after the other. One that is INCOMPLETE
    is an IncompleteSearchError after its last batch: a table does not say that rows lack.

    The thread starts with the first batch that is asked for. It ends with the last one, with an
    error, or when the reading is closed; then its requests have stopped and its session is closed.
    """

    def __init__(
        self,
        open_session: Callable[[], AbstractAsyncContextManager[S]],
        searches: Callable[[S], Iterable[Search[Any]]],
        batches: Callable[[Search[Any]], AsyncIterator[RecordBatch]],
    ) -> None:
        self._open_session = open_session
        self._searches = searches
        self._batches = batches
        self._ready: SimpleQueue[RecordBatch | BaseException | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None
        self._places = asyncio.Semaphore(AHEAD)
        self.report: SearchReport | None = None
        """The account of the latest search so far; None before its first batch."""

    def __iter__(self) -> Iterator[RecordBatch]:
        """Yield the batches; leaving the loop early stops what is in flight."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(self._loop,), name="enkash-async stream"
        )
        self._thread.start()
        try:
            while (batch := self._ready.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch
                self._tell(self._places.release)
        finally:
            self.close()

    def close(self) -> None:
        """Stop the requests, and wait until they have stopped. May be called more than once."""
        self._tell(self._stop)
        # A collector may run anywhere, in the very thread as well.
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _tell(self, what: Callable[[], object]) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(what)
        except RuntimeError:
            # The thread may have ended, even between a question and this call.
            if not self._loop.is_closed():
                raise

    # In the thread

    def _stop(self) -> None:
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self._main())
                self._ready.put(None)
            except asyncio.CancelledError:
                self._ready.put(RuntimeError("the reading was closed"))
            except BaseException as error:
                self._ready.put(error)

    async def _main(self) -> None:
        self._task = asyncio.create_task(self._read())
        if self._is_closed:
            self._task.cancel()
        # A thread that is not a daemon would keep the program from ending, one that is would be
        # killed with its session open.
        while not (await asyncio.wait([self._task], timeout=LOOK_SECONDS))[0]:
            if not threading.main_thread().is_alive():
                self._task.cancel()
        await self._task

    async def _read(self) -> None:
        await self._places.acquire()
        async with self._open_session() as session:
            for search in self._searches(session):
                async with search:
                    try:
                        await self._hand_over(search)
                    finally:
                        self.report = search.report
                check_whole(search.report)

    async def _hand_over(self, search: Search[Any]) -> None:
        async for batch in self._batches(search):
            self.report = search.report
            self._ready.put(batch)
            await self._places.acquire()


def check_whole(report: SearchReport) -> None:
    """Raise IncompleteSearchError unless all of a search came."""
    if report.verdict is Verdict.INCOMPLETE:
        error = IncompleteSearchError(f"not all records came. {report}")
        error.report = report
        raise error
