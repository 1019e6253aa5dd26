"""Which failures are worth another attempt, and how long to wait before it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, Literal, cast

import attrs

from enkash_async._arguments import int_at_least, keywords_named, number_in, wrong_type
from enkash_async.errors import (
    AnswerTooLargeError,
    APIError,
    ConnectError,
    EnKashError,
    ErrorType,
    RequestTimeoutError,
    ResponseError,
    TransportError,
)

__all__ = [
    "RETRYABLE_STATUSES",
    "RETRYABLE_TYPES",
    "RetryPolicy",
    "RetryReason",
    "StopReason",
]

RETRYABLE_TYPES: frozenset[ErrorType] = frozenset({ErrorType.SYSTEM_ERROR, ErrorType.UNKNOWN_ERROR})
"""Error types that are retried, as `RetryPolicy.error_types` has them."""

# What becomes of an HTTP status whose error has no known type. One that stands in no line is final:
# the same request would be answered alike.
RETRYABLE_STATUSES: frozenset[int] = frozenset(
    {
        408,  # Request Timeout: the request did not arrive in time
        421,  # Misdirected Request: over another connection it goes elsewhere (RFC 9110, 15.5.20)
        425,  # Too Early: not yet (RFC 8470, 5.2)
        429,  # Too Many Requests
        500,  # Internal Server Error
        502,  # Bad Gateway: a proxy understood nothing of what the service said
        503,  # Service Unavailable
        504,  # Gateway Timeout: a proxy waited in vain
        520,  # Cloudflare: the service sent something it did not understand
        521,  # Cloudflare: the service refused the connection
        522,  # Cloudflare: no connection to the service in time
        523,  # Cloudflare: no way to the service
        524,  # Cloudflare: connected, but no answer in time
        529,  # the service, or a proxy, is overloaded
        530,  # Cloudflare: an error of its own, mostly of name resolution
    }
)
"""Statuses that are retried, as `RetryPolicy.statuses` has them."""

# Decided against: 407 is a proxy that wants credentials, and 511 a network that wants a login, so
# both ask for the user; 501 and 505 say what the service cannot do at all; 525 and 526 are a broken
# handshake with, and a wrong certificate of, the service behind Cloudflare: both last.

GATEWAY_TIMEOUTS: frozenset[int] = frozenset({408, 504, 522, 524})
"""Timeouts that somebody else has met: they count, and cost, as ours do."""

STRAIN_STATUSES: frozenset[int] = GATEWAY_TIMEOUTS | {503, 529}
"""What a service, or a proxy before it, answers when it cannot keep up."""

RetryReason = Literal[
    "rate_limited",
    "timeout",
    "connect",
    "broken_answer",
    "too_large",
    "service_error",
    "token_renewed",
]
"""Why a request was tried again, as counted in `SearchReport.retry_reasons`."""

StopReason = Literal[
    "not_retryable", "not_repeatable", "attempts", "retry_after", "call_timeout", "quota"
]
"""Why a request was not tried again, as counted in `SearchReport.stop_reasons`."""

STOP_NOTES: dict[StopReason, str] = {
    "not_repeatable": (
        "not tried again: the service may have carried it out, and would do so twice"
    ),
    "attempts": "not tried again: all attempts are used up (RetryPolicy.attempts)",
    "retry_after": (
        "not tried again: the service asks for a longer wait than RetryPolicy.max_retry_after"
    ),
    "call_timeout": (
        "not tried again: the wait would go beyond the session's timeout (Timeout.call, or the"
        " number given in its place)"
    ),
    "quota": (
        "not tried again: so many requests of this session failed that its quota of retries is"
        " used up (RetryPolicy.quota); requests that succeed fill it again"
    ),
}


def _int_from(least: int) -> Callable[[Any, attrs.Attribute[Any], int], None]:
    return lambda _, field, value: _drop(int_at_least(least, field.name, value))


def _whole_or_none(_: Any, field: attrs.Attribute[Any], value: int | None) -> None:
    if value is not None:
        int_at_least(0, field.name, value)


def _seconds(_: Any, field: attrs.Attribute[Any], value: float) -> None:
    number_in(field.name, value, least=0)


def _drop(_: object) -> None:
    """Validators return nothing."""


def _members_of(kind: type[int | str]) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    """Return the check of a set whose members are of this *kind*."""

    def check(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
        members = cast("Set[object]", value)
        if not isinstance(value, Set) or not all(isinstance(one, kind) for one in members):
            raise wrong_type(field.name, f"a frozenset of {kind.__name__}", members)

    return check


@keywords_named
@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When a failed request is tried again. A value: share it, or replace a part of it.

    Retried are transport errors that are not final, the error types *error_types*, and of HTTP 429
    and the errors without a known type those with an HTTP status in *statuses*. A refused login is
    never retried, whatever stands here: the service locks an account after three.

    HTTP 429, or a `Retry-After` on another error that may pass, holds up all requests of the
    session, whether it is retried or not; by default all that may pass are. The attempts of a page
    that was refused count only while nothing else succeeds.
    """

    attempts: int = attrs.field(default=4, validator=_int_from(1))
    """How often a request is tried, the first time included: 1 means no retries."""

    first_delay: float = attrs.field(default=0.5, validator=_seconds)
    """Seconds, of which a random part is waited before the second attempt; it is doubled each
    time."""

    max_delay: float = attrs.field(default=20.0, validator=_seconds)
    """Seconds that it is doubled up to."""

    max_retry_after: float = attrs.field(default=60.0, validator=_seconds)
    """A `Retry-After` of up to so many seconds is obeyed; a longer one ends the attempts. One of 0
    seconds, or of a time that is past, has said nothing."""

    quota: int | None = attrs.field(default=500, validator=_whole_or_none)
    """Bounds the retries of all requests of a session together: each costs 5 of it, or 10 after a
    timeout; success gives back what the request had cost, and 1 where that was nothing. A retry
    for which nothing is left is not made; nor is a page asked for in smaller parts, after an answer
    that was too large. Free are retries that the service asks for with a `Retry-After`. None sets
    no bound."""

    error_types: frozenset[ErrorType] = attrs.field(
        default=RETRYABLE_TYPES, validator=_members_of(ErrorType)
    )
    """Which of the nine error types are tried again."""

    statuses: frozenset[int] = attrs.field(default=RETRYABLE_STATUSES, validator=_members_of(int))
    """Which HTTP statuses are, where the error has no known type, or the status is 429: 408, 421,
    425, 429, 500, 502 to 504, 520 to 524, 529 and 530."""

    @classmethod
    def of(cls, retries: int) -> RetryPolicy:
        """Return the policy that tries a failed request again so many times; 0 for never."""
        return cls(attempts=int_at_least(0, "retry", retries) + 1)

    def is_retryable(self, error: EnKashError) -> bool:
        """Say whether another attempt could end otherwise than *error*."""
        if error.final:
            return False
        if isinstance(error, TransportError):
            return True
        if not isinstance(error, APIError):
            return False
        if isinstance(error.error_type, ErrorType) and error.status != 429:
            return error.error_type in self.error_types
        return error.status in self.statuses

    def why_stop(self, attempt: int, error: EnKashError) -> StopReason | None:
        """Say why *error* of failed *attempt* (the first is 1) ends the attempts, if it does."""
        if not self.is_retryable(error):
            return "not_retryable"
        if attempt >= self.attempts:
            return "attempts"
        wish = wait_asked_for(error)
        return "retry_after" if wish is not None and wish > self.max_retry_after else None

    def delay_after(self, attempt: int, error: EnKashError, *, jitter: float) -> float | None:
        """Return the seconds to wait after failed *attempt* (the first is 1), or None to give up.

        *jitter* is the random part, from 0 to 1.
        """
        if self.why_stop(attempt, error) is not None:
            return None
        return wait_after(self, attempt, error, jitter=jitter)

    def pause_after(self, refusals: int, error: EnKashError, *, jitter: float) -> float:
        """Return the seconds for which all requests wait after so many *refusals* in a row.

        That is 0 if the service asks for longer than is obeyed: then the request is given up, and
        to hold the others up would help nobody.
        """
        wish = wait_asked_for(error)
        if wish is not None:
            return wish if wish <= self.max_retry_after else 0.0
        return _backoff(self, refusals) * jitter


