"""Credentials and tokens as users meet them: fetched, renewed, refused, and never shown."""

from __future__ import annotations

import base64
import pickle
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl

import anyio
import attrs
import pytest
from aiohttp import web

from enkash_async import (
    AuthenticationError,
    BearerToken,
    ConnectError,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RateLimitedError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    Token,
    UnauthorizedError,
    Verdict,
)
from enkash_async.auth import SendForm
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.raw_server import (
    SEARCH_PATH,
    TOKEN_PATH,
    Call,
    RawServer,
    envelope,
    page,
    raw_server,
    reply,
    token_answer,
)
from tests.support.reading import read_into
from tests.support.second_server import SecondServer

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(first_delay=0)

SECRETS = {
    "client_secret": "planted-secret",
    "username": "planted-user@example.com",
    "password": "planted password: ü&=%+",
}
OAUTH = OAuthPassword(client_id="CEK1234567", **SECRETS)


def oauth(server: Sandbox | SecondServer, **changes: str) -> OAuthPassword:
    """Return the right credentials, or with *changes* wrong ones."""
    names = ("client_id", "client_secret", "username", "password")
    return OAuthPassword(**{name: getattr(server, name) for name in names} | changes)


@asynccontextmanager
async def session_on(*logins: bytes | None) -> AsyncIterator[tuple[RawServer, EnKashSession]]:
    """Open a session on a server that answers logins in turn, and every search with a page."""
    remaining = list(logins)

    async def answer(call: Call) -> bytes | None:
        return remaining.pop(0) if call.path == TOKEN_PATH else reply(page("KC1"))

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH, retry=QUICK) as session,
    ):
        yield server, session


async def error_of(session: EnKashSession) -> EnKashError:
    with pytest.raises(EnKashError) as caught:
        await session.customers.search()
    return caught.value


# The login


@pytest.mark.parametrize(
    ("company_id", "sent"), [(None, "CEK1234567"), ("CEK0000009", "CEK0000009")]
)
async def test_the_login_is_sent_as_documented(company_id: str | None, sent: str) -> None:
    auth = attrs.evolve(OAUTH, company_id=company_id)

    async def answer(call: Call) -> bytes:
        return reply(token_answer("t1") if call.path == TOKEN_PATH else page("KC1"))

    async with raw_server(answer) as server, EnKashSession(server.base_url, auth) as session:
        await session.customers.search()

    login, search = server.calls
    pair = base64.b64encode(b"CEK1234567:planted-secret").decode()
    assert login.path == "/oauth/token"
    assert login.query == {}
    assert login.headers["authorization"] == f"Basic {pair}"
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(login.body.decode(), strict_parsing=True)) == {
        "grant_type": "password",
        "username": SECRETS["username"],
        "password": SECRETS["password"],
        "clientId": sent,
    }
    assert search.headers["authorization"] == "Bearer t1"


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "t1", "token_type": "bearer", "expires_in": 86399},
        {"accessToken": "t1", "tokenType": "bearer", "expiresIn": 0},
        {"access_token": "t1"},
        {"access_token": "t1", "expires_in": None},
        {"access_token": None, "accessToken": "t1"},
        {"access_token": "t1", "expires_in": "86399"},
        {"access_token": "t1", "expires_in": " 86399.0 "},
        {"access_token": "t1", "expires_in": 2**63},
        {"access_token": "t1", "expires_in": -(2**63)},
        {"access_token": "t1", "expires_in": "9" * 5000},
        {"access_token": "t1", "expires_in": -5},
        {"access_token": "t1", "expires_in": "soon"},
        {"access_token": "t1", "expires_in": {"seconds": 5}},
        {"payload": {"access_token": "t1"}, "response_code": 0, "errorResponse": None},
    ],
)
async def test_every_spelling_of_a_token_is_read(answer: dict[str, Any]) -> None:
    nothing = dict.fromkeys(("errorResponse", "payload", "response_code", "response_message"))
    async with session_on(reply(envelope(**{**nothing, **answer}))) as (server, session):
        for _ in range(3):
            await session.customers.search()
    assert len(server.calls_of(TOKEN_PATH)) == 1
    assert {call.headers["authorization"] for call in server.calls_of(SEARCH_PATH)} == {"Bearer t1"}


