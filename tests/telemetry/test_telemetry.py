"""What hooks are told, when, and that they can neither break a search nor learn a secret."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import anyio
import attrs
import pytest
from aiohttp import web

from enkash_async import (
    AuthenticationError,
    BearerToken,
    EnKashError,
    EnKashSession,
    ErrorType,
    IncompleteSearchError,
    OAuthPassword,
    SearchReport,
    SystemFaultError,
    Token,
    UnknownServiceError,
    Verdict,
)
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async.auth import SendForm
from enkash_async.events import (
    Event,
    Hooks,
    Outcome,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)
from enkash_async.sandbox import Sandbox, SearchCall
from tests.support.events import Heard
from tests.support.plain_functions import NOT_PLAIN
from tests.support.raw_server import (
    SEARCH_PATH,
    TOKEN_PATH,
    Call,
    envelope,
    page,
    raw_server,
    reply,
)
from tests.support.reading import read_into
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

TOKEN = "planted-token-4711"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def session(sandbox: Sandbox, heard: Heard) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox, hooks=heard.hooks) as session:
        yield session


async def one_turn() -> None:
    """Let what a finalizer left to the loop happen."""
    gc.collect()
    await asyncio.sleep(0)


class Gate:
    """Holds requests behind the first 90 rows until it is opened."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.reached, self.opened = anyio.Event(), anyio.Event()
        sandbox.on_search = self._hold

    async def _hold(self, call: SearchCall) -> None:
        if call.offset >= 90:
            self.reached.set()
            await self.opened.wait()


# What is told


async def test_a_search_tells_of_its_start_requests_pages_and_end(
    session: EnKashSession, heard: Heard
) -> None:
    search = session.customers.search()
    records = [customer async for customer in search]

    assert isinstance(heard.events[0], SearchStarted)
    end = heard.events[-1]
    assert isinstance(end, SearchEnded)
    assert (end.outcome, end.method, end.error) == (Outcome.COMPLETED, "search", None)
    assert end.report == search.report
    assert end.report.verdict is Verdict.COMPLETE
    assert end.report.records_delivered == len(records) == 250

    requests, pages = heard.of(RequestEnded), heard.of(PageFetched)
    assert len(requests) == end.report.attempts
    assert len(pages) == end.report.pages
    assert len(heard.events) == 2 + len(requests) + len(pages)
    assert sum(page.rows for page in pages) == end.report.rows_received
    assert sum(page.bytes_received for page in pages) == end.report.bytes_received
    assert sum(one.bytes_received for one in requests) == end.report.bytes_received
    assert {event.search_id for event in heard.events} == {end.search_id}
    assert {event.resource for event in heard.events} == {"customers"}


async def test_a_request_is_told_with_its_facts(session: EnKashSession, heard: Heard) -> None:
    await session.customers.search(page_size=50)

    [request] = heard.of(RequestEnded)
    assert request.operation == SEARCH_PATH
    assert (request.attempt, request.status) == (1, 200)
    assert (request.error, request.error_type, request.request_id) == (None, None, None)
    assert request.bytes_received > 50
    assert request.seconds is not None
    assert request.seconds > 0
    assert request.seconds_waiting >= 0
    [page] = heard.of(PageFetched)
    assert (page.row, page.offset, page.limit, page.rows) == (0, 0, 50, 50)
    assert page.seconds >= request.seconds


async def test_pages_are_told_with_their_place(session: EnKashSession, heard: Heard) -> None:
    _ = [customer async for customer in session.customers.search(page_size=100)]

    places = sorted(
        (page.row, page.offset, page.limit, page.rows) for page in heard.of(PageFetched)
    )
    # Behind the first, each begins with the last row of the page before.
    assert places == [(0, 0, 100, 100), (99, 99, 101, 101), (199, 199, 101, 51)]


async def test_a_crawl_is_told_as_one(session: EnKashSession, heard: Heard) -> None:
    _ = [customer async for customer in session.customers.crawl()]

    assert heard.end().method == "crawl"
    assert heard.end().report.attempts == len(heard.of(RequestEnded))


