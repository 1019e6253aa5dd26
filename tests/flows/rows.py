"""Rows as targets can be compared by: of the service's own table, and of what a tool made of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from enkash_async.arrow import customer_schema

Row = dict[str, Any]

TIMES = ("created_on", "modified_on")
PUBLISHED = ("customer_id", "legal_name", "net_amount", "created_on")
"""What the web service of the examples hands out."""

_TYPES: dict[str, Any] = {field.name: field.type for field in customer_schema()}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def plain(value: Any) -> Any:
    """Return *value* as all targets can be compared: times in UTC, amounts without their zeros."""
    if isinstance(value, dict):
        return {snake(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(plain, value)]
    if isinstance(value, datetime):
        assert value.tzinfo is not None
        return value.astimezone(UTC)
    return value.normalize() if isinstance(value, Decimal) else value


def with_times(row: Row) -> Row:
    """Return a row of JSON with its times read."""
    return {
        name: [with_times(one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else datetime.fromisoformat(value)
        if isinstance(value, str) and name.endswith(TIMES)
        else value
        for name, value in row.items()
    }


def make_aware(row: Row) -> Row:
    """Give times back their zone: Spark hands them out in that of this machine, without it."""
    for name, value in row.items():
        if isinstance(value, datetime):
            row[name] = value.astimezone(UTC)
        elif isinstance(value, list):
            row[name] = [make_aware(one) if isinstance(one, dict) else one for one in value]
    return row


def as_plain(row: Row) -> Row:
    """Return a row of the service with names as in Python."""
    return {
        snake(name): [as_plain(one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in row.items()
    }


def as_published(row: Row) -> Row:
    return {name: row[name] for name in PUBLISHED}


def as_cells(row: Row) -> Row:
    """Return *row* as CSV can tell it: no text is the same as an empty one."""
    return {
        name: "" if value is None and _TYPES[name] == pa.string() else value
        for name, value in row.items()
    }


def of_cells(cells: dict[str, str]) -> Row:
    """Return a row of CSV as values."""
    named = as_plain(cells)
    return with_times(as_plain({name: _of_cell(name, named[name]) for name in _TYPES}))


def _of_cell(name: str, cell: str) -> Any:
    if _TYPES[name] == pa.string():
        # An apostrophe keeps a spreadsheet from running what follows it.
        return cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@", "'\t", "'\r") else cell
    if cell == "" or pa.types.is_timestamp(_TYPES[name]):
        return cell or None
    return json.loads(cell, parse_float=Decimal)


def by_id(rows: list[Row]) -> dict[str, Row]:
    """Return *rows* by their id, of which each may be there once."""
    found = {row["customer_id"]: row for row in map(plain, rows)}
    assert len(found) == len(rows)
    return found
