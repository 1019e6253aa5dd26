"""Lists that change, pages that lie, tokens that end."""

from __future__ import annotations

import gzip
from random import Random
from typing import Any, ClassVar, Literal

import attrs
import msgspec
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.faults.kind import Before, Kind
from enkash_async.sandbox.knobs import KNOB, OneOf, Whole

Place = Literal["anywhere", "start", "end"]


@attrs.frozen
class ExpireTokens(Before):
    """Every token issued so far ends before the request is looked at."""

    name = "expire_tokens"

    async def act(self, exchange: Exchange) -> None:
        exchange.sandbox.expire_tokens()


@attrs.frozen
class LockOut(Before):
    """The account is locked: issued tokens end, and every login is refused from now on."""

    name = "lock_out"

    async def act(self, exchange: Exchange) -> None:
        exchange.sandbox.lock_account()
        exchange.sandbox.expire_tokens()


@attrs.frozen
class InsertRows(Before):
    """Customers are added before the page is read."""

    name = "insert_rows"
    search_only = True
    count: int = attrs.field(default=1, metadata={KNOB: Whole("so many", least=1)})
    place: Place = attrs.field(
        default="anywhere", metadata={KNOB: OneOf(Place, "where in the default order")}
    )

    async def act(self, exchange: Exchange) -> None:
        sandbox = exchange.sandbox
        if self.place != "anywhere":
            sandbox.insert(self.count, newest=self.place == "end")
            return
        position = exchange.random.randint(0, len(sandbox.customer_ids()))
        try:
            sandbox.insert_at(position, self.count)
        except ValueError:
            # No room between two rows of one instant.
            sandbox.insert(self.count)


@attrs.frozen
class DeleteRows(Before):
    """Customers are deleted before the page is read."""

    name = "delete_rows"
    search_only = True
    count: int = attrs.field(default=1, metadata={KNOB: Whole("so many", least=1)})
    place: Place = attrs.field(
        default="anywhere", metadata={KNOB: OneOf(Place, "where in the default order")}
    )

    async def act(self, exchange: Exchange) -> None:
        ids = exchange.sandbox.customer_ids()
        count = min(self.count, len(ids))
        start = {"start": 0, "end": len(ids) - count}.get(self.place)
        doomed = exchange.random.sample(ids, count) if start is None else ids[start:][:count]
        exchange.sandbox.delete(doomed)


@attrs.frozen
class RowsOfPage(Kind):
    """The rows of a page are tampered with; *needs* is how many it must hold for that."""

    search_only = True
    needs: ClassVar[int] = 1

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        answer = await respond()
        page = _Page.of(answer)
        if page is None or len(page.rows) < self.needs:
            return answer
        exchange.count(self.name)
        page.rows = self.change(page.rows, exchange.random)
        return web.Response(body=page.body(), content_type="application/json")

    def change(self, rows: list[msgspec.Raw], random: Random) -> list[msgspec.Raw]:
        raise NotImplementedError


@attrs.frozen
class DuplicateRows(RowsOfPage):
    """Rows of the page come twice in a row."""

    name = "duplicate_rows"
    count: int = attrs.field(default=1, metadata={KNOB: Whole("so many of them", least=1)})

    def change(self, rows: list[msgspec.Raw], random: Random) -> list[msgspec.Raw]:
        doubled = set(random.sample(range(len(rows)), min(self.count, len(rows))))
        return [row for index, row in enumerate(rows) for _ in range(1 + (index in doubled))]


@attrs.frozen
class ReorderRows(RowsOfPage):
    """The rows of the page come in another order."""

    name = "reorder_rows"
    needs = 2

    def change(self, rows: list[msgspec.Raw], random: Random) -> list[msgspec.Raw]:
        shuffled = random.sample(rows, len(rows))
        # What came out as it went in would be no fault.
        return shuffled if shuffled != rows else rows[::-1]


@attrs.frozen
class BadRecord(RowsOfPage):
    """A record of the page has a text for createdOn that is no date."""

    name = "bad_record"

    def change(self, rows: list[msgspec.Raw], random: Random) -> list[msgspec.Raw]:
        place = random.randrange(len(rows))
        record = msgspec.json.decode(rows[place], type=dict[str, msgspec.Raw])
        record["createdOn"] = msgspec.Raw(b'"the day before yesterday"')
        return [*rows[:place], msgspec.Raw(msgspec.json.encode(record)), *rows[place + 1 :]]


@attrs.define
class _Page:
    """The rows of a page, and the envelope around them."""

    envelope: dict[str, Any]
    payload: dict[str, Any]
    rows: list[msgspec.Raw]

    @classmethod
    def of(cls, answer: web.StreamResponse) -> _Page | None:
        """Return what *answer* holds, None if it is no page or on its way already."""
        if not isinstance(answer, web.Response) or answer.prepared or answer.status != 200:
            return None
        body = answer.body
        if not isinstance(body, bytes):
            return None
        if answer.headers.get(hdrs.CONTENT_ENCODING) == "gzip":
            body = gzip.decompress(body)
        return cls._read(body)

    @classmethod
    def _read(cls, body: bytes) -> _Page | None:
        try:
            envelope = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            payload = msgspec.json.decode(envelope["payload"], type=dict[str, msgspec.Raw])
            rows = msgspec.json.decode(payload["data"], type=list[msgspec.Raw])
        except (msgspec.MsgspecError, KeyError):
            return None
        return cls(envelope, payload, rows)

    def body(self) -> bytes:
        payload = self.payload | {"data": self.rows}
        return msgspec.json.encode(self.envelope | {"payload": payload})