@pytest.mark.parametrize("spelling", ["snake", "camel"])
@pytest.mark.parametrize("style", ["number", "text", "fraction", "missing"])
async def test_a_login_at_the_sandbox(spelling: Any, style: Any) -> None:
    settings = SandboxSettings(rows=60, token_spelling=spelling, token_life_style=style)
    async with open_sandbox(settings) as sandbox:
        async with EnKashSession(sandbox.base_url, oauth(sandbox), page_size=7) as session:
            seen = [customer.customer_id async for customer in session.customers.search()]
        assert seen == sandbox.customer_ids()
    assert sandbox.token_requests == 1


async def test_any_number_of_waiters_share_one_login() -> None:
    at_login, release = anyio.Event(), anyio.Event()

    async def answer(call: Call) -> bytes:
        if call.path != TOKEN_PATH:
            return reply(page("KC1"))
        at_login.set()
        await release.wait()
        return reply(token_answer())

    async def search() -> None:
        assert len(await session.customers.search()) == 1

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH) as session,
        anyio.create_task_group() as group,
    ):
        for _ in range(30):
            group.start_soon(search)
        await at_login.wait()
        await anyio.wait_all_tasks_blocked()
        release.set()
    assert len(server.calls_of(TOKEN_PATH)) == 1
    assert len(server.calls_of(SEARCH_PATH)) == 30


async def test_a_waiter_that_is_cancelled_does_not_break_the_others() -> None:
    at_login, release = anyio.Event(), anyio.Event()
    done: list[str | None] = []

    async def answer(call: Call) -> bytes:
        if call.path != TOKEN_PATH:
            return reply(page("KC1"))
        at_login.set()
        await release.wait()
        return reply(token_answer())

    async def search(scope: anyio.CancelScope) -> None:
        with scope:
            done.extend([customer.customer_id for customer in await session.customers.search()])

    scopes = [anyio.CancelScope() for _ in range(5)]
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH) as session,
        anyio.create_task_group() as group,
    ):
        for scope in scopes:
            group.start_soon(search, scope)
        await at_login.wait()
        await anyio.wait_all_tasks_blocked()
        # The first of them is the one that fetches the token.
        scopes[0].cancel()
        scopes[3].cancel()
        await anyio.wait_all_tasks_blocked()
        release.set()
    assert done == ["KC1"] * 3


# Renewal


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_tokens_that_expire_in_the_middle_are_renewed(concurrency: int) -> None:
    async with open_sandbox(SandboxSettings(rows=600)) as sandbox:

        async def expire(call: SearchCall) -> None:
            # Far enough apart for no request to be on its way during both.
            if call.offset in (49, 474):
                sandbox.expire_tokens()

        sandbox.on_search = expire
        options: dict[str, Any] = {"page_size": 25, "max_concurrency": concurrency}
        async with EnKashSession(sandbox.base_url, oauth(sandbox), **options) as session:
            search = session.customers.search()
            seen = [customer.customer_id async for customer in search]
        assert seen == sandbox.customer_ids()
    assert search.report.verdict is Verdict.COMPLETE
    assert sandbox.token_requests == 3


async def test_a_token_refused_twice_is_an_error() -> None:
    async with open_sandbox(SandboxSettings(rows=60)) as sandbox:

        async def refuse(call: SearchCall) -> web.Response:
            error = {"errorType": "UNAUTHORIZED", "errorMessage": "No"}
            return web.json_response({"errorResponse": error}, status=401)

        sandbox.on_search = refuse
        async with EnKashSession(sandbox.base_url, oauth(sandbox), retry=QUICK) as session:
            error = await error_of(session)
    assert type(error) is UnauthorizedError
    assert (sandbox.token_requests, len(sandbox.searches)) == (2, 2)


