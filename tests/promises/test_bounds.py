"""Bounds on everything that a server can make large: the error names the bound, memory stays."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import (
    AnswerTooLargeError,
    BearerToken,
    DecodeError,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    Timeout,
)
from enkash_async._http.body import Body, Bound
from tests.support.raw_server import (
    TOKEN_PATH,
    Call,
    RawServer,
    envelope,
    page,
    raw_server,
    reply,
    token_answer,
)

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
QUICK = RetryPolicy(first_delay=0)
OAUTH = OAuthPassword(client_id="c", client_secret="secret", username="user", password="password")
GOOD = page("KC1", "KC2")


@asynccontextmanager
async def session_on(
    raw: bytes, **options: object
) -> AsyncIterator[tuple[RawServer, EnKashSession]]:
    async def answer(call: Call) -> bytes:
        return raw

    given: dict[str, object] = {"retry": QUICK, "adaptive": False, **options}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("token"), **given) as session,  # type: ignore[arg-type]
    ):
        yield server, session


async def error_of(session: EnKashSession) -> EnKashError:
    with pytest.raises(EnKashError) as caught:
        await session.customers.search()
    return caught.value


async def refusal(raw: bytes, **options: object) -> str:
    """Return the text of the error, which must have come with the first answer and be final."""
    async with session_on(raw, **options) as (server, session):
        error = await error_of(session)
        assert len(server.calls) == 1
    assert type(error) is AnswerTooLargeError
    assert error.final
    return str(error)


@contextmanager
def memory_below(bound: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < bound


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


def chunked(body: bytes, *lines: str, ended: bool = True) -> bytes:
    chunk = b"%x\r\n%b\r\n" % (len(body), body)
    return head("Transfer-Encoding: chunked", *lines) + chunk + (b"0\r\n\r\n" if ended else b"")


# The size of a body


async def test_a_length_above_the_bound_is_refused_before_the_body() -> None:
    # Nothing follows the head, so only the announcement can have ended it.
    text = await refusal(head("Content-Length: 1000001"), max_body_bytes=1_000_000)
    assert "announced" in text
    assert "max_body_bytes=1000000" in text


async def test_a_body_without_a_length_is_refused_at_the_bound() -> None:
    endless = chunked(b" " * 200_000, ended=False)
    assert "max_body_bytes=100000" in await refusal(endless, max_body_bytes=100_000)


async def test_a_compressed_body_that_inflates_to_nothing_is_bounded_by_its_own_size() -> None:
    empty_blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 40_000
    raw = chunked(empty_blocks, "Content-Encoding: gzip", ended=False)
    assert "max_body_bytes=100000" in await refusal(raw, max_body_bytes=100_000)


def bomb(encoding: str, mebibytes: int) -> bytes:
    """Return a stream that inflates to so many MiB of blanks, without its end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    more = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    before = {"gzip": gzip.compress(b"")[:10], "deflate": b"\x78\x9c", "raw": b""}[encoding]
    return before + start + more * (mebibytes - 1)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw"])
async def test_a_gibibyte_of_blanks_takes_little_more_than_the_bound(encoding: str) -> None:
    body = bomb(encoding, 1024)
    assert len(body) < 2 * MIB
    how = f"Content-Encoding: {encoding.replace('raw', 'deflate')}"
    async with session_on(reply(body, 200, how), max_body_bytes=4 * MIB) as (_, session):
        with memory_below(4 * MIB + len(body) + 2 * MIB):
            error = await error_of(session)
    assert type(error) is AnswerTooLargeError
    assert "max_body_bytes" in str(error)


async def test_the_bound_holds_in_an_aiohttp_session_of_the_user() -> None:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        session_on(reply(gzip.compress(GOOD), 200, "Content-Encoding: gzip"), http=http) as (
            _,
            session,
        ),
    ):
        assert len(await session.customers.search()) == 2
    async with aiohttp.ClientSession() as http:
        raw = reply(bomb("gzip", 64), 200, "Content-Encoding: gzip")
        assert "max_body_bytes" in await refusal(raw, http=http, max_body_bytes=MIB)


async def test_the_next_request_does_not_read_what_was_left_of_a_refused_answer() -> None:
    large = reply(page(*[f"KC{number}" for number in range(5000)]), keep_alive=True)
    answers = [large, reply(GOOD, keep_alive=True)]

    async def answer(call: Call) -> bytes:
        return answers[call.number]

    async with (
        raw_server(answer) as server,
        EnKashSession(
            server.base_url, BearerToken("t"), max_body_bytes=5000, adaptive=False
        ) as session,
    ):
        assert type(await error_of(session)) is AnswerTooLargeError
        assert len(await session.customers.search()) == 2
    assert server.connections == 2


