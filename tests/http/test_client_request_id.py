"""The id under which each attempt is sent: in events, the log and errors, for EnKash's logs."""

from __future__ import annotations

import logging
import pickle
import re

import pytest

from enkash_async import (
    AuthenticationError,
    BearerToken,
    ConnectError,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    Timeout,
    UnauthorizedError,
)
from enkash_async.auth import SendForm, Token
from enkash_async.events import Hooks, RequestEnded, SearchEnded
from tests.support.raw_server import (
    SEARCH_PATH,
    TOKEN_PATH,
    Call,
    envelope,
    page,
    raw_server,
    reply,
    token_answer,
)

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(first_delay=0)
OAUTH = OAuthPassword(
    client_id="CEK1", client_secret="a secret", username="a user", password="a password"
)

UNAUTHORIZED = envelope(errorResponse={"errorType": "UNAUTHORIZED"})


def sent_in(call: Call) -> str:
    return call.headers["x-request-id"]


async def test_each_attempt_has_an_id_of_its_own_that_events_tell() -> None:
    told: list[RequestEnded] = []

    async def answer(call: Call) -> bytes:
        if call.path == TOKEN_PATH:
            return reply(token_answer())
        return reply(b"", 500) if call.number < 3 else reply(page("KC1"))

    hooks = Hooks(on_request=told.append)
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH, retry=QUICK, hooks=hooks) as session,
    ):
        await session.customers.search()
    ids = [sent_in(call) for call in server.calls]
    assert [request.client_request_id for request in told] == ids
    assert len(set(ids)) == len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


@pytest.mark.parametrize(
    ("path", "answer", "kind"),
    [
        (SEARCH_PATH, reply(b"", 500), SystemFaultError),
        (SEARCH_PATH, reply(UNAUTHORIZED), UnauthorizedError),
        (SEARCH_PATH, reply(b"<html>"), ResponseError),
        (SEARCH_PATH, reply(b"", 302), ResponseError),
        (SEARCH_PATH, None, ResponseError),
        (TOKEN_PATH, reply(b"", 401), AuthenticationError),
        (TOKEN_PATH, reply(b"", 404), ResponseError),
        (TOKEN_PATH, reply(b"{}"), AuthenticationError),
        (TOKEN_PATH, None, ResponseError),
    ],
)
async def test_an_error_names_the_id_of_the_request_that_failed(
    path: str, answer: bytes | None, kind: type[EnKashError], caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[SearchEnded] = []

    async def serve(call: Call) -> bytes | None:
        if call.path == path:
            return answer
        return reply(token_answer(f"t{call.number}"))

    once, hooks = RetryPolicy(attempts=1), Hooks(on_search_end=ended.append)
    caplog.set_level(logging.DEBUG, "enkash_async")
    async with (
        raw_server(serve) as server,
        EnKashSession(server.base_url, OAUTH, retry=once, hooks=hooks) as session,
    ):
        search = session.customers.search()
        with pytest.raises(kind) as caught:
            async for _ in search:
                pass
    sent = sent_in([call for call in server.calls if call.path == path][-1])
    error = caught.value
    assert error.client_request_id == sent
    assert f"client request {sent}" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert [event.client_request_id for event in ended] == [sent]
    for call in server.calls:
        assert f"client_request_id={sent_in(call)}" in caplog.text


async def test_a_timeout_names_it_too() -> None:
    async def answer(call: Call) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\n{"

    options = {"timeout": Timeout(read=0.05), "retry": RetryPolicy(attempts=1)}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("t"), **options) as session,  # type: ignore[arg-type]
    ):
        with pytest.raises(RequestTimeoutError) as caught:
            await session.customers.search()
    assert caught.value.client_request_id == sent_in(server.calls[0])


async def test_what_was_never_sent_has_none() -> None:
    once = RetryPolicy(attempts=1)
    async with EnKashSession("https://enkash.invalid", BearerToken("t"), retry=once) as session:
        with pytest.raises(ConnectError) as caught:
            await session.customers.search()
    assert caught.value.client_request_id is None
    assert "client request" not in str(caught.value)


async def test_an_auth_may_choose_the_id_of_its_login() -> None:
    class Own:
        async def fetch_token(self, send: SendForm) -> Token:
            await send("/step", b"", {"X-Request-Id": "mine"})
            return Token("t")

    async def answer(call: Call) -> bytes:
        return reply(page("KC1"))

    async with raw_server(answer) as server, EnKashSession(server.base_url, Own()) as session:
        await session.customers.search()
    assert sent_in(server.calls[0]) == "mine"