async def test_a_renewal_needs_no_attempt_of_its_own() -> None:
    async with open_sandbox(SandboxSettings(rows=60)) as sandbox:
        once = RetryPolicy(attempts=1)
        async with EnKashSession(sandbox.base_url, oauth(sandbox), retry=once) as session:
            await session.customers.search()
            sandbox.expire_tokens()
            assert len(await session.customers.search()) == 60


async def test_a_bearer_token_that_is_refused_is_sent_once() -> None:
    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        auth = BearerToken("planted-token")
        async with EnKashSession(sandbox.base_url, auth, retry=QUICK) as session:
            error = await error_of(session)
    assert type(error) is UnauthorizedError
    assert "OAuthPassword" in str(error)
    assert "planted-token" not in str(error)
    assert (len(sandbox.searches), sandbox.token_requests) == (1, 0)


# Refused logins

REFUSALS = {
    "OAuth 400": reply(b'{"error": "invalid_grant", "error_description": "Bad login"}', 400),
    "OAuth 401": reply(b'{"error": "invalid_client", "error_description": "Bad login"}', 401),
    "envelope 401": reply(
        envelope(errorResponse={"errorType": "UNAUTHORIZED", "errorMessage": "Bad login"}), 401
    ),
    "envelope 200": reply(envelope(payload="Bad login", response_code=1)),
    "FAILURE 200": reply(envelope(payload="Bad login", response_message="FAILURE")),
    "validation 400": reply(
        envelope(errorResponse={"errorType": "VALIDATION_ERROR", "errorMessage": "Bad login"}), 400
    ),
}


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refused_login_is_never_repeated(kind: str) -> None:
    async with session_on(REFUSALS[kind]) as (server, session):
        for _ in range(4):
            error = await error_of(session)
            assert type(error) is AuthenticationError
            assert "Bad login" in str(error)
            assert "password" in str(error)
    assert len(server.calls) == 1


async def test_a_refusal_without_a_body_is_one() -> None:
    async with session_on(reply(b"<html>Forbidden</html>", 403)) as (server, session):
        error = await error_of(session)
    assert isinstance(error, AuthenticationError)
    assert error.status == 403
    assert len(server.calls) == 1


@pytest.mark.parametrize("failure", ["oauth", "envelope"])
@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "username", "password"])
async def test_wrong_credentials_never_lock_the_account(wrong: str, failure: str) -> None:
    server = SecondServer(60, token_failure=failure)

    async def search() -> None:
        assert type(await error_of(session)) is AuthenticationError

    async with server.running():
        auth = oauth(server, **{wrong: "wrong"})
        async with EnKashSession(server.base_url, auth, retry=QUICK) as session:
            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(search)
            await search()
        assert server.failed_logins == 1
        async with EnKashSession(server.base_url, oauth(server)) as session:
            assert len(await session.customers.search()) == 60


async def test_a_session_opened_again_may_log_in_again() -> None:
    session: EnKashSession
    async with open_sandbox(SandboxSettings(rows=5)) as sandbox:
        session = EnKashSession(sandbox.base_url, oauth(sandbox, password="wrong"))
        for _ in range(2):
            async with session:
                await error_of(session)
    assert sandbox.token_requests == 2


