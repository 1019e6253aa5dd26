"""How long one exchange may take: as a whole, and between two pieces of its answer."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Self

from enkash_async.timeout import Timeout


class Deadline:
    """Ends with TimeoutError what takes longer than *seconds*, or waits longer than *timeout* says.

    aiohttp's timers belong to a connection and to the answer that it expects; where one is not set
    again, or is that of the request before, nothing would end the wait. This one knows neither.
    """

    def __init__(self, timeout: Timeout, seconds: float) -> None:
        self._timeout = timeout
        self._seconds = min(seconds, timeout.attempt)
        self._loop = asyncio.get_running_loop()
        self._end = self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        now = self._loop.time()
        self._end = now + self._seconds
        # Until the head has come. aiohttp tells apart how long each part of that may take.
        read = self._timeout.read
        self._due = min(self._end, now + self._timeout.connect + read)
        await self._scope.__aenter__()
        # One timer for all pieces, which is never later than what is due: it looks and waits on.
        self._timer = self._loop.call_at(min(self._end, now + read), self._look)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._scope.__aexit__(kind, error, traceback)

    def note_piece(self) -> None:
        """Note that a piece of the answer has come: the wait for the next one begins."""
        self._due = min(self._end, self._loop.time() + self._timeout.read)

    def _look(self) -> None:
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._look)
        else:
            self._timer = None
            self._scope.reschedule(self._due)

    @property
    def name(self) -> str:
        """Return which part of the timeout ended it."""
        if (when := self._scope.when()) is not None and when < self._end:
            return "read"
        return "attempt" if self._seconds == self._timeout.attempt else "call"
