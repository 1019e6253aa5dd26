"""How a value in the body of a search becomes a condition on the store. No I/O.

The documentation names the filters and their types but not how they match. Ids, codes and
numbers match exactly here, names when they contain the text in any case.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import attrs
import msgspec

from enkash_async.sandbox.data.dates import read_instant

_INT32 = range(-(2**31), 2**31)
_INT64 = 2**63


@attrs.frozen
class Condition:
    """One SQL condition with one parameter, and the column whose index can serve it."""

    sql: str
    parameter: Any
    column: str | None


Filter = Callable[[Any], Condition | None]
"""Reads a value: None if it asks for nothing; ValueError says what is wrong with it."""


def exactly(column: str) -> Filter:
    """Take a text that the column must equal."""

    def condition(value: object) -> Condition:
        return Condition(f'"{column}" = ?', _text(value), column)

    return condition


def containing(column: str) -> Filter:
    """Take a text that the column must contain, in upper or lower case."""

    def condition(value: object) -> Condition:
        sql = f'instr(lower("{column}"), lower(?)) > 0'
        return Condition(sql, _text(value), None)

    return condition


def any_of(column: str) -> Filter:
    """Take a list of texts, one of which the column must equal."""

    def condition(value: object) -> Condition | None:
        texts = cast("list[object]", value) if isinstance(value, list) else [value]
        if not isinstance(value, list) or not all(isinstance(one, str) for one in texts):
            raise ValueError("must be a list of strings")
        # Nothing says whether an empty list selects all or none; here it is as good as unset.
        if not value:
            return None
        sql = f'"{column}" IN (SELECT value FROM json_each(?))'
        return Condition(sql, msgspec.json.encode(value).decode(), column)

    return condition


def chosen(column: str, choices: Mapping[str, object]) -> Filter:
    """Take one of *choices*, which say what the column must hold then: None is for anything."""

    def condition(value: object) -> Condition | None:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        stored = choices[value]
        return None if stored is None else Condition(f'"{column}" = ?', stored, column)

    return condition


def whole(column: str, operator: str) -> Filter:
    """Take a whole number that the column is compared with."""

    def condition(value: object) -> Condition:
        if type(value) is not int or value not in _INT32:
            raise ValueError("must be a 32-bit whole number")
        return Condition(f'"{column}" {operator} ?', value, column)

    return condition


def instant(column: str, operator: str, read: Callable[[object], float] = read_instant) -> Filter:
    """Take a time that the column is compared with; *read* knows its notation."""

    def condition(value: object) -> Condition:
        return Condition(f'"{column}" {operator} ?', read(value), column)

    return condition


def amount(column: str) -> Filter:
    """Take a number with at most two digits after the point, in rupees, that the column equals."""

    def condition(value: object) -> Condition:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError("must be a number")
        # As stored: whole numbers compare exactly, where fractions would not.
        paise = Decimal(value) * 100
        storable = paise == paise.to_integral_value() and abs(paise) < _INT64
        return Condition(f'"{column}" = ?', int(paise) if storable else None, column)

    return condition


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value