async def test_a_retry_is_told_between_the_attempts(
    sandbox: Sandbox, session: EnKashSession, heard: Heard
) -> None:
    async def fail_once(call: SearchCall) -> web.Response | None:
        return None if call.number else web.Response(status=503)

    sandbox.on_search = fail_once
    await session.customers.search()

    first, retry, second = heard.events[1:4]
    assert isinstance(first, RequestEnded)
    assert (first.attempt, first.status, first.error) == (1, 503, "SystemFaultError")
    assert isinstance(retry, RetryPlanned)
    assert (retry.search_id, retry.resource) == (first.search_id, "customers")
    assert (retry.attempt, retry.status, retry.error) == (1, 503, "SystemFaultError")
    assert (retry.operation, retry.delay) == (SEARCH_PATH, 0)
    assert isinstance(second, RequestEnded)
    assert (second.attempt, second.status, second.error) == (2, 200, None)


async def test_the_delay_of_a_refused_request_is_what_is_left_of_the_pause(heard: Heard) -> None:
    async def answer(call: Call) -> bytes:
        return reply(page("K1")) if call.number else reply(b"", 429, "Retry-After: 0.05")

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), hooks=heard.hooks) as session,
    ):
        await session.customers.search()

    [retry] = heard.of(RetryPlanned)
    assert (retry.status, retry.error) == (429, "RateLimitedError")
    assert 0 < retry.delay <= 0.05


async def test_a_connection_that_breaks_off_has_no_status(heard: Heard) -> None:
    async def answer(call: Call) -> bytes | None:
        return reply(page("K1")) if call.number else None

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), hooks=heard.hooks) as session,
    ):
        await session.customers.search()

    first, second = heard.of(RequestEnded)
    assert (first.status, first.error, first.bytes_received) == (None, "ResponseError", 0)
    assert first.seconds is not None
    assert (second.status, second.error) == (200, None)


async def test_the_services_error_type_and_request_id_are_told(heard: Heard) -> None:
    error = {"errorType": "VALIDATION_ERROR", "requestId": "9f1c-42", "errorMessage": "no"}

    end = await failed_search(heard, envelope(errorResponse=error), status=400)

    [request] = heard.of(RequestEnded)
    for told in (request, end):
        assert (told.status, told.error) == (400, "ValidationError")
        assert told.error_type is ErrorType.VALIDATION_ERROR
        assert told.request_id == "9f1c-42"


async def test_words_of_the_service_that_nobody_knows_are_not_told(heard: Heard) -> None:
    error = {"errorType": "asha@example.in", "requestId": "asha@example.in"}

    end = await failed_search(heard, envelope(errorResponse=error), status=400)

    assert (end.error, end.error_type, end.request_id) == (UnknownServiceError.__name__, None, None)
    assert "asha" not in repr(heard.events)


async def failed_search(heard: Heard, body: bytes, status: int) -> SearchEnded:
    async def answer(call: Call) -> bytes:
        return reply(body, status)

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), hooks=heard.hooks) as session,
    ):
        with pytest.raises(EnKashError):
            await session.customers.search()
    return heard.end()


# Logins


def password_of(sandbox: Sandbox) -> OAuthPassword:
    return OAuthPassword(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        username=sandbox.username,
        password=sandbox.password,
        company_id=sandbox.company_id,
    )


async def test_a_login_is_told_as_a_request_of_no_search(sandbox: Sandbox, heard: Heard) -> None:
    auth = password_of(sandbox)
    async with EnKashSession(sandbox.base_url, auth, hooks=heard.hooks) as session:
        await session.customers.search()

    login, request = heard.of(RequestEnded)
    assert (login.search_id, login.resource) == (None, None)
    assert (login.operation, login.status, login.error) == (
        TOKEN_PATH,
        200,
        None,
    )
    assert request.search_id is not None
    assert login.seconds is not None
    # The attempt waited for the token.
    assert request.seconds_waiting >= login.seconds