async def test_credentials_that_stop_working_end_a_search_behind_its_good_records() -> None:
    async with open_sandbox(SandboxSettings(rows=250)) as sandbox:
        auth = oauth(sandbox)
        logins: list[Token] = []

        async def fetch_token(send: SendForm) -> Token:
            if logins:
                return await attrs.evolve(auth, password="changed").fetch_token(send)
            logins.append(await auth.fetch_token(send))
            return logins[0]

        async def expire(call: SearchCall) -> None:
            if 0 < call.offset < 50:
                sandbox.expire_tokens()

        sandbox.on_search = expire
        async with EnKashSession(sandbox.base_url, Custom(fetch_token), page_size=50) as session:
            seen: list[str | None] = []
            with pytest.raises(AuthenticationError) as caught:
                await read_into(seen, session.customers.search())
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            again = session.customers.search(resume=caught.value.resume_token)
            seen += [customer.customer_id async for customer in again]
        assert seen == sandbox.customer_ids()
    assert sandbox.token_requests == 2


@attrs.frozen
class Custom:
    """An auth of the user's own."""

    fetch_token: Any


# Logins that fail for other reasons


@pytest.mark.parametrize(
    "broken",
    [
        reply(b"", 500),
        reply(b"<html>Bad gateway</html>", 502),
        reply(b"", 429, "Retry-After: 0"),
        reply(b""),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        None,
    ],
)
async def test_a_login_that_was_not_refused_is_tried_again(broken: bytes | None) -> None:
    async with session_on(broken, reply(token_answer())) as (server, session):
        assert len(await session.customers.search()) == 1
    assert len(server.calls_of(TOKEN_PATH)) == 2


async def test_a_first_login_without_an_answer_is_not_sent_a_third_time() -> None:
    async with session_on(None, None, reply(token_answer())) as (server, session):
        with pytest.raises(ResponseError) as caught:
            await session.customers.search()
        later = [await error_of(session) for _ in range(3)]
    assert "sends no other" in "".join(caught.value.__notes__)
    for error in later:
        assert type(error) is AuthenticationError
        assert "two logins of this session got no answer" in str(error)
        assert "open the session again" in str(error)
    assert len({id(error) for error in later}) == 3
    assert len(server.calls_of(TOKEN_PATH)) == 2


UNHEARD: dict[str, bytes | None] = {
    "closed": None,
    "broken off": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    "empty": reply(b""),
    "500": reply(b"", 500),
    "502": reply(b"<html>Bad gateway</html>", 502),
    "503": reply(b"", 503),
    "530": reply(b"", 530),
    "SYSTEM_ERROR": reply(envelope(errorResponse={"errorType": "SYSTEM_ERROR"}, response_code=1)),
}


@pytest.mark.parametrize("kind", UNHEARD)
@pytest.mark.parametrize("searches", [1, 8])
async def test_logins_that_may_have_been_refused_are_two(kind: str, searches: int) -> None:
    """Whoever asks, however many, and again and again."""

    async def answer(call: Call) -> bytes | None:
        return UNHEARD[kind] if call.path == TOKEN_PATH else reply(page("KC1"))

    async def search() -> None:
        with pytest.raises(EnKashError):
            await session.customers.search()

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH, retry=QUICK) as session,
    ):
        for _ in range(3):
            async with anyio.create_task_group() as group:
                for _ in range(searches):
                    group.start_soon(search)
    assert len(server.calls_of(TOKEN_PATH)) == 2


async def test_a_login_outlives_those_who_asked_for_it() -> None:
    at_login, release = anyio.Event(), anyio.Event()

    async def answer(call: Call) -> bytes:
        if call.path != TOKEN_PATH:
            return reply(page("KC1"))
        at_login.set()
        await release.wait()
        return reply(token_answer())

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH) as session,
    ):
        for _ in range(5):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(session.customers.search().__anext__)
                    await at_login.wait()
                    await anyio.wait_all_tasks_blocked()
                    scope.cancel()
        release.set()
        assert len(await session.customers.search()) == 1
    assert len(server.calls_of(TOKEN_PATH)) == 1


