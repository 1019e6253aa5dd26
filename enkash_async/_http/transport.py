"""One request sent, one answer read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

import aiohttp
from yarl import URL

from enkash_async._http.body import Body, Bound
from enkash_async._http.operation import Message, Operation
from enkash_async._http.transport_errors import scrubbed_client_error, translated
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed, scrubbed
from enkash_async.errors import ResponseError
from enkash_async.timeout import Timeout

USER_AGENT = "enkash-async"

TOKEN_BOUND = Bound(64 * 1024, "the bound of a token answer", "check base_url")

WIRE_CHUNK = 16 * 1024
"""Bytes read at once of a compressed answer. They may inflate to a thousand times as many."""

MIB = 1024 * 1024


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
        """Send a form once, to get a token; like `send`, with the bound of a token answer."""
        message, sealed_headers = Message({}, Sealed(body)), Sealed(headers)
        del body, headers
        return await self.send(Operation(path), message, sealed_headers, bound=TOKEN_BOUND)

    async def send(
        self,
        operation: Operation,
        message: Message,
        headers: Sealed[Mapping[str, str]],
        *,
        seconds: float = math.inf,
        bound: Bound | None = None,
    ) -> Response:
        """Send once and read the whole answer, whatever its status; TransportError if none came.

        It may take *seconds*, or as many as the session allows an attempt if those are fewer.
        Redirects are not followed, since credentials would go with them.
        """
        heard: list[int] = []
        seconds = min(seconds, self._timeout.attempt)
        try:
            return await self._exchange(
                operation, message, headers, seconds, bound or self._bound, heard
            )
        except ResponseError as error:
            # Raised anew, without the frames that hold what came.
            scrubbed(error)
            raise
        except (aiohttp.ClientError, OSError) as error:
            status = heard[0] if heard else None
            raise translated(
                error, str(operation), self._timeout, seconds, status
            ) from scrubbed_client_error(error)

    async def _exchange(
        self,
        operation: Operation,
        message: Message,
        headers: Sealed[Mapping[str, str]],
        seconds: float,
        bound: Bound,
        heard: list[int],
    ) -> Response:
        """Send and read; *heard* gets the status as soon as there is one."""
        limits = self._timeout
        # By the name of its method, so that whoever stands in for aiohttp needs no other.
        send = getattr(self._http, operation.method.lower())
        async with send(
            self._base_url.joinpath(operation.path.lstrip("/")),
            params=message.parameters or None,
            data=message.body.reveal(),
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **headers.reveal(),
            },
            timeout=aiohttp.ClientTimeout(
                total=seconds, sock_connect=limits.connect, sock_read=limits.read
            ),
            allow_redirects=False,
            raise_for_status=False,
            # Inflated here, in bounded pieces, whatever the aiohttp session would do.
            auto_decompress=False,
        ) as response:
            heard.append(response.status)
            return Response(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await _read(response, str(operation), bound),
            )


async def _read(response: aiohttp.ClientResponse, what: str, bound: Bound) -> list[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    yielded = 0
    try:
        body = Body(what, response.status, encoding, bound)
        body.check_length(response.content_length)
        content = response.content
        chunks = content.iter_chunked(WIRE_CHUNK) if encoding else content.iter_any()
        async for chunk in chunks:
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
