"""Credentials, tokens and personal data stay out of all that a failure leaves behind."""

from __future__ import annotations

import asyncio
import base64
import copy
import gzip
import json
import logging
import pickle
import re
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from enkash_async import (
    AuthenticationError,
    BearerToken,
    Customer,
    CustomerFilter,
    DecodeError,
    EnKashError,
    EnKashSession,
    ErrorType,
    HiddenFieldsWarning,
    OAuthPassword,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    Timeout,
    Token,
    UnauthorizedError,
)
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed, masked, scrubbed
from tests.support.answers import page_payload
from tests.support.raw_server import (
    TOKEN_PATH,
    Answer,
    Call,
    RawServer,
    envelope,
    page,
    raw_server,
    reply,
    token_answer,
)
from tests.support.reading import read_into
from tests.support.secrets import assert_keeps, spellings

pytestmark = pytest.mark.anyio

ONCE = RetryPolicy(attempts=1)
TOKEN = "planted-token-4711+/="
SECRETS = {
    "client_secret": 'planted-secret "quoted" \\ /',
    "username": "planted.user+x@example.com",
    "password": "planted password: ü&=%+",
}
OAUTH = OAuthPassword(client_id="CEK1234567", **SECRETS)
PAIR = base64.b64encode(f"CEK1234567:{SECRETS['client_secret']}".encode()).decode()
PERSONAL = "Planted Legal Name"
ALL = (TOKEN, PAIR, PERSONAL, *SECRETS.values())

Build = Callable[[Call], bytes | None]


@asynccontextmanager
async def session_on(
    answer: Answer, auth: Any = OAUTH, **options: Any
) -> AsyncIterator[tuple[RawServer, EnKashSession]]:
    given = {"retry": ONCE, **options}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, auth, **given) as session,
    ):
        yield server, session


async def error_of(session: EnKashSession) -> EnKashError:
    with pytest.raises(EnKashError) as caught:
        await session.customers.search(CustomerFilter(legal_name=PERSONAL))
    return caught.value


# What servers send, with everything they were sent repeated wherever they can


def echo(call: Call) -> str:
    known = (PAIR, *SECRETS.values()) if call.path == TOKEN_PATH else (TOKEN, PERSONAL)
    return f"{call.headers.get('authorization')} {call.body.decode()} {' '.join(known)}"


def head_echo(call: Call) -> bytes:
    return echo(call).encode("utf-8").replace(b"\n", b" ")


def error_envelope(call: Call) -> bytes:
    text = echo(call)
    error = {
        "errorMessage": text,
        "errorType": text,
        "requestId": text,
        "timestamp": text,
        "apiSubErrors": [{"rejectedValue": text, text: [text]}, text],
    }
    return envelope(errorResponse=error, response_code=text, response_message=text, payload=text)


def large(call: Call) -> bytes:
    return page(*[PERSONAL + TOKEN] * 2000)


