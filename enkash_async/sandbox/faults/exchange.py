"""One request on its way through the faults, and what a fault can do to it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Literal, Protocol

import anyio
import attrs
from aiohttp import hdrs, web

if TYPE_CHECKING:
    from enkash_async.sandbox.service.calls import SearchCall
    from enkash_async.sandbox.service.server import Sandbox

Operation = Literal["search", "token"]

Respond = Callable[[], Awaitable[web.StreamResponse]]
"""Answers a request as it would be answered without the fault at hand."""

# SO_LINGER on, for no time: closing sends a reset in place of what is still unsent.
_NO_LINGER = struct.pack("ii", 1, 0)


class Refuse(Protocol):
    """Makes the error envelope that the sandbox sends."""

    def __call__(self, status: int, error_type: str, message: str) -> web.Response: ...


class Holds:
    """Where faults wait, so that they can be let go all at once."""

    def __init__(self) -> None:
        self._released = anyio.Event()
        self._closed = False

    async def wait(self, seconds: float | None) -> None:
        """Wait until released, or until so many seconds are over."""
        with anyio.move_on_after(seconds):
            await self._released.wait()

    def release(self) -> None:
        """Let go what waits now; what comes later waits again."""
        self._released.set()
        if not self._closed:
            self._released = anyio.Event()

    def close(self) -> None:
        """Let go what waits now and later."""
        self._closed = True
        self.release()


@attrs.frozen(eq=False)
class Exchange:
    """A request, its answer to come, and the sandbox behind it.

    *row* is the row of the list at which a search begins; *random* draws the same for the same
    request under the same seed; *count* says that a fault of a kind took place.
    """

    operation: Operation
    number: int
    identity: str
    request: web.Request
    sandbox: Sandbox
    holds: Holds
    count: Callable[[str], None]
    refuse: Refuse
    call: SearchCall | None = None
    row: int = 0
    random: Random = attrs.field(factory=Random)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait so long, or for ever; `Sandbox.release_stalls` and closing end it."""
        await self.holds.wait(seconds)

    def hang_up(self) -> web.Response:
        """End the connection behind what was written, and return an answer that is never sent."""
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