_STANDARD = RetryPolicy()


def may_pass(error: EnKashError) -> bool:
    """Say whether *error* may pass, by itself: whatever somebody's policy makes of it."""
    return _STANDARD.is_retryable(error)


def wait_after(policy: RetryPolicy, attempt: int, error: EnKashError, *, jitter: float) -> float:
    """Return the seconds to wait after failed *attempt* where another one is made."""
    wish = wait_asked_for(error)
    if wish is not None:
        return wish
    if isinstance(error, TransportError) and error.at_once and attempt == 1:
        return 0.0
    return _backoff(policy, attempt) * jitter


def _backoff(policy: RetryPolicy, attempt: int) -> float:
    """Return the longest wait after failed *attempt*, of which a random part is waited."""
    # Doubled, so that a service that is down is asked less and less; a random part of all of
    # it, so that clients which failed together do not come back together. The bound of 64
    # keeps the power from overflowing.
    return min(policy.max_delay, policy.first_delay * 2.0 ** min(attempt - 1, 64))


def wait_asked_for(error: EnKashError) -> float | None:
    """Return the `Retry-After` of *error* in seconds, None if there is none."""
    # A wait of nothing is none: at once is what brought the refusal.
    return error.retry_after or None if isinstance(error, APIError) else None


def is_refusal(error: EnKashError) -> bool:
    """Say whether the service asks for fewer requests, or for none for a while."""
    return isinstance(error, APIError) and (
        error.status == 429 or wait_asked_for(error) is not None
    )


def is_strain(error: EnKashError) -> bool:
    """Say whether the service seems to have more to do than it can."""
    if isinstance(error, APIError):
        return error.status in STRAIN_STATUSES
    return isinstance(error, (RequestTimeoutError, ConnectError)) and not error.final


def is_heavy(error: EnKashError) -> bool:
    """Say whether a smaller page might have come: it took too long, broke off or was too large."""
    if isinstance(error, ResponseError):
        return error.broke_off or is_too_large(error)
    return is_timeout(error)


def is_too_large(error: EnKashError) -> bool:
    """Say whether an answer was refused for its size: the same page would be refused again."""
    return isinstance(error, AnswerTooLargeError)


def has_no_effect(error: EnKashError) -> bool:
    """Say whether the request surely was not carried out: never sent, or refused unread."""
    return isinstance(error, ConnectError) or (isinstance(error, APIError) and error.status == 429)


def is_timeout(error: EnKashError) -> bool:
    """Say whether the request took too long, here or where another waited for the service."""
    if isinstance(error, APIError):
        return error.status in GATEWAY_TIMEOUTS
    return isinstance(error, RequestTimeoutError)


def reason_of(error: EnKashError) -> RetryReason:
    """Return under which name a retry after *error* is counted."""
    if is_refusal(error):
        return "rate_limited"
    if is_too_large(error):
        return "too_large"
    if isinstance(error, RequestTimeoutError):
        return "timeout"
    if isinstance(error, ConnectError):
        return "connect"
    return "broken_answer" if isinstance(error, ResponseError) else "service_error"
