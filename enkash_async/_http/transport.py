"""One request sent, one answer read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

import aiohttp
from yarl import URL

from enkash_async._http.body import Body, Bound
from enkash_async._http.connections import CLOSED_BY_CALLER
from enkash_async._http.deadline import Deadline
from enkash_async._http.operation import Message, Operation
from enkash_async._http.pool import HEAD_BYTES, ConnectionUse, Pool, current_use
from enkash_async._http.transport_errors import Exchange, scrubbed_client_error, translated
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed, scrubbed
from enkash_async.errors import ResponseError
from enkash_async.timeout import Timeout

TOKEN_BOUND = Bound(64 * 1024, "the bound of a token answer", "check base_url")

WIRE_CHUNK = 16 * 1024
"""Bytes read at once of a compressed answer. They may inflate to a thousand times as many."""

MAX_URLS = 64
"""Addresses kept, so that an `Auth` of the caller's own may send to ever new ones."""

MIB = 1024 * 1024

MISUSE = (TypeError, NameError, NotImplementedError, MemoryError)
"""What sending raises where the program is wrong, or at its end, and not the network."""


REFUSALS = frozenset({400, 401, 403, 422, 423})
"""Statuses that say by themselves that the service looked at a login and refused it."""


class Transport:
    """Sends requests to one base URL. Any number of tasks may share it."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base_url: URL,
        timeout: Timeout,
        max_body_bytes: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._http = http
        self._base_url = base_url
        self._urls: dict[str, URL] = {}
        """Of the operations asked for so far."""
        self._is_own_pool = isinstance(getattr(http, "connector", None), Pool)
        self._timeout = timeout
        # `connect` bounds all of connecting: the name, TCP, TLS and a proxy's answer.
        self._client_timeout = aiohttp.ClientTimeout(
            connect=timeout.connect, sock_read=timeout.read
        )
        self._headers = Sealed(
            {
                **(headers or {}),
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            }
        )
        self._bound = Bound(
            max_body_bytes, "max_body_bytes", "ask for smaller pages or raise the bound"
        )

    async def post_form(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a form once, to get a token; like `send`, with the bound of a token answer.

        One that was refused by its status is an answer, though its body did not come whole: it
        would be refused again.
        """
        message, sealed_headers = Message({}, Sealed(body)), Sealed(headers)
        del body, headers
        # Over a connection of its own: where one that was idle is found dead, nobody can say
        # whether the login was heard.
        return await self.send(
            Operation(path),
            message,
            sealed_headers,
            bound=TOKEN_BOUND,
            needs_fresh=True,
            status_will_do=True,
        )

    async def send(
        self,
        operation: Operation,
        message: Message,
        headers: Sealed[Mapping[str, str]],
        *,
        seconds: float = math.inf,
        bound: Bound | None = None,
        needs_fresh: bool = False,
        status_will_do: bool = False,
    ) -> Response:
        """Send once and read the whole answer, whatever its status; TransportError if none came.

        It may take *seconds*, or as many as the session allows an attempt if those are fewer. With
        *needs_fresh* it goes over a new connection, unless the aiohttp session is the caller's;
        where *status_will_do*, the body of a refusal may be missing.
        Redirects are not followed, since credentials would go with them.
        """
        bound = bound or self._bound
        exchange = Exchange(
            str(operation),
            self._timeout,
            Deadline(self._timeout, seconds),
            ConnectionUse(bound.nbytes + HEAD_BYTES, needs_fresh),
            is_own_pool=self._is_own_pool,
        )
        current_use.set(exchange.use)
        try:
            async with exchange.deadline:
                return await self._exchange(operation, message, headers, bound, exchange)
        except MISUSE:
            raise
        except Exception as error:
            if status_will_do and exchange.status in REFUSALS:
                return Response(exchange.status, {}, [])
            if isinstance(error, ResponseError):
                # Raised anew, without the frames that hold what came.
                scrubbed(error)
                raise
            if getattr(self._http, "closed", False):
                raise RuntimeError(CLOSED_BY_CALLER) from scrubbed_client_error(error)
            if exchange.use.is_flooded:
                raise bound.error(
                    exchange.what, exchange.status, "is on the wire larger than"
                ) from scrubbed_client_error(error)
            raise translated(error, exchange) from scrubbed_client_error(error)

    async def _exchange(
        self,
        operation: Operation,
        message: Message,
        headers: Sealed[Mapping[str, str]],
        bound: Bound,
        exchange: Exchange,
    ) -> Response:
        """Send and read; *exchange* gets the status as soon as there is one."""
        # By the name of its method, so that whoever stands in for aiohttp needs no other.
        send = getattr(self._http, operation.method.lower())
        async with send(
            self._url_of(operation),
            params=message.parameters or None,
            data=message.body.reveal(),
            headers={
                **self._headers.reveal(),
                **headers.reveal(),
            },
            timeout=self._client_timeout,
            allow_redirects=False,
            raise_for_status=False,
            # Inflated here, in bounded pieces, whatever the aiohttp session would do.
            auto_decompress=False,
        ) as response:
            exchange.status = response.status
            exchange.deadline.note_piece()
            return Response(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await _read(response, exchange, bound),
            )

    def _url_of(self, operation: Operation) -> URL:
        url = self._urls.get(operation.path)
        if url is None:
            url = self._base_url.joinpath(operation.path.lstrip("/"))
            if len(self._urls) < MAX_URLS:
                self._urls[operation.path] = url
        return url


async def _read(response: aiohttp.ClientResponse, exchange: Exchange, bound: Bound) -> list[bytes]:
    # Several lines of it count as one (RFC 9110, 5.3).
    encoding = ",".join(response.headers.getall("Content-Encoding", ()))
    yielded = 0
    try:
        body = Body(exchange.what, response.status, encoding, bound)
        body.check_length(response.content_length)
        content = response.content
        chunks = content.iter_chunked(WIRE_CHUNK) if encoding else content.iter_any()
        async for chunk in chunks:
            exchange.deadline.note_piece()
            body.feed(chunk)
            if body.nbytes - yielded >= MIB:
                # aiohttp hands over what it has buffered without a turn for other tasks.
                yielded = body.nbytes
                await asyncio.sleep(0)
        return body.whole()
    except ResponseError:
        # What is left of the answer must not be taken for the next one.
        response.close()
        raise
