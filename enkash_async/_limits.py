"""How much may be under way at once: requests, shared fairly, and prefetched bytes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

import anyio


class FairLimiter:
    """At most *capacity* holders at once; a free place goes to the key that holds the fewest.

    With the searches of a session as keys, one that asks for many pages cannot keep another from
    its first. Among equals, and for one key, the first to wait is the first to be served.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[anyio.Event]] = {}

    @asynccontextmanager
    async def place(self, key: Hashable) -> AsyncGenerator[None, None]:
        """Wait for a free place and hold it."""
        await self._acquire(key)
        try:
            yield
        finally:
            self._release(key)

    async def _acquire(self, key: Hashable) -> None:
        if self._free:
            # Nobody waits while a place is free.
            self._grant(key)
            return
        turn = anyio.Event()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            await turn.wait()
        except BaseException:
            # Cancelled: either still in line, or the place was granted in the same moment.
            if turn.is_set():
                self._release(key)
            else:
                self._leave_line(key, turn)
            raise

    def _grant(self, key: Hashable) -> None:
        self._free -= 1
        self._held[key] += 1

    def _release(self, key: Hashable) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        if self._waiting:
            # A dict keeps the order of arrival, and min() takes the first of equals.
            served = min(self._waiting, key=self._held.__getitem__)
            turn = self._waiting[served][0]
            self._leave_line(served, turn)
            self._grant(served)
            turn.set()

    def _leave_line(self, key: Hashable, turn: anyio.Event) -> None:
        line = self._waiting.pop(key)
        line.remove(turn)
        if line:
            # To the end of the dict: other keys come first now.
            self._waiting[key] = line


class ByteBudget:
    """Bytes of fetched pages that wait for their readers, counted over all searches."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0

    def has_room(self, size: int) -> bool:
        """Say whether *size* more bytes fit."""
        return self.used + size <= self.size

    def take(self, size: int) -> None:
        """Count *size* bytes; a negative number gives them back."""
        self.used += size
