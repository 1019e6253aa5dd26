"""What is tried again, how often, and after what wait."""

import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import (
    ERROR_CLASSES,
    APIError,
    AuthenticationError,
    ClientRequestError,
    ConnectError,
    DecodeError,
    EnKashError,
    ErrorType,
    IncompleteSearchError,
    InvalidAccessError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    TransportError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
)
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.response import Response
from enkash_async.retry import has_no_effect, is_heavy, is_refusal, is_strain, is_timeout

RETRIED_TYPES = {ErrorType.SYSTEM_ERROR, ErrorType.UNKNOWN_ERROR}
RETRIED_STATUSES = {408, 421, 425, 429, 500, 502, 503, 504, *range(520, 525), 529, 530}
TIMEOUT_STATUSES = {408, 504, 522, 524}
SYSTEM_FAULT = SystemFaultError("down", 500, error_type=ErrorType.SYSTEM_ERROR)


def typed(error_type: ErrorType, status: int) -> APIError:
    return ERROR_CLASSES[error_type]("no", status, error_type=error_type)


def rate_limited(retry_after: float | None) -> RateLimitedError:
    error = RateLimitedError("too many", 429)
    error.retry_after = retry_after
    return error


def final(error: TransportError) -> TransportError:
    error.final = True
    return error


def at_once(error: TransportError) -> TransportError:
    error.at_once = True
    return error


@pytest.mark.parametrize("error_type", ErrorType)
@pytest.mark.parametrize("status", [200, 400, 422, 500, 503])
def test_a_known_type_decides_whatever_the_status(error_type: ErrorType, status: int) -> None:
    retried = RetryPolicy().is_retryable(typed(error_type, status))

    assert retried is (error_type in RETRIED_TYPES)


@pytest.mark.parametrize("error_type", [None, "TEAPOT"])
@pytest.mark.parametrize(
    "status", [*sorted(RETRIED_STATUSES), 200, 400, 401, 403, 404, 409, 422, 501]
)
def test_without_a_known_type_the_status_decides(error_type: str | None, status: int) -> None:
    error = UnknownServiceError("no", status, error_type=error_type)

    assert RetryPolicy().is_retryable(error) is (status in RETRIED_STATUSES)


IN_BETWEEN = {407, 511}
CLASSES: dict[int, type[APIError]] = {
    400: ClientRequestError,
    401: UnauthorizedError,
    403: InvalidAccessError,
    422: UnprocessableRequestError,
    429: RateLimitedError,
}


@pytest.mark.parametrize("status", range(100, 1000))
def test_what_becomes_of_each_status_without_a_word_of_the_service(status: int) -> None:
    with pytest.raises(EnKashError) as caught:
        raise_for_error(Response(status, {}, b""))
    error = caught.value

    if 200 <= status < 400 or status in IN_BETWEEN:
        # Not the service's envelope. A redirect would be answered alike again, and so would what
        # says that it has no content, and what stands in between and wants a login first.
        assert type(error) is ResponseError
        assert RetryPolicy().is_retryable(error) is (status < 300 and status not in (204, 205))
        assert is_strain(error) is is_refusal(error) is False
        return
    other = SystemFaultError if status >= 500 else UnknownServiceError
    assert type(error) is CLASSES.get(status, other)
    assert RetryPolicy().is_retryable(error) is (status in RETRIED_STATUSES)
    assert is_timeout(error) is is_heavy(error) is (status in TIMEOUT_STATUSES)
    assert is_strain(error) is (status in TIMEOUT_STATUSES | {503, 529})
    assert is_refusal(error) is (status == 429)
    assert f"HTTP {status} without a message" in str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (522, "Cloudflare got no connection to it in time"),
        (530, "Cloudflare could not look up or reach it"),
    ],
)
def test_a_status_from_before_the_service_is_put_in_words(status: int, words: str) -> None:
    with pytest.raises(APIError, match=words):
        raise_for_error(Response(status, {}, b"<html>"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b'{"errorResponse": null}'])
def test_what_stands_in_between_and_asks_for_a_login_is_no_answer_of_the_service(
    body: bytes,
) -> None:
    told = {
        407: "a proxy on the way asks for credentials of its own, so the service was not reached"
        " (HTTP 407)",
        511: "the network asks for a login of its own, so the service was not reached (HTTP 511)",
    }
    for status, text in told.items():
        with pytest.raises(ResponseError) as caught:
            raise_for_error(Response(status, {}, body))
        assert str(caught.value) == text
        assert caught.value.final


def test_an_error_of_the_service_is_one_whatever_its_status() -> None:
    body = b'{"errorResponse": {"errorType": "SYSTEM_ERROR"}}'
    with pytest.raises(SystemFaultError):
        raise_for_error(Response(407, {}, body))


@pytest.mark.parametrize("error_type", [None, *ErrorType])
def test_http_429_is_tried_again_whatever_its_type(error_type: ErrorType | None) -> None:
    assert RetryPolicy().is_retryable(RateLimitedError("no", 429, error_type=error_type))


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (TransportError("gone"), True),
        (ConnectError("gone"), True),
        (RequestTimeoutError("late"), True),
        (ResponseError("broken off"), True),
        (ResponseError("garbled", 200), True),
        (final(ResponseError("redirect", 302)), False),
        (final(ConnectError("certificate")), False),
        (AuthenticationError("refused"), False),
        (AuthenticationError("refused", 500), False),
        (DecodeError("id", "expected int"), False),
        (IncompleteSearchError("moved"), False),
        (EnKashError("other"), False),
    ],
)
def test_transport_errors_are_tried_again_unless_final(error: EnKashError, retried: bool) -> None:
    assert RetryPolicy().is_retryable(error) is retried
    assert (RetryPolicy().delay_after(1, error, jitter=1.0) is not None) is retried


