"""What all kinds of fault have in common."""

from __future__ import annotations

from typing import ClassVar

import attrs
from aiohttp import web

from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.keywords import keywords_named
from enkash_async.sandbox.knobs import KNOB, Rule


@attrs.frozen
class Kind:
    """A way in which an answer goes wrong; its attributes say how badly.

    Raises TypeError or ValueError for an attribute that it cannot have.
    """

    name: ClassVar[str]
    search_only: ClassVar[bool] = False

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        keywords_named(cls)

    def __attrs_post_init__(self) -> None:
        for name, rule in self.rules().items():
            rule.check(name, getattr(self, name))

    @classmethod
    def rules(cls) -> dict[str, Rule]:
        """Return what can be set, by name."""
        return {field.name: field.metadata[KNOB] for field in attrs.fields(cls)}

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        """Answer in place of *respond*, which may be called for the answer as it should be."""
        raise NotImplementedError


@attrs.frozen
class Before(Kind):
    """Something happens before the request is answered as it should be."""

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        exchange.count(self.name)
        await self.act(exchange)
        return await respond()

    async def act(self, exchange: Exchange) -> None:
        raise NotImplementedError


@attrs.frozen
class Instead(Kind):
    """The request is not looked at, and something else is answered."""

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        exchange.count(self.name)
        return await self.answer(exchange)

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        raise NotImplementedError


@attrs.frozen
class Delivery(Kind):
    """The right answer arrives in a wrong way.

    An answer that another fault has begun to send, or one without a body, is left alone.
    """

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        answer = await respond()
        if not isinstance(answer, web.Response) or answer.prepared:
            return answer
        if not isinstance(answer.body, bytes):
            return answer
        exchange.count(self.name)
        return await self.deliver(exchange, answer, answer.body)

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        raise NotImplementedError
