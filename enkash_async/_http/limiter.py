"""How many requests of a session may be under way at once, shared fairly among its searches."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

import anyio

from enkash_async._http.throttle import Throttle


class _Turn:
    """One who waits in line, and the generation of the request that may then be sent."""

    def __init__(self) -> None:
        self.event = anyio.Event()
        self.generation = 0


class FairLimiter:
    """Lets as many requests go at once as *throttle* allows.

    A free place goes to the key that holds the fewest. With the searches of a session as keys, one
    that asks for many pages cannot keep another from its first. Among equals, and for one key, the
    first to wait is the first to be served. While the throttle pauses, nobody is.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._in_flight = 0
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[_Turn]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def place(self, key: Hashable, *, first: bool = False) -> AsyncGenerator[int, None]:
        """Wait for a free place and hold it; give the generation of a request that is sent now.

        With *first*, wait before all others of this key.
        """
        generation = await self._acquire(key, first=first)
        try:
            yield generation
        finally:
            self._release(key)

    async def _acquire(self, key: Hashable, *, first: bool) -> int:
        turn = _Turn()
        line = self._waiting.setdefault(key, deque())
        (line.appendleft if first else line.append)(turn)
        self._serve()
        if turn.event.is_set():
            return turn.generation
        try:
            await turn.event.wait()
        except BaseException:
            # Cancelled: either still in line, or the place was granted in the same moment.
            if turn.event.is_set():
                self._release(key)
            else:
                self._leave_line(key, turn)
                self._set_timer()
            raise
        return turn.generation

    def _serve(self) -> None:
        """Hand out the places that are free, as far as that is allowed by now."""
        while self._has_place() and self._throttle.ready_at <= time.monotonic():
            # A dict keeps the order of arrival, and min() takes the first of equals.
            key = min(self._waiting, key=self._held.__getitem__)
            turn = self._waiting[key][0]
            self._leave_line(key, turn)
            turn.generation = self._throttle.note_sent(time.monotonic(), self._in_flight)
            self._in_flight += 1
            self._held[key] += 1
            turn.event.set()
        self._set_timer()

    def _has_place(self) -> bool:
        return bool(self._waiting) and self._in_flight < self._throttle.limit

    def _set_timer(self) -> None:
        """Come back when the throttle allows the next request, if only that is missing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._has_place():
            delay = self._throttle.ready_at - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, delay), self._serve)

    def _release(self, key: Hashable) -> None:
        self._in_flight -= 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        self._serve()

    def _leave_line(self, key: Hashable, turn: _Turn) -> None:
        line = self._waiting.pop(key)
        line.remove(turn)
        if line:
            # To the end of the dict: other keys come first now.
            self._waiting[key] = line

    def __repr__(self) -> str:
        waiting = sum(map(len, self._waiting.values()))
        return (
            f"<FairLimiter {self._in_flight} of {self._throttle.limit} in flight, {waiting} wait>"
        )
