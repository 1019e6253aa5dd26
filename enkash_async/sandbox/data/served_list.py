"""A list as the service serves it: its store and its maker of rows, in a thread of their own."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec

from enkash_async.sandbox.data import placement
from enkash_async.sandbox.data.rows import RowMaker
from enkash_async.sandbox.data.seeding import seed_keys
from enkash_async.sandbox.data.store import Store
from enkash_async.sandbox.data.table import Key, Table
from enkash_async.sandbox.settings import SandboxSettings

T = TypeVar("T")

# One chunk of seeding is what a cancelled start waits for.
_CHUNK = 2_000

_decode_record = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class ServedList:
    """The rows of a table, used from an event loop.

    What is awaited leaves the event loop free; the plain methods hold it up until the
    thread has come round to them.
    """

    def __init__(self, table: Table, settings: SandboxSettings) -> None:
        self.table = table
        self._settings = settings
        self._maker = RowMaker(table, settings)
        self._worker = ThreadPoolExecutor(1, "enkash-sandbox")
        # SQLite's connection belongs to the thread that opens it.
        self._store = self._wait_for(partial(Store, table))

    @property
    def time_field(self) -> str:
        """The field of a record that says when it was created."""
        return self.table.created.column

    async def seed(self) -> None:
        """Fill the empty store."""
        keys = seed_keys(self._settings)
        while chunk := list(itertools.islice(keys, _CHUNK)):
            await self.run(partial(self._add, chunk))
        await self.run(self._store.index)

    async def read(self, read: Callable[[Store], T]) -> T:
        """Return what *read* returns; it has the store to itself meanwhile."""
        return await self.run(partial(read, self._store))

    async def run(self, function: Callable[[], T]) -> T:
        """Return what *function* returns, called in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, function)

    def ids(self) -> list[str]:
        """Return the identities of all rows in the default order."""
        return self._wait_for(self._store.identities)

    def records(self) -> list[dict[str, Any]]:
        """Return all records as on the wire, in the default order, money as Decimal."""
        return [_decode_record(text) for text in self._wait_for(self._store.records)]

    def insert(self, count: int, *, newest: bool = True) -> list[str]:
        """Add rows created after all others, or before, and return their ids in order.

        Those created before still sort after the rows that have no creation time.
        """
        return self._wait_for(partial(self._insert, count, newest))

    def insert_at(self, position: int, count: int) -> list[str]:
        """Add rows that stand from *position* on in the default order; return their ids.

        Raises ValueError if *position* is beyond the end, or if its neighbours were created
        at the same instant and have no free numbers between them.
        """
        return self._wait_for(partial(self._insert_at, position, count))

    def delete(self, ids: Iterable[str]) -> int:
        """Delete these rows and return how many of them there were."""
        return self._wait_for(partial(self._store.delete, list(ids)))

    def close(self) -> None:
        """Drop the data and end the thread."""
        self._wait_for(self._store.close)
        self._worker.shutdown()

    def _insert(self, count: int, newest: bool) -> list[str]:
        ends, tick = self._store.extremes(), self._settings.tick
        if newest:
            return self._add(placement.keys_after(ends.latest, ends.highest_number, count, tick))
        return self._add(placement.keys_before(ends.earliest, ends.highest_number, count, tick))

    def _insert_at(self, position: int, count: int) -> list[str]:
        before, after = self._store.neighbours(position)
        highest = self._store.extremes().highest_number
        keys = placement.keys_between(before, after, highest, count, self._settings.tick)
        try:
            return self._add(keys)
        except sqlite3.IntegrityError as error:
            # Neighbours of one instant may have numbers with those of other rows between them.
            raise ValueError(
                f"There is no room for {count} rows at position {position}."
            ) from error

    def _add(self, keys: Sequence[Key]) -> list[str]:
        rows = self._maker.rows(keys)
        self._store.add(rows)
        identity = self.table.stored.index(self.table.identity)
        return [row[identity] for row in rows]

    def _wait_for(self, function: Callable[[], T]) -> T:
        return self._worker.submit(function).result()
