"""The way to the service: proxies, certificates of one's own, and headers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from enkash_async import (
    BearerToken,
    CertificateError,
    ConfigurationError,
    EnKashError,
    EnKashSession,
    ProxyError,
    RetryPolicy,
)
from enkash_async._http.network import USER_AGENT, Network, proxy_of_environment
from tests.support.certificates import HAS_OPENSSL, Certificates
from tests.support.raw_server import Call, RawServer, page, raw_server, reply

pytestmark = pytest.mark.anyio

ONCE = RetryPolicy(attempts=1)
AUTH = BearerToken("t")
PROXY_VARIABLES = [
    name
    for upper in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (upper, upper.lower())
]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


async def one_customer(call: Call) -> bytes:
    return reply(page("KC1"))


async def ask(session: EnKashSession) -> list[str | None]:
    return [customer.customer_id for customer in await session.customers.search()]


# Proxies


@asynccontextmanager
async def proxy(
    target: URL | None = None, status: int = 200
) -> AsyncGenerator[tuple[str, list[str]], None]:
    """Run a proxy that connects to *target* whatever is asked for; yield its address and heads."""
    heads: list[str] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {status} Answered\r\n\r\n".encode())
        if status == 200 and target is not None:
            assert target.host is not None
            up_reader, up_writer = await asyncio.open_connection(target.host, target.port)
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}", heads
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    finally:
        # Also where the server ends before it has seen that its client has gone.
        writer.close()


@asynccontextmanager
async def tls_server(certificates: Certificates, **given: Any) -> AsyncGenerator[RawServer, None]:
    """Serve one customer over TLS, by a listener that hands on to a plain server."""
    tasks: set[asyncio.Task[Any]] = set()
    async with raw_server(one_customer) as server:
        plain = URL(server.base_url)

        async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            up_reader, up_writer = await asyncio.open_connection(plain.host, plain.port)
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(hand_on(reader, writer)))

        listener = await asyncio.start_server(
            accept, "127.0.0.1", 0, ssl=certificates.of_server(**given)
        )
        host, port = listener.sockets[0].getsockname()
        server.base_url = f"https://{host}:{port}"
        try:
            yield server
        finally:
            listener.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not HAS_OPENSSL:
        pytest.skip("there is no openssl here to make certificates with")
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def test_a_proxy_is_gone_through_with_its_credentials(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    async with tls_server(certificates) as server, proxy(URL(server.base_url)) as (address, heads):
        through = address.replace("http://", "http://user:planted-4711@")
        async with EnKashSession(server.base_url, AUTH, proxy=through, ssl=context) as session:
            assert await ask(session) == ["KC1"]
            assert "planted-4711" not in repr(session) + repr(session._options)
    [head] = heads
    assert head.startswith("CONNECT 127.0.0.1:")
    assert "Proxy-Authorization: Basic" in head
    # The token is for the service, and goes inside TLS.
    assert "Bearer" not in head


async def test_http_to_this_machine_goes_through_a_proxy_that_was_asked_for() -> None:
    async with (
        raw_server(one_customer) as server,
        EnKashSession("http://127.0.0.1:9", AUTH, proxy=server.base_url) as session,
    ):
        assert await ask(session) == ["KC1"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(407, "it asks for credentials, give them as http://user:password@host"), (403, "HTTP 403")],
)
async def test_a_proxy_that_refuses_is_called_a_proxy(status: int, words: str) -> None:
    async with (
        proxy(status=status) as (address, heads),
        EnKashSession("https://api.example", AUTH, proxy=address) as session,
    ):
        with pytest.raises(ProxyError, match=words) as caught:
            await ask(session)
    assert (caught.value.status, caught.value.final, len(heads)) == (status, True, 1)
    assert "aiohttp session" not in str(caught.value)


async def test_a_proxy_that_cannot_be_reached_is_called_a_proxy(unused: str) -> None:
    async with EnKashSession("https://api.example", AUTH, proxy=unused, retry=ONCE) as session:
        with pytest.raises(ProxyError, match=r"the proxy: .*proxy= or HTTPS_PROXY"):
            await ask(session)


@pytest.fixture
async def unused() -> str:
    """The address of a port at which nobody listens."""
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    listener.close()
    await listener.wait_closed()
    return f"http://{host}:{port}"


ENVIRONMENTS: list[tuple[dict[str, str], str, str | None]] = [
    ({}, "https://api.example", None),
    ({"HTTPS_PROXY": "http://proxy:1"}, "https://api.example", "http://proxy:1"),
    ({"https_proxy": " proxy:1 "}, "https://api.example", "http://proxy:1"),
    ({"HTTP_PROXY": "http://proxy:1"}, "https://api.example", None),
    ({"HTTP_PROXY": "http://proxy:1"}, "http://sandbox", "http://proxy:1"),
    ({"ALL_PROXY": "http://proxy:1"}, "https://api.example", "http://proxy:1"),
    ({"HTTPS_PROXY": "http://a:1", "ALL_PROXY": "http://b:1"}, "https://x.example", "http://a:1"),
    ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "example"}, "https://api.example", None),
    ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": ".example"}, "https://api.example", None),
    ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, "https://api.example", None),
    (
        {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "api.example:8443"},
        "https://api.example:8443",
        None,
    ),
    (
        {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other"},
        "https://api.example",
        "http://proxy:1",
    ),
    ({"HTTP_PROXY": "http://proxy:1"}, "http://127.0.0.1:8080", None),
    ({"HTTP_PROXY": "http://proxy:1"}, "http://localhost", None),
]


@pytest.mark.parametrize(("environ", "url", "expected"), ENVIRONMENTS)
def test_which_proxy_the_environment_names(
    environ: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    given = None if expected is None else URL(expected)
    assert proxy_of_environment(URL(url)) == given
    assert Network().proxy_to(URL(url)) == given
    assert Network(trust_env=False).proxy_to(URL(url)) is None


async def test_a_proxy_of_the_environment_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://planted-4711@proxy:1")
    with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY: proxy must be") as caught:
        await EnKashSession("https://api.example", AUTH).open()
    assert "planted-4711" not in str(caught.value)
    async with EnKashSession("https://api.example", AUTH, trust_env=False):
        pass


async def test_netrc_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login planted password planted-4711\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with (
        raw_server(one_customer) as server,
        EnKashSession(server.base_url, AUTH) as session,
    ):
        await ask(session)
    assert [call.headers["authorization"] for call in server.calls] == ["Bearer t"]


# Certificates


async def test_an_authority_of_ones_own(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    async with tls_server(certificates) as server:
        async with EnKashSession(server.base_url, AUTH, ssl=context) as session:
            assert await ask(session) == ["KC1"]
        async with EnKashSession(server.base_url, AUTH) as session:
            with pytest.raises(CertificateError, match=r"ssl=.*SSL_CERT_FILE") as caught:
                await ask(session)
    assert caught.value.final
    assert len(server.calls) == 1


async def test_an_authority_named_in_the_environment(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f" {certificates.authority}\n")
    async with tls_server(certificates) as server:
        async with EnKashSession(server.base_url, AUTH) as session:
            assert await ask(session) == ["KC1"]
        async with EnKashSession(server.base_url, AUTH, trust_env=False) as session:
            with pytest.raises(CertificateError):
                await ask(session)


async def test_a_certificate_of_the_client(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    async with tls_server(certificates, asks_for_client=True) as server:
        async with EnKashSession(server.base_url, AUTH, ssl=context, retry=ONCE) as session:
            with pytest.raises(EnKashError):
                await ask(session)
        context.load_cert_chain(certificates.client)
        async with EnKashSession(server.base_url, AUTH, ssl=context, retry=ONCE) as session:
            assert await ask(session) == ["KC1"]


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_cannot_be_used_is_named(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE: .*ca\.pem"):
        await EnKashSession("https://api.example", AUTH).open()
    async with EnKashSession("http://127.0.0.1:9", AUTH):
        pass


# Headers


async def headers_of(http: aiohttp.ClientSession | None = None, **given: Any) -> dict[str, str]:
    async with (
        raw_server(one_customer) as server,
        EnKashSession(server.base_url, AUTH, http=http, **given) as session,
    ):
        await ask(session)
    return server.calls[0].headers


async def test_the_sdk_says_its_version_and_what_it_runs_on() -> None:
    assert (await headers_of())["user-agent"] == USER_AGENT
    assert USER_AGENT.startswith("enkash-async/0.")
    assert "(aiohttp/3." in USER_AGENT
    assert "; Python/3." in USER_AGENT


async def test_a_name_and_headers_of_ones_own() -> None:
    sent = await headers_of(user_agent="my-service/1.2", headers={"partnerId": "p-1"})
    assert sent["user-agent"] == f"my-service/1.2 {USER_AGENT}"
    assert sent["partnerid"] == "p-1"
    assert (await headers_of(headers={"User-Agent": "mine"}))["user-agent"] == "mine"


async def test_a_view_has_headers_of_its_own() -> None:
    async with (
        raw_server(one_customer) as server,
        EnKashSession(server.base_url, AUTH, headers={"x-a": "1"}) as session,
    ):
        await ask(session.with_options(headers={"x-b": "2"}, user_agent="nightly"))
    [call] = server.calls
    assert "x-a" not in call.headers
    assert call.headers["x-b"] == "2"
    assert call.headers["user-agent"].startswith("nightly enkash-async/")


async def test_headers_of_the_callers_aiohttp_session_are_respected() -> None:
    mine = {"User-Agent": "mine/1", "X-Team": "billing"}
    async with aiohttp.ClientSession(headers=mine) as http:
        sent = await headers_of(http)
        assert (sent["user-agent"], sent["x-team"]) == ("mine/1", "billing")
        assert (await headers_of(http, user_agent="a"))["user-agent"] == f"a {USER_AGENT}"


@pytest.mark.parametrize(
    "name", ["Authorization", "content-type", "X-Request-Id", "HOST", "Accept-Encoding"]
)
def test_headers_that_are_the_sdks_own_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"headers must not hold {name}"):
        EnKashSession("https://api.example", AUTH, headers={name: "planted-4711"})


@pytest.mark.parametrize("option", ["proxy", "ssl"])
def test_an_aiohttp_session_of_ones_own_has_its_own_way(option: str) -> None:
    http: Any = type("Http", (), {"post": print})()
    given: dict[str, Any] = {"proxy": "http://proxy:1", "ssl": ssl.create_default_context()}
    with pytest.raises(ValueError, match=f"^{option} and http exclude each other"):
        EnKashSession("https://api.example", AUTH, http=http, **{option: given[option]})
