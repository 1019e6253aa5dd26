"""What was taken from one refusal to another. No I/O."""

from __future__ import annotations

LONGEST_GAP = 2.0
"""Seconds in which nothing happens that count at most: a slower rate is not looked for."""

SHORTEST_SPAN = 1.0
"""Seconds over which a rate is measured at least: many services count by the second."""

FLOOD = 12
WORSE = 4
"""After so many refusals, and so many times as many as before for each request that is taken, it
is known that requests come too fast."""


class Span:
    """The time from one refusal to another, and the requests that were taken in it.

    *is_free*: they were not held back.
    """

    def __init__(self, began: float, *, is_free: bool) -> None:
        self.is_free = is_free
        self.is_flood = self.is_over = False
        self.admitted = 0
        """Requests sent, without those that were refused."""
        self._refused = self._news = 0
        """Those, and which of them were not sent before another was refused."""
        self._seconds = 0.0
        self._last = began

    def _pass_to(self, now: float, idle: float = 0.0) -> None:
        """Count the time until *now*; *idle* seconds of it say nothing of the service."""
        self._seconds += min(max(0.0, now - self._last - idle), LONGEST_GAP)
        self._last = now

    def note_sent(self, now: float, idle: float) -> None:
        """Note that a request is sent, after *idle* seconds without one to send."""
        self._pass_to(now, idle)
        self.admitted += 1

    def note_refused(self) -> None:
        """Note that one that was sent was refused."""
        self.admitted -= 1
        self._refused += 1

    def note_news(self, now: float) -> None:
        """Note that a refusal was news: the span is over with it if it was long enough."""
        if not self.is_over:
            self._pass_to(now)
            self._news += 1
            self.is_over = self.admitted > 0 and self._seconds >= SHORTEST_SPAN

    @property
    def run(self) -> float:
        """Return how many requests were taken from one refusal that was news to the next."""
        return self.admitted / self._news

    @property
    def rate(self) -> float:
        """Return how many requests were taken in a second."""
        return max(self.admitted, 1) / self._seconds

    def is_worse(self, run: float) -> bool:
        """Say whether far more were refused than where so many were taken in a *run*."""
        return self._refused >= FLOOD and WORSE * self.admitted < run * self._refused