async def test_a_refused_login_ends_the_search_without_a_request(
    sandbox: Sandbox, heard: Heard
) -> None:
    auth = attrs.evolve(password_of(sandbox), password="wrong")
    async with EnKashSession(sandbox.base_url, auth, hooks=heard.hooks) as session:
        with pytest.raises(AuthenticationError) as caught:
            await session.customers.search()

    login, attempt = heard.of(RequestEnded)
    assert (login.search_id, login.status) == (None, caught.value.status)
    assert (attempt.status, attempt.seconds) == (None, None)
    assert attempt.error == "AuthenticationError"
    assert (heard.end().outcome, heard.end().error) == (Outcome.FAILED, "AuthenticationError")


async def test_a_token_that_was_renewed_is_told_as_a_retry(sandbox: Sandbox, heard: Heard) -> None:
    auth = password_of(sandbox)
    async with EnKashSession(sandbox.base_url, auth, hooks=heard.hooks) as session:
        await session.customers.count()
        sandbox.expire_tokens()
        await session.customers.count()

    [retry] = heard.of(RetryPlanned)
    assert (retry.error, retry.error_type, retry.status, retry.delay) == (
        "UnauthorizedError",
        ErrorType.UNAUTHORIZED,
        401,
        0,
    )
    assert [one.attempt for one in heard.of(RequestEnded)] == [1, 1, 1, 1, 2]


async def test_the_path_of_another_login_is_not_told(heard: Heard) -> None:
    class OwnAuth:
        async def fetch_token(self, send: SendForm) -> Token:
            response = await send("/vault/s3cret-path", b"", {})
            return Token(response.body.decode())

    async def answer(call: Call) -> bytes:
        return reply(page("K1")) if call.path == SEARCH_PATH else reply(b"own-token")

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OwnAuth(), hooks=heard.hooks) as session,
    ):
        await session.customers.search()

    assert [one.operation for one in heard.of(RequestEnded)] == ["other", SEARCH_PATH]
    assert "s3cret" not in repr(heard.events)


# How searches end


async def test_a_search_that_is_not_read_tells_nothing(
    session: EnKashSession, heard: Heard
) -> None:
    async with session.customers.search():
        pass
    session.customers.search()
    await one_turn()

    assert heard.events == []


async def test_awaiting_alone_ends_with_the_first_page(
    session: EnKashSession, heard: Heard
) -> None:
    await session.customers.search()
    await one_turn()

    assert heard.end().outcome is Outcome.FIRST_PAGE


async def test_awaiting_and_reading_on_is_one_search(session: EnKashSession, heard: Heard) -> None:
    search = session.customers.search()
    await search
    _ = [customer async for customer in search]
    del search
    await one_turn()

    assert heard.end().outcome is Outcome.COMPLETED
    assert len(heard.of(SearchStarted)) == 1


async def test_a_search_that_reached_its_limit_is_completed(
    session: EnKashSession, heard: Heard
) -> None:
    _ = [customer async for customer in session.customers.search(max_records=60)]

    assert heard.end().outcome is Outcome.COMPLETED
    assert heard.end().report.records_delivered == 60


async def test_a_break_abandons(session: EnKashSession, heard: Heard) -> None:
    async for _ in session.customers.search():
        break
    await one_turn()

    assert heard.end().outcome is Outcome.ABANDONED
    assert heard.end().report.verdict is Verdict.INCOMPLETE


async def test_leaving_the_block_closes(session: EnKashSession, heard: Heard) -> None:
    async with session.customers.search() as search:
        await anext(search)
    await search.aclose()
    del search
    await one_turn()

    assert heard.end().outcome is Outcome.CLOSED