async def test_closing_the_session_ends_a_login() -> None:
    at_login = anyio.Event()

    async def answer(call: Call) -> bytes:
        at_login.set()
        await anyio.sleep_forever()
        raise AssertionError

    async def search() -> None:
        with pytest.raises(RuntimeError, match="closed"):
            await session.customers.search()

    async with raw_server(answer) as server:
        session = EnKashSession(server.base_url, OAUTH)
        async with session, anyio.create_task_group() as group:
            group.start_soon(search)
            await at_login.wait()
            with anyio.fail_after(5):
                await session.aclose()


async def test_logins_that_were_never_sent_are_not_counted() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with EnKashSession(url, OAUTH, retry=QUICK) as session:
        for _ in range(3):
            assert type(await error_of(session)) is ConnectError


async def test_an_auth_of_the_users_own_may_send_as_often_as_it_is_heard() -> None:
    async def fetch_token(send: SendForm) -> Token:
        for _ in range(4):
            await send("/step", b"", {})
        return Token("own")

    async def answer(call: Call) -> bytes:
        return reply(b"" if call.path == "/step" else page("KC1"))

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, Custom(fetch_token)) as session,
    ):
        assert len(await session.customers.search()) == 1
    assert len(server.calls_of("/step")) == 4


async def test_an_auth_that_tries_again_by_itself_sends_no_third_login() -> None:
    async def fetch_token(send: SendForm) -> Token:
        while True:
            with suppress(ResponseError):
                await send(TOKEN_PATH, b"", {})

    async def answer(call: Call) -> None:
        return None

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, Custom(fetch_token)) as session,
    ):
        for _ in range(2):
            assert type(await error_of(session)) is AuthenticationError
    assert len(server.calls_of(TOKEN_PATH)) == 2


# What a status of the token endpoint means

REFUSED, WRONG, AGAIN, PROXY = "refused", "wrong address", "again", "proxy"

MEANINGS = {
    **dict.fromkeys(range(300, 400), WRONG),
    **dict.fromkeys(range(400, 500), REFUSED),
    **dict.fromkeys(range(500, 600), AGAIN),
    **dict.fromkeys((404, 405, 406, 410, 411, 413, 414, 415, 417, 426, 431, 501, 505), WRONG),
    **dict.fromkeys((408, 421, 425, 429), AGAIN),
    **dict.fromkeys((407, 511), PROXY),
}
BODIES = {"empty": b"", "HTML": b"<html>Hello</html>", "JSON": b'{"error": "Not Found"}'}


@pytest.mark.parametrize("body", BODIES)
async def test_what_each_status_of_the_token_endpoint_means(body: str) -> None:
    async def answer(call: Call) -> bytes:
        [status] = statuses
        return reply(b"" if status == 304 else BODIES[body], status)

    statuses: list[int] = []
    async with raw_server(answer) as server:
        for status in range(300, 600):
            statuses[:] = [status]
            once = RetryPolicy(attempts=1)
            async with EnKashSession(server.base_url, OAUTH, retry=once) as session:
                error = await error_of(session)
            assert meaning_of(error) == MEANINGS[status], status
    assert len(server.calls) == 300


def meaning_of(error: EnKashError) -> str:
    text = str(error)
    if isinstance(error, AuthenticationError):
        assert "refused the login" in text
        return REFUSED
    if error.final:
        assert type(error) is ResponseError
        assert "user name" not in text
        return PROXY if "proxy, or the network" in text else WRONG
    assert isinstance(error, (RateLimitedError, SystemFaultError, ResponseError))
    return AGAIN


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>Hello</html>"),
        reply(b" \n<!doctype html>"),
        reply(b"", 404),
        reply(b"", 405),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_a_wrong_address_is_called_one_at_once(answer: bytes) -> None:
    async with session_on(answer) as (server, session):
        error = await error_of(session)
    assert type(error) is ResponseError
    assert "there is no token endpoint at this base_url" in str(error)
    assert "no host for Accounts Receivable" in str(error)
    assert "password" not in str(error)
    assert len(server.calls) == 1


