"""Connections between requests: what comes there answers nobody, who dies there is no attempt."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest

from enkash_async import (
    BearerToken,
    ConnectError,
    EnKashError,
    EnKashSession,
    ProxyError,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    Timeout,
)
from enkash_async._http.failures import MAX_DIED_IDLE, Failures, GiveUp, TryAgain
from enkash_async._http.quota import RetryQuota
from tests.support.raw_server import Answer, Call, RawServer, page, raw_server, reply

pytestmark = pytest.mark.anyio

ONCE = RetryPolicy(attempts=1)
# A wait nobody could miss: what is tried again in spite of it is tried again at once.
SLOW = RetryPolicy(attempts=2, first_delay=100_000, max_delay=100_000)

MINE, OTHERS = reply(page("KC1"), keep_alive=True), reply(page("KC2"), keep_alive=True)


async def mine(call: Call) -> bytes:
    return MINE


@asynccontextmanager
async def session_on(
    answer: Answer, **options: Any
) -> AsyncIterator[tuple[RawServer, EnKashSession]]:
    given = {"retry": ONCE, **options}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("t"), **given) as session,
    ):
        yield server, session


async def ids(session: EnKashSession) -> list[str | None]:
    return [customer.customer_id for customer in await session.customers.search()]


async def error_of(session: EnKashSession) -> EnKashError:
    with pytest.raises(EnKashError) as caught, anyio.fail_after(10):
        await session.customers.search()
    return caught.value


async def turns() -> None:
    """Let the event loop read what has come."""
    for _ in range(20):
        await asyncio.sleep(0)


# What comes while nobody waits

UNASKED = {
    "an answer": OTHERS,
    "half an answer": OTHERS[:-9],
    "a head": OTHERS[: OTHERS.index(b"\r\n\r\n") + 4],
    "half a head": OTHERS[:20],
    "one byte": b"H",
    "a blank line": b"\r\n",
    "a timeout": reply(b"", 408),
    "garbage": b"\x00\xff",
    "its end": None,
}


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("kind", UNASKED)
async def test_what_comes_on_an_idle_connection_answers_no_request(
    kind: str, is_read: bool
) -> None:
    async with session_on(mine) as (server, session):
        await ids(session)
        for connection in range(3):
            server.push(connection, UNASKED[kind])
            if is_read:
                await turns()
            with anyio.fail_after(10):
                search = session.customers.search()
                assert [customer.customer_id for customer in await search] == ["KC1"]
            assert search.report.attempts == 1
        assert [call.connection for call in server.calls] == [0, 1, 2, 3]


async def test_more_than_was_asked_for_answers_no_request() -> None:
    async def answer(call: Call) -> bytes:
        return MINE + OTHERS

    async with session_on(answer) as (server, session):
        for _ in range(3):
            assert await ids(session) == ["KC1"]
    assert server.connections == 3


async def test_a_clean_connection_is_kept() -> None:
    async with session_on(mine) as (server, session):
        for _ in range(5):
            await ids(session)
            await turns()
    assert server.connections == 1


async def test_half_an_answer_in_a_pool_of_the_callers_ends_in_time() -> None:
    async with (
        aiohttp.ClientSession() as http,
        session_on(mine, http=http, timeout=Timeout(read=0.05, connect=0.05)) as (server, session),
    ):
        await ids(session)
        server.push(0, OTHERS[:-9])
        await turns()
        assert type(await error_of(session)) is RequestTimeoutError


# Connections that died


async def hold_connections(session: EnKashSession, number: int) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(number):
            group.start_soon(ids, session)


def hanging_up(connections: int, answer: bytes | None = MINE) -> Answer:
    """Answer so many first requests together, and hang up on whoever comes again.

    Later connections get *answer*.
    """
    arrived = anyio.Event()
    seen: set[int] = set()

    async def serve(call: Call) -> bytes | None:
        is_first = call.connection not in seen
        seen.add(call.connection)
        if call.connection >= connections:
            return answer
        if len(seen) == connections:
            arrived.set()
        await arrived.wait()
        return MINE if is_first else None

    return serve


@pytest.mark.parametrize("retry", [ONCE, SLOW], ids=["one attempt", "two"])
async def test_dead_connections_use_up_no_attempts(retry: RetryPolicy) -> None:
    async with session_on(hanging_up(6), retry=retry) as (server, session):
        await hold_connections(session, 6)
        with anyio.fail_after(10):
            assert await ids(session) == ["KC1"]
    first, second = server.calls[6:]
    assert (first.connection < 6, second.connection) == (True, 6)


async def test_a_service_that_hangs_up_on_all_is_asked_as_often_as_ever() -> None:
    async with session_on(hanging_up(3, None), retry=RetryPolicy(first_delay=0)) as (
        server,
        session,
    ):
        await hold_connections(session, 3)
        error = await error_of(session)
    assert type(error) is ResponseError
    assert error.report is not None
    # The dead connection, and four attempts over new ones.
    assert [min(call.connection, 3) for call in server.calls[4:]] == [3, 3, 3, 3]
    assert server.calls[3].connection < 3


def test_what_died_idle_is_no_attempt_but_not_for_ever() -> None:
    failures = Failures(RetryPolicy(attempts=1), RetryQuota(0), 180.0, is_repeatable=True)
    closed = ResponseError("closed")
    closed.died_idle = closed.at_once = True
    decisions = [
        failures.decide(closed, was_sent=True, asks_for_less=False, answered=0, pause=0, jitter=1)
        for _ in range(MAX_DIED_IDLE + 1)
    ]
    assert decisions == [TryAgain("broken_answer")] * MAX_DIED_IDLE + [GiveUp("attempts")]


def test_what_may_be_done_already_is_not_sent_again_though_it_died_idle() -> None:
    failures = Failures(RetryPolicy(), RetryQuota(500), 180.0, is_repeatable=False)
    closed = ResponseError("closed")
    closed.died_idle = closed.at_once = True
    decision = failures.decide(
        closed, was_sent=True, asks_for_less=False, answered=0, pause=0, jitter=1
    )
    assert decision == GiveUp("not_repeatable")


# Until a connection stands


async def silent(call: Call) -> bytes:
    await anyio.sleep_forever()
    raise AssertionError


@asynccontextmanager
async def mute() -> AsyncIterator[int]:
    """Listen on a port where connections are taken and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