ECHOES: dict[str, Build] = {
    "envelope 400": lambda call: reply(error_envelope(call), 400),
    "envelope 200": lambda call: reply(error_envelope(call), 200),
    "envelope 500": lambda call: reply(error_envelope(call), 500),
    "unauthorized": lambda call: reply(error_envelope(call), 401),
    "oauth": lambda call: reply(json.dumps({"error_description": echo(call)}).encode(), 400),
    "payload text": lambda call: reply(envelope(payload=echo(call), response_code=1)),
    "failure with records": lambda call: reply(
        envelope(payload={"data": [{"legalName": PERSONAL}]}, response_code=7)
    ),
    "HTML": lambda call: reply(f"<p>{echo(call)}</p>".encode(), 200, "Content-Type: text/html"),
    "content type": lambda call: reply(b"x", 200, f"Content-Type: {TOKEN}/{TOKEN}"),
    "content type of text": lambda call: reply(b"x", 200, f"Content-Type: text/{PERSONAL}"),
    "redirect": lambda call: reply(b"", 302, f"Location: https://x.example/{TOKEN}"),
    "status line": lambda call: b"HTTP/1.1 " + head_echo(call) + b"\r\n\r\n",
    "reason": lambda call: b"HTTP/1.1 500 " + head_echo(call) + b"\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": lambda call: head_echo(call) + b"\r\n\r\n",
    "header without colon": lambda call: b"HTTP/1.1 200 OK\r\n" + head_echo(call) + b"\r\n\r\n",
    "header too long": lambda call: b"HTTP/1.1 200 OK\r\nX: " + head_echo(call) * 200 + b"\r\n\r\n",
    "head broken off": lambda call: b"HTTP/1.1 200 OK\r\nX-Echo: " + head_echo(call) + b"\r\nX",
    "body broken off": lambda call: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\nX: " + head_echo(call) + b"\r\n\r\n{"
    ),
    "chunk garbled": lambda call: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + head_echo(call) + b"\r\n"
    ),
    "gzip garbled": lambda call: reply(
        gzip.compress(b"")[:10] + head_echo(call), 200, "Content-Encoding: gzip"
    ),
    "encoding": lambda call: reply(b"x", 200, f"Content-Encoding: {TOKEN}"),
    "length": lambda call: b"HTTP/1.1 200 OK\r\nContent-Length: " + head_echo(call) + b"\r\n\r\n",
    "cookie": lambda call: reply(b"", 500, f"Set-Cookie: {TOKEN}=\x01{PERSONAL}"),
    "retry after": lambda call: reply(b"", 429, f"Retry-After: {TOKEN}"),
    "not UTF-8": lambda call: reply(b'{"payload": "' + head_echo(call) + b'\xff"}'),
    "too large": lambda call: reply(large(call)),
    "closed": lambda call: None,
}


@pytest.mark.parametrize("kind", ECHOES)
async def test_a_search_that_fails_keeps_the_token_and_the_filter(kind: str) -> None:
    async def answer(call: Call) -> bytes | None:
        return reply(token_answer(TOKEN)) if call.path == TOKEN_PATH else ECHOES[kind](call)

    async with session_on(answer, max_body_bytes=60_000) as (_, session):
        error = await error_of(session)
    assert_keeps(error, TOKEN, *SECRETS.values())


@pytest.mark.parametrize(
    "kind", [kind for kind in ECHOES if kind not in ("too large", "failure with records")]
)
async def test_a_login_that_fails_keeps_the_credentials(kind: str) -> None:
    async def answer(call: Call) -> bytes | None:
        return ECHOES[kind](call)

    async with session_on(answer) as (_, session):
        error = await error_of(session)
        assert_keeps(error, PAIR, *SECRETS.values())
        assert_keeps(await error_of(session), PAIR, *SECRETS.values())


PRIVATE = [kind for kind in ECHOES if kind not in ("oauth", "payload text", "unauthorized")]


@pytest.mark.parametrize("kind", [kind for kind in PRIVATE if "envelope" not in kind])
async def test_personal_data_leaves_only_in_words_of_the_service(kind: str) -> None:
    async def answer(call: Call) -> bytes | None:
        return ECHOES[kind](call)

    async with session_on(answer, BearerToken(TOKEN), max_body_bytes=60_000) as (_, session):
        assert_keeps(await error_of(session), PERSONAL, TOKEN)


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": TOKEN + "\n"},
        {"access_token": "ü" + TOKEN},
        {"access_token": [TOKEN]},
        {"payload": {"accessToken": {"value": TOKEN}}},
        {"token": TOKEN},
    ],
)
async def test_a_token_that_cannot_be_used_is_not_shown(answer: dict[str, Any]) -> None:
    async def send(call: Call) -> bytes:
        return reply(json.dumps(answer).encode())

    async with session_on(send) as (_, session):
        error = await error_of(session)
    assert type(error) is AuthenticationError
    assert_keeps(error, TOKEN, *SECRETS.values())


