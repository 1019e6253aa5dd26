"""How many requests of a session may be under way at once, shared fairly among its searches."""

from __future__ import annotations

import asyncio
import math
from bisect import insort
from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial
from operator import attrgetter

from enkash_async._clock import now as clock
from enkash_async._http.rate import RateLimit
from enkash_async._http.throttle import Sent, Throttle

LOOK_AGAIN = 1.0
"""Seconds after which it is looked whether more may be in flight, where only that is missing."""


Order = tuple[float, int]
"""A place among those with the same key. The lowest is served first."""

FIRST: Order = (-math.inf, 0)


class PausedTooLongError(Exception):
    """The service had the session pause for longer than one in line may wait for that."""


class _Turn:
    """One who waits in line until the session has paused for *leaves_at* seconds in all."""

    sent: Sent | None = None
    """The request that may be sent, once it is its turn."""

    def __init__(self, order: Order, leaves_at: float) -> None:
        self.event = asyncio.Event()
        self.order = order
        self.leaves_at = leaves_at


_order_of = attrgetter("order")


class FairLimiter:
    """Lets as many requests go at once as *throttle* allows, and no faster than *rate* has it.

    A free place goes to the key that holds the fewest. With the searches of a session as keys, one
    that asks for many pages cannot keep another from its first. Among equals, the first to wait is
    the first to be served; for one key it is the one with the lowest order. While the throttle
    pauses, nobody is.
    """

    def __init__(self, throttle: Throttle, rate: RateLimit | None = None) -> None:
        self._throttle = throttle
        self._rate = rate or RateLimit(None)
        self._in_flight = 0
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, list[_Turn]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def place(self, key: Hashable, order: Order = FIRST, patience: float = math.inf) -> _Place:
        """Wait for a free place and hold it; give what to know the request by that is sent now.

        Those of one key are served by *order*, and those of one order as they come. As soon as
        the session's pauses come to more than *patience* seconds meanwhile, PausedTooLongError.
        """
        return _Place(self, key, order, patience)

    def keep(self, key: Hashable) -> Callable[[], None]:
        """Hold a further place for what is under way already; return what gives it back."""
        self._in_flight += 1
        self._held[key] += 1
        return partial(self.release, key)

    async def acquire(self, key: Hashable, order: Order, patience: float) -> Sent:
        """Wait for a place as `place` says; whoever is given it must `release` it."""
        now = clock()
        if not self._waiting and self._may_send(now):
            return self._hand_out(key, now)
        turn = _Turn(order, self._throttle.paused_seconds(clock()) + patience)
        insort(self._waiting.setdefault(key, []), turn, key=_order_of)
        self._serve()
        try:
            if turn.sent is None:
                await turn.event.wait()
        except BaseException:
            # Cancelled: either still in line, or the place was granted in the same moment.
            if turn.sent is not None:
                self.release(key)
            elif not turn.event.is_set():
                self._leave_line(key, turn)
                self._set_timer()
            raise
        if turn.sent is None:
            raise PausedTooLongError
        return turn.sent

    def _serve(self) -> None:
        """Hand out the places that are free, as far as that is allowed by now."""
        now = clock()
        if self._throttle.paused_for(now):
            self._send_away()
        while self._waiting and self._may_send(now):
            # A dict keeps the order of arrival, and min() takes the first of equals.
            key = min(self._waiting, key=self._held.__getitem__)
            turn = self._waiting[key][0]
            self._leave_line(key, turn)
            turn.sent = self._hand_out(key, now)
            turn.event.set()
        self._set_timer()

    def _may_send(self, now: float) -> bool:
        return self._throttle.has_room(self._in_flight, now) and self._ready_at <= now

    def _hand_out(self, key: Hashable, now: float) -> Sent:
        sent = self._throttle.note_sent(now, self._in_flight)
        self._rate.note_sent(now)
        self._in_flight += 1
        self._held[key] += 1
        return sent

    def _send_away(self) -> None:
        """Let those leave whose patience ends before the present pause does."""
        paused = self._throttle.paused_seconds(math.inf)
        for key, line in list(self._waiting.items()):
            for turn in [turn for turn in line if turn.leaves_at <= paused]:
                self._leave_line(key, turn)
                turn.event.set()

    @property
    def _ready_at(self) -> float:
        """Return the time from which on the next request may be sent."""
        return max(self._throttle.ready_at, self._rate.next_at)

    def _set_timer(self) -> None:
        """Come back when the throttle may allow the next request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        now = clock()
        if self._throttle.has_room(self._in_flight, now):
            delay = max(0.0, self._ready_at - now)
        elif self._throttle.limit < self._throttle.at_most:
            delay = LOOK_AGAIN
        else:
            return
        self._timer = asyncio.get_running_loop().call_later(delay, self._serve)

    def release(self, key: Hashable) -> None:
        """Give a place back, to who waits for one."""
        self._in_flight -= 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        if self._waiting:
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


class _Place:
    """Holds a place while its block runs. No generator, since one is entered for each request."""

    __slots__ = ("_key", "_limiter", "_order", "_patience")

    def __init__(self, limiter: FairLimiter, key: Hashable, order: Order, patience: float) -> None:
        self._limiter = limiter
        self._key = key
        self._order = order
        self._patience = patience

    async def __aenter__(self) -> Sent:
        return await self._limiter.acquire(self._key, self._order, self._patience)

    async def __aexit__(self, *exception: object) -> None:
        self._limiter.release(self._key)
