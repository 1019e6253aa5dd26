"""Connections that break, stall or lie, bounds on what comes, and sessions used wrongly."""

from __future__ import annotations

import asyncio
import gzip
import pickle
import socket
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web

from enkash_async import (
    AnswerTooLargeError,
    BearerToken,
    ConnectError,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    Timeout,
    TransportError,
    Verdict,
)
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.raw_server import (
    SEARCH_PATH,
    Answer,
    Call,
    RawServer,
    envelope,
    page,
    raw_server,
    reply,
)

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(first_delay=0)
ONCE = RetryPolicy(attempts=1)
# A wait nobody could miss: what is tried again in spite of it is tried again at once.
SLOW = RetryPolicy(first_delay=100_000, max_delay=100_000)

TOKEN = "planted-token-4711"
PERSONAL = "Planted Legal Name"
GOOD = page("KC1", "KC2")


@asynccontextmanager
async def session_on(
    answer: Answer, **options: Any
) -> AsyncIterator[tuple[RawServer, EnKashSession]]:
    given = {"retry": ONCE, **options}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken(TOKEN), **given) as session,
    ):
        yield server, session


def always(raw: bytes | None) -> Answer:
    async def answer(call: Call) -> bytes | None:
        return raw

    return answer


def in_turn(*answers: bytes | None) -> Answer:
    async def answer(call: Call) -> bytes | None:
        return answers[call.number]

    return answer


async def never(call: Call) -> bytes:
    await anyio.sleep_forever()
    raise AssertionError


async def error_of(session: EnKashSession) -> EnKashError:
    with pytest.raises(EnKashError) as caught:
        await session.customers.search(CustomerFilter(legal_name=PERSONAL))
    return caught.value


def chunked(*chunks: bytes) -> bytes:
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    )
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def encoded(body: bytes, encoding: str) -> bytes:
    return reply(body, 200, f"Content-Encoding: {encoding}")


# Answers that are none

HTML = b"<html><body>Sign in</body></html>"

UNUSABLE: dict[str, bytes | None] = {
    "HTML under 200": reply(HTML, 200, "Content-Type: text/html"),
    "HTML as JSON": reply(HTML),
    "empty": reply(b""),
    "blank": reply(b" \r\n"),
    "204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "JSON cut off": reply(GOOD[:-9]),
    "shorter than announced": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + GOOD,
    "chunks broken off": chunked(GOOD[:20]),
    "chunk size no number": chunked() + b"many\r\n",
    "garbage": b"\x00\xff\x16\x03 nonsense\r\n\r\n",
    "head broken off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "contradicting lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}",
    "not UTF-8": reply(b"\xff\xfe" + GOOD),
    "deeply nested": reply(b"[" * 100_000),
    "a list": reply(b"[]"),
    "a number": reply(b"7"),
    "another object": reply(b"{}"),
    "payload null": reply(envelope()),
    "payload a text": reply(envelope(payload="done")),
    "payload a list": reply(envelope(payload=[])),
    "no data": reply(envelope(payload={"recordsCount": 5})),
    "data null": reply(envelope(payload={"data": None})),
    "data an object": reply(envelope(payload={"data": {"0": {}}})),
    "gzip of nothing": encoded(b"", "gzip"),
    "gzip cut off": encoded(gzip.compress(GOOD)[:-12], "gzip"),
    "gzip garbled": encoded(b"\x1f\x8b\x08\x00 nonsense", "gzip"),
    "gzip that is none": encoded(GOOD, "gzip"),
    "deflate garbled": encoded(b"\x78\x9c nonsense", "deflate"),
    "an encoding nobody asked for": encoded(b"\x0b\x02\x80", "br"),
    "closed without a word": None,
}


@pytest.mark.parametrize("kind", UNUSABLE)
async def test_what_is_no_answer_is_never_an_empty_page(kind: str) -> None:
    async with session_on(always(UNUSABLE[kind])) as (_, session):
        error = await error_of(session)
    assert type(error) is ResponseError
    assert str(error)
    assert (error.offset, error.resume_token is None) == (0, False)
    assert pickle.loads(pickle.dumps(error)).args == error.args
    trace = "".join(traceback.format_exception(error))
    assert TOKEN not in trace
    assert PERSONAL not in trace