@pytest.mark.parametrize(
    ("error", "no_effect"),
    [
        (ConnectError("gone"), True),
        (rate_limited(None), True),
        (rate_limited(3.0), True),
        (typed(ErrorType.UNKNOWN_ERROR, 429), True),
        (RequestTimeoutError("late"), False),
        (ResponseError("broken off"), False),
        (at_once(ResponseError("dead")), False),
        (TransportError("gone"), False),
        (SYSTEM_FAULT, False),
        (UnknownServiceError("down", 503), False),
        (AuthenticationError("refused", 429), False),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_which_errors_say_that_a_request_was_not_carried_out(
    error: EnKashError, no_effect: bool
) -> None:
    assert has_no_effect(error) is no_effect


def test_the_defaults_are_four_attempts_and_full_jitter_up_to_twenty_seconds() -> None:
    policy = RetryPolicy()
    waits = [policy.delay_after(attempt, SYSTEM_FAULT, jitter=1.0) for attempt in range(1, 6)]

    assert waits == [0.5, 1.0, 2.0, None, None]
    assert policy.max_delay == 20.0
    assert policy.max_retry_after == 60.0


@pytest.mark.parametrize(
    ("attempt", "jitter", "expected"),
    [
        *((1, 1.0, 0.5), (2, 1.0, 1.0), (3, 1.0, 2.0), (6, 1.0, 16.0)),
        *((7, 1.0, 20.0), (50, 1.0, 20.0), (1, 0.0, 0.0), (7, 0.25, 5.0), (2, 0.5, 0.5)),
    ],
)
def test_the_wait_doubles_up_to_its_bound_and_jitter_takes_a_part_of_it(
    attempt: int, jitter: float, expected: float
) -> None:
    policy = RetryPolicy(attempts=100)

    assert policy.delay_after(attempt, SYSTEM_FAULT, jitter=jitter) == expected


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_attempts_counts_the_first_one(attempts: int) -> None:
    policy = RetryPolicy(attempts=attempts)
    waits = [policy.delay_after(n, SYSTEM_FAULT, jitter=1.0) for n in range(1, attempts + 3)]

    assert [wait is not None for wait in waits] == [True] * (attempts - 1) + [False] * 3


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [(None, 0.5), (0.0, 0.5), (3.0, 3.0), (60.0, 60.0), (60.1, None), (86_400.0, None)],
)
def test_retry_after_is_obeyed_up_to_its_bound(
    retry_after: float | None, expected: float | None
) -> None:
    assert RetryPolicy().delay_after(1, rate_limited(retry_after), jitter=1.0) == expected


def test_jitter_does_not_shorten_a_retry_after() -> None:
    assert RetryPolicy().delay_after(1, rate_limited(3.0), jitter=0.0) == 3.0


def test_retry_after_does_not_buy_another_attempt() -> None:
    assert RetryPolicy(attempts=2).delay_after(2, rate_limited(1.0), jitter=1.0) is None


@pytest.mark.parametrize(("attempt", "expected"), [(1, 0.0), (2, 1.0)])
def test_a_connection_that_died_idle_is_tried_again_at_once_but_only_once(
    attempt: int, expected: float
) -> None:
    assert RetryPolicy().delay_after(attempt, at_once(TransportError("dead")), jitter=1) == expected


def test_the_tables_can_be_replaced() -> None:
    policy = RetryPolicy(
        error_types=frozenset({ErrorType.INVALID_ACCESS}), statuses=frozenset({418})
    )

    assert policy.is_retryable(typed(ErrorType.INVALID_ACCESS, 200))
    assert policy.is_retryable(UnknownServiceError("teapot", 418))
    assert not policy.is_retryable(SYSTEM_FAULT)
    assert not policy.is_retryable(UnknownServiceError("down", 503))
    assert not policy.is_retryable(rate_limited(1.0))


def test_no_table_makes_a_refused_login_be_tried_again() -> None:
    policy = RetryPolicy(
        attempts=10, error_types=frozenset(ErrorType), statuses=frozenset(range(100, 600))
    )

    for status in (None, 200, 401, 429, 500, 503):
        assert policy.delay_after(1, AuthenticationError("refused", status), jitter=1.0) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("attempts", 0), ("attempts", -1), ("first_delay", -0.1), ("max_delay", -1.0)),
        *(("max_retry_after", -1.0), ("max_delay", float("nan"))),
    ],
)
def test_an_impossible_policy_is_a_value_error_that_names_the_field(
    name: str, value: float
) -> None:
    fields: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=name):
        RetryPolicy(**fields)


def test_a_policy_is_a_value() -> None:
    policy = RetryPolicy(attempts=2)

    assert policy == attrs.evolve(RetryPolicy(), attempts=2)
    assert hash(policy) == hash(RetryPolicy(attempts=2))
    assert pickle.loads(pickle.dumps(policy)) == policy
    with pytest.raises(AttributeError):
        setattr(policy, "attempts", 3)  # noqa: B010


@settings(max_examples=200, deadline=None)
@given(
    attempt=st.integers(1, 200),
    attempts=st.integers(1, 200),
    first_delay=st.floats(0, 1e6),
    max_delay=st.floats(0, 1e6),
    jitter=st.floats(0, 1),
)
def test_every_wait_lies_between_nothing_and_the_bound(
    attempt: int, attempts: int, first_delay: float, max_delay: float, jitter: float
) -> None:
    policy = RetryPolicy(attempts=attempts, first_delay=first_delay, max_delay=max_delay)

    wait = policy.delay_after(attempt, SYSTEM_FAULT, jitter=jitter)

    assert (wait is None) == (attempt >= attempts)
    assert wait is None or 0 <= wait <= max_delay
