"""Whatever bytes a server sends: an error of the SDK's own, which holds no secret and no record.

Most examples go in below aiohttp, through the session that a caller may pass; those about the
head of an answer over a socket. CONTRIBUTING.md has the command of the thorough run.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import os
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from enkash_async import (
    BearerToken,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RetryPolicy,
)
from enkash_async._http import call as call_module
from enkash_async._wire.api_errors import retry_after
from enkash_async.cli import main
from enkash_async.cli.running import Status
from tests.support.raw_server import TOKEN_PATH, Call, page, raw_server, reply, token_answer
from tests.support.secrets import assert_keeps, spellings

EXAMPLES = int(os.environ.get("ENKASH_EXAMPLES", "60"))
some = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
few = settings(some, max_examples=max(EXAMPLES // 4, 30))

TOKEN = "planted-token-4711+/="
SECRETS = {
    "client_secret": 'planted-secret "quoted" /',
    "username": "planted.user+x@example.com",
    "password": "planted password: ü&=%+",
}
OAUTH = OAuthPassword(client_id="CEK1234567", **SECRETS)
PAIR = base64.b64encode(f"CEK1234567:{SECRETS['client_secret']}".encode()).decode()
PERSONAL = "Planted Legal Name"
TWICE = RetryPolicy(attempts=2, first_delay=0, max_retry_after=0)


# Answers


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class FakeHttp:
    """Stands for an aiohttp session; answers in turn, and the last one for ever."""

    auth = None
    trust_env = False

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self.requests = 0

    def post(self, url: object, **given: Any) -> FakeResponse:
        answer = self._answers[min(self.requests, len(self._answers) - 1)]
        self.requests += 1
        return FakeResponse(answer)


class FakeResponse:
    """An answer of `FakeHttp`, and the stream that its body is read from."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = CIMultiDict(answer.headers)
        self.content_length = None
        self.content = self
        self._body = answer.body

    async def __aenter__(self) -> FakeResponse:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    def close(self) -> None:
        pass

    def iter_any(self) -> AsyncIterator[bytes]:
        return self.iter_chunked(4096)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]


# Values that stand where others should

ODD = st.sampled_from(
    [
        *(b"null", b"true", b"false", b"0", b"-0", b"1", b"-1", b"1.5", b"200", b"[]", b"{}"),
        *(b'""', b'"text"', b'"FAILURE"', b'"SYSTEM_ERROR"', b'"UNAUTHORIZED"', b'"1e999999"'),
        *(b"1e400", b"1e-999999", b"1e999999", b"-1E+99", b"NaN", b"-Infinity", b'"NaN"', b"1_0"),
        *(b"9" * 400, b"-" + b"9" * 30, b"9" * 5000, b"18446744073709551616", b"0.1" + b"1" * 400),
        *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xff\xfe"', b'"\\x"', b'"\x00"', b'"\\u0000"'),
        *(b"[" * 2000 + b"]" * 2000, b'{"a":' * 900 + b"1" + b"}" * 900, b"[[[]]]", b"[{}]"),
        *(b'"2019-08-24T14:15:22Z"', b'"0000-00-00T99:99:99Z"', b'"9999-12-31 23:59:59"', b"99999"),
        *(
            b"253402300800000",
            b"-9223372036854775809",
            b'"' + b"x" * 3000 + b'"',
            b"'x'",
            b"",
            b",",
        ),
        json.dumps(f"{TOKEN} {PAIR} {' '.join(SECRETS.values())}").encode(),
        json.dumps(" ".join(sorted({f for s in SECRETS.values() for f in spellings(s)}))).encode(),
        json.dumps([{TOKEN: TOKEN, "rejectedValue": [PAIR, *SECRETS.values()]}]).encode(),
    ]
)
NAMES = st.sampled_from(
    [
        *("errorResponse", "payload", "response_code", "response_message", "data", "recordsCount"),
        *("apiSubErrors", "errorMessage", "errorType", "requestId", "timestamp", "message"),
        *("access_token", "accessToken", "expires_in", "expiresIn", "error", "error_description"),
        *("customerId", "legalName", "createdOn", "id", "netAmount", "customerKeyContacts", "x"),
    ]
)
JSON = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: b"[" + b",".join(items) + b"]")
        | st.lists(st.tuples(NAMES, inner), max_size=4).map(
            # Names may come twice.
            lambda members: (
                b"{" + b",".join(b'"%b":%b' % (n.encode(), v) for n, v in members) + b"}"
            )
        )
    ),
    max_leaves=8,
)