async def test_closing_the_session_closes_its_searches(
    session: EnKashSession, heard: Heard
) -> None:
    searches = [session.customers.search() for _ in range(2)]
    for search in searches:
        await anext(search)
    await session.aclose()

    assert [end.outcome for end in heard.of(SearchEnded)] == [Outcome.CLOSED] * 2


async def test_an_error_fails(sandbox: Sandbox, session: EnKashSession, heard: Heard) -> None:
    async def fail_later(call: SearchCall) -> web.Response | None:
        return web.Response(status=500) if call.offset >= 99 else None

    sandbox.on_search = fail_later
    seen: list[str | None] = []
    with pytest.raises(SystemFaultError):
        await read_into(seen, session.customers.search())

    end = heard.end()
    assert (end.outcome, end.error, end.status) == (Outcome.FAILED, "SystemFaultError", 500)
    assert end.report.records_delivered == len(seen) == 100


async def test_a_verdict_that_is_an_error_fails(
    sandbox: Sandbox, session: EnKashSession, heard: Heard
) -> None:
    async def delete_one(call: SearchCall) -> None:
        if call.number == 2:
            sandbox.delete(sandbox.customer_ids()[:1])

    sandbox.on_search = delete_one
    with pytest.raises(IncompleteSearchError):
        await read_into([], session.customers.search(strict=True))

    assert (heard.end().outcome, heard.end().error) == (Outcome.FAILED, "IncompleteSearchError")


async def test_a_cancelled_reader_cancels(
    sandbox: Sandbox, session: EnKashSession, heard: Heard
) -> None:
    gate = Gate(sandbox)
    async with anyio.create_task_group() as group:
        group.start_soon(read_into, [], session.customers.search())
        await gate.reached.wait()
        group.cancel_scope.cancel()
    await one_turn()

    assert (heard.end().outcome, heard.end().error) == (Outcome.CANCELLED, "CancelledError")
    broken_off = [one for one in heard.of(RequestEnded) if one.error is not None]
    assert {(one.error, one.status) for one in broken_off} == {("CancelledError", None)}


async def test_a_search_that_is_read_on_after_a_cancellation_is_completed(
    sandbox: Sandbox, session: EnKashSession, heard: Heard
) -> None:
    gate = Gate(sandbox)
    search, seen = session.customers.search(), list[str | None]()
    async with anyio.create_task_group() as group:
        group.start_soon(read_into, seen, search)
        await gate.reached.wait()
        group.cancel_scope.cancel()
    assert not heard.of(SearchEnded)
    gate.opened.set()
    await read_into(seen, search)

    assert len(seen) == 250
    assert (heard.end().outcome, heard.end().error) == (Outcome.COMPLETED, None)


async def test_an_exception_of_a_callback_fails_unless_somebody_reads_on(heard: Heard) -> None:
    def refuse(_: object) -> None:
        raise ZeroDivisionError

    async def answer(call: Call) -> bytes:
        bad = {"customerId": "K1", "netAmount": "much"}
        return reply(envelope(payload={"data": [bad], "recordsCount": 1}))

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), hooks=heard.hooks) as session,
        session.customers.search(on_bad_record=refuse) as search,
    ):
        with pytest.raises(ZeroDivisionError):
            await anext(search)
        assert not heard.of(SearchEnded)

    end = heard.end()
    assert (end.outcome, end.error, end.status) == (Outcome.FAILED, "ZeroDivisionError", None)


async def test_the_report_told_is_a_copy(session: EnKashSession, heard: Heard) -> None:
    search = session.customers.search()
    _ = [customer async for customer in search]

    heard.end().report.reasons.append("changed by a hook")
    assert search.report.reasons == []


