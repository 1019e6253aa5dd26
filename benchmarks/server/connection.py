"""HTTP/1.1 on bare sockets, as much of it as the clients under test use."""

from __future__ import annotations

import asyncio
import re
import socket

import msgspec

from benchmarks.server.service import Load, Service

SEARCH = "/api/v0/customer/search"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GZIP = re.compile(rb"\r\naccept-encoding:[^\r]*gzip", re.IGNORECASE)
_SMALL = 64 * 1024

Pieces = list[bytes | memoryview]


class Connection:
    """One client: requests are answered in their order."""

    def __init__(self, client: socket.socket, service: Service) -> None:
        self._client = client
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()

    async def run(self) -> None:
        """Answer until the client is gone."""
        with self._client:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while (request := await self._read()) is not None:
                    await self._answer(*request)
            except ConnectionError:
                return  # a client that leaves early, as the benchmark of that does

    async def _read(self) -> tuple[bytes, bytes] | None:
        """Return head and body of the next request, None after the last."""
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if not await self._receive():
                return None
        head = bytes(self._received[:end])
        found = _LENGTH.search(head)
        body_end = end + 4 + (int(found[1]) if found else 0)
        while len(self._received) < body_end:
            if not await self._receive():
                return None
        body = bytes(self._received[end + 4 : body_end])
        del self._received[:body_end]
        return head, body

    async def _receive(self) -> bool:
        chunk = await self._loop.sock_recv(self._client, _SMALL)
        self._received += chunk
        return bool(chunk)

    async def _answer(self, head: bytes, body: bytes) -> None:
        target = head.split(b" ", 2)[1].decode()
        path, _, query = target.partition("?")
        if path == SEARCH:
            status, pieces, delay = self._service.answer(
                query, body, takes_gzip=bool(_GZIP.search(head)), now=self._loop.time()
            )
            if delay:
                await asyncio.sleep(delay)
            await self._send(status, pieces)
        elif path == "/load":
            self._service.take_load(msgspec.json.decode(body, type=Load))
            await self._send(b"HTTP/1.1 200 OK\r\n", [b"{}"])
        elif path == "/account":
            account = msgspec.json.encode(self._service.account())
            await self._send(b"HTTP/1.1 200 OK\r\n", [account])
        else:
            await self._send(b"HTTP/1.1 404 Not Found\r\n", [b"{}"])

    async def _send(self, status: bytes, pieces: Pieces) -> None:
        length = sum(map(len, pieces))
        head = b"%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, length)
        pieces = [head, *pieces]
        if length < _SMALL:
            pieces = [b"".join(pieces)]
        for piece in pieces:
            await self._loop.sock_sendall(self._client, piece)


async def serve(service: Service, listener: socket.socket) -> None:
    """Answer everyone who connects to *listener*, until cancelled."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as connections:
        while True:
            client, _ = await loop.sock_accept(listener)
            connections.create_task(Connection(client, service).run())
