"""Which columns are written, under which names, and which of them are masked. No I/O.

A column is a field of the record. JSON Lines and CSV call it as the service does (`customerId`),
Parquet as the record does (`customer_id`); who chooses columns may use either name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from enkash_async._decoding.declaration import RecordField, fields_of
from enkash_async.errors import InvalidArgumentError

PERSONAL = "personal"
"""Stands for every column that may hold personal or bank data."""

MASK = "***"
"""What a masked text becomes; other values become null, and lists empty."""


@attrs.frozen
class Column:
    """One column: its names on the wire and in a record, and how it is written."""

    wire: str
    name: str
    is_list: bool
    is_text: bool
    is_masked: bool = False
    renamed: str | None = None


@attrs.frozen
class Columns:
    """The columns of an export, in their order. *is_whole* where records stay as they came.

    *keeps_undeclared* says that fields which this version does not know are written too, as far as
    the format has room for them.
    """

    columns: tuple[Column, ...]
    is_whole: bool
    keeps_undeclared: bool

    def described(self) -> list[object]:
        """Return what two exports must have in common for one to go on from the other."""
        columns = [[one.wire, one.renamed, one.is_masked] for one in self.columns]
        return [columns, self.keeps_undeclared]


def columns_of(
    record: Any,
    names: Sequence[str] | None = None,
    mask: Collection[str] = (),
    rename: Mapping[str, str] | None = None,
) -> Columns:
    """Return the columns of *record* with these *names*, all unless given.

    InvalidArgumentError names what is wrong. *mask* holds names too, or `"personal"` for all
    columns that the `repr` of a record leaves out. *rename* gives other names to columns.
    """
    fields = fields_of(record)
    known = {field.name: field for field in fields} | {field.wire_name: field for field in fields}

    def named(name: str) -> RecordField:
        if name not in known:
            raise InvalidArgumentError(
                f"there is no column {name!r}; columns are the fields of {record.__name__}, such as"
                f" {fields[0].wire_name} or {fields[0].name}"
            )
        return known[name]

    given = None if names is None else [named(name) for name in names]
    masked = _masked(record, mask, named)
    renamed = {named(old).name: new for old, new in (rename or {}).items()}
    chosen = list(fields) if given is None else list(dict.fromkeys(given))
    if not chosen:
        raise InvalidArgumentError("an export needs a column at least")
    columns = tuple(
        Column(
            field.wire_name,
            field.name,
            field.is_tuple,
            not field.is_tuple and _is_text(field),
            field.name in masked,
            renamed.get(field.name),
        )
        for field in chosen
    )
    _check_names(columns, renamed)
    is_whole = given is None and not masked and not renamed
    return Columns(columns, is_whole, given is None and PERSONAL not in mask)


def _masked(record: Any, mask: Collection[str], named: Callable[[str], RecordField]) -> set[str]:
    masked = set[str]()
    for name in mask:
        if name == PERSONAL:
            masked |= {one.name for one in attrs.fields(record) if one.repr is False}
        else:
            masked.add(named(name).name)
    return masked


def _is_text(field: RecordField) -> bool:
    return field.kind is str


def _check_names(columns: tuple[Column, ...], renamed: Mapping[str, str]) -> None:
    if missing := renamed.keys() - {one.name for one in columns}:
        raise InvalidArgumentError(
            f"{sorted(missing)[0]} is renamed but not written; add it to the columns"
        )
    names = [one.wire if one.renamed is None else one.renamed for one in columns]
    for name in names:
        if not name or not name.isprintable():
            raise InvalidArgumentError(f"{name!r} cannot be the name of a column")
        if names.count(name) > 1:
            raise InvalidArgumentError(f"two columns would be called {name!r}; rename one of them")