async def test_a_refused_token_and_its_successor_are_not_shown() -> None:
    async def answer(call: Call) -> bytes:
        if call.path == TOKEN_PATH:
            return reply(token_answer(f"{TOKEN}{call.number}"))
        error = {"errorMessage": f"{call.headers['authorization']} is not valid"}
        return reply(envelope(errorResponse=error), 401)

    async with session_on(answer) as (server, session):
        error = await error_of(session)
    assert type(error) is UnauthorizedError
    assert len(server.calls) == 4
    assert_keeps(error, TOKEN)


async def test_no_connection_and_no_answer_keep_secrets() -> None:
    async def never(call: Call) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    for timeout in (Timeout(read=0.05), Timeout(attempt=0.05), Timeout(progress=0.05)):
        async with session_on(never, timeout=timeout) as (server, session):
            assert_keeps(await error_of(session), *ALL)
    async with EnKashSession(server.base_url, BearerToken(TOKEN), retry=ONCE) as session:
        assert_keeps(await error_of(session), *ALL)


async def test_a_timeout_of_the_caller_keeps_secrets() -> None:
    async def never(call: Call) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with session_on(never, BearerToken(TOKEN)) as (_, session):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await session.customers.search(CustomerFilter(legal_name=PERSONAL))
    assert_keeps(caught.value, *ALL)


BAD_RECORDS: list[bytes] = [
    json.dumps({"customerId": "KC1", **fields}).encode()
    for fields in (
        {"legalName": [PERSONAL]},
        {"active": PERSONAL},
        {"netAmount": PERSONAL},
        {"createdOn": PERSONAL, "legalName": PERSONAL},
        {"customerKeyContacts": [{"email": {PERSONAL: PERSONAL}}]},
        {"customerReminders": PERSONAL, PERSONAL: 1},
    )
] + [b'{"legalName": "' + PERSONAL.encode() + b'\xff"}', b'"' + PERSONAL.encode() + b'"']


@pytest.mark.parametrize("raw", BAD_RECORDS)
async def test_a_bad_record_keeps_personal_data(raw: bytes) -> None:
    body = page("KC0", "BAD", "KC2").replace(b'{"customerId": "BAD"}', raw)

    async def answer(call: Call) -> bytes:
        return reply(body)

    async with session_on(answer, BearerToken(TOKEN)) as (_, session):
        with pytest.raises(DecodeError) as caught:
            await read_into([], session.customers.search())
        assert_keeps(caught.value, PERSONAL, TOKEN)
        bad: list[Any] = []
        await session.customers.search(on_bad_record=bad.append)
    [record] = bad
    assert PERSONAL.encode() in record.raw
    assert PERSONAL not in f"{record} {record!r} {record.reason}"


async def test_a_resume_token_holds_no_record() -> None:
    async def answer(call: Call) -> bytes:
        body = page("KC0", "KC1").replace(b'"customerId": "KC1"', f'"x": "{PERSONAL}"'.encode())
        return reply(body) if call.number == 0 else reply(b"", 403)

    async with session_on(answer, BearerToken(TOKEN), page_size=2) as (_, session):
        with pytest.raises(EnKashError) as caught:
            await read_into([], session.customers.search())
    assert caught.value.resume_token is not None
    assert PERSONAL not in str(caught.value.resume_token)
    assert_keeps(caught.value, PERSONAL)


# Logs, tasks and other places


