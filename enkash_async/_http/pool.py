"""The connections of the SDK's own aiohttp session, and when one may be used again.

aiohttp keeps a connection for the next request and does not look whether something came on it
meanwhile: an answer that nobody waits for any more would be given to whoever asks next. curl,
httpcore and urllib3 refuse such a connection, and so does this pool.
"""

from __future__ import annotations

import asyncio
import functools
import os
import select
import ssl
import warnings
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler

from enkash_async._http.resolver import DaemonResolver

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

HEAD_BYTES = 1024 * 1024
"""What the head of an answer may take on the wire, beside the bound of its body."""


class ConnectionUse(msgspec.Struct, eq=False):
    """What one request asks of its connection, and what became of it.

    With *needs_fresh*, the request is not sent over a connection that another one has used.
    *max_bytes* may come over the wire, framing and all.
    """

    max_bytes: int
    needs_fresh: bool = False
    stands: bool = False
    """There is a connection, so that the request may have gone out. Set by our own pool only."""
    is_reused: bool = False
    """Another request used the connection before, so that it may have died since."""
    is_flooded: bool = False
    """More than *max_bytes* came, and the connection was closed for that."""


current_use: ContextVar[ConnectionUse | None] = ContextVar("current_use", default=None)
"""The request that is being sent in this context. aiohttp has no way to hand it to a connector."""


class PooledConnection(ResponseHandler):
    """A connection that knows whether it is idle, and closes when something comes then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._use: ConnectionUse | None = None
        self._received = 0
        self.is_idle = False

    def begin(self, use: ConnectionUse | None) -> None:
        """Note that a request goes out now."""
        self.is_idle = False
        self._use, self._received = use, 0

    def rest(self) -> None:
        """Note that its answer has been read, or given up."""
        self.is_idle = True
        self._use = None

    def data_received(self, data: bytes) -> None:
        # Without data, aiohttp only goes on with what it has.
        if self.is_idle and data:
            # Nobody asked. Whatever it is, it must not become the answer to the next request.
            self.close()
            return
        if self._use is not None:
            self._received += len(data)
            if self._received > self._use.max_bytes:
                self._use.is_flooded = True
                self._use = None
                self.rest()
                if self.transport is not None:
                    self.transport.abort()
                return
        super().data_received(data)


class Pool(aiohttp.TCPConnector):
    """aiohttp's connector, which gives out no connection that holds data or is closing."""

    def __init__(self, max_connections: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            limit=max_connections,
            resolver=DaemonResolver(),
            ssl=True if context is None else context,
        )
        # There is no public way to say of what class connections are.
        make = functools.partial(PooledConnection, loop=asyncio.get_running_loop())
        self._factory = cast("functools.partial[ResponseHandler]", make)
        self._process = os.getpid()

    def __del__(self, _warnings: Any = warnings) -> None:
        # A forked process has the same sockets in the same selector: to close them would make the
        # one that opened them deaf.
        if getattr(self, "_process", None) == os.getpid():
            super().__del__(_warnings)

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        """Return a connection that is new, or was left clean by the request before."""
        use = current_use.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert isinstance(protocol, PooledConnection)
            is_reused = protocol.is_idle
            if is_reused and (
                (use is not None and use.needs_fresh)
                or protocol.should_close
                or has_unread_data(connection.transport)
            ):
                connection.close()
                continue
            if use is not None:
                use.stands, use.is_reused = True, is_reused
            protocol.begin(use)
            connection.add_callback(protocol.rest)
            return connection


def has_unread_data(transport: asyncio.Transport | None) -> bool:
    """Say whether the event loop has yet to read from the socket: data, or the end of it."""
    socket: Any = None if transport is None else transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