async def test_a_404_of_the_service_itself_is_a_refusal() -> None:
    body = envelope(errorResponse={"errorType": "RECORD_NOT_FOUND", "errorMessage": "No user"})
    async with session_on(reply(body, 404)) as (server, session):
        for _ in range(2):
            assert type(await error_of(session)) is AuthenticationError
    assert len(server.calls) == 1


BROKEN_BODIES = {
    "cut off": b"Content-Length: 100\r\n\r\n{",
    "not the gzip it says": b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "in an unknown coding": b"Content-Encoding: rot13\r\nContent-Length: 4\r\n\r\nabcd",
    "too large": b"Content-Length: 99999999\r\n\r\n{",
}


@pytest.mark.parametrize("broken", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
@pytest.mark.parametrize("status", [400, 401, 403, 422, 423])
@pytest.mark.parametrize("worked_before", [False, True])
async def test_a_refusal_is_one_by_its_status_where_its_text_does_not_come_whole(
    broken: bytes, status: int, worked_before: bool
) -> None:
    refusal = b"HTTP/1.1 %d No\r\n%b" % (status, broken)
    answers = {
        TOKEN_PATH: [reply(token_answer())] * worked_before + [refusal] * 4,
        # The token is good for one search.
        SEARCH_PATH: [reply(page("KC1"))] * worked_before + [reply(b"", 401)] * 4,
    }

    async def answer(call: Call) -> bytes | None:
        return answers[call.path].pop(0)

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH, retry=QUICK) as session,
    ):
        if worked_before:
            await session.customers.search()
        for _ in range(2):
            assert type(await error_of(session)) is AuthenticationError
    assert len(server.calls_of(TOKEN_PATH)) == 1 + worked_before


@pytest.mark.parametrize("status", [408, 421, 425, 429])
async def test_a_login_that_nobody_looked_at_is_sent_again(status: int) -> None:
    async with session_on(*[reply(b"", status)] * 3, reply(token_answer())) as (server, session):
        assert len(await session.customers.search()) == 1
    assert len(server.calls_of(TOKEN_PATH)) == 4


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (reply(b"", 503), SystemFaultError),
        (reply(b"", 429, "Retry-After: 999"), RateLimitedError),
        (reply(b"<html>Hello</html>"), ResponseError),
        (None, ResponseError),
    ],
)
async def test_a_login_that_keeps_failing_is_its_own_error(
    broken: bytes | None, expected: type[EnKashError]
) -> None:
    async with session_on(*[broken] * 4, reply(token_answer())) as (_, session):
        assert type(await error_of(session)) is expected


async def test_an_answer_without_a_token_says_so() -> None:
    async with session_on(*[reply(b'{"scope": "read"}')] * 4) as (server, session):
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="access_token"):
                await session.customers.search()
    assert len(server.calls_of(TOKEN_PATH)) == 1


# Auth objects of the user's own


async def test_any_object_with_fetch_token_is_an_auth() -> None:
    issued: list[str] = []

    async def fetch_token(send: SendForm) -> Token:
        issued.append(f"own-{len(issued)}")
        return Token(issued[-1], life=600)

    async def answer(call: Call) -> bytes:
        is_old = call.headers["authorization"] == "Bearer own-0" and call.number == 1
        return reply(b"", 401) if is_old else reply(page("KC1"))

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, Custom(fetch_token)) as session,
    ):
        await session.customers.search()
        await session.customers.search()
    assert issued == ["own-0", "own-1"]
    assert [call.headers["authorization"] for call in server.calls] == [
        "Bearer own-0",
        "Bearer own-0",
        "Bearer own-1",
    ]


async def test_an_auth_may_send_its_own_form() -> None:
    async def fetch_token(send: SendForm) -> Token:
        response = await send("/merchant/token", b"k=v", {"API-Key": "x"})
        return Token(response.body.decode())

    async def answer(call: Call) -> bytes:
        return reply(b"merchant" if call.path == "/merchant/token" else page("KC1"))

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, Custom(fetch_token)) as session,
    ):
        await session.customers.search()
    login, search = server.calls
    assert (login.body, login.headers["api-key"]) == (b"k=v", "x")
    assert search.headers["authorization"] == "Bearer merchant"


