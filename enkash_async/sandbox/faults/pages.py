"""Pages whose rows are tampered with."""

from __future__ import annotations

import gzip
from typing import Any, ClassVar

import attrs
import msgspec
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.knobs import KNOB, Whole


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
        page.rows = self.change(page.rows, exchange)
        return web.Response(body=page.body(), content_type="application/json")

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        raise NotImplementedError


@attrs.frozen
class DuplicateRows(RowsOfPage):
    """Rows of the page come twice in a row."""

    name = "duplicate_rows"
    count: int = attrs.field(default=1, metadata={KNOB: Whole("so many of them", at_least=1)})

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        doubled = set(exchange.random.sample(range(len(rows)), min(self.count, len(rows))))
        return [row for index, row in enumerate(rows) for _ in range(1 + (index in doubled))]


@attrs.frozen
class ReorderRows(RowsOfPage):
    """The rows of the page come in another order."""

    name = "reorder_rows"
    needs = 2

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        shuffled = exchange.random.sample(rows, len(rows))
        # What came out as it went in would be no fault.
        return shuffled if shuffled != rows else rows[::-1]


@attrs.frozen
class BadRecord(RowsOfPage):
    """A record of the page has a text for its creation time that is no date."""

    name = "bad_record"

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        place = exchange.random.randrange(len(rows))
        record = msgspec.json.decode(rows[place], type=dict[str, msgspec.Raw])
        record[exchange.page.listed.time_field] = msgspec.Raw(b'"the day before yesterday"')
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
        except (msgspec.MsgspecError, RecursionError, KeyError):
            # Another fault made it no page, or nested it deeper than can be read.
            return None
        return cls(envelope, payload, rows)

    def body(self) -> bytes:
        payload = self.payload | {"data": self.rows}
        return msgspec.json.encode(self.envelope | {"payload": payload})
