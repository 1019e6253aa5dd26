"""Connections and bodies that break."""

from __future__ import annotations

import attrs
from aiohttp import web

from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.kind import Delivery, Instead


@attrs.frozen
class Reset(Instead):
    """The connection is reset before a byte of the answer."""

    name = "reset"

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.reset()


@attrs.frozen
class ResetInside(Delivery):
    """The connection is reset in the middle of the body."""

    name = "reset_inside"

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        response = await _begin_body(exchange, answer, body)
        exchange.reset()
        return response


@attrs.frozen
class CloseAfter(Delivery):
    """The connection is closed after a whole answer, although it was to be kept open."""

    name = "close_after"

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        response = await exchange.begin(answer, len(body))
        await response.write(body)
        exchange.hang_up()
        return response


@attrs.frozen
class Truncate(Delivery):
    """The connection is closed before as many bytes came as the head announced."""

    name = "truncate"

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        response = await _begin_body(exchange, answer, body)
        exchange.hang_up()
        return response


@attrs.frozen
class BrokenJson(Delivery):
    """The body ends too early, and the head agrees with it."""

    name = "broken_json"

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        part = _part(exchange, body)
        response = await exchange.begin(answer, len(part))
        await response.write(part)
        return response


@attrs.frozen
class Garbage(Instead):
    """Bytes that are not HTTP, and the connection is closed."""

    name = "garbage"

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        if exchange.request.transport is not None:
            exchange.request.transport.write(b"\x00\xff\x16\x03 nonsense\r\n\r\n")
        return exchange.hang_up()


async def _begin_body(exchange: Exchange, answer: web.Response, body: bytes) -> web.StreamResponse:
    """Announce the whole of *body*, and send some of it."""
    response = await exchange.begin(answer, len(body))
    await response.write(_part(exchange, body))
    return response


def _part(exchange: Exchange, body: bytes) -> bytes:
    """Return some of the body, from its beginning: never nothing, never all but for one byte."""
    return body[: 1 + int(exchange.random.random() * max(0, len(body) - 2))]