async def test_an_error_of_the_users_auth_arrives_as_itself() -> None:
    async def fetch_token(send: SendForm) -> Token:
        raise LookupError("no vault")

    async with EnKashSession("https://enkash.invalid", Custom(fetch_token)) as session:
        with pytest.raises(LookupError, match="no vault"):
            await session.customers.search()


# Secrets


@pytest.mark.parametrize("kind", REFUSALS)
async def test_no_secret_is_in_what_a_refused_login_leaves_behind(kind: str) -> None:
    async with session_on(REFUSALS[kind]) as (_, session):
        error = await error_of(session)
        shown = [repr(session), repr(OAUTH), str(OAUTH)]
    shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
    shown += [pickle.dumps(error).decode("latin-1"), repr(error.__cause__)]
    pair = base64.b64encode(b"CEK1234567:planted-secret").decode()
    for secret in (*SECRETS.values(), "planted", pair):
        for text in shown:
            assert secret not in text


def test_credentials_stay_out_of_the_repr() -> None:
    assert "planted" not in repr(BearerToken("planted-token"))
    assert "planted" not in repr(Token("planted-token"))
    assert repr(OAUTH) == "OAuthPassword(client_id='CEK1234567', company_id=None)"


async def test_the_token_is_in_no_error_of_a_search() -> None:
    async def answer(call: Call) -> bytes:
        token = token_answer("planted-token")
        return reply(token) if call.path == TOKEN_PATH else reply(b"", 403)

    async with raw_server(answer) as server, EnKashSession(server.base_url, OAUTH) as session:
        error = await error_of(session)
    trace = "".join(traceback.format_exception(error))
    for text in (str(error), repr(error), trace, pickle.dumps(error).decode("latin-1")):
        assert "planted" not in text


# What is no credential


@pytest.mark.parametrize(
    "token",
    [
        "",
        "planted\r\nX: y",
        "planted\0",
        "plänted",
        "planted\n",
        " planted",
        "planted ",
        "plan ted",
    ],
)
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token must be printable") as caught:
        BearerToken(token)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("token", ["Bearer planted", "bearer planted", " BEARER planted\n"])
def test_a_token_is_given_without_its_scheme(token: str) -> None:
    for kind in (BearerToken, Token):
        with pytest.raises(ValueError, match="without the word Bearer") as caught:
            kind(token)
        assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "planted\n",
        "\r\nplanted",
        "plan\nted",
        "planted ",
        " planted",
        "planted\t",
        "plan\0ted",
        "planted\x7f",
        "planted\x85",
        "planted\u00a0",
        "\ud800planted",
    ],
)
@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "username", "password", "company_id"]
)
def test_credentials_that_cannot_be_right_are_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} ") as caught:
        attrs.evolve(OAUTH, **{name: text})
    assert "planted" not in str(caught.value)


def test_a_colon_belongs_to_a_secret_and_to_no_client_id() -> None:
    attrs.evolve(OAUTH, client_secret="a:b", password="a: b", username="a:b")
    with pytest.raises(ValueError, match="client_id must not hold a colon") as caught:
        attrs.evolve(OAUTH, client_id="CEK1:planted")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "username", "password"])
def test_credentials_must_be_given(name: str) -> None:
    wrong: Any
    for wrong, error in (("", ValueError), (None, TypeError)):
        with pytest.raises(error, match=name):
            attrs.evolve(OAUTH, **{name: wrong})


# From the environment

ADDRESS = {"ENKASH_BASE_URL": "https://api.example"}
NAMES = ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD")