@pytest.mark.parametrize("kind", ["HTML under 200", "empty", "JSON cut off", "chunks broken off"])
async def test_it_is_tried_again(kind: str) -> None:
    bad = UNUSABLE[kind]
    async with session_on(in_turn(bad, bad, reply(GOOD)), retry=QUICK) as (_, session):
        search = session.customers.search()
        assert len(await search) == 2
        assert (search.report.attempts, search.report.retries) == (3, 2)


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("br", "Content-Encoding: br"),
        ("BR, identity", "Content-Encoding: br"),
        ("zstd, gzip", "Content-Encoding: zstd, gzip"),
        ("x" * 99, "Content-Encoding: one of another name"),
        (TOKEN, "Content-Encoding: one of another name"),
    ],
)
async def test_an_encoding_that_is_not_known_is_named(named: str, shown: str) -> None:
    async with session_on(always(encoded(b"", named))) as (_, session):
        error = await error_of(session)
    assert f"encoded in a way that was not asked for, {shown} (HTTP 200" in str(error)


@pytest.mark.parametrize("status", [204, 205])
async def test_no_content_is_final_and_named(status: int) -> None:
    raw = f"HTTP/1.1 {status} Nothing\r\nContent-Length: 0\r\n\r\n".encode()
    async with session_on(always(raw), retry=QUICK) as (server, session):
        error = await error_of(session)
    assert type(error) is ResponseError
    assert f"it has nothing to send (HTTP {status})" in str(error)
    assert len(server.calls) == 1


async def test_an_empty_list_is_one() -> None:
    async with session_on(always(reply(page()))) as (_, session):
        search = session.customers.search()
        assert [customer async for customer in search] == []
    assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(
    "raw",
    [
        reply(GOOD, 200, "Content-Type: text/html"),
        reply(GOOD, 200, "Content-Type: application/octet-stream"),
        reply(GOOD, 201),
        reply(b" \n" + GOOD + b"\n"),
        chunked(GOOD[:7], GOOD[7:], b""),
        encoded(gzip.compress(GOOD), "gzip"),
        encoded(zlib.compress(GOOD), "deflate"),
        *(encoded(GOOD, plain) for plain in ("utf-8", "UTF-8", "none", "identity", "binary")),
        *(encoded(GOOD, plain) for plain in ("aws-chunked", "identity, none", "")),
        *(encoded(gzip.compress(GOOD), names) for names in ("aws-chunked,gzip", "GZIP, identity")),
        *(encoded(gzip.compress(GOOD) + more, "gzip") for more in (b"\0" * 600, b"more", b"\r\n")),
        encoded(gzip.compress(GOOD) + b"\0" * 9 + gzip.compress(b" "), "gzip"),
        encoded(zlib.compress(GOOD) + b"\0" * 600, "deflate"),
        reply(gzip.compress(GOOD), 200, "Content-Encoding: utf-8", "Content-Encoding: gzip"),
        b"HTTP/1.0 200 OK\r\n\r\n" + GOOD,
    ],
)
async def test_the_body_decides_however_it_is_wrapped(raw: bytes) -> None:
    async with session_on(always(raw)) as (_, session):
        assert [customer.customer_id for customer in await session.customers.search()] == [
            "KC1",
            "KC2",
        ]


async def test_one_record_that_is_not_utf8_spares_the_others() -> None:
    async with session_on(always(reply(GOOD.replace(b"KC1", b"K\xff")))) as (_, session):
        bad: list[bytes] = []
        search = session.customers.search(on_bad_record=lambda record: bad.append(record.raw))
        assert [customer.customer_id for customer in await search] == ["KC2"]
    assert len(bad) == 1


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async with raw_server(always(reply(GOOD))) as elsewhere:
        redirect = reply(b"", status, f"Location: {elsewhere.base_url}{SEARCH_PATH}")
        async with session_on(always(redirect), retry=QUICK) as (server, session):
            error = await error_of(session)
    assert type(error) is ResponseError
    assert error.status == status
    assert "base_url" in str(error)
    assert (len(server.calls), elsewhere.calls) == (1, [])


