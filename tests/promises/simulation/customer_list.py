"""The list of customers as the service has it, and the pages that it hands out. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import attrs

from tests.promises.simulation.odd import TIMES
from tests.promises.simulation.plan import Change, Reader, World

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
STEP = timedelta(seconds=97)
CROWD = 7
"""In a list after a bulk import, every so many rows share a second."""


@attrs.frozen(eq=False)
class Row:
    """A customer: its id, when it was created, and its record as JSON."""

    id: str
    created: datetime | None
    text: bytes
    touched: datetime = BEGIN


@attrs.frozen
class Ask:
    """What one request asks for."""

    offset: int
    limit: int
    order_by: str | None = None
    descending: bool = False
    begin: datetime | None = None
    end: datetime | None = None


class CustomerList:
    """The rows, in the order of the service; they come and go."""

    def __init__(self, world: World, *, only_grows_at_end: bool) -> None:
        self._world = world
        self._only_grows_at_end = only_grows_at_end
        self._made = 0
        self.rows: list[Row] = []
        self.deleted: set[str] = set()
        self.touched: set[str] = set()
        self.changes = 0
        for number in range(world.rows):
            undated = world.rows - number <= world.undated
            self.rows.append(self._row(None if undated else _created(world, number)))
        if world.newest_first:
            self.rows.reverse()

    def ids(self, reader: Reader) -> list[str]:
        """Return the ids of all rows that *reader* is to find, in its order."""
        ask = Ask(0, 1, reader.order_by, descending=reader.direction == "DESC")
        rows = self._in_order(ask)[reader.offset :]
        return [row.id for row in rows if row.created is not None or not reader.crawls]

    def _row(self, created: datetime | None) -> Row:
        self._made += 1
        id_ = f"KC{self._made:014}"
        when = b"null" if created is None else TIMES[self._world.times](created)
        # A letter that is written in another way in each encoding.
        name = f"R\u00e9al {self._made}".encode()
        text = b'{"customerId":"%b","createdOn":%b,"legalName":"%b"}' % (id_.encode(), when, name)
        return Row(id_, created, text)

    # Changes

    def change(self, change: Change, now: datetime) -> None:
        """Let rows come or go."""
        self.changes += 1
        at = int(change.place * (len(self.rows) + 1))
        if change.what == "delete":
            gone = self.rows[at : at + change.many]
            self.deleted.update(row.id for row in gone)
            del self.rows[at : at + change.many]
            return
        if change.what == "touch":
            touched = [attrs.evolve(row, touched=now) for row in self.rows[at : at + change.many]]
            self.rows[at : at + change.many] = touched
            self.touched.update(row.id for row in touched)
            return
        if self._only_grows_at_end:
            # What a crawl may assume: nothing is created in the past.
            at, created = (0 if self._world.newest_first else len(self.rows)), now
        else:
            created = self._created_at(at)
        self.rows[at:at] = [self._row(created) for _ in range(change.many)]

    def _created_at(self, at: int) -> datetime:
        near = [row.created for row in self.rows[max(0, at - 1) : at + 1] if row.created]
        return near[0] if near else BEGIN

    # Answers

    def page(self, ask: Ask) -> tuple[list[Row], int, bool]:
        """Return the rows of a page, how many match, and whether it lies past their end."""
        world = self._world
        rows = self._in_order(ask)
        limit = min(ask.limit, world.cap or ask.limit)
        number = ask.offset - world.first_offset
        at = max(0, number * limit if world.unit == "pages" else number)
        if world.ends_by_bytes:
            # Whatever lies there decides; at least two rows, so that pages can overlap.
            limit = min(limit, max(2, limit - crc32(b"%d" % at) % 7))
        is_past = at >= len(rows)
        if is_past and rows and world.past_end == "last_page":
            at = (len(rows) - 1) // limit * limit
        return rows[at : at + limit], len(rows), is_past

    def _in_order(self, ask: Ask) -> list[Row]:
        rows = self.rows
        if ask.begin is not None or ask.end is not None:
            rows = [row for row in rows if self._is_within(row, ask)]
        if ask.order_by is not None:
            by: dict[str, Callable[[Row], Any]] = {
                "createdOn": lambda row: (row.created or BEGIN, row.id),
                "customerId": lambda row: row.id,
                "modifiedOn": lambda row: (row.touched, row.id),
            }
            rows = sorted(rows, key=by[ask.order_by], reverse=ask.descending)
        return rows

    def _is_within(self, row: Row, ask: Ask) -> bool:
        if row.created is None:
            return False
        style, ignored = self._world.bounds, self._world.ignored
        begin = None if ignored in ("begin", "both") else ask.begin
        end = None if ignored in ("end", "both") else ask.end
        if begin is not None and (
            row.created < begin or (style == "exclusive" and row.created == begin)
        ):
            return False
        return end is None or row.created < end or (style == "inclusive" and row.created == end)


def _created(world: World, number: int) -> datetime:
    steps: dict[str, float] = {
        "even": number,
        "rising": (number * world.rows) ** 0.5,
        "bulk": number // CROWD * CROWD,
    }
    return (BEGIN + STEP * steps[world.spread]).replace(microsecond=0)
