"""A server that sends whatever bytes a test wants, for what no well-behaved server sends."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

SEARCH_PATH = "/api/v0/customer/search"
TOKEN_PATH = "/oauth/token"


class Call(NamedTuple):
    """One request as it came; *number* counts them from 0, *connection* the connections."""

    number: int
    connection: int
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Call], Awaitable[bytes | None]]
"""Returns what to send; the connection ends after it, and at once for None."""


class RawServer:
    """Where the server is, and what it was asked."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.calls: list[Call] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []

    def push(self, connection: int, raw: bytes | None) -> None:
        """Send on a *connection* what nobody asked for, or close it for None."""
        writer = self.writers[connection]
        if raw is None:
            writer.close()
        else:
            writer.write(raw)

    def calls_of(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]


@asynccontextmanager
async def raw_server(answer: Answer) -> AsyncGenerator[RawServer, None]:
    """Serve *answer* on a port of its own; leaving breaks off what is not answered."""
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio 3.11 reports a cancelled one of its own as an error.
        task = asyncio.create_task(_serve(server, answer, reader, writer))
        tasks[task] = writer
        task.add_done_callback(tasks.pop)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    server = RawServer(f"http://{host}:{port}")
    try:
        yield server
    finally:
        listener.close()
        for task, writer in tasks.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def _serve(
    server: RawServer, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = server.connections
    server.connections += 1
    server.writers.append(writer)
    try:
        keeps_open = True
        while keeps_open:
            call = await _read(len(server.calls), connection, reader)
            server.calls.append(call)
            raw = await answer(call)
            writer.write(raw or b"")
            await writer.drain()
            keeps_open = raw is not None and b"Connection: keep-alive" in raw
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _read(number: int, connection: int, reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").removesuffix("\r\n\r\n")
    request_line, *lines = head.split("\r\n")
    path, _, query = request_line.split(" ")[1].partition("?")
    headers = {name.lower(): text.strip() for name, text in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(number, connection, path, dict(parse_qsl(query)), headers, body)


def reply(body: bytes, status: int = 200, *headers: str, keep_alive: bool = False) -> bytes:
    """Return an answer with a right Content-Length, and JSON unless *headers* say otherwise."""
    head = [f"HTTP/1.1 {status} Answered", f"Content-Length: {len(body)}", *headers]
    if not any(header.startswith("Content-Type") for header in headers):
        head.append("Content-Type: application/json")
    head.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def page(*customer_ids: str) -> bytes:
    """Return the body of a page that holds these customers and is the whole list."""
    data = [{"customerId": customer_id} for customer_id in customer_ids]
    return envelope(payload={"data": data, "recordsCount": len(data)})


def envelope(**fields: Any) -> bytes:
    """Return an envelope of success with *fields* in place of its own."""
    usual = {"errorResponse": None, "payload": None, "response_code": 0}
    return json.dumps(usual | {"response_message": "SUCCESS"} | fields).encode()


def token_answer(token: str = "fetched-token", **fields: Any) -> bytes:
    """Return the body of a login that succeeded, in the spelling of the documentation."""
    usual = {"access_token": token, "token_type": "bearer", "expires_in": 86399}
    return json.dumps(usual | fields).encode()
