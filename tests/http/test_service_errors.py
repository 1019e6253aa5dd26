"""Errors of the service as users meet them: which class, what it carries, what it spares."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from enkash_async import (
    ERROR_CLASSES,
    APIError,
    BearerToken,
    ClientRequestError,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    ErrorType,
    InvalidAccessError,
    RateLimitedError,
    RetryPolicy,
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
    Verdict,
)
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, SearchHook, open_sandbox
from tests.support.raw_server import envelope, page, raw_server, reply
from tests.support.reading import read_into

pytestmark = pytest.mark.anyio

ROWS = 250
QUICK = RetryPolicy(first_delay=0)
ONCE = RetryPolicy(attempts=1)

TOKEN = "planted-token-4711"
PERSONAL = "Planted Legal Name"


@asynccontextmanager
async def serving(
    hook: SearchHook | None = None, *, rows: int = ROWS, **options: Any
) -> AsyncIterator[tuple[Sandbox, EnKashSession]]:
    """Open a session with pages of 50 on a sandbox that asks *hook* first."""
    given = {"retry": QUICK, "page_size": 50, **options}
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        sandbox.on_search = hook
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token), **given) as session:
            yield sandbox, session


@asynccontextmanager
async def answering(*answers: bytes, **options: Any) -> AsyncIterator[EnKashSession]:
    """Open a session on a server that sends *answers* in turn, the last again and again."""
    remaining = list(answers)

    async def answer(call: object) -> bytes:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    given = {"retry": QUICK, **options}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), **given) as session,
    ):
        yield session


def failure(error_type: str | None, **fields: Any) -> bytes:
    """Return the body of an error envelope; *fields* are those of `errorResponse`."""
    error = {
        "apiSubErrors": [{"field": "ifsc"}],
        "errorMessage": "It failed",
        "errorType": error_type,
        "requestId": "request-7",
        "timestamp": "2025-01-31 23:59:59",
        **fields,
    }
    return envelope(errorResponse=error, response_code=1, response_message="FAILURE")


def failing_at(row: int, error_type: str, status: int = 400, times: int = 1_000_000) -> SearchHook:
    """Return a hook that refuses pages which hold *row*, the first *times* of them."""
    left = times

    async def refuse(call: SearchCall) -> web.Response | None:
        nonlocal left
        if not call.offset <= row < call.offset + call.limit or not left:
            return None
        left -= 1
        body = failure(error_type)
        return web.Response(body=body, status=status, content_type="application/json")

    return refuse


async def error_of(session: EnKashSession, filter: CustomerFilter | None = None) -> EnKashError:
    with pytest.raises(EnKashError) as caught:
        await session.customers.search(filter)
    return caught.value


# The class


@pytest.mark.parametrize("error_type", ErrorType)
async def test_the_type_decides_the_class_whatever_the_status(error_type: ErrorType) -> None:
    statuses = (200, 400, 401, 404, 500)
    answers = [reply(failure(error_type), status) for status in statuses]
    async with answering(*answers, retry=ONCE) as session:
        errors = [await error_of(session) for _ in statuses]

    for error, status in zip(errors, statuses, strict=True):
        assert type(error) is ERROR_CLASSES[error_type]
        assert isinstance(error, APIError)
        assert error.error_type is error_type
        assert (error.status, error.response_code, error.response_message) == (status, 1, "FAILURE")
        assert (error.message, error.request_id) == ("It failed", "request-7")
        assert (error.timestamp, error.sub_errors) == ("2025-01-31 23:59:59", ({"field": "ifsc"},))


def test_no_error_type_is_forgotten() -> None:
    assert set(ERROR_CLASSES) == set(ErrorType)
    assert len(set(ERROR_CLASSES.values())) == 9


@pytest.mark.parametrize("status", [200, 409, 500])
async def test_a_type_not_known_yet_is_an_unknown_service_error(status: int) -> None:
    async with answering(reply(failure("QUOTA_SPENT"), status), retry=ONCE) as session:
        error = await error_of(session)
    assert type(error) is UnknownServiceError
    assert error.error_type == "QUOTA_SPENT"
    assert "QUOTA_SPENT" in str(error)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ClientRequestError),
        (401, UnauthorizedError),
        (403, InvalidAccessError),
        (409, UnknownServiceError),
        (422, UnprocessableRequestError),
        (429, RateLimitedError),
        (500, SystemFaultError),
        (503, SystemFaultError),
    ],
)
async def test_without_a_type_the_status_decides(status: int, expected: type[APIError]) -> None:
    bodies = (b"", b"<html>no</html>", b"{}", b"[1]", failure(None))
    async with answering(*[reply(body, status) for body in bodies], retry=ONCE) as session:
        for _ in bodies:
            error = await error_of(session)
            assert type(error) is expected
            assert error.status == status


@pytest.mark.parametrize(
    "fields",
    [
        {"response_code": 1, "response_message": "FAILURE", "payload": "Too many ids"},
        {"response_code": 1, "response_message": None, "payload": "Too many ids"},
        {"response_code": 0, "response_message": "FAILURE", "payload": "Too many ids"},
        {"response_code": 200, "response_message": "failure", "payload": "Too many ids"},
        {"response_code": 117, "response_message": "Too many ids"},
        {"response_code": "1", "response_message": "Too many ids"},
        {"errorResponse": {"errorMessage": "Too many ids"}},
    ],
)
async def test_a_failure_without_a_type_inside_http_200(fields: dict[str, Any]) -> None:
    async with answering(reply(envelope(**fields))) as session:
        error = await error_of(session)
    assert type(error) is UnknownServiceError
    assert (error.message, error.status, error.error_type) == ("Too many ids", 200, None)


@pytest.mark.parametrize("wrong", [None, 7, ["x"], {}, ""])
async def test_an_error_with_fields_of_other_types_is_still_an_error(wrong: object) -> None:
    names = ("apiSubErrors", "errorMessage", "errorType", "requestId", "timestamp")
    for name in names:
        fields = {"errorType": "VALIDATION_ERROR", name: wrong}
        async with answering(reply(failure(None, **fields))) as session:
            error = await error_of(session)
        assert type(error) is (UnknownServiceError if name == "errorType" else ValidationError)
        assert str(error)


# The text


@pytest.mark.parametrize("error_type", ErrorType)
async def test_the_text_holds_the_request_id_and_says_what_to_do(error_type: ErrorType) -> None:
    async with answering(reply(failure(error_type), 400), retry=ONCE) as session:
        error = await error_of(session)
    facts, _, advice = str(error).partition("). ")
    assert facts.startswith("It failed (HTTP 400, ")
    assert "request-7" in facts
    assert error_type in facts
    assert len(advice) > 20


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    async with answering(reply(b"", 429, "Retry-After: 3600")) as session:
        error = await error_of(session)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 3600
    assert "max_concurrency" in str(error)
    assert "3600 s" in str(error)


# Which are tried again


@pytest.mark.parametrize("error_type", ["SYSTEM_ERROR", "UNKNOWN_ERROR"])
@pytest.mark.parametrize("status", [200, 500])
async def test_a_fault_that_passes_is_tried_again_and_counted(error_type: str, status: int) -> None:
    async with serving(failing_at(120, error_type, status, times=2)) as (sandbox, session):
        search = session.customers.search()
        seen = [customer.customer_id async for customer in search]
        assert seen == sandbox.customer_ids()
    report = search.report
    assert report.verdict is Verdict.COMPLETE
    assert (report.retries, report.attempts - report.pages) == (2, 2)


@pytest.mark.parametrize(
    "error_type", sorted(set(ErrorType) - {ErrorType.SYSTEM_ERROR, ErrorType.UNKNOWN_ERROR})
)
async def test_the_other_types_are_sent_once(error_type: ErrorType) -> None:
    async with serving(failing_at(0, error_type, 500), rows=1) as (sandbox, session):
        error = await error_of(session)
        assert len(sandbox.searches) == 1
    assert error.report is not None
    assert error.report.retries == 0


@pytest.mark.parametrize(("attempts", "sent"), [(1, 1), (2, 2), (4, 4)])
async def test_attempts_counts_the_first_one(attempts: int, sent: int) -> None:
    retry = RetryPolicy(first_delay=0, attempts=attempts)
    async with serving(failing_at(0, "SYSTEM_ERROR"), rows=1, retry=retry) as (sandbox, session):
        error = await error_of(session)
        assert len(sandbox.searches) == sent
    assert error.report is not None
    assert error.report.attempts == sent


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_statuses_that_pass_are_tried_again(status: int) -> None:
    html = reply(b"<html>Bad gateway</html>", status, "Content-Type: text/html")
    async with answering(html, html, reply(page("KC1"))) as session:
        search = session.customers.search()
        assert len(await search) == 1
        assert search.report.retries == 2


async def test_what_is_tried_again_can_be_replaced() -> None:
    never = RetryPolicy(first_delay=0, error_types=frozenset(), statuses=frozenset())
    async with serving(failing_at(0, "SYSTEM_ERROR"), rows=1, retry=never) as (sandbox, session):
        await error_of(session)
        assert len(sandbox.searches) == 1
    always = RetryPolicy(first_delay=0, error_types=frozenset({ErrorType.VALIDATION_ERROR}))
    async with serving(failing_at(0, "VALIDATION_ERROR", times=1), retry=always) as (_, session):
        assert len(await session.customers.search()) == 50


async def test_retry_after_in_seconds_is_obeyed() -> None:
    throttled = reply(b"", 429, "Retry-After: 1")
    async with answering(throttled, reply(page("KC1"))) as session:
        started = time.monotonic()
        assert len(await session.customers.search()) == 1
        assert time.monotonic() - started > 0.99


async def test_retry_after_as_a_date_is_obeyed() -> None:
    # A date has no fraction, so the wait is between one second and two.
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    throttled = reply(b"", 429, f"Retry-After: {until}")
    async with answering(throttled, reply(page("KC1"))) as session:
        assert len(await session.customers.search()) == 1
    assert datetime.now(UTC).replace(microsecond=0) >= parsed(until)


def parsed(text: str) -> datetime:
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)


@pytest.mark.parametrize("value", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_a_wait_that_is_over_is_none_and_attempts_do_not_go_in_a_moment(value: str) -> None:
    throttled = reply(b"", 429, f"Retry-After: {value}")
    slow = RetryPolicy(first_delay=1e9, max_delay=1e9)
    async with answering(throttled, retry=slow) as session:
        error = await error_of(session)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after is None
    assert error.report is not None
    assert error.report.stop_reasons == {"call_timeout": 1}


@pytest.mark.parametrize("value", ["soon", "", "nan", "inf", "1e999", "Wed, 99 Oct 9999 99:99:99"])
async def test_a_wait_that_cannot_be_read_is_not_obeyed(value: str) -> None:
    throttled = reply(b"", 429, f"Retry-After: {value}")
    async with answering(throttled, reply(page("KC1"))) as session:
        assert len(await session.customers.search()) == 1


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_wait_that_is_too_long_is_an_error_at_once(as_date: bool) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    value = until if as_date else "99"
    retry = RetryPolicy(first_delay=0, max_retry_after=60)
    async with answering(reply(b"", 429, f"Retry-After: {value}"), retry=retry) as session:
        error = await error_of(session)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == pytest.approx(99, abs=2)
    assert error.report is not None
    assert error.report.attempts == 1


# Where in a search


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_an_error_comes_behind_the_records_before_it_and_says_how_to_go_on(
    concurrency: int,
) -> None:
    hook = failing_at(200, "VALIDATION_ERROR")
    async with serving(hook, max_concurrency=concurrency) as (sandbox, session):
        seen: list[str | None] = []
        search = session.customers.search()
        with pytest.raises(ValidationError) as caught:
            await read_into(seen, search)
        error = caught.value
        sandbox.on_search = None
        again = session.customers.search(resume=error.resume_token)
        rest = [customer.customer_id async for customer in again]
        ids = sandbox.customer_ids()

    assert seen == ids[:200]
    assert rest == ids[200:]
    # The page begins with the row it shares with the one before.
    assert error.offset == 199
    assert error.report is search.report
    assert (search.report.records_delivered, search.report.verdict) == (200, Verdict.INCOMPLETE)
    assert again.report.verdict is Verdict.COMPLETE


async def test_the_token_of_an_error_goes_on_in_another_process() -> None:
    async with serving(failing_at(120, "INVALID_ACCESS")) as (sandbox, session):
        seen: list[str | None] = []
        with pytest.raises(InvalidAccessError) as caught:
            await read_into(seen, session.customers.search())
        sandbox.on_search = None
        error = pickle.loads(pickle.dumps(caught.value))
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as other:
            await read_into(seen, other.customers.search(resume=str(error.resume_token)))
        assert seen == sandbox.customer_ids()


async def test_pages_end_with_the_same_error() -> None:
    async with serving(failing_at(120, "UNPROCESSABLE_REQUEST")) as (sandbox, session):
        pages = session.customers.search().pages()
        seen = [customer.customer_id for _ in range(2) for customer in await anext(pages)]
        with pytest.raises(UnprocessableRequestError):
            await anext(pages)
        assert seen == sandbox.customer_ids()[:100]


async def test_a_search_that_failed_does_not_look_like_one_that_ended() -> None:
    async with serving(failing_at(60, "VALIDATION_ERROR")) as (_, session):
        search = session.customers.search()
        for _ in range(2):
            with pytest.raises(ValidationError):
                async for _ in search:
                    pass


async def test_the_same_search_can_be_started_anew_on_the_session() -> None:
    async with serving(failing_at(60, "CLIENT_REQUEST_ERROR")) as (sandbox, session):
        with pytest.raises(ClientRequestError):
            async for _ in session.customers.search():
                pass
        sandbox.on_search = None
        seen = [customer.customer_id async for customer in session.customers.search()]
        assert seen == sandbox.customer_ids()


async def test_one_search_that_fails_leaves_the_others_alone() -> None:
    async def refuse_sorted(call: SearchCall) -> web.Response | None:
        body = failure("VALIDATION_ERROR")
        return web.Response(body=body, status=400) if call.order_by and call.offset else None

    async with serving(refuse_sorted) as (sandbox, session):
        good = aiter(session.customers.search())
        seen = [(await anext(good)).customer_id]
        with pytest.raises(ValidationError):
            async for _ in session.customers.search(order_by="id"):
                pass
        seen += [customer.customer_id async for customer in good]
        assert seen == sandbox.customer_ids()


# What must not be in them

FAILURES = {
    "typed": reply(failure("VALIDATION_ERROR"), 400),
    "no token": reply(b"", 401),
    "throttled": reply(b"", 429, "Retry-After: 999"),
    "html": reply(b"<html></html>", 200, "Content-Type: text/html"),
    "broken off": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    "redirect": reply(b"", 307, "Location: https://example.com/"),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_no_error_holds_a_token_or_the_body_of_the_request(kind: str) -> None:
    async with answering(FAILURES[kind], retry=ONCE) as session:
        error = await error_of(session, CustomerFilter(legal_name=PERSONAL))
        shown = [repr(session), repr(session.customers), repr(session.customers.search())]

    shown += everything_shown(error)
    for text in shown:
        assert TOKEN not in text
        assert PERSONAL not in text


def everything_shown(error: BaseException) -> list[str]:
    """Return all texts that an error leaves in logs and on disk."""
    trace = "".join(traceback.format_exception(error))
    return [str(error), repr(error), trace, pickle.dumps(error).decode("latin-1")]


@pytest.mark.parametrize("kind", FAILURES)
async def test_errors_survive_pickling(kind: str) -> None:
    async with answering(FAILURES[kind], retry=ONCE) as session:
        error = await error_of(session)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