CONNECTING = Timeout(connect=0.05)


async def test_a_tls_handshake_without_an_answer_is_bounded() -> None:
    async with (
        mute() as port,
        EnKashSession(
            f"https://127.0.0.1:{port}", BearerToken("t"), timeout=CONNECTING, retry=ONCE
        ) as session,
    ):
        error = await error_of(session)
    assert type(error) is ConnectError
    assert "Timeout(connect=0.05)" in str(error)


async def test_a_proxy_without_an_answer_is_bounded() -> None:
    async with (
        mute() as port,
        aiohttp.ClientSession(proxy=f"http://127.0.0.1:{port}") as http,
        EnKashSession(
            "https://api.example", BearerToken("t"), http=http, timeout=CONNECTING, retry=ONCE
        ) as session,
    ):
        error = await error_of(session)
    assert type(error) is ConnectError
    assert "Timeout(connect=0.05)" in str(error)


async def test_a_name_without_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    back = threading.Event()

    def look_up(*given: object, **options: object) -> None:
        back.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        async with EnKashSession(
            "https://api.example", BearerToken("t"), timeout=CONNECTING, retry=ONCE
        ) as session:
            error = await error_of(session)
    finally:
        back.set()
    assert type(error) is ConnectError
    assert "Timeout(connect=0.05)" in str(error)