def record(customer_id: str) -> dict[str, Any]:
    """Return a record in which everything but the id is personal."""
    contact = {"name": PERSONAL, "email": PERSONAL, "createdOn": "2019-08-24T14:15:22Z"}
    return {
        "customerId": customer_id,
        **dict.fromkeys(("legalName", "accountNumber", "address", "ifsc"), PERSONAL),
        **{"id": 1, "netAmount": 1.5, "active": True, "createdOn": "2019-08-24T14:15:22Z"},
        "branchCodes": [PERSONAL],
        "customerKeyContacts": [contact],
        "customerReminders": [{"reminderType": "ONCE", "dueDateDifference": 1}],
    }


PAGE: dict[str, Any] = {
    "errorResponse": None,
    "payload": {"data": [record("KC1"), record("KC2"), record("KC3")], "recordsCount": 3},
    "response_code": 0,
    "response_message": "SUCCESS",
}
FAILURE: dict[str, Any] = {
    "errorResponse": {
        "apiSubErrors": [{"field": "limit", "rejectedValue": TOKEN}],
        "errorMessage": f"no {TOKEN}",
        "errorType": "VALIDATION_ERROR",
        "requestId": "r-1",
        "timestamp": "2019-08-24 14:15:22",
    },
    "payload": None,
    "response_code": 117,
    "response_message": "FAILURE",
}
LOGIN: dict[str, Any] = {
    "access_token": TOKEN,
    "token_type": "bearer",
    "refresh_token": TOKEN,
    "expires_in": 86399,
    "scope": "read",
}
REFUSAL: dict[str, Any] = {"error": "invalid_grant", "error_description": f"{TOKEN} {PAIR}"}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values within *value*."""
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    return [path, *(place for name, item in members for place in places(item, (*path, name)))]


def with_odd(value: Any, odd: dict[tuple[Any, ...], bytes], path: tuple[Any, ...] = ()) -> bytes:
    """Return *value* as JSON, with other bytes at the paths in *odd*."""
    if path in odd:
        return odd[path]
    if isinstance(value, dict):
        members = [
            json.dumps(name).encode() + b":" + with_odd(item, odd, (*path, name))
            for name, item in value.items()
        ]
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        items = [with_odd(item, odd, (*path, index)) for index, item in enumerate(value)]
        return b"[" + b",".join(items) + b"]"
    return json.dumps(value).encode()


def mutated(value: Any) -> st.SearchStrategy[bytes]:
    """Draw *value* as JSON with up to three of its parts replaced."""
    where = st.sampled_from(places(value))
    return st.dictionaries(where, JSON, max_size=3).map(lambda odd: with_odd(value, odd))


@st.composite
def garbled(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """Draw a body, cut, doubled or overwritten somewhere."""
    body = draw(bodies)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        stop = draw(st.integers(start, min(start + 40, len(body))))
        more = draw(st.sampled_from([b"", body[start:stop] * 2]) | st.binary(max_size=4))
        body = body[:start] + more + body[stop:]
    return body


STATUSES = st.sampled_from([200] * 8 + [201, 204, 302, 400, 401, 403, 404, 422, 429, 500, 503])
HEADER_TEXT = st.sampled_from(
    [
        *("0", "5", "-1", "1e999", "nan", "inf", "9" * 500, "", "1_0", "Wed, 21 Oct 2015 07:28:00"),
        *("Wed, 21 Oct 2015 07:28:00 GMT", "Mon, 99 Foo 0000 99:99:99 +9999", TOKEN, f"a/{TOKEN}"),
        *("application/json", "text/html; x=" + TOKEN, "\udcff\udc80", "gzip", "deflate", "br"),
        "Thu, 01 Jan 0001 00:00:00 +2359",
    ]
) | st.text(st.characters(max_codepoint=0x2FF), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Retry-After", "Content-Encoding", "Set-Cookie", "X"]),
    HEADER_TEXT,
    max_size=2,
)


@st.composite
def answers(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> Answer:
    headers = draw(HEADERS)
    body = draw(bodies)
    encoding = draw(st.sampled_from(["", "", "", "gzip", "deflate"]))
    if encoding:
        body = gzip.compress(body, 1) if encoding == "gzip" else zlib.compress(body, 1)
        headers["Content-Encoding"] = encoding
        if draw(st.booleans()):
            body = draw(garbled(st.just(body)))
    return Answer(draw(STATUSES), headers, body)


WHOLE = mutated(PAGE) | mutated(FAILURE)
SOUND = st.just(json.dumps(PAGE).encode())
ANY_BODY = WHOLE | SOUND | JSON | st.binary(max_size=60) | garbled(WHOLE | SOUND)


# What is done with them


@asynccontextmanager
async def session_on(given: Sequence[Answer], auth: Any) -> AsyncIterator[EnKashSession]:
    http: Any = FakeHttp(given)
    options: dict[str, Any] = {"http": http, "page_size": 3, "max_body_bytes": 60_000}
    async with EnKashSession("https://api.example", auth, retry=TWICE, **options) as session:
        yield session


async def read(session: EnKashSession, how: str) -> None:
    wanted = CustomerFilter(legal_name=PERSONAL)
    customers = session.customers
    match how:
        case "records":
            async for _ in customers.search(wanted):
                pass
        case "first":
            await customers.search(wanted)
        case "set aside":
            async for _ in customers.search(wanted, on_bad_record=lambda record: None):
                pass
        case "raw":
            async for _ in customers.search(wanted).raw_pages():
                pass
        case "arrow":
            async for _ in customers.search(wanted).arrow_batches():
                pass
        case "crawl":
            async for _ in customers.crawl(wanted):
                pass
        case "count":
            await customers.count(wanted)
        case _:
            await customers.get("KC2")


WAYS = ["records", "first", "set aside", "raw", "arrow", "crawl", "count", "get"]
HOW = st.sampled_from(WAYS)


async def failure(given: Sequence[Answer], auth: Any, how: str) -> EnKashError | None:
    """Return the error that reading ends with; any other than the SDK's own fails the test."""
    async with session_on(given, auth) as session:
        try:
            await read(session, how)
        except EnKashError as error:
            return error
    return None


