"""The rate at which a service takes requests, as far as its refusals tell. No I/O.

A service that counts requests per second takes as many in a second however they are sent: what it
took from one refusal to another, over the time between them, is its rate, and where requests keep
to it, far more of them are taken before the next refusal. One that refuses a part of all requests
does not care how fast they come: kept to a rate, no more are taken. So a rate is tried, and
believed where that helps; what comes of the others, see `Trials`.

Growing back with time, rather than with the number of answers, is botocore's way, as is the floor
(botocore/retries/throttling.py and adaptive.py).
"""

from __future__ import annotations

from enkash_async._http.span import LONGEST_GAP, Span
from enkash_async._http.trials import Trials

AGREEMENT = 1.25
"""Two rates of which none is larger than the other times this are taken for the same."""

CAUTION = 0.95
"""The part of the rate found with which requests begin after a refusal."""

PATIENCE = 30
PATIENCE_SECONDS = 3
"""After as many requests taken, or so many seconds of them, they come at nearly twice the rate.

The rate grows with the cube of their number: at first they come close below the rate found.
"""

DOUBLES_AFTER = 16.0
"""After so many seconds without a refusal, too, they come at nearly twice the rate.

From there on the rate doubles every second. Where few requests are taken, their number alone
would let it grow for minutes.
"""

FORGOTTEN = 26.0
"""After so many seconds without a refusal a rate is forgotten."""

SLOWEST = 1 / LONGEST_GAP
"""Requests per second, however few a service was seen to take."""

SHORTEST_GAP = 0.001


class Pace:
    """The rate at which the service takes requests, and when the next one may go."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self._rate: float | None = None
        self._trials = Trials()
        self._span: Span | None = None
        """What is being measured. Once it is over, it is judged when the next request is sent."""
        self._is_told = False
        """The service said itself, with the last refusal, when the next request may go."""
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
            if self._span.is_over:
                # Not before: of those that were sent with the one refused, more may have been.
                self._judge(self._span)
                self._span = Span(self._refused_at, is_free=self.is_vain)
            self._span.note_sent(now, idle)
        gap = self.gap(now)
        # A timer that was late is made up for, but by one request only.
        self.next_at = max(self.next_at, now - gap) + gap
        return self._span

    @property
    def is_vain(self) -> bool:
        """Say whether it was seen to help nothing to hold requests back.

        Where the service itself says when to come again, it is held to know.
        """
        return self._rate is None and not self._is_told and self._trials.are_vain

    def note_taken(self) -> None:
        """Note that a request was answered."""
        self._taken += 1

    def note_strain(self) -> None:
        """Note that requests hung: what is being measured is no rate."""
        self._span = None

    def note_refusal(
        self, span: Span | None, now: float, resume: float, *, is_news: bool, is_told: bool
    ) -> None:
        """Note that the service refused a request, and that the next one goes at *resume*.

        *span* is the one in which it was sent. *is_told*: the service asked for that wait.
        """
        if span is not None:
            span.note_refused()
            if span is self._span:
                self._trials.note_refused(span)
        if not is_news:
            return
        self._is_told = is_told
        if now - self._resumed >= FORGOTTEN:
            self._trials = Trials()
        if self._span is None:
            self._span = Span(now, is_free=self.is_vain)
        else:
            self._span.note_news(now)
        self._growth_reached = self._growth(now)
        self._refused_at, self._taken = now, 0
        self._resumed = self.next_at = resume

    def _judge(self, span: Span) -> None:
        """Compare what was measured with what was known before."""
        if self._rate is None:
            self._rate = self._trials.rate_of(span)
            return
        is_due = self._growth_reached > 1 and span.rate > self._rate / AGREEMENT
        # Otherwise one was refused although requests kept to it, or it has changed.
        self._rate = span.rate if self._trials.note_trial(span, is_due=is_due) else None

    def gap(self, now: float) -> float:
        """Return the seconds from one request to the next, 0 where no rate is known."""
        if self._rate is None:
            return 0.0
        if now - self._resumed >= FORGOTTEN:
            self._rate = None
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
        return float(CAUTION + (self._taken / patience) ** 3 + 2 ** (seconds - DOUBLES_AFTER))

    def __str__(self) -> str:
        if self._rate is None:
            return "at any rate"
        return f"at first at most {max(SLOWEST, self._rate * CAUTION):.1f} requests/s"
