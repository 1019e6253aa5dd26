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
        self._end = math.inf
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        now = self._loop.time()
        self._end = now + self._seconds
        # Until the head has come. aiohttp tells apart how long each part of that may take.
        head = self._timeout.connect + self._timeout.read
        self._scope = asyncio.timeout_at(min(self._end, now + head))
        await self._scope.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._scope.__aexit__(kind, error, traceback)

    def note_piece(self) -> None:
        """Note that a piece of the answer has come: the wait for the next one begins."""
        if not self._scope.expired():
            self._scope.reschedule(min(self._end, self._loop.time() + self._timeout.read))

    @property
    def name(self) -> str:
        """Return which setting ended it: its name and its value."""
        if (when := self._scope.when()) is not None and when < self._end:
            return f"read={self._timeout.read:g}"
        is_attempt = self._seconds == self._timeout.attempt
        limit = "attempt" if is_attempt else "call"
        return f"{limit}={getattr(self._timeout, limit):g}"
