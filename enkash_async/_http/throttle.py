"""How many requests may be in flight, and from when on, as the answers tell. No I/O.

After a refusal (HTTP 429, or a wait that the service asks for) one request goes ahead; when it is
taken, the others follow. Fewer than before follow only where that helps: where none was taken
lately beside as many others as the one that was refused. A rate is kept to where that helps, see
`Pace`; where it was seen to help nothing, only the pauses are kept. Whatever was learned is given
up with time, so that a session is back at full speed half a minute after the last trouble, whatever
came before.
"""

from __future__ import annotations

from typing import NamedTuple

from enkash_async._http.pace import Pace
from enkash_async._http.span import Span
from enkash_async.errors import EnKashError

HOLD = 10.0
"""Seconds without trouble after which more requests may be in flight than were seen to be taken."""

RECOVERED = 25.0
"""Seconds without trouble after which as many may be in flight as at first."""

FOLLOWING = 8
"""After a refusal, each request that is taken lets this part of all go, or one if that is less.

One for one, it would take 32 in flight four times as long as 8 to be back.
"""

STRAY = 1
"""A timeout after so many times as many answers as may be in flight says little of the load."""

STEP = 4
"""After a timeout, one more may be in flight for so many answers, or for as many as may be."""


class Sent(NamedTuple):
    """What is remembered of a request: its generation, how many went beside it, its span."""

    generation: int
    beside: int
    span: Span | None


class Throttle:
    """What all requests of a session are held to. At most *at_most* are in flight.

    With *adaptive* false that number stays, and nothing but the pauses is learned from refusals.
    A request is told its generation when it is sent. Those under way when the service refused
    one belong to the generation before: their refusal is the same news, not further news.
    """

    def __init__(self, at_most: int, *, adaptive: bool = True) -> None:
        self.at_most = at_most
        self.limit = at_most
        """How many may be in flight, as it was when that was last asked or something happened."""
        self.refusals = 0
        """Refusals in a row, less those that answers have made up for."""
        self.last_refusal: EnKashError | None = None
        """What the last request that was refused got, for those that wait in line too long."""
        self.answered = 0
        """Requests that the service has taken, whenever they were sent."""
        self._adaptive = adaptive
        self._generation = 0
        self._pace = Pace()
        self._in_flight_limit = _InFlightLimit(at_most)
        self._last_answer = 0.0
        self._paused_from = self._paused_until = 0.0
        self._paused_before = 0.0

    @property
    def ready_at(self) -> float:
        """Return the time from which on the next request may be sent."""
        return max(self._paused_until, self._pace.next_at)

    def has_room(self, in_flight: int, now: float) -> bool:
        """Say whether another request may be in flight beside those *in_flight*."""
        self.limit = self._limit(now)
        return in_flight < self.limit

    def paused_for(self, now: float) -> float:
        """Return the seconds that are left of the present pause."""
        return max(0.0, self._paused_until - now)

    def paused_seconds(self, now: float) -> float:
        """Return the seconds of all pauses so far."""
        return self._paused_before + max(0.0, min(now, self._paused_until) - self._paused_from)

    def note_sent(self, now: float, in_flight: int) -> Sent:
        """Note that a request is sent beside those *in_flight*; return what to know it by."""
        span = None
        if self._adaptive:
            idle_since = max(self._last_answer, self.ready_at)
            span = self._pace.note_sent(now, 0.0 if in_flight else max(0.0, now - idle_since))
        return Sent(self._generation, in_flight, span)

    def note_taken(self, sent: Sent, now: float) -> None:
        """Note that a request was answered, so that more may be sent after it."""
        self.answered += 1
        self._last_answer = now
        self._pace.note_taken()
        since = self._generation - sent.generation
        # One sent before the last of them may be taken all the same where refusals come faster
        # than answers. It makes up for one, so that a burst that is refused but for one does not
        # look like a service that takes most.
        self.refusals = max(0, min(self.refusals - 1, since))
        if self._adaptive:
            self._in_flight_limit.note_taken(sent.beside, is_new=not since)
            self.limit = self._limit(now)

    def note_refusal(self, sent: Sent, now: float, pause: float, *, by_service: bool) -> None:
        """Note that the service refused a request, and let all others wait for *pause* seconds.

        *by_service*: the service itself asked for that pause.
        """
        self._last_answer = now
        is_news = sent.generation == self._generation
        if is_news or by_service:
            # Known to take one request in so long, it would not take another any sooner.
            self._pause(now, pause if by_service else max(pause, self._pace.wait()))
        if is_news:
            self._generation += 1
            self.refusals += 1
        if self._adaptive:
            self._pace.note_refusal(
                sent.span, now, self._paused_until, is_news=is_news, is_told=by_service
            )
        if is_news and self._adaptive:
            self._in_flight_limit.note_refusal(sent.beside, self._paused_until)
            self.limit = self._limit(now)

    def note_strain(self, sent: Sent, now: float) -> None:
        """Note that a request got no answer in time: let half as many be in flight."""
        self._last_answer = now
        self._pace.note_strain()
        if sent.generation == self._generation and self._adaptive:
            self._generation += 1
            self._in_flight_limit.note_strain(now)
            self.limit = self._limit(now)

    def _limit(self, now: float) -> int:
        return self._in_flight_limit.limit(now, is_vain=self._pace.is_vain)

    def _pause(self, now: float, pause: float) -> None:
        if now >= self._paused_until:
            self._paused_before += self._paused_until - self._paused_from
            self._paused_from = self._paused_until = now
        self._paused_until = max(self._paused_until, now + pause)

    def __repr__(self) -> str:
        state = f"{self.limit} of at most {self.at_most} in flight"
        if self._paused_until > self._last_answer:
            state += f", paused until {self._paused_until:.3f}"
        return f"<Throttle {state}, {self._pace}>"


