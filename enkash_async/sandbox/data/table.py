"""What a list is: its columns, its filters, and who invents its rows. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from enkash_async.sandbox.data.conditions import Filter
from enkash_async.sandbox.data.dates import read_instant
from enkash_async.sandbox.settings import SandboxSettings

Key = tuple[int | None, int]
"""Creation time and number of a row: its place in the default order."""

Row = tuple[Any, ...]
"""The values of the stored columns, then the record as JSON."""

Columns = Mapping[str, Sequence[Any]]
"""The values of many rows, by the name of their column."""


class Maker(Protocol):
    """Invents rows: the same ones for the same settings and sequence of calls."""

    def invent(self, keys: Sequence[Key]) -> Columns:
        """Return the columns of one row for each key.

        Times are milliseconds since 1970 and amounts whole paise: what SQLite compares exactly.
        """
        ...

    def write(self, columns: Columns) -> Iterable[object]:
        """Return the record of each row as it is sent, for msgspec to encode."""
        ...


@attrs.frozen(kw_only=True)
class CreationTime:
    """The column in whose order a list is read, and the two filters that bound it."""

    column: str
    begin: str
    end: str
    read: Callable[[object], float] = read_instant
    """Reads the value of a bound; ValueError says what is wrong with it."""


@attrs.frozen(kw_only=True)
class Table:
    """A list of the service: where it is searched, and what its records hold."""

    path: str
    request: str
    """The name of a search's body in the documentation, which errors mention."""

    columns: tuple[str, ...]
    """The scalar fields of a record: what rows can be ordered by."""

    hidden: tuple[str, ...] = ()
    """Columns that filters need and no record shows."""

    identity: str
    """The column that tells records apart."""

    number: str
    """The column of whole numbers that breaks ties; it may be hidden."""

    created: CreationTime
    filters: Mapping[str, Filter]
    """What else can be asked for, by the name of the field in the body."""

    maker: Callable[[SandboxSettings], Maker]

    times: tuple[str, ...] = ()
    """The columns that hold times, beside that of creation."""

    amounts: tuple[str, ...] = ()
    """The columns that hold amounts of money."""

    flags: tuple[str, ...] = ()
    """The fields that are true or false, also of the objects inside a record."""

    wholes: tuple[str, ...] = ()
    """Those that hold whole numbers, beside the number of the row."""

    numbers: tuple[str, ...] = ()
    """Those that hold other numbers. What is none of these is a text."""

    choices: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    """The texts that a field may hold, where not any."""

    lists: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    """The lists of a record, and the fields of the objects inside: none if these are texts."""

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that the store keeps beside the record."""
        return (*self.columns, *self.hidden)
