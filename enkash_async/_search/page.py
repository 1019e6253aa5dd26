"""A page as a caller gets it. No I/O."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, overload

import attrs

from enkash_async._decoding import forms, raw_forms
from enkash_async._decoding.text import TextForPeople
from enkash_async.errors import ArgumentTypeError

R = TypeVar("R")

SHOWN = 3
"""Records in the `repr` of a page."""

ROWS = 20
"""Records in the table that a notebook shows."""


def _row_after(page: Page[Any]) -> int:
    return page.offset + len(page.records)


def _may_go_on(page: Page[Any]) -> bool:
    return page.total is None or page.next_offset < page.total


@attrs.frozen(repr=False)
class Page(TextForPeople, Generic[R]):
    """Neighbouring records of a list, iterated and indexed as they are.

    *offset* is the row of the first of them, counted from 0. *total* is the service's
    `recordsCount` as it stood beside them, None if it sent none. *next_offset* is the row after
    the last of the page, where `search(offset=...)` goes on; records that could not be read count.
    *has_more* is False where the list is known to end with the page. Where the service does not
    tell, it is True, and the next page may be empty. *are_parsed* says of undecoded records that a
    parser of JSON has gone through them: they are sound JSON, though a text may hold bytes that are
    no UTF-8.
    """

    records: tuple[R, ...]
    offset: int
    total: int | None
    next_offset: int = attrs.field(default=attrs.Factory(_row_after, takes_self=True), kw_only=True)
    has_more: bool = attrs.field(default=attrs.Factory(_may_go_on, takes_self=True), kw_only=True)
    are_parsed: bool = attrs.field(default=False, kw_only=True, eq=False)

    def __iter__(self) -> Iterator[R]:
        return iter(self.records)

    if not TYPE_CHECKING:

        def __aiter__(self) -> NoReturn:
            raise ArgumentTypeError(
                "this is the first page, which is read by `for`; every record comes by `async for`"
                " over the search itself, without `await`"
            )

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> R: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[R, ...]: ...

    def __getitem__(self, index: int | slice) -> R | tuple[R, ...]:
        return self.records[index]

    def to_dict(self, *, wire: bool = False, json: bool = False) -> dict[str, Any]:
        """Return the fields of the page by name, its records as dicts with hidden fields too.

        *wire* and *json* are those of a record's `to_dict`; the page's own names stay. A record of
        `raw_pages()` is what its JSON holds, and ValueError is raised if that is not sound.
        """
        return _with(
            self,
            [
                raw_forms.as_dict(record, json=json)
                if isinstance(record, bytes)
                else forms.as_dict(record, wire=wire, json=json)
                for record in self.records
            ],
        )

    def to_json(self, *, wire: bool = False) -> str:
        """Return `to_dict(wire=wire, json=True)` as a JSON object in one line.

        The bytes of `raw_pages()` stay as they are but for line breaks between their fields.
        """
        return forms.as_json(
            _with(
                self,
                [
                    raw_forms.as_raw(record)
                    if isinstance(record, bytes)
                    else forms.as_dict(record, wire=wire, json=True)
                    for record in self.records
                ],
            )
        )

    def __repr__(self) -> str:
        parts = [_shown(record) for record in self.records[:SHOWN]]
        if (more := len(self.records) - SHOWN) > 0:
            parts.append(f"… {more} more")
        records = f"({', '.join(parts)})"
        rest = (f"{name}={value!r}" for name, value in _with(self, []).items() if name != "records")
        return f"Page(records={records}, {', '.join(rest)})"

    def _lacks(self) -> str | None:
        return "records, or fields of them" if self.records else None

    def _repr_html_(self) -> str:
        """Return a table of the fields that a record's `repr` shows, for notebooks."""
        # Nobody else needs it, so that it is not loaded before.
        from enkash_async._html import table

        counted = "an unknown number" if self.total is None else f"{self.total:,}"
        places = f"rows {self.offset:,} to {self.next_offset - 1:,} of {counted}"
        more = len(self.records) - ROWS
        notes = [places if self.records else f"no rows of {counted}"]
        if more > 0:
            notes.append(f"… {more:,} more")
        records = [record for record in self.records[:ROWS] if forms.is_record(record)]
        if not records:
            return table(
                ["records"], [[f"{len(self):,} undecoded"]] if self.records else [], *notes
            )
        if hidden := forms.hidden_fields(records[0]):
            notes.append(forms.how_many_hidden(hidden))
        shown = [forms.shown_fields(record) for record in records]
        return table(list(shown[0]), [list(row.values()) for row in shown], *notes)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # pydantic calls this, so it is there; nobody else needs it.
        from enkash_async._decoding.pydantic_schema import object_schema

        record: Any = next(iter(typing.get_args(source)), None)
        # What pydantic does not know it would refuse, so these become dicts here.
        as_dict = _fields if record else cls.to_dict
        hints: dict[str, Any] = {
            "records": list[record] if record else list[Any],
            "offset": int,
            "total": int | None,
            "next_offset": int,
            "has_more": bool,
        }
        name = f"{record.__name__}Page" if record else None
        return object_schema(cls, hints, handler, build=_made, as_dict=as_dict, name=name)


def _shown(record: object) -> str:
    # Undecoded, nothing tells what may be shown.
    return f"<{len(record)} bytes>" if isinstance(record, bytes) else repr(record)


def _with(page: Page[Any], records: list[Any]) -> dict[str, Any]:
    """Return the fields of *page*, these *records* in place of its own."""
    names = ("offset", "total", "next_offset", "has_more")
    return {"records": records, **{name: getattr(page, name) for name in names}}


def _fields(page: Page[Any]) -> dict[str, Any]:
    return _with(page, list(page.records))


def _made(fields: dict[str, Any]) -> Page[Any]:
    # Not required by the schema, which is also that of answers with fewer fields.
    if missing := {"records", "offset", "total"} - fields.keys():
        raise ValueError(f"a page needs {', '.join(sorted(missing))}")
    records: list[Any] = fields.pop("records")
    return Page(tuple(records), **fields)