async def test_a_session_from_the_environment_with_a_token() -> None:
    async with open_sandbox(SandboxSettings(rows=9)) as sandbox:
        environ = {"ENKASH_BASE_URL": sandbox.base_url, "ENKASH_TOKEN": sandbox.token}
        async with EnKashSession.from_env(environ, page_size=4) as session:
            assert len(await session.customers.search()) == 4


async def test_blanks_around_values_of_the_environment_are_left_out() -> None:
    async with open_sandbox(SandboxSettings(rows=9)) as sandbox:
        values = {f"ENKASH_{name}": getattr(sandbox, name.lower()) for name in NAMES}
        environ = values | {"ENKASH_BASE_URL": sandbox.base_url, "ENKASH_TOKEN": " "}
        environ = {name: f" {value}\r\n" for name, value in environ.items()}
        async with EnKashSession.from_env(environ) as session:
            assert len(await session.customers.search()) == 9


@pytest.mark.parametrize("names_company", [False, True])
async def test_a_session_from_the_environment_with_a_password(
    names_company: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_sandbox(SandboxSettings(rows=9)) as sandbox:
        monkeypatch.setenv("ENKASH_BASE_URL", sandbox.base_url)
        monkeypatch.delenv("ENKASH_TOKEN", raising=False)
        monkeypatch.delenv("ENKASH_COMPANY_ID", raising=False)
        for name in NAMES:
            monkeypatch.setenv(f"ENKASH_{name}", getattr(sandbox, name.lower()))
        if names_company:
            monkeypatch.setenv("ENKASH_COMPANY_ID", sandbox.company_id)
        async with EnKashSession.from_env() as session:
            assert len(await session.customers.search()) == 9


def test_what_is_missing_in_the_environment_is_named() -> None:
    with pytest.raises(ValueError, match="ENKASH_BASE_URL"):
        EnKashSession.from_env({"ENKASH_TOKEN": "planted-token"})
    with pytest.raises(ValueError, match="ENKASH_TOKEN") as caught:
        EnKashSession.from_env(ADDRESS)
    for name in NAMES:
        assert f"ENKASH_{name}" in str(caught.value)
    partly = {**ADDRESS, "ENKASH_CLIENT_ID": "c", "ENKASH_PASSWORD": "planted", "ENKASH_TOKEN": ""}
    with pytest.raises(ValueError, match=r"ENKASH_CLIENT_SECRET, ENKASH_USERNAME$") as caught:
        EnKashSession.from_env(partly)
    assert "planted" not in str(caught.value)


OAUTH_ERROR = b'{"error":"invalid_grant","error_description":"Bad credentials, planted-secret"}'


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (OAUTH_ERROR, "refused the login: Bad credentials, ***"),
        (b'{"error":"invalid_grant"}', "refused the login: invalid_grant"),
        (b'{"access_token":"\\ud800"}', "access_token that the token endpoint sent cannot be used"),
        (b'{"access_token":"a\xff"}', "access_token that the token endpoint sent cannot be used"),
        (b'{"access_token":"a b"}', "access_token that the token endpoint sent cannot be used"),
        (b'{"accessToken":5}', "access_token that the token endpoint sent cannot be used"),
        (b'{"access_token":""}', "answered without access_token or accessToken"),
        (b"{}", "answered without access_token or accessToken"),
    ],
)
async def test_a_login_without_a_token_says_what_came(body: bytes, says: str) -> None:
    async with session_on(reply(body)) as (server, session):
        error = await error_of(session)
    assert type(error) is AuthenticationError
    assert says in str(error)
    assert "planted" not in str(error)
    assert len(server.calls_of(TOKEN_PATH)) == 1


@pytest.mark.parametrize("broken", [reply(b""), reply(b"", 500), None])
async def test_logins_that_were_answered_are_not_said_to_be_unanswered(
    broken: bytes | None,
) -> None:
    async with session_on(broken, broken) as (_, session):
        await error_of(session)
        error = await error_of(session)
    assert "got no answer, or none that says what became of them" in str(error)
