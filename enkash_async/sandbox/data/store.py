"""The customers, in SQLite. Blocking, and bound to the thread that opened it."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec

from enkash_async.sandbox.data.filters import Condition
from enkash_async.sandbox.data.seeding import COLUMNS, HIDDEN_COLUMNS, LATEST, Key, Row

# Without a type, SQLite keeps every value as it is given. The id is an alias of the rowid,
# which stands at the end of every index and breaks ties there at no cost.
_SCHEMA = ", ".join(
    '"id" INTEGER PRIMARY KEY' if column == "id" else f'"{column}"'
    for column in (*COLUMNS, *HIDDEN_COLUMNS)
)
_INSERT = f"INSERT INTO customers VALUES ({', '.join('?' * (len(COLUMNS) + len(HIDDEN_COLUMNS)))})"
_DEFAULT_ORDER = '"createdOn", "id"'

# A prime above every seeded id: multiplying by a key modulo a prime is a permutation.
_PRIME = 2**31 - 1

_MAX_COUNTS = 10_000


@attrs.frozen
class Order:
    """The order of a search; with *shuffle*, ties fall as that key has it.

    Without a *column* it is the default order, or with *shuffle* no order at all.
    """

    column: str | None = None
    descending: bool = False
    shuffle: int | None = None

    def sql(self) -> str:
        terms: list[str] = []
        if self.column:
            terms.append(f'"{self.column}"')
        elif self.shuffle is None:
            terms.append('"createdOn"')
        terms.append('"id"' if self.shuffle is None else self._shuffled_id())
        way = "DESC" if self.descending else "ASC"
        return ", ".join(f"{term} {way}" for term in terms)

    def _shuffled_id(self) -> str:
        return f'"id" % {_PRIME} * {self.shuffle} % {_PRIME}'


class Store:
    """A table of customers with every field that can be filtered or sorted as a column."""

    def __init__(self) -> None:
        # An empty name is a private database that lives in memory until it outgrows the
        # cache, then in a temporary file that SQLite deletes.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA cache_size = -131072")
        self._connection.execute(f"CREATE TABLE customers ({_SCHEMA})")
        self._indexes: set[tuple[str, ...]] = set()
        self._counts: dict[tuple[Condition, ...], int] = {}

    def close(self) -> None:
        self._connection.close()

    def add(self, rows: Iterable[Row]) -> None:
        self._counts.clear()
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany(_INSERT, rows)

    def index(self) -> None:
        """Build the indexes every search needs; after seeding, since that is faster."""
        self._connection.execute("CREATE UNIQUE INDEX by_customer ON customers (customerId)")
        self._ensure_index("createdOn")

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many rows match; repeated counts of unchanged data cost nothing."""
        key = tuple(conditions)
        if key not in self._counts:
            # A sandbox may run for days and see a million windows.
            if len(self._counts) >= _MAX_COUNTS:
                self._counts.clear()
            self._ensure_filter_indexes(conditions)
            sql = f"SELECT count(*) FROM customers{_where(conditions)}"
            [(self._counts[key],)] = self._connection.execute(sql, _parameters(conditions))
        return self._counts[key]

    def page(
        self, conditions: Sequence[Condition], order: Order, offset: int, limit: int
    ) -> list[bytes]:
        """Return the JSON texts of at most *limit* matching rows after *offset* of them."""
        self._ensure_filter_indexes(conditions)
        if order.column and order.column != "id":
            self._ensure_index(order.column)
        sql = (
            f"SELECT record FROM customers{_where(conditions)} "
            f"ORDER BY {order.sql()} LIMIT ? OFFSET ?"
        )
        return self._texts(sql, (*_parameters(conditions), limit, offset))

    def records(self) -> list[bytes]:
        """Return the JSON texts of all rows in the default order."""
        return self._texts(f"SELECT record FROM customers ORDER BY {_DEFAULT_ORDER}", ())

    def customer_ids(self) -> list[str]:
        """Return the ids of all customers in the default order."""
        return self._texts(f"SELECT customerId FROM customers ORDER BY {_DEFAULT_ORDER}", ())

    def delete(self, customer_ids: Sequence[str]) -> int:
        """Delete these customers and return how many of them there were."""
        self._counts.clear()
        sql = "DELETE FROM customers WHERE customerId IN (SELECT value FROM json_each(?))"
        text = msgspec.json.encode(customer_ids).decode()
        return self._connection.execute(sql, (text,)).rowcount

    def neighbours(self, position: int) -> tuple[Key | None, Key | None]:
        """Return the keys of the rows before and at *position* of the default order.

        Raises ValueError if there are fewer than *position* rows.
        """
        if not 0 <= position <= (count := self.count(())):
            raise ValueError(f"There is no position {position} among {count} rows.")
        sql = f"SELECT createdOn, id FROM customers ORDER BY {_DEFAULT_ORDER} LIMIT 2 OFFSET ?"
        found = self._connection.execute(sql, (max(position - 1, 0),)).fetchall()
        if position == 0:
            found = [None, *found]
        before, at = (*found, None, None)[:2]
        return before, at

    def extremes(self) -> tuple[int, int, int]:
        """Return the earliest and the latest createdOn, and the highest id."""
        sql = "SELECT min(createdOn), max(createdOn), max(id) FROM customers"
        [(earliest, latest, highest)] = self._connection.execute(sql)
        return earliest or LATEST, latest or LATEST, highest or 0

    def _texts(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        return [text for (text,) in self._connection.execute(sql, parameters)]

    def _ensure_filter_indexes(self, conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            if condition.column and condition.column not in ("createdOn", "customerId"):
                # With createdOn, so that a filtered page in the default order needs no sort.
                self._ensure_index(condition.column, "createdOn")

    def _ensure_index(self, *columns: str) -> None:
        """Index *columns* when they are first needed; 27 indexes ahead would be slow to seed."""
        if columns not in self._indexes:
            name = f"index_{len(self._indexes)}"
            listed = ", ".join(f'"{column}"' for column in columns)
            self._connection.execute(f"CREATE INDEX {name} ON customers ({listed})")
            self._indexes.add(columns)


def _where(conditions: Sequence[Condition]) -> str:
    return " WHERE " + " AND ".join(one.sql for one in conditions) if conditions else ""


def _parameters(conditions: Sequence[Condition]) -> list[Any]:
    return [one.parameter for one in conditions]
