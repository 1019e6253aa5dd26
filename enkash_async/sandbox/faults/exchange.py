"""One request on its way through the faults, and what a fault can do to it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from hashlib import sha256
from random import Random
from typing import Literal, Protocol

import attrs
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.holds import Holds
from enkash_async.sandbox.faults.targets import ChangeableList, Logins

Operation = Literal["search", "token"]

Respond = Callable[[], Awaitable[web.StreamResponse]]
"""Answers a request as it would be answered without the fault at hand."""

# SO_LINGER on, for no time: closing sends a reset in place of what is still unsent.
_NO_LINGER = struct.pack("ii", 1, 0)


class Refuse(Protocol):
    """Makes the error envelope that the sandbox sends."""

    def __call__(self, status: int, error_type: str, message: str) -> web.Response: ...


@attrs.frozen(eq=False)
class AskedPage:
    """The page that a search asks for, and the list it is of; *row* is the row it begins at."""

    listed: ChangeableList
    offset: int
    limit: int
    row: int


@attrs.frozen(eq=False)
class Exchange:
    """A request, its answer to come, and what a fault may reach.

    *identity* is the same for the same request, whenever it comes, and *random* draws the same for
    it under the same seed. *count* is told the kind of a fault that took place. *asked* is None for
    a request for a token.
    """

    operation: Operation
    number: int
    identity: str
    request: web.Request
    holds: Holds
    count: Callable[[str], None]
    refuse: Refuse
    logins: Logins
    asked: AskedPage | None = None
    random: Random = attrs.field(factory=Random)

    @property
    def page(self) -> AskedPage:
        """The page that is asked for; only kinds that are `search_only` may ask."""
        assert self.asked is not None
        return self.asked

    async def wait(self, seconds: float | None = None) -> None:
        """Wait so long, or for ever; `Sandbox.release_stalls` and closing end it."""
        await self.holds.wait(seconds)

    def hang_up(self) -> web.Response:
        """End the connection after what was written, and return an answer that is never sent."""
        if self.request.transport is not None:
            self.request.transport.close()
        return web.Response()

    def reset(self) -> web.Response:
        """Reset the connection, and return an answer that is never sent."""
        transport = self.request.transport
        if transport is not None:
            endpoint: socket.socket = transport.get_extra_info("socket")
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        return web.Response()

    async def begin(self, answer: web.Response, announced: int) -> web.StreamResponse:
        """Send the head of *answer* with so many bytes announced, and return what takes them."""
        response = web.StreamResponse(status=answer.status)
        for name in (hdrs.CONTENT_TYPE, hdrs.CONTENT_ENCODING):
            if name in answer.headers:
                response.headers[name] = answer.headers[name]
        response.content_length = announced
        await response.prepare(self.request)
        return response


def identity_of(operation: Operation, request: web.Request, content: bytes) -> str:
    """Return what is the same for the same request, whenever it comes."""
    return f"{operation} {request.path_qs} {sha256(content).hexdigest()}"
