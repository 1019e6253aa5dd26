"""Names to addresses, in a thread that keeps no program from ending."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult


class DaemonResolver(AbstractResolver):
    """Asks the operating system, each time in a daemon thread of its own.

    `getaddrinfo` cannot be interrupted, and may take minutes where a name server is silent. In the
    executor of the event loop, which aiohttp uses, the program could not end until it is back.
    aiohttp remembers what was found, and asks for one name once at a time.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*; OSError if it has none."""
        found = await _in_daemon_thread(
            lambda: socket.getaddrinfo(
                host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        )
        if not found:
            raise OSError(None, "no address was found")
        return [
            ResolveResult(
                hostname=host,
                host=_written(address),
                port=address[1],
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Do nothing: a thread that still waits ends by itself, or with the program."""


def _written(address: tuple[Any, ...]) -> str:
    host: str = address[0]
    # An address of IPv6 that counts on one link only has the link's number beside it.
    return f"{host}%{address[3]}" if len(address) > 3 and address[3] and "%" not in host else host


async def _in_daemon_thread(function: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        try:
            value, error = function(), None
        except Exception as raised:
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:
            # The loop was closed meanwhile, and nobody waits any more.
            return

    def settle(value: Any, error: Exception | None) -> None:
        if result.done():
            return
        if error is None:
            result.set_result(value)
        else:
            result.set_exception(error)

    try:
        threading.Thread(target=run, name="enkash-async name lookup", daemon=True).start()
    except RuntimeError as error:
        # The machine has no thread left; nothing was sent, so that it counts as no connection.
        raise OSError(errno.EAGAIN, str(error)) from error
    return await result