async def test_a_token_answer_has_a_bound_of_its_own() -> None:
    async def answer(call: Call) -> bytes:
        return reply(token_answer("t", scope="x" * 70_000) if call.path == TOKEN_PATH else GOOD)

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, OAUTH, retry=QUICK) as session,
    ):
        error = await error_of(session)
    assert type(error) is AnswerTooLargeError
    assert "token answer=65536" in str(error)
    assert len(server.calls) == 1


# What a body makes of memory once it is decoded


async def test_an_array_of_digits_is_refused_before_it_becomes_forty_times_as_large() -> None:
    digits = b"1," * (450 * 1024)
    body = envelope(payload={"data": []}).replace(b"[]", b"[" + digits + b"1]")
    with memory_below(4 * MIB):
        text = await refusal(reply(body), max_body_bytes=MIB)
    assert "values" in text
    assert "max_body_bytes=1048576" in text


def test_an_ordinary_page_of_the_largest_size_is_within_the_bound_on_values() -> None:
    record = {f"someField{number}": None for number in range(52)} | {"id": 1, "active": True}
    raw = json.dumps([record] * 5000, separators=(",", ":")).encode()
    body = Body("POST", 200, "", Bound(len(raw), "max_body_bytes", ""))
    body.feed(raw)
    assert b"".join(body.whole()) == raw


LISTS = b"[" + b"[]," * 600_000 + b"[]]"


@pytest.mark.parametrize("place", ["errorResponse", "response_code", "response_message"])
async def test_a_large_part_beside_the_records_is_not_decoded(place: str) -> None:
    body = envelope(**{place: 4711}).replace(b"4711", LISTS)
    async with session_on(reply(body), retry=RetryPolicy(attempts=1)) as (_, session):
        with memory_below(5 * len(body)):
            assert "HTTP 200" in str(await error_of(session))


async def test_a_large_count_is_none() -> None:
    body = page("KC1").replace(b'"recordsCount": 1', b'"recordsCount": ' + LISTS)
    async with session_on(reply(body)) as (_, session):
        with memory_below(5 * len(body)):
            assert (await session.customers.search()).total is None


async def test_a_large_error_answer_is_still_an_error_of_its_kind() -> None:
    error = {"errorType": "SYSTEM_ERROR", "errorMessage": "Down", "requestId": "r-1"}
    body = envelope(errorResponse=error, payload=4711).replace(b"4711", LISTS)
    async with session_on(reply(body, 500), retry=RetryPolicy(attempts=1)) as (_, session):
        with memory_below(5 * len(body)):
            caught = await error_of(session)
    assert type(caught) is SystemFaultError
    assert caught.request_id == "r-1"


async def test_a_text_of_the_service_is_cut() -> None:
    error = dict.fromkeys(("errorMessage", "requestId", "errorType"), "x" * 10_000)
    async with session_on(reply(envelope(errorResponse=error), 400)) as (_, session):
        assert len(str(await error_of(session))) < 2500


# Depth


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("depth", [101, 500, 2_000, 20_000])
@pytest.mark.parametrize(
    ("body", "ids", "bad"),
    [
        (page("KC1").replace(b'"payload"', b'"more": DEEP, "payload"'), ["KC1"], []),
        (page("KC1").replace(b'"recordsCount": 1', b'"recordsCount": DEEP'), ["KC1"], []),
        (page("KC1").replace(b'"KC1"', b'"KC1", "x": DEEP'), ["KC1"], []),
        (page("KC1").replace(b'"KC1"', b"DEEP"), [], ["customerId: expected str, got list"]),
        (
            envelope(payload={"data": [4711]}).replace(b"4711", b"DEEP"),
            [],
            ["$: expected an object"],
        ),
    ],
)
async def test_nesting_costs_what_is_nested_and_nothing_else(
    body: bytes, ids: list[str], bad: list[str], depth: int
) -> None:
    reasons: list[str] = []
    async with session_on(reply(body.replace(b"DEEP", nested(depth)))) as (server, session):
        search = session.customers.search(
            on_bad_record=lambda record: reasons.append(record.reason)
        )
        assert [customer.customer_id for customer in await search] == ids
        assert len(server.calls) == 1
    assert [reason.removesuffix(", got list") for reason in reasons] == [
        reason.removesuffix(", got list") for reason in bad
    ]


