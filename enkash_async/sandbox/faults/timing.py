"""Answers that take their time."""

from __future__ import annotations

import attrs
from aiohttp import web

from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.kind import Before, Delivery
from enkash_async.sandbox.knobs import KNOB, Seconds, Whole

_HOW_LONG = Seconds("for so long; without it until the stall is released", optional=True)


@attrs.frozen
class Latency(Before):
    """The answer comes later."""

    name = "latency"
    seconds: float = attrs.field(default=0.1, metadata={KNOB: Seconds("so much later")})
    jitter: float = attrs.field(
        default=0.0, metadata={KNOB: Seconds("and up to so much more, at random")}
    )

    async def act(self, exchange: Exchange) -> None:
        await exchange.wait(self.seconds + self.jitter * exchange.random.random())


@attrs.frozen
class Stall(Before):
    """The server takes the request and says nothing."""

    name = "stall"
    seconds: float | None = attrs.field(default=None, metadata={KNOB: _HOW_LONG})

    async def act(self, exchange: Exchange) -> None:
        await exchange.wait(self.seconds)


@attrs.frozen
class StallInside(Delivery):
    """The answer stops in the middle of its body, and the connection stays open."""

    name = "stall_inside"
    seconds: float | None = attrs.field(default=None, metadata={KNOB: _HOW_LONG})

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        response = await exchange.begin(answer, len(body))
        await response.write(body[: len(body) // 2])
        await exchange.wait(self.seconds)
        await response.write(body[len(body) // 2 :])
        return response


@attrs.frozen
class Trickle(Delivery):
    """The body comes in small pieces with a pause after each."""

    name = "trickle"
    pieces: int = attrs.field(default=20, metadata={KNOB: Whole("so many", at_least=2)})
    seconds: float = attrs.field(default=0.01, metadata={KNOB: Seconds("each pause")})

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        response = await exchange.begin(answer, len(body))
        size = -(-len(body) // self.pieces)
        for start in range(0, len(body), size):
            await response.write(body[start : start + size])
            await exchange.wait(self.seconds)
        return response
