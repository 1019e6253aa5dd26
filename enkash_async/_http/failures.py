"""What comes after a failed attempt: another one, and when, or none, and why. No I/O."""

from __future__ import annotations

import msgspec

from enkash_async._http.quota import RETRY_COST, TIMEOUT_COST, RetryQuota
from enkash_async.errors import EnKashError, ResponseError, TransportError
from enkash_async.retry import (
    RetryPolicy,
    RetryReason,
    StopReason,
    has_no_effect,
    is_heavy,
    is_refusal,
    is_timeout,
    is_too_large,
    reason_of,
    wait_after,
    wait_asked_for,
)


class TryAgain(msgspec.Struct, frozen=True):
    """Try again in *delay* seconds; *pause* seconds more are left of the session's pause."""

    reason: RetryReason
    delay: float = 0.0
    pause: float = 0.0


class GiveUp(msgspec.Struct, frozen=True):
    """Do not try again."""

    reason: StopReason


MAX_DIED_IDLE = 3
"""Connections of one request that may be found dead before that counts as a failed attempt.

The second is a new one already, unless something between us and the service takes it away too.
"""


class Failures:
    """Keeps what has failed of one request and what that cost, and decides how to go on.

    All attempts together may take *seconds*. One that *is_repeatable* may be tried again although
    the service may have carried it out.
    """

    def __init__(
        self, retry: RetryPolicy, quota: RetryQuota, seconds: float, *, is_repeatable: bool
    ) -> None:
        self._retry = retry
        self._quota = quota
        self._seconds = seconds
        self._is_repeatable = is_repeatable
        self._failed = 0
        self._died_idle = 0
        self._refused = 0
        """Refusals in a row between which the service answered nobody in this session."""
        self._answered = -1
        """How many requests of the session had been answered at the last refusal."""
        self._seconds_spent = 0.0
        self._quota_spent = 0
        self._digest: str | None = None
        """That of the last answer that was broken in itself."""

    @property
    def needs_fresh_connection(self) -> bool:
        """Say whether the connection of an attempt had died while it was idle."""
        return self._died_idle > 0

    @property
    def seconds_left(self) -> float:
        """Return how many seconds are left for further attempts and the waits before them."""
        return self._seconds - self._seconds_spent

    def spend(self, seconds: float) -> None:
        """Count the *seconds* that an attempt took."""
        self._seconds_spent += seconds

    def note_success(self) -> None:
        """Give back to the session's quota what the retries of this request took from it."""
        self._quota.succeed(self._quota_spent)

    def may_be_too_large(self, error: EnKashError) -> bool:
        """Say whether a smaller answer might have come where *error* did."""
        # Connections break for many reasons; twice at one request, it may be its size.
        is_first_break = isinstance(error, ResponseError) and error.broke_off and not self._failed
        return is_heavy(error) and not is_first_break

    def decide(
        self,
        error: EnKashError,
        *,
        was_sent: bool,
        asks_for_less: bool,
        answered: int,
        pause: float,
        jitter: float,
    ) -> TryAgain | GiveUp:
        """Return what comes after an attempt that ended with *error*.

        *was_sent*: the request itself went out, not only a login for it. *asks_for_less*: another
        attempt would ask for a smaller answer. Of the session, *answered* is how many of its
        requests have been answered, and *pause* how many seconds are left of its pause. *jitter*
        is the random part of a wait, from 0 to 1.
        """
        may_repeat = self._is_repeatable or not was_sent or has_no_effect(error)
        if asks_for_less and may_repeat and is_too_large(error):
            # Not the service's failure, and not to be met again: it is no attempt. But so much
            # came for nothing, and with all searches of a session it may be too often.
            return TryAgain(reason_of(error)) if self._pay(error) else GiveUp("quota")
        if may_repeat and self._is_no_attempt(error):
            return TryAgain(reason_of(error))
        attempt = self._count(error, answered)
        stop = self._retry.why_stop(attempt, error)
        if self._is_as_before(error):
            stop = "not_retryable"
        if not may_repeat and stop != "not_retryable":
            stop = "not_repeatable"
        if stop is not None:
            return GiveUp(stop)
        if is_refusal(error):
            # All requests of the session are held up, this one with them.
            again = TryAgain("rate_limited", pause=pause)
        else:
            delay = wait_after(self._retry, attempt, error, jitter=jitter)
            again = TryAgain(reason_of(error), delay)
        self.spend(again.delay + again.pause)
        if self._seconds_spent >= self._seconds:
            return GiveUp("call_timeout")
        return again if self._pay(error) else GiveUp("quota")

    def _is_no_attempt(self, error: EnKashError) -> bool:
        """Say whether the request only met a connection that had died, and count that."""
        if not isinstance(error, TransportError) or not error.died_idle or error.final:
            return False
        self._died_idle += 1
        return self._died_idle <= MAX_DIED_IDLE

    def _is_as_before(self, error: EnKashError) -> bool:
        """Say whether the very answer came again that was broken the last time."""
        digest = error.digest if isinstance(error, ResponseError) else None
        is_same = digest is not None and digest == self._digest
        self._digest = digest
        return is_same

    def _count(self, error: EnKashError, answered: int) -> int:
        """Count *error*, and return how many attempts have failed, as far as they count.

        A refusal does not while the service answers others: it is only their turn. What bounds
        that is the time for all attempts, since each refusal is followed by a wait.
        """
        if not is_refusal(error):
            self._failed += 1
        elif self._answered == answered:
            self._refused += 1
        else:
            self._answered, self._refused = answered, 1
        return self._failed + self._refused

    def _pay(self, error: EnKashError) -> bool:
        """Take what another attempt costs out of the session's quota; say whether it was there."""
        if wait_asked_for(error):
            # The service says when to come back, and until then nobody asks.
            return True
        cost = TIMEOUT_COST if is_timeout(error) else RETRY_COST
        if not self._quota.spend(cost):
            return False
        self._quota_spent += cost
        return True