async def test_nothing_is_logged_even_in_debug_mode(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(call: Call) -> bytes:
        if call.path == TOKEN_PATH:
            return reply(token_answer(TOKEN))
        return reply(page(PERSONAL)) if call.number % 2 else reply(error_envelope(call), 500)

    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    names: list[str] = []
    with caplog.at_level(logging.DEBUG):
        async with session_on(answer, retry=RetryPolicy(first_delay=0)) as (_, session):
            for _ in range(3):
                await session.customers.search(CustomerFilter(legal_name=PERSONAL))
                names += [repr(task) for task in asyncio.all_tasks()]
    assert any("Executing" in record.getMessage() for record in caplog.records)
    shown = [caplog.text, *names]
    for secret in ALL:
        for form in spellings(secret):
            assert not any(form in text for text in shown)


async def test_no_object_shows_what_it_holds() -> None:
    shown = [
        OAUTH,
        BearerToken(TOKEN),
        Token(TOKEN, 5),
        Sealed(TOKEN),
        [Sealed({"Authorization": TOKEN})],
        Response(200, {"set-cookie": TOKEN}, page(PERSONAL)).without(TOKEN),
        CustomerFilter(legal_name=PERSONAL),
        Customer(legal_name=PERSONAL, account_number=TOKEN),
    ]
    async with EnKashSession("https://api.example", OAUTH) as session:
        shown += [session, session.customers, session.customers.search()]
        for value in shown:
            with warnings.catch_warnings():
                # The text of a record warns that it is no data.
                warnings.simplefilter("ignore", HiddenFieldsWarning)
                for text in (repr(value), str(value), f"{value!s}"):
                    assert not any(secret in text for secret in ALL)


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_what_is_sealed_cannot_be_written(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="sealed"):
        write(Sealed(TOKEN))


@pytest.mark.parametrize("wrong", [b"planted", ["planted"], "planted\n", "plänted", ""])
def test_a_token_that_no_header_can_hold_is_refused_unseen(wrong: Any) -> None:
    for kind in (Token, BearerToken):
        with pytest.raises((TypeError, ValueError)) as caught:
            kind(wrong)
        assert "pl" not in str(caught.value).replace("planted must", "")


def test_credentials_that_utf8_cannot_write_are_refused_unseen() -> None:
    with pytest.raises(ValueError, match="password") as caught:
        OAuthPassword(client_id="c", client_secret="s", username="u", password="planted\ud800")
    assert "planted" not in f"{caught.value!r}"


@pytest.mark.parametrize("form", sorted({form for secret in ALL for form in spellings(secret)}))
def test_a_secret_is_masked_in_every_spelling(form: str) -> None:
    value = {"a": [f"<{form}>", {form: 1}], "b": form, "c": 5}
    assert form not in repr(masked(value, ALL))
    assert masked(value, ALL)["c"] == 5


# Secrets that are parts of ordinary words, or names of the envelope

AWKWARD = [
    *("a", "e", "or", "the", "no", "200", "1", ":", '"', "{", "_", "***", "data", "null", "true"),
    *("errorResponse", "payload", "errorType", "SYSTEM_ERROR", "FAILURE", "response_code", "r-7"),
    *("access_token", "customerId", "http", "json", "text", "é", "/", "+", "%", "\\", "&=", "x y"),
]
REFUSAL: dict[str, Any] = {
    "errorResponse": {
        "errorType": "SYSTEM_ERROR",
        "errorMessage": "another theory, not data or a note",
        "requestId": "r-7",
        "apiSubErrors": [{"field": "payload"}],
    },
    "response_code": 117,
    "response_message": "FAILURE",
}


def in_session_with(secret: str, body: Any, status: int = 200, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, raw).without(secret)


@pytest.mark.parametrize("secret", AWKWARD)
def test_no_secret_changes_what_an_answer_means(secret: str) -> None:
    page_of_two = in_session_with(secret, page("KC1", "KC2"))
    assert len(page_payload(page_of_two).records) == 2
    raise_for_error(page_of_two)

    with pytest.raises(SystemFaultError) as caught:
        raise_for_error(in_session_with(secret, REFUSAL))
    error = caught.value
    assert (error.error_type, error.response_code) == (ErrorType.SYSTEM_ERROR, 117)

    for foreign in (b"", b"<html>", b"{", b"[]"):
        with pytest.raises(ResponseError):
            raise_for_error(in_session_with(secret, foreign))
    redirect = in_session_with(secret, b"", 302, location="https://elsewhere.example/x?y")
    with pytest.raises(ResponseError, match="redirect to "):
        raise_for_error(redirect)


@pytest.mark.parametrize("secret", [secret for secret in AWKWARD if len(secret) <= 3])
def test_a_short_secret_masks_no_part_of_a_word_and_is_not_shown_alone(secret: str) -> None:
    words = "another theory, not data or a note"
    kept = re.sub(rf"\b{secret}\b" if secret.isalpha() else "(?!)", "***", words)
    assert masked(words, [secret]) == kept
    for text in ("%s", "7 %s.", "password=%s", "[%s]", "%s, %s"):
        shown = text.replace("%s", secret)
        assert masked(shown, [secret]) == text.replace("%s", "***")


@pytest.mark.parametrize("secret", AWKWARD)
async def test_no_password_keeps_a_login_from_being_understood(secret: str) -> None:
    auth = OAuthPassword(client_id="c", client_secret=secret, username=secret, password=secret)

    async def right(path: str, body: bytes, headers: dict[str, str]) -> Response:
        return Response(200, {}, token_answer(TOKEN))

    async def refused(path: str, body: bytes, headers: dict[str, str]) -> Response:
        said = {"error": "invalid_grant", "error_description": f"wrong password ({secret})"}
        return Response(400, {}, json.dumps(said).encode())

    assert (await auth.fetch_token(right)).value == TOKEN
    with pytest.raises(AuthenticationError, match=r"wrong password \(\*\*\*\)"):
        await auth.fetch_token(refused)


def test_a_scrubbed_error_holds_neither_input_nor_frames() -> None:
    def fail(text: bytes) -> None:
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise ExceptionGroup("several", [error]) from error

    with pytest.raises(ExceptionGroup) as caught:
        fail(PERSONAL.encode() + b"\xff")
    error = caught.value
    assert scrubbed(error) is error
    assert_keeps(error, PERSONAL)
    assert "can't decode byte" in str(error.__cause__)


# A session of aiohttp's that would send other credentials


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_aiohttp_session_with_credentials_of_its_own_is_refused() -> None:
    auth = aiohttp.BasicAuth("someone", "planted")
    async with aiohttp.ClientSession(auth=auth) as http:
        with pytest.raises(ValueError, match="credentials of its own") as caught:
            async with EnKashSession("https://api.example", BearerToken(TOKEN), http=http):
                raise AssertionError
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("machine", ["machine 127.0.0.1", "default"])
async def test_credentials_in_netrc_never_take_the_place_of_the_token(
    machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "netrc"
    written.write_text(f"{machine} login someone password planted\n")
    written.chmod(0o600)
    monkeypatch.setenv("NETRC", str(written))

    async def answer(call: Call) -> bytes:
        return reply(page("KC1"))

    async with raw_server(answer) as server:
        async with aiohttp.ClientSession(trust_env=True) as http:
            refused = EnKashSession(server.base_url, BearerToken(TOKEN), http=http)
            with pytest.raises(ValueError, match="netrc") as caught:
                async with refused:
                    raise AssertionError
        async with (
            aiohttp.ClientSession() as http,
            EnKashSession(server.base_url, BearerToken(TOKEN), http=http) as session,
        ):
            await session.customers.search()
    assert "planted" not in str(caught.value)
    assert [call.headers["authorization"] for call in server.calls] == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("content", [None, "machine elsewhere.example login a password b", "mach"])
async def test_a_netrc_that_says_nothing_of_the_host_is_no_matter(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "netrc"
    if content is not None:
        written.write_text(content)
        written.chmod(0o600)
    monkeypatch.setenv("NETRC", str(written))

    async def answer(call: Call) -> bytes:
        return reply(page("KC1"))

    async with (
        raw_server(answer) as server,
        aiohttp.ClientSession(trust_env=True) as http,
        EnKashSession(server.base_url, BearerToken(TOKEN), http=http) as session,
    ):
        assert len(await session.customers.search()) == 1


async def test_an_authorization_among_the_headers_of_an_aiohttp_session_is_replaced() -> None:
    async def answer(call: Call) -> bytes:
        return reply(page("KC1"))

    headers = {"Authorization": "Basic planted", "Accept-Encoding": "br"}
    async with (
        raw_server(answer) as server,
        aiohttp.ClientSession(headers=headers) as http,
        EnKashSession(server.base_url, BearerToken(TOKEN), http=http) as session,
    ):
        await session.customers.search()
    [call] = server.calls
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.headers["accept-encoding"] == "gzip, deflate"