def check(error: EnKashError | None, *secrets: str) -> None:
    if error is not None:
        assert str(error)
        # What the service sends as the id of a customer is data, and stands in the token as such.
        ids = str(error.resume_token)
        secrets = tuple(secret for secret in secrets if secret == PERSONAL or secret not in ids)
        str(error).encode("utf-8", "surrogatepass")
        assert_keeps(error, *secrets)


@some
@given(st.lists(answers(ANY_BODY), min_size=1, max_size=4), HOW)
def test_no_answer_to_a_search_does_more_than_fail(given: list[Answer], how: str) -> None:
    check(asyncio.run(failure(given, BearerToken(TOKEN), how)), TOKEN)


@some
@given(st.lists(answers(mutated(PAGE)), min_size=1, max_size=3), HOW)
def test_no_record_is_left_in_an_error(given: list[Answer], how: str) -> None:
    check(asyncio.run(failure(given, BearerToken(TOKEN), how)), TOKEN, PERSONAL)


LOGINS = (
    mutated(LOGIN)
    | mutated(REFUSAL)
    | mutated(FAILURE)
    | mutated({"payload": LOGIN, "response_code": 0})
    | garbled(st.just(json.dumps(LOGIN).encode()))
    | JSON
)


@some
@given(answers(LOGINS), answers(LOGINS | WHOLE))
def test_no_answer_to_a_login_does_more_than_fail(login: Answer, then: Answer) -> None:
    error = asyncio.run(failure([login, then], OAUTH, "first"))
    check(error, PAIR, *SECRETS.values())


# Depth: the parser's own limit is another on each version of Python, and so is none of ours