async def test_a_redirected_login_sends_no_password_elsewhere() -> None:
    async with raw_server(always(reply(GOOD))) as elsewhere:
        redirect = reply(b"", 307, f"Location: {elsewhere.base_url}/oauth/token")
        auth = OAuthPassword(client_id="c", client_secret="s", username="u", password="p")
        async with (
            raw_server(always(redirect)) as server,
            EnKashSession(server.base_url, auth, retry=QUICK) as session,
        ):
            with pytest.raises(ResponseError, match="redirect"):
                await session.customers.search()
    assert (len(server.calls), elsewhere.calls) == (1, [])


# Bounds


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_above_the_bound_is_refused_once(announced: bool) -> None:
    large = page(*[f"KC{number:014d}" for number in range(1000)])
    raw = reply(large) if announced else chunked(large, b"")
    options: dict[str, Any] = {"retry": QUICK, "adaptive": False}
    async with session_on(always(raw), max_body_bytes=20_000, **options) as (server, session):
        error = await error_of(session)
        assert len(server.calls) == 1
    assert type(error) is AnswerTooLargeError
    assert "max_body_bytes=20000" in str(error)


async def test_a_body_as_large_as_the_bound_is_taken() -> None:
    async with session_on(always(reply(GOOD)), max_body_bytes=len(GOOD)) as (_, session):
        assert len(await session.customers.search()) == 2
    async with session_on(always(reply(GOOD)), max_body_bytes=len(GOOD) - 1) as (_, session):
        assert "max_body_bytes" in str(await error_of(session))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_body_is_bounded_by_its_inflated_size(encoding: str) -> None:
    blank = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    megabyte = b" " * 1_000_000
    bomb = b"".join([blank.compress(megabyte) for _ in range(50)]) + blank.flush()
    assert len(bomb) < 60_000
    async with session_on(always(encoded(bomb, encoding)), max_body_bytes=1_000_000) as (
        _,
        session,
    ):
        tracemalloc.start()
        try:
            error = await error_of(session)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "max_body_bytes=1000000" in str(error)
    assert peak < 10_000_000


# Connections that do not come about, and ones that die


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


async def test_a_refused_connection_is_a_connect_error() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with EnKashSession(url, BearerToken(TOKEN), retry=QUICK) as session:
        error = await error_of(session)
    assert type(error) is ConnectError
    assert "base_url" in str(error)
    assert isinstance(error.__cause__, aiohttp.ClientConnectorError)
    assert error.report is not None
    assert error.report.attempts == 4


async def test_a_name_that_does_not_exist_is_a_connect_error() -> None:
    async with EnKashSession("https://enkash.invalid", BearerToken(TOKEN), retry=ONCE) as session:
        assert type(await error_of(session)) is ConnectError


async def test_a_server_without_tls_is_a_connect_error() -> None:
    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        url = sandbox.base_url.replace("http:", "https:")
        async with EnKashSession(url, BearerToken(TOKEN), retry=ONCE) as session:
            assert type(await error_of(session)) is ConnectError
    assert sandbox.searches == []


