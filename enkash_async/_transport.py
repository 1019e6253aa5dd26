"""One request sent, one answer read. The only module that knows aiohttp."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import attrs
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from enkash_async._envelope import Response
from enkash_async.errors import (
    ConnectError,
    RequestTimeoutError,
    ResponseError,
)

USER_AGENT = "enkash-async"


@attrs.frozen(kw_only=True)
class Timeout:
    """How long to wait, in seconds, for each part of the work.

    *connect*: until a connection stands. *read*: between two pieces of an answer. *attempt*: one
    request from the first byte sent to the last received; waiting for a free place among the
    session's requests does not count. *call*: a request with all its attempts and the waits
    between them. *progress*: until the page that comes next in a search has arrived. A search
    as a whole has no limit; put `asyncio.timeout` around it.
    """

    connect: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    read: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))
    attempt: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    call: float = attrs.field(default=180.0, validator=attrs.validators.gt(0))
    progress: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))


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
        self._max_body_bytes = max_body_bytes

    async def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        attempt_timeout: float | None = None,
    ) -> Response:
        """Send once and read the whole answer, whatever its status; TransportError if none came.

        Redirects are not followed, since credentials would go with them.
        """
        what = f"POST {path}"
        status: int | None = None
        try:
            async with self._http.post(
                self._base_url.joinpath(path.lstrip("/")),
                params=query,
                data=body,
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", **headers},
                timeout=self._client_timeout(attempt_timeout),
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                status = response.status
                return Response(
                    status,
                    {name.lower(): value for name, value in response.headers.items()},
                    await self._read(response, what),
                )
        # First, because aiohttp's total timeout is a bare TimeoutError, and its connection
        # timeout is both a TimeoutError and a ClientError.
        except aiohttp.ConnectionTimeoutError as error:
            raise ConnectError(
                f"{what}: no connection within {self._timeout.connect:g} s"
            ) from error
        except TimeoutError as error:
            raise RequestTimeoutError(
                f"{what}: no complete answer in time; the limits are the session's timeout"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise ConnectError(f"{what}: cannot connect: {error}. Check base_url") from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            closed = ResponseError(
                f"{what}: the connection was closed before an answer came. If it happens again,"
                " check base_url and what stands between"
            )
            closed.at_once = True
            raise closed from error
        except (aiohttp.ClientError, OSError) as error:
            raise ResponseError(
                f"{what}: the answer broke off or was not HTTP. If it happens again, check base_url"
                " and what stands between, or ask for smaller pages",
                status,
            ) from _without_headers(error)

    async def _read(self, response: aiohttp.ClientResponse, what: str) -> bytes:
        # Counted as it comes, and after inflating, so that nothing larger is ever in memory.
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_body_bytes:
                response.close()
                error = ResponseError(
                    f"{what}: the answer is larger than max_body_bytes={self._max_body_bytes};"
                    " ask for smaller pages or raise the bound",
                    response.status,
                )
                error.final = error.too_large = True
                raise error
            chunks.append(chunk)
        return b"".join(chunks)

    def _client_timeout(self, attempt_timeout: float | None) -> aiohttp.ClientTimeout:
        limits = self._timeout
        total = limits.attempt if attempt_timeout is None else min(limits.attempt, attempt_timeout)
        return aiohttp.ClientTimeout(
            total=total, sock_connect=limits.connect, sock_read=limits.read
        )


def _without_headers(error: Exception) -> Exception:
    """Take the headers of the request, the token among them, out of an error of aiohttp's."""
    if isinstance(error, aiohttp.ClientResponseError):
        sent = error.request_info
        info = aiohttp.RequestInfo(
            sent.url, sent.method, CIMultiDictProxy(CIMultiDict[str]()), sent.real_url
        )
        error.request_info = info
        error.args = (info, error.history)
    return error


@asynccontextmanager
async def open_http(
    given: aiohttp.ClientSession | None, max_connections: int
) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Lend the caller's own aiohttp session, or one that is closed at the end."""
    if given is not None:
        yield given
        return
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections),
        # The service's cookies are artefacts of its load balancer; none is needed.
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as http:
        yield http
