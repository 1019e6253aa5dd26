"""A session's requests against a service with limits, in a time of its own.

No I/O, no waiting: a run is decided by the service and a seed.
"""

from __future__ import annotations

import heapq
import math
import random
from typing import Protocol

import attrs

from enkash_async._http.throttle import Sent, Throttle
from enkash_async.errors import RateLimitedError
from enkash_async.retry import RetryPolicy


class Limits(Protocol):
    """What a service refuses, and the wait that it asks for."""

    def admits(self, now: float, in_flight: int) -> bool:
        """Say whether a request that arrives now is answered."""
        ...

    def retry_after(self, now: float) -> float | None:
        """Return the wait that a refusal asks for, None if it names none."""
        ...


@attrs.define
class Outage:
    """Refuses everything until *end*."""

    end: float
    tells: bool = True

    def admits(self, now: float, in_flight: int) -> bool:
        return now >= self.end

    def retry_after(self, now: float) -> float | None:
        return float(math.ceil(self.end - now)) if self.tells else None


@attrs.define
class FixedWindows:
    """Answers *most* requests in each stretch of *length* seconds."""

    most: int
    length: float = 1.0
    tells: bool = True
    window: int = -1
    answered: int = 0

    def admits(self, now: float, in_flight: int) -> bool:
        if int(now / self.length) != self.window:
            self.window, self.answered = int(now / self.length), 0
        self.answered += 1
        return self.answered <= self.most

    def retry_after(self, now: float) -> float | None:
        # Whole seconds, as the header has them.
        left = (self.window + 1) * self.length - now
        return float(math.ceil(left)) if self.tells else None


@attrs.define
class Bucket:
    """Answers *rate* requests a second, after a burst of *size*; names no wait unless asked to."""

    rate: float
    size: float
    tells: bool = False
    level: float = 0.0
    filled_at: float = 0.0

    def admits(self, now: float, in_flight: int) -> bool:
        self.level = max(0.0, self.level - (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.level + 1 > self.size + 1e-9:
            return False
        self.level += 1
        return True

    def retry_after(self, now: float) -> float | None:
        return float(math.ceil((self.level + 1 - self.size) / self.rate)) if self.tells else None


@attrs.define
class FewInFlight:
    """Answers while fewer than *most* others are being answered."""

    most: int

    def admits(self, now: float, in_flight: int) -> bool:
        return in_flight < self.most

    def retry_after(self, now: float) -> float | None:
        return None


@attrs.define
class AtRandom:
    """Refuses a *share* of the requests, however many there are."""

    share: float
    seed: int = 0
    chance: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def admits(self, now: float, in_flight: int) -> bool:
        return self.chance.random() >= self.share

    def retry_after(self, now: float) -> float | None:
        return None


@attrs.define
class Both:
    """Refuses what one of two limits does."""

    one: Limits
    other: Limits

    def admits(self, now: float, in_flight: int) -> bool:
        return self.one.admits(now, in_flight) and self.other.admits(now, in_flight)

    def retry_after(self, now: float) -> float | None:
        return None


@attrs.define
class Changed:
    """Has the limits *before* until *moment*, and those *after* from then on."""

    before: Limits
    after: Limits
    moment: float

    def admits(self, now: float, in_flight: int) -> bool:
        return (self.before if now < self.moment else self.after).admits(now, in_flight)

    def retry_after(self, now: float) -> float | None:
        return None


@attrs.define
class Run:
    """What it took."""

    sent: int = 0
    refused: int = 0
    seconds: float = 0.0
    most_in_flight: int = 0
    taken_at: list[float] = attrs.field(factory=list, repr=False, eq=False)
    refused_at: list[float] = attrs.field(factory=list, repr=False, eq=False)

    def taken_in_each(self, seconds: float) -> list[int]:
        """Return how many requests were answered in each stretch of *seconds*."""
        counts = [0] * (int(self.seconds / seconds) + 1)
        for moment in self.taken_at:
            counts[int(moment / seconds)] += 1
        return counts


def run(
    limits: Limits,
    pages: int,
    *,
    seed: int = 0,
    most: int = 8,
    latency: float = 0.05,
    refused_in: float | None = None,
    adaptive: bool = True,
) -> Run:
    """Read *pages* pages from a service with these *limits*, each as often as it is refused.

    An answer takes about *latency* seconds, a refusal about *refused_in*, or a fifth of *latency*.
    """
    chance = random.Random(seed)
    policy = RetryPolicy()
    throttle = Throttle(most, adaptive=adaptive)
    outcome = Run()
    under_way: list[tuple[float, int, Sent, bool, float | None]] = []
    now, left, working = 0.0, pages, 0
    while left or under_way:
        while left and throttle.has_room(len(under_way), now) and throttle.ready_at <= now:
            admitted = limits.admits(now, working)
            wait = None if admitted else limits.retry_after(now)
            if admitted or refused_in is not None:
                took = (latency if admitted else refused_in or 0.0) * (0.5 + chance.random())
            else:
                took = latency / 5
            sent = throttle.note_sent(now, len(under_way))
            outcome.sent += 1
            heapq.heappush(under_way, (now + took, outcome.sent, sent, admitted, wait))
            left -= 1
            working += admitted
            outcome.most_in_flight = max(outcome.most_in_flight, len(under_way))
        free = left and throttle.has_room(len(under_way), now)
        if free and (not under_way or throttle.ready_at < under_way[0][0]):
            now = max(now, throttle.ready_at)
            continue
        now, _, sent, admitted, wait = heapq.heappop(under_way)
        if admitted:
            working -= 1
            throttle.note_taken(sent, now)
            outcome.taken_at.append(now)
        else:
            left += 1
            outcome.refused += 1
            outcome.refused_at.append(now)
            error = RateLimitedError("too many", 429)
            error.retry_after = wait
            pause = policy.pause_after(throttle.refusals + 1, error, jitter=chance.random())
            throttle.note_refusal(sent, now, pause, by_service=wait is not None)
    outcome.seconds = now
    return outcome
