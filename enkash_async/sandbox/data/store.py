"""The rows of a list, in SQLite. Blocking, and bound to the thread that opened it."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec

from enkash_async.sandbox.data.conditions import Condition
from enkash_async.sandbox.data.order import Order
from enkash_async.sandbox.data.table import Key, Row, Table

_MAX_COUNTS = 10_000


@attrs.frozen
class Extremes:
    """What lies at both ends of a list: None or 0 if it is empty."""

    earliest: int | None
    latest: int | None
    highest_number: int


class Store:
    """The rows of a table, with every field that can be filtered or sorted as a column."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._default_order = Order().sql(table)
        # An empty name is a private database that lives in memory until it outgrows the
        # cache, then in a temporary file that SQLite deletes.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA cache_size = -131072")
        self._connection.execute(f"CREATE TABLE listed ({_schema(table)})")
        places = ", ".join("?" * (len(table.stored) + 1))
        self._insertion = f"INSERT INTO listed VALUES ({places})"
        self._indexes: set[tuple[str, ...]] = set()
        self._counts: dict[tuple[Condition, ...], int] = {}

    def close(self) -> None:
        self._connection.close()

    def add(self, rows: Iterable[Row]) -> None:
        self._counts.clear()
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany(self._insertion, rows)

    def index(self) -> None:
        """Build the indexes every search needs; after seeding, since that is faster."""
        self._connection.execute(f'CREATE UNIQUE INDEX by_identity ON listed ("{self._identity}")')
        self._ensure_index(self._created)

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many rows match; repeated counts of unchanged data cost nothing."""
        key = tuple(conditions)
        if key not in self._counts:
            # A sandbox may run for days and see a million windows.
            if len(self._counts) >= _MAX_COUNTS:
                self._counts.clear()
            self._ensure_filter_indexes(conditions)
            sql = f"SELECT count(*) FROM listed{_where(conditions)}"
            [(self._counts[key],)] = self._connection.execute(sql, _parameters(conditions))
        return self._counts[key]

    def page(
        self, conditions: Sequence[Condition], order: Order, offset: int, limit: int
    ) -> list[bytes]:
        """Return the JSON texts of at most *limit* matching rows after *offset* of them."""
        self._ensure_filter_indexes(conditions)
        if order.column and order.column != self._table.number:
            self._ensure_index(order.column)
        sql = (
            f"SELECT record FROM listed{_where(conditions)} "
            f"ORDER BY {order.sql(self._table)} LIMIT ? OFFSET ?"
        )
        return self._texts(sql, (*_parameters(conditions), limit, offset))

    def records(self) -> list[bytes]:
        """Return the JSON texts of all rows in the default order."""
        return self._texts(f"SELECT record FROM listed ORDER BY {self._default_order}", ())

    def identities(self) -> list[str]:
        """Return what tells the rows apart, in the default order."""
        sql = f'SELECT "{self._identity}" FROM listed ORDER BY {self._default_order}'
        return self._texts(sql, ())

    def row(self, identity: str) -> Row:
        """Return the row of this *identity*; KeyError if there is none."""
        if not isinstance(identity, str):
            # Such as what `insert` returns, which is a list.
            raise TypeError(f"{self._identity} must be a str, not {type(identity).__name__}")
        found = self._connection.execute(
            f'SELECT * FROM listed WHERE "{self._identity}" = ?', (identity,)
        ).fetchone()
        if found is None:
            raise KeyError(f"no row has the {self._identity} {identity!r}")
        row: Row = found
        return row

    def replace(self, identity: str, row: Row) -> None:
        """Put *row* in place of the one of this *identity*."""
        self._counts.clear()
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute(
                f'DELETE FROM listed WHERE "{self._identity}" = ?', (identity,)
            )
            self._connection.execute(self._insertion, row)

    def delete(self, identities: Sequence[str]) -> int:
        """Delete these rows and return how many of them there were."""
        self._counts.clear()
        sql = f'DELETE FROM listed WHERE "{self._identity}" IN (SELECT value FROM json_each(?))'
        text = msgspec.json.encode(identities).decode()
        return self._connection.execute(sql, (text,)).rowcount

    def neighbours(self, position: int) -> tuple[Key | None, Key | None]:
        """Return the keys of the rows before and at *position* of the default order.

        Raises ValueError if there are fewer than *position* rows.
        """
        count = self.count(())
        if not 0 <= position <= count:
            raise ValueError(f"There is no position {position} among {count} rows.")
        sql = (
            f'SELECT "{self._created}", "{self._table.number}" FROM listed'
            f" ORDER BY {self._default_order} LIMIT 2 OFFSET ?"
        )
        found = self._connection.execute(sql, (max(position - 1, 0),)).fetchall()
        if position == 0:
            found = [None, *found]
        before, at = (*found, None, None)[:2]
        return before, at

    def extremes(self) -> Extremes:
        sql = (
            f'SELECT min("{self._created}"), max("{self._created}"),'
            f' max("{self._table.number}") FROM listed'
        )
        [(earliest, latest, highest)] = self._connection.execute(sql)
        return Extremes(earliest, latest, highest or 0)

    @property
    def _identity(self) -> str:
        return self._table.identity

    @property
    def _created(self) -> str:
        return self._table.created.column

    def _texts(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        return [text for (text,) in self._connection.execute(sql, parameters)]

    def _ensure_filter_indexes(self, conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            if condition.column and condition.column not in (self._created, self._identity):
                # With the time, so that a filtered page in the default order needs no sort.
                self._ensure_index(condition.column, self._created)

    def _ensure_index(self, *columns: str) -> None:
        """Index *columns* when they are first needed; an index each ahead is slow to seed."""
        if columns not in self._indexes:
            name = f"index_{len(self._indexes)}"
            listed = ", ".join(f'"{column}"' for column in columns)
            self._connection.execute(f"CREATE INDEX {name} ON listed ({listed})")
            self._indexes.add(columns)


def _schema(table: Table) -> str:
    # Without a type, SQLite keeps every value as it is given. The number is an alias of the
    # rowid, which stands at the end of every index and breaks ties there at no cost.
    return ", ".join(
        f'"{column}" INTEGER PRIMARY KEY' if column == table.number else f'"{column}"'
        for column in (*table.stored, "record")
    )


def _where(conditions: Sequence[Condition]) -> str:
    return " WHERE " + " AND ".join(one.sql for one in conditions) if conditions else ""


def _parameters(conditions: Sequence[Condition]) -> list[Any]:
    return [one.parameter for one in conditions]
