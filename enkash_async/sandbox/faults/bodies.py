"""Successes with another body than the right one, or one too large."""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache

import attrs
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.kind import Delivery, Instead
from enkash_async.sandbox.knobs import KNOB, HeaderValue, Whole

_MEGABYTE = 1_000_000
_BLANKS = b" " * 50_000


@attrs.frozen
class Html(Instead):
    """HTTP 200 with a page to sign in, as a proxy or a firewall sends it."""

    name = "html"

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return html_page(200, "<h1>Sign in</h1>")


@attrs.frozen
class Empty(Instead):
    """HTTP 200 with nothing in it."""

    name = "empty"

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return web.Response(content_type="application/json")


@attrs.frozen
class ContentType(Delivery):
    """The right body under a wrong content type."""

    name = "content_type"
    value: str = attrs.field(default="text/html", metadata={KNOB: HeaderValue("the content type")})

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        answer.content_type = self.value
        return answer


@attrs.frozen
class HugeBody(Instead):
    """HTTP 200 with nothing but blanks, and a great many of them."""

    name = "huge_body"
    megabytes: int = attrs.field(default=128, metadata={KNOB: Whole("so many", at_least=1)})

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        head = web.Response(content_type="application/json")
        response = await exchange.begin(head, self.megabytes * _MEGABYTE)
        for _ in range(self.megabytes * _MEGABYTE // len(_BLANKS)):
            await response.write(_BLANKS)
        return response


@attrs.frozen
class GzipBomb(Instead):
    """HTTP 200 with a small body that inflates to nothing but blanks."""

    name = "gzip_bomb"
    megabytes: int = attrs.field(
        default=128, metadata={KNOB: Whole("so many when inflated", at_least=1)}
    )

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        body = await asyncio.get_running_loop().run_in_executor(None, _bomb, self.megabytes)
        headers = {hdrs.CONTENT_ENCODING: "gzip", hdrs.CONTENT_TYPE: "application/json"}
        return web.Response(body=body, headers=headers)


def html_page(status: int, text: str) -> web.Response:
    """Return a page as a proxy sends it, and no service."""
    return web.Response(
        status=status, text=f"<html><body>{text}</body></html>", content_type="text/html"
    )


@lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(b" " * _MEGABYTE) for _ in range(megabytes)]) + packer.flush()
