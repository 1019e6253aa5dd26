"""Lists that change while they are read, tokens that end, an account that is locked."""

from __future__ import annotations

from typing import Literal

import attrs

from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.kind import Before
from enkash_async.sandbox.knobs import KNOB, OneOf, Whole

Place = Literal["anywhere", "start", "end"]


@attrs.frozen
class ExpireTokens(Before):
    """Every token issued so far ends before the request is looked at."""

    name = "expire_tokens"

    async def act(self, exchange: Exchange) -> None:
        exchange.logins.expire()


@attrs.frozen
class LockOut(Before):
    """The account is locked: issued tokens end, and every login is refused from now on."""

    name = "lock_out"

    async def act(self, exchange: Exchange) -> None:
        exchange.logins.lock()
        exchange.logins.expire()


@attrs.frozen
class RowsChange(Before):
    """The list changes by *count* rows at *place* before the page is read."""

    search_only = True
    count: int = attrs.field(default=1, metadata={KNOB: Whole("so many", at_least=1)})
    place: Place = attrs.field(
        default="anywhere", metadata={KNOB: OneOf(Place, "where in the default order")}
    )


@attrs.frozen
class InsertRows(RowsChange):
    """Rows are added before the page is read."""

    name = "insert_rows"

    async def act(self, exchange: Exchange) -> None:
        listed = exchange.page.listed
        if self.place != "anywhere":
            listed.insert(self.count, newest=self.place == "end")
            return
        position = exchange.random.randint(0, len(listed.ids()))
        try:
            listed.insert_at(position, self.count)
        except ValueError:
            # No room between two rows of one instant.
            listed.insert(self.count)


@attrs.frozen
class DeleteRows(RowsChange):
    """Rows are deleted before the page is read."""

    name = "delete_rows"

    async def act(self, exchange: Exchange) -> None:
        listed = exchange.page.listed
        ids = listed.ids()
        count = min(self.count, len(ids))
        start = {"start": 0, "end": len(ids) - count}.get(self.place)
        doomed = exchange.random.sample(ids, count) if start is None else ids[start:][:count]
        listed.delete(doomed)