@pytest.mark.parametrize("depth", [100_000, 5 * MIB])
@pytest.mark.parametrize(
    "body",
    [b'{"a": DEEP}', envelope(more=4711).replace(b"4711", b"DEEP")],
    ids=["bare", "envelope"],
)
async def test_what_is_nested_too_deep_to_be_read_is_an_error_that_says_so(
    body: bytes, depth: int
) -> None:
    async with session_on(reply(body.replace(b"DEEP", nested(depth)))) as (server, session):
        error = await error_of(session)
        assert len(server.calls) == 1
    assert type(error) is ResponseError
    assert "nested too deep" in str(error)


async def test_a_deep_failure_is_an_error_by_its_status() -> None:
    async with session_on(reply(nested(100_000), 500), retry=RetryPolicy(attempts=1)) as (
        _,
        session,
    ):
        assert type(await error_of(session)) is SystemFaultError


async def test_a_record_nested_below_the_limit_is_one_bad_record() -> None:
    body = page("KC1", "KC2").replace(b'"KC1"', nested(500))
    async with session_on(reply(body)) as (_, session):
        assert type(await error_of(session)) is DecodeError
        bad: list[str] = []
        search = session.customers.search(on_bad_record=lambda record: bad.append(record.reason))
        assert [customer.customer_id for customer in await search] == ["KC2"]
    assert bad == ["customerId: expected str, got list"]


# The head


@pytest.mark.parametrize(
    ("raw", "setting"),
    [
        (head("X: " + "x" * 9000), "max_field_size"),
        (b"HTTP/1.1 200 " + b"O" * 9000 + b"\r\n\r\n", "max_line_size"),
        (head(*[f"X{number}: y" for number in range(200)]), "max_headers"),
        (head(*["X: y"] * 500_000), "max_headers"),
    ],
)
async def test_a_head_above_the_bound_names_the_setting_of_aiohttp(
    raw: bytes, setting: str
) -> None:
    once = RetryPolicy(attempts=1)
    async with session_on(raw, retry=once) as (_, session):
        with memory_below(len(raw) + 4 * MIB):
            error = await error_of(session)
    assert type(error) is ResponseError
    assert setting in str(error)


# Time