@contextmanager
def full_server() -> Iterator[str]:
    """Hold a port whose queue of connections is full, so that no further one comes about."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_connection_that_takes_too_long_is_a_connect_error() -> None:
    timeout = Timeout(connect=0.05)
    with full_server() as url:
        async with EnKashSession(url, BearerToken(TOKEN), retry=ONCE, timeout=timeout) as session:
            with anyio.fail_after(10):
                error = await error_of(session)
    assert type(error) is ConnectError
    assert "0.05" in str(error)


async def test_a_connection_that_died_idle_is_replaced_at_once() -> None:
    async def hang_up_on_the_second(call: Call) -> bytes | None:
        if call.number == 1:
            return None
        return reply(GOOD, keep_alive=True)

    async with session_on(hang_up_on_the_second, retry=SLOW) as (server, session):
        await session.customers.search()
        search = session.customers.search()
        with anyio.fail_after(10):
            assert len(await search) == 2
        assert (search.report.attempts, search.report.retries) == (2, 1)
    assert [call.connection for call in server.calls] == [0, 0, 1]


async def test_a_connection_reset_is_tried_again() -> None:
    calls: list[SearchCall] = []

    async def reset_first(call: SearchCall) -> web.Response | None:
        calls.append(call)
        if len(calls) == 1:
            assert call.request.transport is not None
            call.request.transport.abort()
        return None

    async with open_sandbox(SandboxSettings(rows=3)) as sandbox:
        sandbox.on_search = reset_first
        async with bearer_session(sandbox, retry=SLOW) as session:
            with anyio.fail_after(10):
                assert len(await session.customers.search()) == 3


async def test_connections_are_kept_for_the_next_request() -> None:
    async with session_on(always(reply(GOOD, keep_alive=True))) as (server, session):
        for _ in range(3):
            await session.customers.search()
    assert (len(server.calls), server.connections) == (3, 1)


# Time


async def test_a_server_that_never_answers_is_a_timeout() -> None:
    timeout = Timeout(read=0.05)
    async with session_on(never, timeout=timeout) as (_, session):
        with anyio.fail_after(10):
            error = await error_of(session)
    assert type(error) is RequestTimeoutError
    assert "timeout" in str(error)


async def test_a_body_that_stalls_is_a_timeout() -> None:
    stalled = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: keep-alive\r\n\r\n{"
    async with session_on(always(stalled), timeout=Timeout(read=0.05)) as (_, session):
        with anyio.fail_after(10):
            assert type(await error_of(session)) is RequestTimeoutError


async def test_an_attempt_has_a_limit_of_its_own() -> None:
    async with session_on(never, timeout=Timeout(attempt=0.05)) as (_, session):
        with anyio.fail_after(10):
            assert type(await error_of(session)) is RequestTimeoutError


async def test_a_timeout_is_tried_again() -> None:
    async def answer(call: Call) -> bytes:
        return reply(GOOD) if call.number else await never(call)

    async with session_on(answer, timeout=Timeout(read=0.05), retry=QUICK) as (_, session):
        search = session.customers.search()
        assert len(await search) == 2
        assert search.report.retries == 1


async def test_all_attempts_together_have_a_limit() -> None:
    endless = RetryPolicy(first_delay=0, attempts=1_000_000)
    timeout = Timeout(read=0.05, call=0.3)
    async with session_on(never, timeout=timeout, retry=endless) as (_, session):
        search = session.customers.search()
        with pytest.raises(RequestTimeoutError):
            await search
        assert search.report.stop_reasons == {"call_timeout": 1}


async def test_a_wait_beyond_the_limit_of_the_call_is_not_begun() -> None:
    throttled = reply(b"", 429, "Retry-After: 50")
    timeout = Timeout(call=20)
    async with session_on(always(throttled), retry=QUICK, timeout=timeout) as (server, session):
        with anyio.fail_after(10):
            await error_of(session)
    assert len(server.calls) == 1


async def test_a_search_without_progress_ends() -> None:
    async with session_on(never, timeout=Timeout(progress=0.05)) as (_, session):
        with anyio.fail_after(10):
            error = await error_of(session)
    assert type(error) is RequestTimeoutError
    assert "progress" in str(error)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (0.05, "timeout=0.05"),
        (Timeout.of(0.05), "timeout=0.05"),
        *(
            (Timeout(**{part: 0.05}), f"Timeout({part}=0.05)")
            for part in ("read", "attempt", "call", "progress")
        ),
    ],
)
async def test_a_timeout_is_named_as_it_was_given(given: Timeout | float, named: str) -> None:
    once = RetryPolicy(attempts=1)
    async with session_on(never, timeout=given, retry=once) as (_, session):
        error = await error_of(session)
    assert type(error) is RequestTimeoutError
    assert f"within the session's timeout, {named}" in str(error)
    assert ("Timeout(" in str(error)) is named.startswith("Timeout(")


async def test_waiting_in_line_is_not_the_services_delay() -> None:
    """Only one of four requests is sent at a time, and each may take almost a whole attempt."""

    async def answer(call: Call) -> bytes:
        await anyio.sleep(0.15)
        return reply(GOOD, keep_alive=True)

    options: dict[str, Any] = {"max_concurrency": 1, "timeout": Timeout(attempt=0.5, call=0.5)}
    async with session_on(answer, **options) as (_, session):
        pages = await asyncio.gather(*[first_page(session) for _ in range(4)])
    assert [len(records) for records in pages] == [2, 2, 2, 2]


async def first_page(session: EnKashSession) -> tuple[object, ...]:
    return (await session.customers.search()).records


@pytest.mark.parametrize("wrong", [0, -1])
@pytest.mark.parametrize("name", ["connect", "read", "attempt", "call", "progress"])
def test_a_timeout_must_be_positive(name: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=name):
        Timeout(**{name: wrong})


# Where credentials may go


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example",
        "http://10.0.0.1",
        "http://0.0.0.0:80",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://[2001:db8::1]",
    ],
)
def test_plain_http_is_refused_except_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        EnKashSession(url, BearerToken(TOKEN))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example",
        "https://api.example/base/",
        "https://api.example.",
        "https://under_score.example",
        "https://b\u00fccher.example:8443",
        "https://" + "a" * 63 + ".example",
        "http://localhost:8080",
        "HTTP://LOCALHOST",
        "http://127.0.0.2",
        "http://[::1]:8080",
    ],
)
def test_addresses_that_are_allowed(url: str) -> None:
    EnKashSession(url, BearerToken(TOKEN))


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://user:planted-secret@api.example", "auth"),
        ("https://planted-secret@api.example", "auth"),
        ("https://api.example?key=planted-secret", "query"),
        ("https://api.example#planted-secret", "fragment"),
        ("api.example", "https://"),
        ("ftp://api.example", "https://"),
        ("", "https://"),
        ("https://", "https://"),
        ("https:///planted-secret", "https://"),
        *(
            (f"https://{host}", "must not hold blanks")
            for host in (
                *(
                    "planted-secret .example",
                    "planted-secret\n",
                    "\tplanted-secret",
                    "a\0b",
                    "a\x7fb",
                ),
                *(
                    "a\x85b",
                    "a\\planted-secret",
                    "\u202ea",
                    "a\u200bb",
                    "\u00ada",
                    "\ud800a",
                    "a\u00a0",
                ),
            )
        ),
        *(
            (f"https://{host}", "check its name, and its port")
            for host in (
                *("a..example", ".example", "-a.example", "a-.example", "a" * 64 + ".example"),
                *(
                    "a." * 127 + "example",
                    "planted*secret.example",
                    "%00",
                    "a%20b",
                    "xn--",
                    "xn--a",
                ),
                *("\u00fc" * 64 + ".example", "[::1", "[planted-secret]", "a:0", "a:65536", "a:b"),
            )
        ),
    ],
)
def test_addresses_that_are_refused(url: str, cure: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        EnKashSession(url, BearerToken(TOKEN))
    assert cure in str(caught.value)
    assert "planted-secret" not in str(caught.value)


async def test_a_base_url_may_have_a_path() -> None:
    async with (
        raw_server(always(reply(GOOD))) as server,
        EnKashSession(f"{server.base_url}/gateway/", BearerToken(TOKEN)) as session,
    ):
        await session.customers.search()
    assert [call.path for call in server.calls] == [f"/gateway{SEARCH_PATH}"]


async def test_what_is_sent() -> None:
    async with session_on(always(reply(GOOD))) as (server, session):
        criteria = CustomerFilter(legal_name="Kāverī", dso_from=3)
        await session.customers.search(criteria, order_by="id", direction="DESC", page_size=9)
    [call] = server.calls
    assert call.path == SEARCH_PATH
    assert call.query == {"offset": "0", "limit": "9", "orderBy": "id", "direction": "DESC"}
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("enkash-async")
    assert "cookie" not in call.headers
    assert call.body.decode() == '{"dsoFrom":3,"legalName":"Kāverī"}'


async def test_cookies_are_not_sent_back() -> None:
    raw = reply(GOOD, 200, "Set-Cookie: JSESSIONID=1; Path=/")
    async with session_on(always(raw)) as (server, session):
        await session.customers.search()
        await session.customers.search()
    assert "cookie" not in server.calls[1].headers


# Sessions used wrongly, and rightly


def bearer_session(sandbox: Sandbox, **options: Any) -> EnKashSession:
    return EnKashSession(sandbox.base_url, BearerToken(sandbox.token), **options)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(SandboxSettings(rows=60)) as sandbox:
        yield sandbox


async def test_a_session_that_is_not_open_says_how_to_open_it(sandbox: Sandbox) -> None:
    session = bearer_session(sandbox)
    with pytest.raises(RuntimeError, match=r"async with.* or 'await session\.open\(\)'"):
        await session.customers.search()
    async with session:
        await session.customers.search()
    with pytest.raises(RuntimeError, match="async with"):
        await session.customers.search()


async def test_a_session_cannot_be_opened_twice_at_once(sandbox: Sandbox) -> None:
    async with bearer_session(sandbox) as session:
        with pytest.raises(RuntimeError, match="open already"):
            await session.__aenter__()
        assert len(await session.customers.search()) == 60


async def test_a_session_can_be_opened_again_and_closed_twice(sandbox: Sandbox) -> None:
    session = bearer_session(sandbox, page_size=7)
    for _ in range(2):
        async with session:
            seen = [customer.customer_id async for customer in session.customers.search()]
            assert seen == sandbox.customer_ids()
            assert "open" in repr(session)
        await session.aclose()
        assert "closed" in repr(session)


async def test_a_session_that_was_never_opened_can_be_closed(sandbox: Sandbox) -> None:
    await bearer_session(sandbox).aclose()


async def test_a_session_belongs_to_its_event_loop(sandbox: Sandbox) -> None:
    async with bearer_session(sandbox) as session:
        search = session.customers.search()

        async def use_session() -> None:
            with pytest.raises(RuntimeError, match="another event loop"):
                await session.customers.count()
            with pytest.raises(RuntimeError, match="another event loop"):
                await anext(search)

        await asyncio.to_thread(asyncio.run, use_session())
        assert len([customer async for customer in search]) == 60


async def test_closing_the_session_ends_the_searches_that_are_being_read(sandbox: Sandbox) -> None:
    arrived = anyio.Event()

    async def hold(call: SearchCall) -> None:
        arrived.set()
        await anyio.sleep_forever()

    async def read() -> None:
        with pytest.raises(RuntimeError, match="closed"):
            await session.customers.search()

    sandbox.on_search = hold
    session = bearer_session(sandbox)
    async with session, anyio.create_task_group() as group:
        group.start_soon(read)
        await arrived.wait()
        with anyio.fail_after(5):
            await session.aclose()


async def test_the_users_own_error_leaves_the_session_as_itself(sandbox: Sandbox) -> None:
    mine = KeyError("mine")

    async def fail() -> None:
        async with bearer_session(sandbox, page_size=7) as session:
            async for _ in session.customers.search():
                raise mine

    with pytest.raises(KeyError) as caught:
        await fail()
    assert caught.value is mine


async def test_an_aiohttp_session_of_the_user_is_used_and_left_open(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}, raise_for_status=True) as http:
        async with bearer_session(sandbox, http=http, page_size=7) as session:
            seen = [customer.customer_id async for customer in session.customers.search()]
        assert not http.closed
        async with http.get(f"{sandbox.base_url}/healthz") as response:
            assert response.status == 200
    assert seen == sandbox.customer_ids()
    assert sandbox.searches[0].headers["x-mine"] == "yes"


@pytest.mark.parametrize("raw", [UNUSABLE["HTML as JSON"], reply(b"", 500), reply(b"", 302)])
async def test_an_aiohttp_session_of_the_user_changes_no_error(raw: bytes) -> None:
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        session_on(always(raw), http=http) as (_, session),
    ):
        assert isinstance(await error_of(session), EnKashError)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_concurrency": 0}, ValueError),
        ({"max_concurrency": True}, TypeError),
        ({"page_size": 0}, ValueError),
        ({"page_size": 5001}, ValueError),
        ({"page_size": "9"}, TypeError),
        ({"prefetch_bytes": -1}, ValueError),
        ({"max_body_bytes": 0}, ValueError),
        ({"offset_unit": "bytes"}, ValueError),
        ({"first_offset": 2}, ValueError),
    ],
)
def test_options_are_checked_when_they_are_given(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=next(iter(options))):
        EnKashSession("https://api.example", BearerToken(TOKEN), **options)


@pytest.mark.parametrize("auth", [None, TOKEN, {"token": TOKEN}])
def test_what_cannot_fetch_a_token_is_no_auth(auth: Any) -> None:
    with pytest.raises(TypeError, match="BearerToken") as caught:
        EnKashSession("https://api.example", auth)
    assert TOKEN not in str(caught.value)


def test_transport_errors_are_the_sdks_own() -> None:
    for kind in (ConnectError, RequestTimeoutError, ResponseError):
        assert issubclass(kind, TransportError)
        assert issubclass(kind, EnKashError)
