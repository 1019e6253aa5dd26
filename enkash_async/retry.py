"""Which failures are worth another attempt, and how long to wait before it. No I/O."""

from __future__ import annotations

import attrs

from enkash_async.errors import APIError, EnKashError, ErrorType, TransportError

RETRYABLE_TYPES: frozenset[ErrorType] = frozenset({ErrorType.SYSTEM_ERROR, ErrorType.UNKNOWN_ERROR})
RETRYABLE_STATUSES: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When a failed request is tried again. A value: share it, or replace a part of it.

    *attempts* counts the first one, so 1 means no retries. Before the second attempt the wait is
    a random part of *first_delay* seconds, doubled each time up to *max_delay*; a `Retry-After`
    of up to *max_retry_after* seconds is obeyed instead, and a longer one ends the attempts.
    Retried are transport errors that are not final, HTTP 429, the error types *error_types*, and
    of the errors without a known type those with an HTTP status in *statuses*. A refused login
    is never retried, whatever stands here: the service locks an account after three.
    """

    attempts: int = attrs.field(
        default=4, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )
    first_delay: float = attrs.field(default=0.5, validator=attrs.validators.ge(0))
    max_delay: float = attrs.field(default=20.0, validator=attrs.validators.ge(0))
    max_retry_after: float = attrs.field(default=60.0, validator=attrs.validators.ge(0))
    error_types: frozenset[ErrorType] = RETRYABLE_TYPES
    statuses: frozenset[int] = RETRYABLE_STATUSES

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

    def delay_after(self, attempt: int, error: EnKashError, *, jitter: float) -> float | None:
        """Return the seconds to wait after failed *attempt* (the first is 1), or None to give up.

        *jitter* is the random part, from 0 to 1.
        """
        if attempt >= self.attempts or not self.is_retryable(error):
            return None
        if isinstance(error, APIError) and error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.max_retry_after else None
        if isinstance(error, TransportError) and error.at_once and attempt == 1:
            return 0.0
        return min(self.max_delay, self.first_delay * 2.0 ** min(attempt - 1, 64)) * jitter