@asynccontextmanager
async def trickling(first: bytes, then: bytes) -> AsyncIterator[str]:
    """Serve *first*, and then *then* again and again, always in time for the read timeout."""
    tasks: set[asyncio.Task[None]] = set()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        try:
            while True:
                writer.write(then)
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            return
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(trickle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (head("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
        (head("Content-Length: 1000000"), b" "),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (
            head("Transfer-Encoding: chunked", "Content-Encoding: gzip")
            + b"a\r\n"
            + gzip.compress(b"")[:10]
            + b"\r\n",
            b"5\r\n\x00\x00\x00\xff\xff\r\n",
        ),
    ],
    ids=["chunks", "length", "headers", "continue", "empty blocks"],
)
async def test_an_answer_that_trickles_ends_with_its_attempt(first: bytes, then: bytes) -> None:
    timeout = Timeout(read=5, attempt=0.3)
    async with (
        trickling(first, then) as url,
        EnKashSession(
            url, BearerToken("t"), timeout=timeout, retry=RetryPolicy(attempts=1)
        ) as session,
    ):
        async with asyncio.timeout(4):
            error = await error_of(session)
    assert type(error) is RequestTimeoutError
    assert "Timeout(attempt=0.3)" in str(error)


async def test_a_timeout_names_the_part_that_took_too_long() -> None:
    async with trickling(b"", b"") as url:
        for name in ("read", "attempt", "call", "progress"):
            timeout = Timeout(**{name: 0.05})
            once = RetryPolicy(attempts=1)
            async with EnKashSession(url, BearerToken("t"), timeout=timeout, retry=once) as session:
                assert f"Timeout({name}" in str(await error_of(session))


# Bodies, piece by piece

BOUND = Bound(1000, "max_body_bytes", "")
BLOBS = st.binary(max_size=1500) | st.builds(
    bytes.__mul__, st.binary(max_size=3), st.integers(0, 900)
)


def packed(blob: bytes, encoding: str, cut: int) -> bytes:
    if encoding == "gzip":
        return gzip.compress(blob)
    if encoding == "two members":
        return gzip.compress(blob[:cut]) + gzip.compress(blob[cut:])
    if encoding == "raw":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(blob) + packer.flush()
    return zlib.compress(blob) if encoding == "zlib" else blob


@settings(max_examples=300, deadline=None, database=None)
@given(
    BLOBS,
    st.sampled_from(["", "gzip", "two members", "zlib", "raw"]),
    st.integers(1, 700),
    st.integers(0, 2000),
)
def test_a_body_is_whole_or_refused_however_it_is_cut(
    blob: bytes, encoding: str, step: int, cut: int
) -> None:
    wire = packed(blob, encoding, cut)
    named = {"two members": "gzip", "zlib": "deflate", "raw": "deflate"}.get(encoding, encoding)
    body = Body("POST", 200, named, BOUND)
    is_too_large = len(wire) > BOUND.nbytes or len(blob) > BOUND.nbytes
    try:
        for start in range(0, len(wire), step):
            body.feed(wire[start : start + step])
        assert b"".join(body.whole()) == blob
    except AnswerTooLargeError:
        assert is_too_large or blob.count(b",") > BOUND.nbytes // 16
    except ResponseError:
        # A raw stream whose first byte looks like the header of zlib is read as such.
        assert encoding == "raw"
        assert wire[0] & 0x0F == 8
    else:
        assert not is_too_large


@pytest.mark.parametrize(
    ("wire", "encoding"),
    [
        (gzip.compress(GOOD)[:-1], "gzip"),
        (gzip.compress(b"") * 17, "gzip"),
        (zlib.compress(GOOD)[:-1], "deflate"),
        (GOOD, "br"),
        (gzip.compress(gzip.compress(GOOD)), "gzip, gzip"),
        (gzip.compress(GOOD) + gzip.compress(b" ")[:9], "gzip"),
    ],
)
async def test_what_cannot_be_inflated_is_a_response_error(wire: bytes, encoding: str) -> None:
    once = RetryPolicy(attempts=1)
    raw = reply(wire, 200, f"Content-Encoding: {encoding}")
    async with session_on(raw, retry=once) as (_, session):
        error = await error_of(session)
    assert type(error) is ResponseError
    assert "the answer" in str(error)


def test_output_that_waits_behind_a_full_piece_is_not_lost() -> None:
    blob = b"\0" * (64 * 1024 * 3)
    wire = gzip.compress(blob)
    body = Body("POST", 200, "gzip", Bound(len(blob), "max_body_bytes", ""))
    for byte in wire:
        body.feed(bytes([byte]))
    assert b"".join(body.whole()) == blob


# What the wire costs beside the body


async def endless(first: bytes, then: bytes, **options: object) -> EnKashError:
    """Return the error for an answer that never ends, sent as fast as it is read."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        try:
            while True:
                writer.write(then)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    tasks: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(
        lambda reader, writer: tasks.add(asyncio.create_task(flood(reader, writer))), "127.0.0.1", 0
    )
    host, port = server.sockets[0].getsockname()
    once = RetryPolicy(attempts=1)
    given: dict[str, object] = {"max_body_bytes": MIB, "retry": once, "adaptive": False, **options}
    try:
        async with EnKashSession(f"http://{host}:{port}", BearerToken("t"), **given) as session:  # type: ignore[arg-type]
            async with asyncio.timeout(30):
                return await error_of(session)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (head("Transfer-Encoding: chunked") + b"1;", b"x=y;" * 16_000),
        (head("Transfer-Encoding: chunked"), b"1;" + b"x" * 4_000 + b"\r\n \r\n"),
        (head("Transfer-Encoding: chunked"), b"1\r\n \r\n" * 8_000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
    ],
    ids=["one extension", "an extension a chunk", "tiny chunks", "continue"],
)
async def test_what_comes_over_the_wire_is_bounded_framing_and_all(
    first: bytes, then: bytes
) -> None:
    error = await endless(first, then)
    assert type(error) is AnswerTooLargeError
    assert error.final
    assert "is on the wire larger than max_body_bytes=1048576" in str(error)


async def test_in_a_pool_of_the_callers_the_framing_is_bounded_in_time() -> None:
    async with aiohttp.ClientSession() as http:
        first, then = head("Transfer-Encoding: chunked") + b"1;", b"x=y;" * 16_000
        timeout = Timeout(read=0.1, connect=0.1)
        error = await endless(first, then, http=http, timeout=timeout)
    assert type(error) is RequestTimeoutError