@st.composite
def deep(draw: st.DrawFn, value: Any) -> bytes:
    """Draw *value* as JSON, one part of which is nested up to 20,000 levels deep."""
    depth = draw(st.sampled_from([1, 31, 32, 33, 100, 101, 500, 3000]) | st.integers(1, 20_000))
    opening, closing = draw(st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]))
    times = min(depth, 55_000 // len(opening + closing)) // max(1, opening.count(b"{"))
    inside = draw(st.sampled_from([b"", b"1", b'"x"', b"x"])) if opening == b"[" else b"1"
    token = opening * times + inside + closing * draw(st.sampled_from([times, times, times // 2]))
    return with_odd(value, {draw(st.sampled_from(places(value))): token})


@some
@given(
    (deep(PAGE) | deep(FAILURE)).flatmap(
        lambda body: st.builds(Answer, STATUSES, st.just({}), st.just(body))
    ),
    HOW,
)
def test_no_depth_in_any_place_does_more_than_fail(given: Answer, how: str) -> None:
    check(asyncio.run(failure([given], BearerToken(TOKEN), how)), TOKEN, PERSONAL)


@some
@given(deep(LOGIN) | deep(REFUSAL) | deep({"payload": LOGIN, "response_code": 0}), STATUSES)
def test_no_depth_in_a_login_does_more_than_fail(body: bytes, status: int) -> None:
    error = asyncio.run(failure([Answer(status, {}, body)], OAUTH, "first"))
    check(error, PAIR, *SECRETS.values())


# The commands, which are to say it in a line and to have a status

COMMANDS = {
    "count": ("customers", "count"),
    "get": ("customers", "get", "KC2"),
    "export": ("customers", "export", "--page-size", "3"),
    "export of a whole": ("customers", "export", "--strict", "--concurrency", "1"),
}


class Deep:
    """A server in another thread, which answers logins and searches as it is told."""

    def __init__(self) -> None:
        self.login = self.page = reply(b"")
        self.base_url = ""

    async def answer(self, call: Call) -> bytes:
        return self.login if call.path == TOKEN_PATH else self.page


@pytest.fixture(scope="module")
def deep_server() -> Iterator[Deep]:
    deep = Deep()
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(raw_server(deep.answer)) as server,
    ):
        deep.base_url = server.base_url
        yield deep


@few
@given(
    deep(LOGIN) | st.just(token_answer(TOKEN)),
    deep(PAGE) | deep(FAILURE),
    st.sampled_from([200, 200, 200, 400, 401, 500]),
    st.sampled_from([*COMMANDS]),
)
def test_no_depth_in_any_place_is_more_than_a_line_of_a_command(
    deep_server: Deep, login: bytes, page: bytes, status: int, name: str
) -> None:
    deep_server.login, deep_server.page = reply(login), reply(page, status)
    said = said_by(deep_server, COMMANDS[name])
    for secret in (TOKEN, PAIR, *SECRETS.values()):
        assert secret not in said


def said_by(server: Deep, command: Sequence[str]) -> str:
    """Run the command in this process, and return all that it wrote."""
    environ = {
        "ENKASH_BASE_URL": server.base_url,
        "ENKASH_CLIENT_ID": OAUTH.client_id,
        **{f"ENKASH_{name.upper()}": value for name, value in SECRETS.items()},
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryFile() as written,
        io.TextIOWrapper(written, write_through=True) as shown,
    ):
        patch.setattr(os, "environ", environ)
        patch.setattr(sys, "argv", ["enkash-async", *command])
        patch.setattr(call_module, "random", SimpleNamespace(random=lambda: 0.0))
        with redirect_stderr(shown), redirect_stdout(shown):
            ended = main()
        written.seek(0)
        said = written.read().decode(errors="replace")
    assert ended in {*Status} - {Status.USAGE}, said
    assert "Traceback" not in said
    return said


HALF = "error: the customer 'KC2' holds half a character"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (b"[" * 3000 + b"]" * 3000, "error: the customer 'KC2' is nested deeper than 64 times"),
        (b'"half \\ud800"', HALF),
        (b'"wrong \xff"', "error: the customer 'KC2' holds bytes that are no UTF-8, at byte 34"),
        (b'[1,\r\n{"a": 1}]', '{"customerId":"KC2","more":[1,  {"a": 1}]}'),
        # Not even the id of these can be read, and they may be it.
        (b'"line\nbreak"', "error: record at row 0 cannot be read: $: is not valid JSON"),
        (b"NaN", "error: record at row 0 cannot be read: $: is not valid JSON"),
    ],
)
def test_a_record_that_a_parser_refuses_is_one_line_of_a_command(
    deep_server: Deep, odd: bytes, said: str
) -> None:
    record = b'{"customerId":"KC2","more":%b}' % odd
    deep_server.login = reply(token_answer(TOKEN))
    deep_server.page = reply(b'{"payload":{"data":[%b,{}],"recordsCount":2}}' % record)

    got = said_by(deep_server, COMMANDS["get"])
    assert got.startswith(said)
    assert got.count("\n") == 1
    exported = said_by(deep_server, (*COMMANDS["export"], "--method", "search")).split("\n")
    assert exported.count(said) + sum("bad record: row 0 " in line for line in exported) == 1


# Over a socket

GOOD = page("KC1", "KC2")
HEAD_BYTES = st.sampled_from(
    [
        *(b"", b" ", b"\r\n", b"\n", b"\0", b":", b"\t", b"\xff", b"-1", b"9" * 30, b"0x10", b"x"),
        *(b"chunked", b"gzip", b"deflate", b"gzip, chunked", b"close", b"\xc3\xbc", b"," * 50),
        *(TOKEN.encode(), b"a" * 9000, b"\x1f\x8b", b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n " * 3),
    ]
)
HEAD_NAMES = st.sampled_from(
    [
        *(b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Content-Type", b"X"),
        *(b"Connection", b"Location", b"Set-Cookie", b"Trailer", b"Upgrade", b"", b"X Y", b"\xff"),
    ]
)


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """Draw all bytes of an answer, the head among them."""
    body = draw(SOUND | mutated(FAILURE) | st.binary(max_size=40))
    status = draw(st.sampled_from([b"200"] * 6 + [b"100", b"101", b"204", b"304", b"500", b"2e2"]))
    version = draw(
        st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2", b"ICY", TOKEN.encode()])
    )
    lines = [version + b" " + status + b" " + draw(st.just(b"OK") | HEAD_BYTES)]
    lines += [
        name + b": " + value
        for name, value in draw(st.lists(st.tuples(HEAD_NAMES, HEAD_BYTES), max_size=3))
    ]
    shape = draw(st.sampled_from(["length", "chunks", "until closed", "short"]))
    if shape in ("length", "short"):
        lines.append(b"Content-Length: %d" % (len(body) + (shape == "short")))
    if shape == "chunks":
        lines.append(b"Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    wire = b"\r\n".join([*lines, b"", b""]) + body
    return draw(st.sampled_from([wire]) | garbled(st.just(wire)))


async def failure_over_a_socket(wire: bytes) -> EnKashError | None:
    async def answer(call: Call) -> bytes:
        return wire

    async with (
        raw_server(answer) as server,
        EnKashSession(
            server.base_url,
            BearerToken(TOKEN),
            retry=RetryPolicy(attempts=1),
            max_body_bytes=60_000,
        ) as session,
    ):
        try:
            async with asyncio.timeout(10):
                await read(session, "first")
        except EnKashError as error:
            return error
    return None


@few
@given(wires())
def test_no_bytes_on_the_wire_do_more_than_fail(wire: bytes) -> None:
    check(asyncio.run(failure_over_a_socket(wire)), TOKEN)


# The one header that is read


@some
@given(HEADER_TEXT)
def test_a_wish_to_wait_is_a_number_of_seconds_or_none(text: str) -> None:
    seconds = retry_after({"retry-after": text})
    assert seconds is None or 0 <= seconds < float("inf")


def test_the_fake_takes_the_place_of_aiohttp() -> None:
    assert asyncio.run(failure([Answer(200, {}, GOOD)], BearerToken(TOKEN), "get")) is None
    with pytest.raises(AssertionError, match="planted"):
        check(EnKashError(TOKEN), TOKEN)