class _InFlightLimit:
    """How many requests may be in flight at once, *at_most* if nothing speaks against it."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._bound = at_most
        """So many may be in flight until some time has passed without trouble."""
        self._is_strained = False
        """The bound was lowered by timeouts, which a few answers make up for."""
        self._opened = at_most
        """So many follow by now after a refusal; each that is taken lets further ones go."""
        self._since = 0.0
        """When the last trouble was over."""
        self._seen = self._seen_before = 0
        """The most in flight of which one was taken, since the last refusal and before it."""
        self._in_a_row = 0
        """Requests taken since the last trouble."""

    def limit(self, now: float, *, is_vain: bool = False) -> int:
        """Return how many requests may be in flight; *is_vain*: to hold back helps nothing.

        Then only timeouts lower it.
        """
        if is_vain and not self._is_strained:
            return self._at_most
        waited = now - self._since
        if waited < HOLD:
            return min(self._opened, self._bound)
        share = min(1.0, (waited - HOLD) / (RECOVERED - HOLD))
        self._opened = self._at_most
        return self._bound + int((self._at_most - self._bound) * share)

    def note_taken(self, beside: int, *, is_new: bool) -> None:
        """Note that one sent *beside* others was taken, since the last trouble if *is_new*."""
        self._seen = max(self._seen, beside + 1)
        if not is_new:
            return
        self._in_a_row += 1
        if (
            self._is_strained
            and self._bound < self._at_most
            and self._in_a_row % max(STEP, self._bound) == 0
        ):
            self._bound += 1
        further = max(1, self._at_most // FOLLOWING)
        self._opened += further

    def note_refusal(self, beside: int, resume: float) -> None:
        """Note that one was refused *beside* others."""
        seen = max(self._seen, self._seen_before)
        is_crowded = 0 < beside >= seen
        self._bound = beside if is_crowded else self._at_most
        self._is_strained = False
        self._seen_before, self._seen = self._seen, 0
        self._opened, self._since, self._in_a_row = 1, resume, 0

    def note_strain(self, now: float) -> None:
        """Note that one got no answer in time."""
        limit = self.limit(now)
        if self._in_a_row < STRAY * limit:
            self._bound = self._opened = max(1, limit // 2)
            self._is_strained = True
            self._since = now
        self._in_a_row = 0
