"""The operation that reads a page of a list."""

import asyncio
import gzip
from functools import partial
from random import Random

from aiohttp import hdrs, web

from enkash_async.sandbox.data.order import PRIME, Order
from enkash_async.sandbox.data.served_list import ServedList
from enkash_async.sandbox.data.store import Store
from enkash_async.sandbox.faults.exchange import AskedPage, Exchange, identity_of
from enkash_async.sandbox.faults.injection import Injection
from enkash_async.sandbox.service.calls import CallReader, Reading, SearchCall
from enkash_async.sandbox.service.envelope import RefusalError, success
from enkash_async.sandbox.service.paging import effective_limit, first_row
from enkash_async.sandbox.service.replies import ScriptedRefusal, json_reply, refused
from enkash_async.sandbox.service.sandbox import Sandbox
from enkash_async.sandbox.service.tokens import Tokens


class SearchOperation:
    """Answers the searches of one list."""

    def __init__(
        self, listed: ServedList, sandbox: Sandbox, tokens: Tokens, injection: Injection
    ) -> None:
        settings = sandbox.settings
        self._list = listed
        self._sandbox = sandbox
        self._settings = settings
        self._tokens = tokens
        self._injection = injection
        self._reader = CallReader(listed.table, settings)
        self._refuse = ScriptedRefusal(settings)
        self._shuffles = Random(f"shuffles {settings.seed}")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        sandbox = self._sandbox
        with sandbox.counting():
            content = await request.read()
            reading = self._reader.read(len(sandbox.searches), request, content)
            sandbox.searches.append(reading.call)
            exchange = self._exchange(reading.call, content)
            answer = await self._injection.answer(exchange, partial(self._try_search, reading))
            await asyncio.sleep(self._settings.latency)
            return answer

    async def _try_search(self, reading: Reading) -> web.StreamResponse:
        try:
            return await self._search(reading)
        except RefusalError as refusal:
            return refused(refusal, self._settings)

    async def _search(self, reading: Reading) -> web.StreamResponse:
        self._authorise(reading.call)
        _check(reading)
        hook = self._sandbox.on_search
        answer = await hook(reading.call) if hook else None
        return await self._send_page(reading) if answer is None else answer

    def _authorise(self, call: SearchCall) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.is_valid(token.strip()):
            raise RefusalError(401, "UNAUTHORIZED", "The access token is missing or not valid.")

    async def _send_page(self, reading: Reading) -> web.Response:
        shuffle = self._shuffles.randrange(1, PRIME) if self._settings.unstable_order else None
        body = await self._list.read(partial(self._read_page, reading, shuffle))
        if not (self._settings.gzip and "gzip" in reading.call.headers.get("accept-encoding", "")):
            return json_reply(body)
        # aiohttp would compress in the event loop.
        response = json_reply(await self._list.run(partial(gzip.compress, body, 1)))
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        return response

    def _read_page(self, reading: Reading, shuffle: int | None, store: Store) -> bytes:
        """Read count and page in one go, so that no insertion comes between them."""
        call, conditions = reading.call, reading.conditions
        total = store.count(conditions)
        limit = effective_limit(call.limit, self._settings)
        order = Order(call.order_by, call.direction == "DESC", shuffle)
        start = first_row(call.offset, limit, total, self._settings)
        records = store.page(conditions, order, start, limit)
        return success(records, total, self._settings)

    def _exchange(self, call: SearchCall, content: bytes) -> Exchange:
        return Exchange(
            operation="search",
            number=call.number,
            identity=identity_of("search", call.request, content),
            request=call.request,
            holds=self._injection.holds,
            count=self._injection.count,
            refuse=self._refuse,
            logins=self._tokens,
            asked=self._asked(call),
        )

    def _asked(self, call: SearchCall) -> AskedPage:
        limit = effective_limit(call.limit, self._settings)
        # Without a total, so that an offset beyond the end stays there.
        row = first_row(call.offset, limit, 0, self._settings)
        return AskedPage(self._list, call.offset, call.limit, row)


def _check(reading: Reading) -> None:
    if reading.problems:
        message = "; ".join(f"{one.field or 'body'} {one.message}" for one in reading.problems)
        raise RefusalError(400, "VALIDATION_ERROR", message, reading.problems)
