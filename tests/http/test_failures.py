"""What comes after a failed attempt: table by table, without a request."""

from __future__ import annotations

import pytest

from enkash_async import (
    APIError,
    AuthenticationError,
    ConnectError,
    DecodeError,
    EnKashError,
    ErrorType,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    TransportError,
    UnauthorizedError,
    ValidationError,
)
from enkash_async._http.failures import Failures, GiveUp, TryAgain
from enkash_async._http.quota import RetryQuota
from enkash_async.errors import AnswerTooLargeError

FAULT = SystemFaultError("down", 500)
TIMEOUT = RequestTimeoutError("late")
REFUSED = RateLimitedError("too many", 429)


def asking_to_wait(seconds: float, status: int = 429) -> APIError:
    error = (RateLimitedError if status == 429 else SystemFaultError)("wait", status)
    error.retry_after = seconds
    return error


def at_once() -> TransportError:
    error = ResponseError("closed while idle")
    error.at_once = True
    return error


def broken_off() -> ResponseError:
    error = ResponseError("half an answer", 200)
    error.broke_off = True
    return error


def too_large() -> AnswerTooLargeError:
    error = AnswerTooLargeError("too large", 200)
    error.final = True
    return error


def failures_of(
    *,
    attempts: int = 4,
    quota: RetryQuota | None = None,
    seconds: float = 180.0,
    is_repeatable: bool = True,
) -> Failures:
    policy = RetryPolicy(attempts=attempts)
    return Failures(policy, quota or RetryQuota(None), seconds, is_repeatable=is_repeatable)


def decide(
    failures: Failures,
    error: EnKashError,
    *,
    was_sent: bool = True,
    asks_for_less: bool = False,
    answered: int = 0,
    pause: float = 0.0,
) -> TryAgain | GiveUp:
    return failures.decide(
        error,
        was_sent=was_sent,
        asks_for_less=asks_for_less,
        answered=answered,
        pause=pause,
        jitter=1.0,
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FAULT, TryAgain("service_error", 0.5)),
        (TIMEOUT, TryAgain("timeout", 0.5)),
        (ConnectError("refused"), TryAgain("connect", 0.5)),
        (ResponseError("garbled", 200), TryAgain("broken_answer", 0.5)),
        (broken_off(), TryAgain("broken_answer", 0.5)),
        (at_once(), TryAgain("broken_answer", 0.0)),
        (REFUSED, TryAgain("rate_limited", pause=7.0)),
        (asking_to_wait(3.0), TryAgain("rate_limited", pause=7.0)),
        (asking_to_wait(3.0, status=503), TryAgain("rate_limited", pause=7.0)),
        (asking_to_wait(60.1), GiveUp("retry_after")),
        (
            ValidationError("no", 400, error_type=ErrorType.VALIDATION_ERROR),
            GiveUp("not_retryable"),
        ),
        (UnauthorizedError("no", 401), GiveUp("not_retryable")),
        (AuthenticationError("refused", 401), GiveUp("not_retryable")),
        (DecodeError("legalName", "expected str"), GiveUp("not_retryable")),
        (too_large(), GiveUp("not_retryable")),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_after_the_first_failure(error: EnKashError, expected: TryAgain | GiveUp) -> None:
    assert decide(failures_of(), error, pause=7.0) == expected


def test_waits_double_until_the_attempts_are_used_up() -> None:
    failures = failures_of(attempts=4)

    assert [decide(failures, FAULT) for _ in range(4)] == [
        TryAgain("service_error", 0.5),
        TryAgain("service_error", 1.0),
        TryAgain("service_error", 2.0),
        GiveUp("attempts"),
    ]


# Refusals: (how many of the session's requests had been answered when it was refused)


@pytest.mark.parametrize(
    ("answered", "gives_up"),
    [
        ([0, 0, 0, 0], True),
        ([5, 5, 5, 5], True),
        ([0, 1, 2, 3, 4, 5, 6, 7], False),
        ([0, 0, 0, 1, 1, 1, 2, 2, 2], False),
        ([0, 0, 0, 1, 1, 1, 1], True),
    ],
)
def test_refusals_count_only_while_the_service_answers_nobody(
    answered: list[int], gives_up: bool
) -> None:
    failures = failures_of(attempts=4)
    *before, last = [decide(failures, REFUSED, answered=number) for number in answered]

    assert before == [TryAgain("rate_limited")] * len(before)
    assert last == (GiveUp("attempts") if gives_up else TryAgain("rate_limited"))


def test_failures_and_refusals_in_a_row_count_together() -> None:
    failures = failures_of(attempts=4)
    decisions = [decide(failures, error) for error in (FAULT, REFUSED, FAULT, REFUSED)]

    assert decisions == [
        TryAgain("service_error", 0.5),
        TryAgain("rate_limited"),
        TryAgain("service_error", 2.0),
        GiveUp("attempts"),
    ]


# Time


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        (0.0, TryAgain("service_error", 0.5)),
        (9.4, TryAgain("service_error", 0.5)),
        (9.5, GiveUp("call_timeout")),
        (12.0, GiveUp("call_timeout")),
    ],
)
def test_a_wait_that_would_end_too_late_is_not_begun(
    spent: float, expected: TryAgain | GiveUp
) -> None:
    failures = failures_of(seconds=10.0)
    failures.spend(spent)

    assert decide(failures, FAULT) == expected


def test_waits_and_pauses_take_of_the_time_that_is_left() -> None:
    failures = failures_of(seconds=10.0)
    failures.spend(1.0)
    assert failures.seconds_left == 9.0

    decide(failures, FAULT)
    assert failures.seconds_left == 8.5
    assert decide(failures, REFUSED, pause=4.0) == TryAgain("rate_limited", pause=4.0)
    assert failures.seconds_left == 4.5
    assert decide(failures, REFUSED, answered=1, pause=4.5) == GiveUp("call_timeout")


