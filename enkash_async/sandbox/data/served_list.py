"""The customers behind the server: the store and the maker of rows, in a thread of their own."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec

from enkash_async.sandbox.data import placement
from enkash_async.sandbox.data.customers.maker import RecordMaker
from enkash_async.sandbox.data.seeding import COLUMNS, Key, seed_keys
from enkash_async.sandbox.data.store import Store
from enkash_async.sandbox.settings import SandboxSettings

T = TypeVar("T")

# One chunk of seeding is what a cancelled start waits for.
_CHUNK = 2_000

_CUSTOMER_ID = COLUMNS.index("customerId")

_decode_record = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class Customers:
    """The store of a sandbox, used from an event loop.

    What is awaited leaves the event loop free; the plain methods hold it up until the
    thread has come round to them.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._maker = RecordMaker(settings)
        self._worker = ThreadPoolExecutor(1, "enkash-sandbox")
        # SQLite's connection belongs to the thread that opens it.
        self._store = self._wait_for(Store)

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

    def customer_ids(self) -> list[str]:
        return self._wait_for(self._store.customer_ids)

    def records(self) -> list[dict[str, Any]]:
        return [_decode_record(text) for text in self._wait_for(self._store.records)]

    def insert(self, count: int, *, newest: bool) -> list[str]:
        return self._wait_for(partial(self._insert, count, newest))

    def insert_at(self, position: int, count: int) -> list[str]:
        return self._wait_for(partial(self._insert_at, position, count))

    def delete(self, customer_ids: Sequence[str]) -> int:
        return self._wait_for(partial(self._store.delete, customer_ids))

    def close(self) -> None:
        """Drop the data and end the thread."""
        self._wait_for(self._store.close)
        self._worker.shutdown()

    def _insert(self, count: int, newest: bool) -> list[str]:
        earliest, latest, highest_id = self._store.extremes()
        if newest:
            return self._add(placement.keys_after(latest, highest_id, count, self._settings.tick))
        return self._add(placement.keys_before(earliest, highest_id, count, self._settings.tick))

    def _insert_at(self, position: int, count: int) -> list[str]:
        before, after = self._store.neighbours(position)
        _, _, highest_id = self._store.extremes()
        tick = self._settings.tick
        keys = placement.keys_between(before, after, highest_id, count, tick)
        try:
            return self._add(keys)
        except sqlite3.IntegrityError as error:
            # Neighbours of one instant may have ids with those of other rows between them.
            raise ValueError(
                f"There is no room for {count} rows at position {position}."
            ) from error

    def _add(self, keys: Sequence[Key]) -> list[str]:
        rows = self._maker.rows(keys)
        self._store.add(rows)
        return [row[_CUSTOMER_ID] for row in rows]

    def _wait_for(self, function: Callable[[], T]) -> T:
        return self._worker.submit(function).result()
