"""A list as the service serves it: its store and its maker of rows, in a thread of their own."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec

from enkash_async.sandbox.data import placement
from enkash_async.sandbox.data.given import GivenFields
from enkash_async.sandbox.data.rows import RowMaker
from enkash_async.sandbox.data.seeding import latest, seed_keys
from enkash_async.sandbox.data.store import Store
from enkash_async.sandbox.data.table import Key, Table
from enkash_async.sandbox.knobs import Whole
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
        self._given = GivenFields(table, settings)
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
        _check_count("count", count)
        return self._wait_for(partial(self._insert, count, newest))

    def put(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Add a row with these *fields*, the others invented; return its record as on the wire.

        It is the newest unless its creation time is given. TypeError or ValueError for what cannot
        be, or is there already.
        """
        return _decode_record(self._wait_for(partial(self._put, fields)))

    def update(self, identity: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change *fields* of a row and return its record; KeyError if there is no such row."""
        return _decode_record(self._wait_for(partial(self._update, identity, fields)))

    def insert_at(self, position: int, count: int) -> list[str]:
        """Add rows that stand from *position* on in the default order; return their ids.

        Raises ValueError if *position* is beyond the end, or if its neighbours were created
        at the same instant and have no free numbers between them.
        """
        _check_count("position", position)
        _check_count("count", count)
        return self._wait_for(partial(self._insert_at, position, count))

    def delete(self, ids: str | Iterable[str]) -> int:
        """Delete these rows, or one, and return how many of them there were."""
        if isinstance(ids, bytes) or not isinstance(ids, Iterable):
            raise TypeError(f"what to delete must be an id, or several in a list, got {ids!r}")
        several = [ids] if isinstance(ids, str) else list(ids)
        for one in several:
            if not isinstance(one, str):
                raise TypeError(f"each id to delete must be a str, got {one!r}")
        return self._wait_for(partial(self._store.delete, several))

    def close(self) -> None:
        """Drop the data and end the thread."""
        self._wait_for(self._store.close)
        self._worker.shutdown()

    def _insert(self, count: int, newest: bool) -> list[str]:
        ends, tick, now = self._store.extremes(), self._settings.tick, latest(self._settings)
        if newest:
            last = now if ends.latest is None else ends.latest
            return self._add(placement.keys_after(last, ends.highest_number, count, tick))
        first = now if ends.earliest is None else ends.earliest
        return self._add(placement.keys_before(first, ends.highest_number, count, tick))

    def _put(self, fields: Mapping[str, Any]) -> bytes:
        given, table, ends = self._given.named(fields), self.table, self._store.extremes()
        stored = {
            name: self._given.stored(name, value)
            for name, value in given.items()
            if name in table.stored
        }
        last = latest(self._settings) if ends.latest is None else ends.latest
        key = (
            stored.get(table.created.column, last + self._settings.tick),
            stored.get(table.number, ends.highest_number + 1),
        )
        # What is None is put in afterwards: a maker does not expect it everywhere.
        known = {name: value for name, value in stored.items() if value is not None}
        row = self._given.applied(self._maker.row(key, known), given)
        with self._unique():
            self._store.add([row])
        text: bytes = row[-1]
        return text

    def _update(self, identity: str, fields: Mapping[str, Any]) -> bytes:
        row = self._given.applied(self._store.row(identity), self._given.named(fields))
        with self._unique():
            self._store.replace(identity, row)
        text: bytes = row[-1]
        return text

    @contextmanager
    def _unique(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            names = f"{self.table.identity} or {self.table.number}"
            raise ValueError(f"another row has the same {names}") from error

    def _insert_at(self, position: int, count: int) -> list[str]:
        before, after = self._store.neighbours(position)
        highest = self._store.extremes().highest_number
        tick, now = self._settings.tick, latest(self._settings)
        keys = placement.keys_between(before, after, highest, count, tick, now)
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


def _check_count(name: str, value: object) -> None:
    Whole("").check(name, value)