async def test_a_connection_that_never_came_weighs_on_no_page() -> None:
    """With no time for anything else, it is still connecting that took it."""
    timeout = Timeout(connect=100, attempt=0.05)
    async with (
        mute() as port,
        EnKashSession(
            f"https://127.0.0.1:{port}", BearerToken("t"), timeout=timeout, retry=SLOW_NONE
        ) as session,
    ):
        error = await error_of(session)
    assert type(error) is ConnectError
    assert error.report is not None
    assert error.report.smallest_page_size is None


SLOW_NONE = RetryPolicy(attempts=3, first_delay=0)

PROGRAM = """
import asyncio, socket, threading
from enkash_async import BearerToken, ConnectError, EnKashSession, RetryPolicy, Timeout

socket.getaddrinfo = lambda *given, **options: threading.Event().wait()

async def main():
    auth, timeout = BearerToken("t"), Timeout(connect=0.05)
    options = {"timeout": timeout, "retry": RetryPolicy(attempts=1)}
    async with EnKashSession("https://api.example", auth, **options) as session:
        try:
            await session.customers.search()
        except ConnectError:
            print("ended")

asyncio.run(main())
"""


def test_a_name_that_is_being_looked_up_keeps_no_program_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("ended\n", "", 0)


def raising(error: BaseException) -> Any:
    def look_up(*given: object, **options: object) -> None:
        raise error

    return look_up


def finding(address: tuple[Any, ...], family: socket.AddressFamily) -> Any:
    return lambda *given, **options: [(family, socket.SOCK_STREAM, 6, "", address)]


NO_ADDRESS = "the host api.example has no address: "


@pytest.mark.parametrize(
    ("look_up", "words"),
    [
        (raising(socket.gaierror(socket.EAI_NONAME, "no such name")), f"{NO_ADDRESS}no such name"),
        (raising(OSError(5, "broken")), f"{NO_ADDRESS}broken"),
        (raising(UnicodeError("a label is too long")), "cannot be sent to this address"),
        (lambda *given, **options: [], f"{NO_ADDRESS}no address was found"),
        (finding(("999.1.1.1", 1), socket.AF_INET), "cannot connect to api.example:443: "),
    ],
    ids=["no name", "broken", "no label", "none", "no such address"],
)
async def test_a_name_that_leads_nowhere_is_no_connection(
    look_up: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with EnKashSession("https://api.example", BearerToken("t"), retry=ONCE) as session:
        error = await error_of(session)
    assert type(error) is ConnectError
    assert words in str(error)
    assert "Unknown error" not in str(error)
    assert error.client_request_id is None


async def test_a_machine_without_threads_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with EnKashSession("https://api.example", BearerToken("t"), retry=ONCE) as session:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            error = await error_of(session)
    assert type(error) is ConnectError
    assert f"{NO_ADDRESS}can't start new thread" in str(error)


async def test_names_are_resolved() -> None:
    async with raw_server(mine) as server:
        url = server.base_url.replace("127.0.0.1", "localhost")
        async with EnKashSession(url, BearerToken("t"), retry=ONCE) as session:
            assert await ids(session) == ["KC1"]


# Proxies that refuse


@pytest.mark.parametrize(
    ("status", "attempts", "words"),
    [
        (407, 1, "the proxy of the aiohttp session refused to connect (HTTP 407); it asks for"),
        (403, 1, "the proxy of the aiohttp session refused to connect (HTTP 403)"),
        (502, 3, "the proxy of the aiohttp session refused to connect (HTTP 502)"),
    ],
)
async def test_a_proxy_that_refuses_is_named(status: int, attempts: int, words: str) -> None:
    async def refuse(call: Call) -> bytes:
        return reply(b"", status)

    async with (
        raw_server(refuse) as proxy,
        aiohttp.ClientSession(proxy=proxy.base_url) as http,
        EnKashSession(
            "https://api.example", BearerToken("t"), http=http, retry=SLOW_NONE
        ) as session,
    ):
        error = await error_of(session)
    assert type(error) is ProxyError
    assert words in str(error)
    assert "base_url" not in str(error)
    assert len(proxy.calls) == attempts
