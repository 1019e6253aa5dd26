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
    """One column: its names on the wire and in a record, its *title*, and how it is written."""

    wire: str
    name: str
    title: str
    is_list: bool
    is_text: bool
    is_masked: bool


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
        columns = [[one.wire, one.title, one.is_masked] for one in self.columns]
        return [columns, self.keeps_undeclared]


def columns_of(
    record: Any,
    names: Sequence[str] | None = None,
    mask: Collection[str] = (),
    rename: Mapping[str, str] | None = None,
    *,
    are_called_as_on_the_wire: bool = True,
    hold_lists: bool = True,
) -> Columns:
    """Return the columns of *record* with these *names*, all unless given.

    InvalidArgumentError names what is wrong. *mask* holds names too, or `"personal"` for all
    columns that the `repr` of a record leaves out. *rename* gives other titles to columns, which
    are otherwise the service's names or those of the record. Unless they *hold_lists*, the columns
    that do are left out.
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
    if len(renamed) < len(rename or {}):
        raise InvalidArgumentError("rename holds one column under both of its names")
    chosen = list(fields) if given is None else list(dict.fromkeys(given))
    written = [field for field in chosen if hold_lists or not field.is_tuple]
    if not written:
        why = " besides those that hold lists, which are left out" * bool(chosen)
        raise InvalidArgumentError(f"an export needs a column at least{why}")
    columns = tuple(
        Column(
            field.wire_name,
            field.name,
            renamed.get(field.name, field.wire_name if are_called_as_on_the_wire else field.name),
            field.is_tuple,
            not field.is_tuple and _is_text(field),
            field.name in masked,
        )
        for field in written
    )
    _check_titles(columns, renamed)
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


def _check_titles(columns: tuple[Column, ...], renamed: Mapping[str, str]) -> None:
    if missing := renamed.keys() - {one.name for one in columns}:
        raise InvalidArgumentError(
            f"{sorted(missing)[0]} is renamed but not written; add it to the columns"
        )
    titles = [one.title for one in columns]
    for title in titles:
        if not title or not title.isprintable():
            raise InvalidArgumentError(f"{title!r} cannot be the name of a column")
        if titles.count(title) > 1:
            raise InvalidArgumentError(f"two columns would be called {title!r}; rename one of them")
