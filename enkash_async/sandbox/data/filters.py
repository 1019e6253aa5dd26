"""The filters in the body of a search, as conditions on the store. No I/O.

The documentation names the filters and their types but not how they match. Ids, codes and
numbers match exactly here, names when they contain the text in any case; null means unset.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import attrs
import msgspec

from enkash_async.sandbox.data.dates import read_instant
from enkash_async.sandbox.service.envelope import Problem
from enkash_async.sandbox.settings import CreatedOnBounds

OBJECT = "CustomerSearchRequest"

# Lower and upper bound.
_BOUNDS: dict[CreatedOnBounds, tuple[str, str]] = {
    "inclusive": (">=", "<="),
    "half_open": (">=", "<"),
    "exclusive": (">", "<"),
}

_STATUSES = {"ACTIVE": 1, "INACTIVE": 0, "ALL": None}
_LEVELS = ("LEVEL_1", "LEVEL_2", "LEVEL_3")
_INT32 = range(-(2**31), 2**31)
_INT64 = 2**63


@attrs.frozen
class Condition:
    """One SQL condition with one parameter, and the column whose index can serve it."""

    sql: str
    parameter: Any
    column: str | None


_Filter = Callable[[Any], Condition | None]


def read_filters(
    body: Mapping[str, object], bounds: CreatedOnBounds
) -> tuple[list[Condition], list[Problem]]:
    """Return the conditions that *body* asks for, and what is wrong with it.

    Fields that are no filters are ignored.
    """
    conditions: list[Condition] = []
    problems: list[Problem] = []
    filters = _FILTERS | _created_on_filters(bounds)
    for field in body.keys() & filters.keys():
        value = body[field]
        if value is None:
            continue
        try:
            condition = filters[field](value)
        except ValueError as error:
            problems.append(Problem(OBJECT, field, value, str(error)))
        else:
            conditions += [condition] if condition else []
    # A set has no order, and the same body must give the same SQL for the count to be reused.
    return sorted(conditions, key=lambda condition: condition.sql), problems


def _exactly(column: str) -> _Filter:
    def condition(value: object) -> Condition:
        return Condition(f'"{column}" = ?', _text(value), column)

    return condition


def _containing(column: str) -> _Filter:
    def condition(value: object) -> Condition:
        sql = f'instr(lower("{column}"), lower(?)) > 0'
        return Condition(sql, _text(value), None)

    return condition


def _days(operator: str) -> _Filter:
    def condition(value: object) -> Condition:
        if type(value) is not int or value not in _INT32:
            raise ValueError("must be a 32-bit whole number")
        return Condition(f'"dsoMedian" {operator} ?', value, "dsoMedian")

    return condition


def _instant(column: str, operator: str) -> _Filter:
    def condition(value: object) -> Condition:
        return Condition(f'"{column}" {operator} ?', read_instant(value), column)

    return condition


def _created_on_filters(bounds: CreatedOnBounds) -> dict[str, _Filter]:
    lower, upper = _BOUNDS[bounds]
    return {
        "createdOnFrom": _instant("createdOn", lower),
        "createdOnTo": _instant("createdOn", upper),
    }


def _balance(value: object) -> Condition:
    # The answer has no balance; netAmount is the nearest, and paise compare exactly.
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    paise = Decimal(value) * 100
    storable = paise == paise.to_integral_value() and abs(paise) < _INT64
    return Condition('"netAmount" = ?', int(paise) if storable else None, "netAmount")


def _ids(value: object) -> Condition | None:
    ids = cast("list[object]", value) if isinstance(value, list) else [value]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in ids):
        raise ValueError("must be a list of strings")
    # Nothing says whether an empty list selects all or none; here it is as good as unset.
    if not value:
        return None
    sql = '"customerId" IN (SELECT value FROM json_each(?))'
    return Condition(sql, msgspec.json.encode(value).decode(), "customerId")


def _status(value: object) -> Condition | None:
    if not isinstance(value, str) or value not in _STATUSES:
        raise ValueError(f"must be one of {', '.join(_STATUSES)}")
    active = _STATUSES[value]
    return None if active is None else Condition('"active" = ?', active, "active")


def _level(value: object) -> Condition:
    if value not in _LEVELS:
        raise ValueError(f"must be one of {', '.join(_LEVELS)}")
    return Condition('"level" = ?', value, "level")


def _select_all(value: object) -> None:
    # What it does to the other filters is not documented; here it does nothing.
    if not isinstance(value, bool):
        raise ValueError("must be true or false")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


_FILTERS: dict[str, _Filter] = {
    "accountNumber": _exactly("accountNumber"),
    "assignedAgent": _containing("assignedAgent"),
    "balanceAmount": _balance,
    "companyId": _exactly("companyId"),
    "contactNumber": _exactly("contactNumber"),
    "createdByName": _containing("createdByName"),
    "customerIds": _ids,
    "customerStatus": _status,
    "dsoFrom": _days(">="),
    "dsoTo": _days("<="),
    "ifsc": _exactly("ifsc"),
    "legalName": _containing("legalName"),
    "level": _level,
    "modifiedByName": _containing("modifiedByName"),
    "modifiedOn": _instant("modifiedOn", "="),
    "panOrGstin": _exactly("panOrGstin"),
    "parentCompanyId": _exactly("parentCompanyId"),
    "selectAll": _select_all,
    "uniqueRefNo": _exactly("uniqueRefNo"),
}