# Quota


@pytest.mark.parametrize(
    ("error", "cost"),
    [
        *((FAULT, 5), (ConnectError("refused"), 5), (at_once(), 5), (TIMEOUT, 10)),
        *((REFUSED, 5), (asking_to_wait(3.0), 0)),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_another_attempt_costs_of_the_quota_unless_the_service_says_when(
    error: EnKashError, cost: int
) -> None:
    quota = RetryQuota(100)
    failures = failures_of(quota=quota)

    decide(failures, error)
    assert quota.left == 100 - cost


def test_what_the_quota_cannot_pay_is_given_up() -> None:
    quota = RetryQuota(12)
    failures = failures_of(quota=quota)

    assert decide(failures, TIMEOUT) == TryAgain("timeout", 0.5)
    assert decide(failures, TIMEOUT) == GiveUp("quota")
    assert quota.left == 2


def test_success_gives_back_what_the_retries_had_cost() -> None:
    quota = RetryQuota(100)
    for _ in range(5):
        quota.spend(5)
    failures = failures_of(quota=quota)
    decide(failures, TIMEOUT)
    decide(failures, FAULT)
    assert quota.left == 60

    failures.note_success()
    assert quota.left == 75


def test_what_is_given_up_for_another_reason_costs_nothing() -> None:
    quota = RetryQuota(100)

    decide(failures_of(quota=quota, attempts=1), FAULT)
    decide(failures_of(quota=quota, seconds=0.1), FAULT)
    assert quota.left == 100


# Size


@pytest.mark.parametrize(
    ("error", "first", "later"),
    [
        (too_large(), True, True),
        (TIMEOUT, True, True),
        (SystemFaultError("gateway", 504), True, True),
        (SystemFaultError("gateway", 408), True, True),
        # Connections break for many reasons.
        (broken_off(), False, True),
        (at_once(), False, False),
        (ConnectError("refused"), False, False),
        (FAULT, False, False),
        (REFUSED, False, False),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_which_errors_a_smaller_answer_may_avoid(
    error: EnKashError, first: bool, later: bool
) -> None:
    failures = failures_of()
    assert failures.may_be_too_large(error) is first

    decide(failures, FAULT)
    assert failures.may_be_too_large(error) is later


def test_what_was_too_large_is_asked_for_in_smaller_parts_as_often_as_it_takes() -> None:
    failures = failures_of(attempts=1, seconds=0.1)
    decisions = [decide(failures, too_large(), asks_for_less=True) for _ in range(20)]

    assert decisions == [TryAgain("too_large")] * 20


def test_what_was_too_large_is_paid_for_and_given_back_when_it_comes() -> None:
    quota = RetryQuota(12)
    failures = failures_of(quota=quota)
    decisions = [decide(failures, too_large(), asks_for_less=True) for _ in range(3)]

    assert decisions == [TryAgain("too_large")] * 2 + [GiveUp("quota")]
    failures.note_success()
    assert quota.left == 12


def test_what_was_late_counts_though_less_is_asked_for() -> None:
    failures = failures_of(attempts=2)

    assert decide(failures, TIMEOUT, asks_for_less=True) == TryAgain("timeout", 0.5)
    assert decide(failures, TIMEOUT, asks_for_less=True) == GiveUp("attempts")


# What must not be carried out twice


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectError("refused"), TryAgain("connect", 0.5)),
        (REFUSED, TryAgain("rate_limited")),
        (asking_to_wait(3.0), TryAgain("rate_limited")),
        (asking_to_wait(99.0), GiveUp("retry_after")),
        (asking_to_wait(3.0, status=503), GiveUp("not_repeatable")),
        (FAULT, GiveUp("not_repeatable")),
        (TIMEOUT, GiveUp("not_repeatable")),
        (at_once(), GiveUp("not_repeatable")),
        (broken_off(), GiveUp("not_repeatable")),
        (too_large(), GiveUp("not_retryable")),
        (
            ValidationError("no", 400, error_type=ErrorType.VALIDATION_ERROR),
            GiveUp("not_retryable"),
        ),
    ],
    ids=lambda value: repr(value)[:60],
)
@pytest.mark.parametrize("asks_for_less", [False, True])
def test_what_is_not_repeatable_is_tried_again_only_where_it_had_no_effect(
    error: EnKashError, expected: TryAgain | GiveUp, asks_for_less: bool
) -> None:
    failures = failures_of(is_repeatable=False)

    assert decide(failures, error, asks_for_less=asks_for_less) == expected


def test_what_was_not_sent_had_no_effect() -> None:
    failures = failures_of(is_repeatable=False)

    assert decide(failures, TIMEOUT, was_sent=False) == TryAgain("timeout", 0.5)
    assert decide(failures, TIMEOUT, was_sent=True) == GiveUp("not_repeatable")


def broken_in_itself(digest: str | None) -> ResponseError:
    error = ResponseError("not sound JSON", 200)
    error.digest = digest
    return error


@pytest.mark.parametrize(
    ("digests", "tries"),
    [
        (["a", "a"], 1),
        (["a", "b", "b"], 2),
        (["a", "b", "a", "b"], 3),
        (["a", None, "a", "a"], 3),
        ([None, None, None, None], 3),
    ],
)
def test_the_very_answer_that_was_broken_is_not_asked_for_again(
    digests: list[str | None], tries: int
) -> None:
    failures = failures_of()
    decisions = [decide(failures, broken_in_itself(digest)) for digest in digests]

    assert [type(decision) for decision in decisions] == [TryAgain] * tries + [GiveUp]