# Hooks that misbehave


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("mine"), asyncio.CancelledError()], ids=["error", "cancelled"]
)
async def test_a_hook_that_raises_is_reported_once_and_loses_nothing(
    sandbox: Sandbox, heard: Heard, error: BaseException
) -> None:
    def fail(event: Event) -> None:
        raise error

    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    bad = Hooks(
        on_search_start=fail, on_request=fail, on_retry=fail, on_page=fail, on_search_end=fail
    )
    async with session_for(sandbox, hooks=[bad, heard.hooks]) as session:
        search = session.customers.search()
        assert len([customer async for customer in search]) == 250

    assert search.report.verdict is Verdict.COMPLETE
    assert len(heard.of(RequestEnded)) == search.report.attempts
    assert heard.end().outcome is Outcome.COMPLETED
    assert [context["exception"] for context in reported] == [error]
    assert "fail" in reported[0]["message"]


async def test_several_hooks_are_called_in_their_order(sandbox: Sandbox) -> None:
    calls: list[str] = []
    first = Hooks(on_page=lambda _: calls.append("first"))
    second = Hooks(on_page=lambda _: calls.append("second"))
    async with session_for(sandbox, hooks=(first, second)) as session:
        await session.customers.search()

    assert calls == ["first", "second"]


@pytest.mark.parametrize("wrong", NOT_PLAIN)
async def test_a_function_that_would_have_to_be_awaited_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="on_search_start must be a plain function"):
        Hooks(on_search_start=wrong)


def test_what_is_not_a_hook_is_refused() -> None:
    with pytest.raises(TypeError, match="on_page must be a function, not str"):
        Hooks(on_page="print")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="hooks must be Hooks"):
        EnKashSession("http://localhost", BearerToken(TOKEN), hooks=[print])  # type: ignore[list-item]


# Contexts

mark = contextvars.ContextVar("mark", default="nobody's")


async def test_what_the_start_sets_is_seen_by_the_hooks_of_that_search_only(
    sandbox: Sandbox,
) -> None:
    seen: dict[int | None, set[str]] = {}

    def start(event: SearchStarted) -> None:
        mark.set(f"{mark.get()} search")

    def look(event: RequestEnded | RetryPlanned | PageFetched | SearchEnded) -> None:
        seen.setdefault(event.search_id, set()).add(mark.get())

    hooks = Hooks(
        on_search_start=start, on_request=look, on_retry=look, on_page=look, on_search_end=look
    )

    async def read(session: EnKashSession, name: str) -> None:
        mark.set(name)
        _ = [customer async for customer in session.customers.search()]
        assert mark.get() == name

    async with session_for(sandbox, hooks=hooks) as session, anyio.create_task_group() as group:
        group.start_soon(read, session, "one")
        group.start_soon(read, session, "two")

    assert sorted(map(sorted, seen.values())) == [["one search"], ["two search"]]
    assert mark.get() == "nobody's"


def test_a_session_keeps_a_search_until_it_has_ended_and_no_longer() -> None:
    telemetry = Telemetry(())
    search = telemetry.search("customers", "search")
    search.note_reader(SearchReport, first_page=False)
    kept = weakref.ref(search)
    del search
    assert kept() is not None

    telemetry.close()
    assert kept() is None


async def test_events_are_values_with_the_documented_fields() -> None:
    documented = {
        SearchStarted: {"search_id", "resource", "method"},
        RequestEnded: {
            *("search_id", "resource", "operation", "offset", "limit", "attempt", "status"),
            *("error", "error_type"),
            *("request_id", "client_request_id", "bytes_received", "seconds_waiting", "seconds"),
        },
        RetryPlanned: {
            *("search_id", "resource", "operation", "attempt", "delay", "status", "error"),
            "error_type",
        },
        PageFetched: {
            *("search_id", "resource", "row", "offset", "limit", "rows", "bytes_received"),
            "seconds",
        },
        SearchEnded: {
            *(
                "search_id",
                "resource",
                "method",
                "outcome",
                "seconds",
                "error",
                "error_type",
                "status",
            ),
            *("request_id", "client_request_id", "report"),
        },
    }
    for kind, fields in documented.items():
        assert {*kind.__struct_fields__} == fields
    with pytest.raises(AttributeError):
        SearchStarted(search_id=1, resource="customers", method="search").search_id = 2  # type: ignore[misc]
