"""How many requests may be in flight, and from when on, as the answers tell. No I/O.

Concurrency goes as TCP Tahoe's window does: a refusal (HTTP 429, or a wait that the service asks
for) sets it back to one request, from where it soon grows to half of what it was, and then slowly.
Where fewer in flight do not help, because the service counts requests per second, the requests
that it took between two refusals tell its rate, and the next ones are spaced by it.
"""

from __future__ import annotations

MIN_STEP = 10
"""Requests taken before one more may be in flight: where one is too many, one in ten is refused."""

CAUTION = 0.95
"""The part of the rate found with which requests begin after a refusal."""

PATIENCE = 30
"""After as many requests taken, they come at nearly twice the rate that was found.

The rate grows with the cube of their number: a dozen come close below the rate that was refused,
and one that was found too low, or is over, is left behind soon.
"""

SHORTEST_GAP = 0.001


class _Pace:
    """The rate at which the service takes requests, and when the next one may go."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self._rate: float | None = None
        self._taken = 0
        self._began: float | None = None
        self._is_whole = False
        """The time since then began with a refusal."""

    def note_sent(self, now: float, idle: float) -> None:
        # Time in which there was nothing to send says nothing of the rate.
        self._began = now if self._began is None else self._began + idle
        gap = self.gap()
        # A timer that was late is made up for, but by one request only.
        self.next_at = max(self.next_at, now - gap) + gap

    def note_taken(self) -> None:
        self._taken += 1

    def note_refusal(self, resume: float) -> None:
        # Without a request taken, the time goes on to count until there is one.
        if self._taken and self._began is not None:
            # One refusal may be anything. It takes a second one to see what fits in between.
            if self._is_whole and resume > self._began:
                self._rate = self._taken / (resume - self._began)
            self._is_whole = True
            self._taken, self._began = 0, resume
        self.next_at = resume

    def gap(self) -> float:
        """Return the seconds from one request to the next, 0 where no rate has been found."""
        if self._rate is None:
            return 0.0
        gap = 1 / (self._rate * (CAUTION + (self._taken / PATIENCE) ** 3))
        return gap if gap > SHORTEST_GAP else 0.0

    def __str__(self) -> str:
        gap = self.gap()
        return f"at most {1 / gap:.1f} requests/s" if gap else "at any rate"


class Throttle:
    """What all requests of a session are held to. At most *at_most* are in flight.

    With *adaptive* false that number stays, and nothing but the pauses is learned from refusals.
    A request is told its generation when it is sent. Those under way when the service refused
    one belong to the generation before: their refusal is the same news, not further news.
    """

    def __init__(self, at_most: int, *, adaptive: bool = True) -> None:
        self.at_most = at_most
        self.limit = at_most
        self.refusals = 0
        """Refusals since a request was taken that was sent after the last of them."""
        self.answered = 0
        """Requests that the service has taken, whenever they were sent."""
        self._adaptive = adaptive
        self._generation = 0
        self._threshold = at_most
        """Up to here the limit grows with each answer, and from here on slowly."""
        self._credit = 0
        self._pace = _Pace()
        self._last_answer = 0.0
        self._paused_from = self._paused_until = 0.0
        self._paused_before = 0.0

    @property
    def ready_at(self) -> float:
        """Return the time from which on the next request may be sent."""
        return max(self._paused_until, self._pace.next_at)

    def paused_for(self, now: float) -> float:
        """Return the seconds that are left of the present pause."""
        return max(0.0, self._paused_until - now)

    def paused_seconds(self, now: float) -> float:
        """Return the seconds of all pauses so far."""
        return self._paused_before + max(0.0, min(now, self._paused_until) - self._paused_from)

    def note_sent(self, now: float, in_flight: int) -> int:
        """Note that a request is sent beside those *in_flight*; return its generation."""
        if self._adaptive:
            idle_since = max(self._last_answer, self.ready_at)
            self._pace.note_sent(now, 0.0 if in_flight else max(0.0, now - idle_since))
        return self._generation

    def note_taken(self, generation: int, now: float) -> None:
        """Note that a request was answered, so that more may be sent after it."""
        self.answered += 1
        self._last_answer = now
        self._pace.note_taken()
        if generation == self._generation:
            self.refusals = 0
            self._grow()

    def note_refusal(self, generation: int, now: float, pause: float, *, by_service: bool) -> None:
        """Note that the service refused a request, and let all others wait for *pause* seconds.

        *by_service*: the service itself asked for that pause.
        """
        self._last_answer = now
        is_news = generation == self._generation
        if is_news or by_service:
            # Known to take one request in so long, it would not take another any sooner.
            self._pause(now, pause if by_service else max(pause, self._pace.gap()))
        if is_news:
            self._generation += 1
            self.refusals += 1
            if self._adaptive:
                self._threshold = max(1, self.limit // 2)
                self.limit, self._credit = 1, 0
                self._pace.note_refusal(self._paused_until)

    def note_strain(self, generation: int, now: float) -> None:
        """Note that a request got no answer in time: let half as many be in flight."""
        self._last_answer = now
        if generation == self._generation and self._adaptive:
            self._generation += 1
            self.limit = self._threshold = max(1, self.limit // 2)
            self._credit = 0

    def _pause(self, now: float, pause: float) -> None:
        if now >= self._paused_until:
            self._paused_before += self._paused_until - self._paused_from
            self._paused_from = self._paused_until = now
        self._paused_until = max(self._paused_until, now + pause)

    def _grow(self) -> None:
        if self.limit < self._threshold:
            self.limit += 1
            return
        self._credit += 1
        if self._credit >= max(MIN_STEP, self.limit) and self.limit < self.at_most:
            self.limit += 1
            self._credit = 0

    def __repr__(self) -> str:
        state = f"{self.limit} of at most {self.at_most} in flight"
        if self._paused_until > self._last_answer:
            state += f", paused until {self._paused_until:.3f}"
        return f"<Throttle {state}, {self._pace}>"
