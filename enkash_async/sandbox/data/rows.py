"""Rows as the store keeps them, from what a maker invents. No I/O."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from enkash_async.sandbox.data.table import Columns, Key, Row, Table
from enkash_async.sandbox.settings import SandboxSettings


class RowMaker:
    """Makes rows of a table: the same ones for the same settings and sequence of calls."""

    def __init__(self, table: Table, settings: SandboxSettings) -> None:
        self._stored = table.stored
        self._maker = table.maker(settings)
        self._encode = msgspec.json.Encoder().encode

    def rows(self, keys: Sequence[Key]) -> list[Row]:
        """Make one row for each key."""
        return self._written(self._maker.invent(keys))

    def row(self, key: Key, given: Mapping[str, Any]) -> Row:
        """Make one row; *given* are values of its columns that are not invented."""
        columns = dict(self._maker.invent([key]))
        columns |= {name: [value] for name, value in given.items()}
        [row] = self._written(columns)
        return row

    def _written(self, columns: Columns) -> list[Row]:
        texts = map(self._encode, self._maker.write(columns))
        return list(zip(*(columns[name] for name in self._stored), texts, strict=True))


def structs(kind: type[msgspec.Struct], columns: Columns) -> Iterator[msgspec.Struct]:
    """Return one struct for each row, its fields from the columns of their names."""
    return map(kind, *(columns[name] for name in kind.__struct_fields__))


def grouped(objects: Iterable[msgspec.Struct], sizes: Sequence[int]) -> list[list[msgspec.Struct]]:
    """Deal out *objects*, as many to each row as *sizes* says."""
    rest = iter(objects)
    return [list(itertools.islice(rest, size)) for size in sizes]


def money(paise: int) -> msgspec.Raw:
    """Return the number with two digits after the point, without going through a float."""
    rupees, rest = divmod(abs(paise), 100)
    return msgspec.Raw(b"%s%d.%02d" % (b"-" if paise < 0 else b"", rupees, rest))
