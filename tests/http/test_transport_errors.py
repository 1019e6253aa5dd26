"""Whatever sending raises: which error of ours it becomes, and what may be done about it."""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import ssl
import traceback
from typing import Any, Self

import aiohttp
import anyio
import pytest

import enkash_async
from enkash_async import (
    BearerToken,
    CertificateError,
    ConnectError,
    EnKashError,
    EnKashSession,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    TransportError,
)
from enkash_async.sandbox import open_sandbox
from tests.support.raw_server import page, raw_server, reply

pytestmark = pytest.mark.anyio

TOKEN = "planted-token-4711"
QUICK = RetryPolicy(first_delay=0, attempts=3)


class RaisingHttp:
    """Stands for an aiohttp session of a caller that raises, and counts how often."""

    auth = None
    trust_env = False
    closed = False

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.requests = 0

    def post(self, url: object, **given: Any) -> Self:
        self.requests += 1
        return self

    async def __aenter__(self) -> None:
        raise self._error

    async def __aexit__(self, *error: object) -> None: ...


class ProxyError(Exception):
    """As connectors of others raise, apart from aiohttp's tree."""


def proxy_error() -> ProxyError:
    error = ProxyError(f"cannot log in as {TOKEN}")
    error.proxy = TOKEN  # type: ignore[attr-defined]
    return error


def key() -> Any:
    return aiohttp.client_reqrep.ConnectionKey("api.example", 443, True, True, None, None, None)


def certificate_error() -> Exception:
    fault = ssl.SSLCertVerificationError(1, "certificate verify failed")
    fault.verify_message = "self-signed certificate"
    return aiohttp.ClientConnectorCertificateError(key(), fault)


def tls_error(reason: str) -> Exception:
    fault = ssl.SSLError(1, "of the handshake")
    fault.reason = reason
    return aiohttp.ClientConnectorSSLError(key(), fault)


def malformed() -> UnicodeError:
    try:
        ("a" * 70 + f".{TOKEN}").encode("idna")
    except UnicodeError as error:
        return error
    raise AssertionError


def unencodable() -> UnicodeError:
    try:
        f"\udc00{TOKEN}".encode()
    except UnicodeError as error:
        return error
    raise AssertionError


RAISED: list[tuple[BaseException, type[TransportError], int, str]] = [
    (malformed(), ConnectError, 1, "check the host in base_url"),
    (unencodable(), ConnectError, 1, "check the host in base_url"),
    (aiohttp.InvalidURL(f"https://{TOKEN}"), ConnectError, 1, "check the host in base_url"),
    (certificate_error(), CertificateError, 1, "not accepted: self-signed certificate"),
    (certificate_error(), CertificateError, 1, "SSL_CERT_FILE"),
    (tls_error("WRONG_VERSION_NUMBER"), ConnectError, 1, "there speaks no TLS, but http perhaps"),
    (tls_error("RECORD_LAYER_FAILURE"), ConnectError, 1, "check scheme and port of base_url"),
    (tls_error("NO_CIPHERS"), ConnectError, 3, "TLS did not come about (NO_CIPHERS)"),
    (
        aiohttp.ServerFingerprintMismatch(b"a", b"b", "api.example", 443),
        CertificateError,
        1,
        "fingerprint",
    ),
    (
        aiohttp.ClientConnectorDNSError(key(), OSError(-2, "Name or service not known")),
        ConnectError,
        3,
        "the host api.example has no address: Name or service not known",
    ),
    (
        aiohttp.ClientProxyConnectionError(key(), OSError(errno.ECONNREFUSED, "call of asyncio")),
        enkash_async.ProxyError,
        3,
        f"cannot connect to the proxy of the aiohttp session: {os.strerror(errno.ECONNREFUSED)}. C",
    ),
    (
        aiohttp.ClientConnectorError(key(), OSError(errno.ECONNREFUSED, "call of asyncio")),
        ConnectError,
        3,
        f": cannot connect to api.example:443: {os.strerror(errno.ECONNREFUSED)}. Check base_url",
    ),
    (
        aiohttp.ClientConnectorError(key(), OSError("Multiple exceptions: call of asyncio")),
        ConnectError,
        3,
        ": cannot connect to api.example:443: none of its addresses took the connection. Check",
    ),
    (aiohttp.ConnectionTimeoutError(TOKEN), ConnectError, 3, "in the pool that you gave"),
    (TimeoutError(TOKEN), RequestTimeoutError, 3, "Timeout("),
    (asyncio.IncompleteReadError(TOKEN.encode(), 99), ResponseError, 3, "was closed before"),
    (EOFError(TOKEN), ResponseError, 3, "was closed before"),
    (ConnectionResetError(104, "reset"), ResponseError, 3, "was closed before"),
    (BrokenPipeError(32, "pipe"), ResponseError, 3, "was closed before"),
    (aiohttp.ClientConnectionResetError(TOKEN), ResponseError, 3, "was closed before"),
    (ssl.SSLError(1, "record layer failure"), ResponseError, 3, "no answer came that is HTTP ("),
    (OSError(5, "I/O"), ResponseError, 3, "no answer came that is HTTP ("),
    (ProxyError(TOKEN), TransportError, 3, "failed with ProxyError in the aiohttp session"),
    (proxy_error(), TransportError, 3, "failed with ProxyError in the aiohttp session"),
    (ValueError(f"Bearer {TOKEN}"), TransportError, 3, "failed with ValueError"),
    (RuntimeError(f"handler of {TOKEN} is closed"), TransportError, 3, "failed with RuntimeError"),
    (AssertionError(TOKEN), TransportError, 3, "failed with AssertionError"),
    (KeyError(TOKEN), TransportError, 3, "failed with KeyError"),
    (AttributeError(TOKEN), TransportError, 3, "failed with AttributeError"),
]


