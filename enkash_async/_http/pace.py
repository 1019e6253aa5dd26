"""The rate at which a service takes requests, as far as its refusals tell. No I/O.

A service that counts requests per second takes as many in a second however they are sent: what it
took from one refusal to another, over the time between them, is its rate, and where requests keep
to it, far more of them are taken before the next refusal. One that refuses a part of all requests
does not care how fast they come: kept to a rate, no more are taken. So a rate is tried, and
believed where that helps; each that does not help makes trials rarer.

Growing back with time, rather than with the number of answers, is botocore's way, as is the floor
(botocore/retries/throttling.py and adaptive.py).
"""

from __future__ import annotations

AGREEMENT = 1.25
"""Two rates of which none is larger than the other times this are taken for the same."""

HELPS = 2
"""A rate is believed where so many times as many are taken between two refusals as without it."""

CAUTION = 0.95
"""The part of the rate found with which requests begin after a refusal."""

LESS = 0.9
"""For each trial in vain the next begins with this part: if there is a rate, it was too high."""

PATIENCE = 30
PATIENCE_SECONDS = 3
"""After as many requests taken, or so many seconds of them, they come at nearly twice the rate.

The rate grows with the cube of their number: at first they come close below the rate found.
"""

HOLD = 16.0
"""After so many seconds without a refusal, too, they come at nearly twice the rate.

From there on the rate doubles every second. Where few requests are taken, their number alone
would let it grow for minutes.
"""

FORGOTTEN = 26.0
"""After so many seconds without a refusal a rate is forgotten."""

SLOWEST = 0.5
"""Requests per second, however few a service was seen to take."""

LONGEST_GAP = 1 / SLOWEST
"""Seconds in which nothing happens that count at most: a slower rate is not looked for."""

SHORTEST_GAP = 0.001

SHORTEST_SPAN = 1.0
"""Seconds over which a rate is measured at least: many services count by the second."""

MOST_SKIPS = 16
"""Measurements let pass at most before another rate is tried, after many were tried in vain."""


class Span:
    """The time from one refusal to another, and the requests that were taken in it."""

    def __init__(self, began: float) -> None:
        self.admitted = 0
        """Requests sent, without those that were refused."""
        self._seconds = 0.0
        self._last = began
        self._refusals = 0

    def pass_to(self, now: float, idle: float = 0.0) -> None:
        """Count the time until *now*; *idle* seconds of it say nothing of the service."""
        self._seconds += min(max(0.0, now - self._last - idle), LONGEST_GAP)
        self._last = now

    def close_at(self, now: float) -> bool:
        """Note a refusal; say whether the span is long enough to end with it."""
        self.pass_to(now)
        self._refusals += 1
        return self.admitted > 0 and self._seconds >= SHORTEST_SPAN

    @property
    def run(self) -> float:
        """Return how many requests were taken from one refusal to the next."""
        return self.admitted / self._refusals

    @property
    def rate(self) -> float:
        """Return how many requests were taken in a second."""
        return max(self.admitted, 1) / self._seconds


class Pace:
    """The rate at which the service takes requests, and when the next one may go."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self.is_believed = False
        """The rate that is kept to was seen to help."""
        self._rate: float | None = None
        self._trials = _Trials()
        self._span: Span | None = None
        self._is_over = False
        """The span has ended; it is judged when the next request is sent."""
        self._refused_at = self._resumed = 0.0
        """When the last refusal came, and when requests could be sent again after it."""
        self._taken = 0
        """Requests taken since the last refusal."""
        self._growth_reached = CAUTION

    def note_sent(self, now: float, idle: float) -> Span | None:
        """Note that a request is sent, after *idle* seconds in which there was none to send.

        Return the span in which it counts, if one is under way.
        """
        if self._span is not None:
            if self._is_over:
                # Not before: of those that were sent with the one refused, more may have been.
                self._judge(self._span)
                self._span, self._is_over = Span(self._refused_at), False
            self._span.pass_to(now, idle)
            self._span.admitted += 1
        gap = self.gap(now)
        # A timer that was late is made up for, but by one request only.
        self.next_at = max(self.next_at, now - gap) + gap
        return self._span

    def note_taken(self) -> None:
        """Note that a request was answered."""
        self._taken += 1

    def note_strain(self) -> None:
        """Note that requests hung: what is being measured is no rate."""
        self._span, self._is_over = None, False

    def note_refusal(self, span: Span | None, now: float, resume: float, *, is_news: bool) -> None:
        """Note that the service refused a request, and that the next one goes at *resume*.

        *span* is the one in which it was sent.
        """
        if span is not None:
            span.admitted -= 1
        if not is_news:
            return
        if self._span is None:
            self._span = Span(now)
        elif not self._is_over:
            self._is_over = self._span.close_at(now)
        self._growth_reached = self._growth(now)
        self._refused_at, self._taken = now, 0
        self._resumed = self.next_at = resume

    def _judge(self, span: Span) -> None:
        """Compare what was measured with what was known before."""
        if self._rate is None:
            self._rate = self._trials.rate_of(span)
            return
        has_grown = self._growth_reached > 1 and span.rate > self._rate / AGREEMENT
        if has_grown and self._trials.has_helped(span):
            self.is_believed = span.rate < self._rate * AGREEMENT
            self._rate = span.rate
        else:
            # Refused although requests kept to it, or it has changed.
            self._trials.note_miss()
            self._rate, self.is_believed = None, False

    def gap(self, now: float) -> float:
        """Return the seconds from one request to the next, 0 where no rate is known."""
        if self._rate is None:
            return 0.0
        if now - self._resumed >= FORGOTTEN:
            self._rate, self.is_believed = None, False
            return 0.0
        gap = 1 / max(SLOWEST, self._rate * self._growth(now))
        return gap if gap > SHORTEST_GAP else 0.0

    def wait(self) -> float:
        """Return the seconds after a refusal in which no further request would be taken."""
        return 0.0 if self._rate is None else 1 / max(SLOWEST, self._rate * CAUTION)

    def _growth(self, now: float) -> float:
        """Return how many times the rate that was found requests may come by now."""
        seconds = min(max(0.0, now - self._resumed), FORGOTTEN)
        patience = max(PATIENCE, PATIENCE_SECONDS * (self._rate or 0.0))
        return float(CAUTION + (self._taken / patience) ** 3 + 2 ** (seconds - HOLD))

    def __str__(self) -> str:
        if self._rate is None:
            return "at any rate"
        return f"at first at most {max(SLOWEST, self._rate * CAUTION):.1f} requests/s"


class _Trials:
    """Which measured rates are tried, and whether one has helped."""

    def __init__(self) -> None:
        self._misses = 0
        """Rates in a row that were kept to in vain."""
        self._skips = 0
        """Measurements that are let pass before another rate is tried."""
        self._run_before = 0.0
        """How many were taken from one refusal to the next without a rate."""

    def rate_of(self, span: Span) -> float | None:
        """Return the rate to try after *span*, in which none was kept to; None for not now."""
        self._run_before = span.run
        self._skips -= 1
        return None if self._skips >= 0 else span.rate * LESS**self._misses

    def has_helped(self, span: Span) -> bool:
        """Say whether many more were taken than without a rate."""
        helped = span.run >= HELPS * self._run_before
        if helped:
            self._misses = 0
        return helped

    def note_miss(self) -> None:
        self._misses += 1
        self._skips = min(2 ** (self._misses - 1) - 1, MOST_SKIPS)
