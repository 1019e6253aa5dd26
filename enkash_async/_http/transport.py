"""One request sent, one answer read. The only module that knows aiohttp."""

from __future__ import annotations

import asyncio
import ipaddress
import netrc
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from enkash_async._http.body import Body, Bound
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed, harmless
from enkash_async.errors import (
    ConnectError,
    RequestTimeoutError,
    ResponseError,
    TransportError,
)
from enkash_async.timeout import Timeout

USER_AGENT = "enkash-async"

TOKEN_BOUND = Bound(64 * 1024, "the bound of a token answer", "check base_url")

MAX_LINE_BYTES = 8190
MAX_HEADERS = 128
"""Of an answer, where the aiohttp session is ours; aiohttp's own defaults, made certain."""

WIRE_CHUNK = 16 * 1024
MIB = 1024 * 1024


def checked_base_url(base_url: str) -> URL:
    """Return *base_url* as a URL; ValueError where credentials must not go there."""
    url = URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url must be an address such as https://api.example")
    if url.user is not None or url.password is not None:
        raise ValueError("base_url must not hold credentials; give them as auth")
    if url.query_string or url.fragment:
        raise ValueError("base_url must not have a query or a fragment")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise ValueError(
            f"base_url must be https: credentials would go to {url.host} unencrypted"
            " (http is allowed to this machine only)"
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Transport:
    """Sends requests to one base URL. Any number of tasks may share it."""

    def __init__(
        self, http: aiohttp.ClientSession, base_url: URL, timeout: Timeout, max_body_bytes: int
    ) -> None:
        self._http = http
        self._base_url = base_url
        self._timeout = timeout
        self._bound = Bound(
            max_body_bytes, "max_body_bytes", "ask for smaller pages or raise the bound"
        )

    async def post_form(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a form once, to get a token; like `post`, with the bound of a token answer."""
        sealed_body, sealed_headers = Sealed(body), Sealed(headers)
        del body, headers
        return await self.post(path, sealed_body, sealed_headers, bound=TOKEN_BOUND)

    async def post(
        self,
        path: str,
        body: Sealed[bytes],
        headers: Sealed[Mapping[str, str]],
        query: Mapping[str, str] | None = None,
        attempt_timeout: float | None = None,
        bound: Bound | None = None,
    ) -> Response:
        """Send once and read the whole answer, whatever its status; TransportError if none came.

        Redirects are not followed, since credentials would go with them.
        """
        heard: list[int] = []
        limits = self._client_timeout(attempt_timeout)
        try:
            return await self._exchange(
                path, body, headers, query, limits, bound or self._bound, heard
            )
        except ResponseError as error:
            # Raised anew, without the frames that hold what came.
            harmless(error)
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(error, f"POST {path}", limits, *heard) from _disarmed(error)

    def _translated(
        self,
        error: Exception,
        what: str,
        limits: aiohttp.ClientTimeout,
        status: int | None = None,
    ) -> TransportError:
        # First, because aiohttp's total timeout is a bare TimeoutError, and its connection
        # timeout is both a TimeoutError and a ClientError.
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return ConnectError(
                f"{what}: no connection within the session's timeout,"
                f" Timeout(connect={self._timeout.connect:g})"
            )
        if isinstance(error, aiohttp.SocketTimeoutError):
            return RequestTimeoutError(
                f"{what}: nothing came within the session's timeout,"
                f" Timeout(read={self._timeout.read:g})"
            )
        if isinstance(error, TimeoutError):
            is_attempt = limits.total == self._timeout.attempt
            limit = f"attempt={limits.total:g}" if is_attempt else f"call={self._timeout.call:g}"
            return RequestTimeoutError(
                f"{what}: no complete answer within the session's timeout, Timeout({limit})"
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return ConnectError(f"{what}: cannot connect: {error}. Check base_url")
        if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            closed = ResponseError(
                f"{what}: the connection was closed before an answer came. If it happens again,"
                " check base_url and what stands between"
            )
            closed.at_once = True
            return closed
        broken = ResponseError(
            f"{what}: the answer broke off or was not HTTP ({_kind(error)}). If it happens"
            " again, check base_url and what stands between, or ask for smaller pages",
            status,
        )
        broken.broke_off = status is not None
        return broken

    async def _exchange(
        self,
        path: str,
        body: Sealed[bytes],
        headers: Sealed[Mapping[str, str]],
        query: Mapping[str, str] | None,
        limits: aiohttp.ClientTimeout,
        bound: Bound,
        heard: list[int],
    ) -> Response:
        """Do it; *heard* gets the status as soon as there is one."""
        async with self._http.post(
            self._base_url.joinpath(path.lstrip("/")),
            params=query,
            data=body.reveal(),
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **headers.reveal(),
            },
            timeout=limits,
            allow_redirects=False,
            raise_for_status=False,
            # Inflated here, in bounded pieces, whatever the aiohttp session would do.
            auto_decompress=False,
        ) as response:
            heard.append(response.status)
            return Response(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await _read(response, f"POST {path}", bound),
            )

    def _client_timeout(self, attempt_timeout: float | None) -> aiohttp.ClientTimeout:
        limits = self._timeout
        total = limits.attempt if attempt_timeout is None else min(limits.attempt, attempt_timeout)
        return aiohttp.ClientTimeout(
            total=total, sock_connect=limits.connect, sock_read=limits.read
        )


async def _read(response: aiohttp.ClientResponse, what: str, bound: Bound) -> list[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    yielded = 0
    try:
        body = Body(what, response.status, encoding, bound)
        body.announced(response.content_length)
        # Pieces of what is compressed are small: they may inflate to a thousand times their size.
        content = response.content
        chunks = content.iter_chunked(WIRE_CHUNK) if encoding else content.iter_any()
        async for chunk in chunks:
            body.feed(chunk)
            if body.size - yielded >= MIB:
                # aiohttp hands over what it has buffered without a turn for other tasks.
                yielded = body.size
                await asyncio.sleep(0)
        return body.whole()
    except ResponseError:
        # What is left of the answer must not be taken for the next one.
        response.close()
        raise


def _kind(error: Exception) -> str:
    """Say what was wrong with an answer, in words of ours: aiohttp's quote the answer."""
    origin: BaseException = error
    while (below := origin.__cause__ or origin.__context__) is not None:
        origin = below
    kind = type(origin).__name__
    if kind == "LineTooLong":
        return "a line of its head is longer than aiohttp's max_line_size or max_field_size"
    if "Too many headers" in str(origin):
        return "it has more headers than aiohttp's max_headers"
    return kind


def _disarmed(error: Exception) -> Exception:
    """Take the request and the answer out of an error of aiohttp's; its type and place stay.

    It may hold the request's headers with the token, or quote what the server sent, and its
    frames and causes hold both.
    """
    if isinstance(error, aiohttp.ClientResponseError):
        sent = error.request_info
        info = aiohttp.RequestInfo(
            sent.url, sent.method, CIMultiDictProxy(CIMultiDict[str]()), sent.real_url
        )
        error.request_info = info
        error.headers = None
        error.message = ""
        error.args = (info, error.history)
    elif isinstance(error, aiohttp.ClientConnectorError):
        # Beside it stands the address of a proxy, and how to log in there.
        error.args = (error.os_error,)
    elif isinstance(error, aiohttp.ServerDisconnectedError):
        error.message = "Server disconnected"
        error.args = (error.message,)
    elif isinstance(error, aiohttp.ClientError) and not isinstance(error, OSError):
        error.args = ()
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


@asynccontextmanager
async def open_http(
    given: aiohttp.ClientSession | None, max_connections: int, host: str | None
) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Lend the caller's own aiohttp session, or one that is closed at the end.

    ValueError if the caller's would send other credentials to *host* than ours.
    """
    if given is not None:
        _check_credentials(given, host)
        yield given
        return
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections),
        # The service's cookies are artefacts of its load balancer; none is needed.
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
    ) as http:
        yield http


def _check_credentials(http: aiohttp.ClientSession, host: str | None) -> None:
    if http.auth is not None:
        raise ValueError(
            "the aiohttp session has credentials of its own (auth), which would go to EnKash;"
            " give EnKashSession one without"
        )
    if http.trust_env and host is not None and _is_in_netrc(host):
        # aiohttp sends them instead of the token, or refuses to send both (from 3.14).
        raise ValueError(
            f"the aiohttp session trusts the environment, and netrc has credentials for {host},"
            " which would go there instead of the token: take the entry (or 'default') out of"
            " netrc, or give EnKashSession an aiohttp session without trust_env"
        )


def _is_in_netrc(host: str) -> bool:
    names = [os.environ["NETRC"]] if "NETRC" in os.environ else ["~/.netrc", "~/_netrc"]
    for name in names:
        try:
            if netrc.netrc(Path(name).expanduser()).authenticators(host) is not None:
                return True
        except (OSError, RuntimeError, netrc.NetrcParseError):
            # No file, no home, or one that aiohttp cannot read either.
            continue
    return False