@pytest.mark.parametrize(
    ("raised", "kind", "attempts", "words"),
    RAISED,
    ids=[f"{type(raised).__name__}-{number}" for number, (raised, *_) in enumerate(RAISED)],
)
async def test_whatever_sending_raises_is_a_transport_error(
    raised: Exception, kind: type[TransportError], attempts: int, words: str
) -> None:
    http: Any = RaisingHttp(raised)
    async with EnKashSession(
        "https://api.example", BearerToken(TOKEN), http=http, retry=QUICK
    ) as session:
        with pytest.raises(EnKashError) as caught:
            await session.customers.search()
    error = caught.value
    assert type(error) is kind
    assert words in str(error)
    assert error.report is not None
    assert error.resume_token is not None
    assert type(error.__cause__) is type(raised)
    assert http.requests == attempts
    assert type(pickle.loads(pickle.dumps(error))) is kind
    if "base_url" in str(error):
        assert kind is not TransportError
    trace = "".join(traceback.format_exception(error))
    for text in (str(error), trace, repr(error.__cause__), repr(vars(raised))):
        assert TOKEN not in text


async def test_https_against_http_is_asked_for_once() -> None:
    async with open_sandbox() as sandbox:
        address = sandbox.base_url.replace("http:", "https:")
        async with EnKashSession(address, BearerToken(TOKEN), retry=QUICK) as session:
            with pytest.raises(ConnectError, match="speaks no TLS, but http perhaps") as caught:
                await session.customers.count()
    assert (caught.value.attempts, caught.value.final) == (1, True)


@pytest.mark.parametrize("raised", [TypeError("no such option"), NameError("x"), MemoryError()])
async def test_what_is_no_fault_of_the_network_arrives_as_itself(raised: Exception) -> None:
    http: Any = RaisingHttp(raised)
    async with EnKashSession("https://api.example", BearerToken("t"), http=http) as session:
        with pytest.raises(type(raised)) as caught:
            await session.customers.search()
    assert caught.value is raised
    assert http.requests == 1


async def test_an_aiohttp_session_that_was_closed_is_refused() -> None:
    http = aiohttp.ClientSession()
    await http.close()
    session = EnKashSession("https://api.example", BearerToken("t"), http=http)
    with pytest.raises(RuntimeError, match="is closed; keep it open"):
        async with session:
            raise AssertionError


async def test_an_aiohttp_session_that_is_closed_meanwhile_is_named() -> None:
    arrived = anyio.Event()

    async def answer(call: object) -> bytes:
        if arrived.is_set():
            return reply(page("KC1"))
        arrived.set()
        await anyio.sleep_forever()
        raise AssertionError

    async def search() -> None:
        with pytest.raises(RuntimeError, match="is closed; keep it open"):
            await session.customers.search()

    http = aiohttp.ClientSession()
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("t"), http=http) as session,
    ):
        async with anyio.create_task_group() as group:
            group.start_soon(search)
            await arrived.wait()
            await http.close()
        await search()
