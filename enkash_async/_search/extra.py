"""What a caller sends beside what is declared, for what the documentation does not say. No I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from decimal import Decimal
from types import MappingProxyType
from typing import Any, cast

import msgspec

from enkash_async._arguments import wrong_type
from enkash_async._wire.criteria import utf8_text
from enkash_async.errors import InvalidArgumentError

_encode = msgspec.json.Encoder(decimal_format="number").encode

PAGE_PARAMETERS = frozenset({"offset", "limit"})
"""Parameters that say which page is asked for; they differ from request to request."""

MAX_DEPTH = 32
"""Lists and objects within each other that are sent."""

JsonBody = Mapping[str, Any]
"""Fields of the body that are sent in addition: what JSON has, and Decimals."""

QueryString = Mapping[str, str | int | float | bool]
"""Parameters that are sent in addition."""


class Extra(msgspec.Struct, frozen=True):
    """Fields of the body, each as its JSON, and parameters of the query string."""

    body: Mapping[str, msgspec.Raw]
    query: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Extra of {len(self.body)} fields and {len(self.query)} parameters>"


NO_EXTRA = Extra(MappingProxyType({}), MappingProxyType({}))


def checked_extra(
    body: JsonBody | None, query: QueryString | None, declared: Set[str], taken: Set[str]
) -> Extra:
    """Return what is sent in addition; an error names what cannot be.

    *declared* are the fields of the filter on the wire, *taken* the parameters that are
    sent anyway.
    """
    if body is None and query is None:
        return NO_EXTRA
    fields = {name: _json(name, value) for name, value in _items("extra_body", body)}
    parameters = {name: _text(name, value) for name, value in _items("extra_query", query)}
    if twice := sorted(fields.keys() & declared):
        raise InvalidArgumentError(
            f"extra_body must not hold {twice[0]}: it is a field of the filter"
        )
    if twice := sorted(parameters.keys() & (taken | PAGE_PARAMETERS)):
        raise InvalidArgumentError(
            f"extra_query must not hold {twice[0]}: the search sends it itself"
        )
    return Extra(fields, parameters)


def _items(name: str, given: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise wrong_type(name, "a mapping", given)
    for key in given:
        if not isinstance(key, str):
            raise wrong_type(f"each name in {name}", "a str", key)
        utf8_text(f"each name in {name}", key)
    return list(given.items())


def _json(name: str, value: Any) -> msgspec.Raw:
    _check_json(f"extra_body: {name}", value, MAX_DEPTH)
    try:
        return msgspec.Raw(_encode(value))
    except (TypeError, ValueError, ArithmeticError):
        raise InvalidArgumentError(f"extra_body: {name} cannot be written as JSON") from None


def _check_json(place: str, value: Any, depth: int) -> None:
    """Raise an error that names the *place* of what is no value of JSON.

    msgspec would write NaN as null, bytes as base64, a set as a list and a time as text.
    """
    if not depth:
        raise InvalidArgumentError(f"{place} is nested too deep")
    if isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if not isinstance(key, str):
                raise wrong_type(f"each name in {place}", "a str", key)
            _check_json(f"{place}.{utf8_text(f'each name in {place}', key)}", item, depth - 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[object]", value)):
            _check_json(f"{place}[{index}]", item, depth - 1)
    elif isinstance(value, str):
        utf8_text(place, value)
    elif isinstance(value, float | Decimal):
        _check_finite(place, value)
    elif value is not None and not isinstance(value, int):
        raise wrong_type(place, "what JSON has (None, bool, number, str, list or dict)", value)


def _check_finite(place: str, value: float | Decimal) -> None:
    if not math.isfinite(value):
        raise InvalidArgumentError(f"{place} must be a finite number, as JSON has no other")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise wrong_type(f"extra_query: {name}", "a str or a number", value)
    if isinstance(value, float):
        _check_finite(f"extra_query: {name}", value)
    try:
        return utf8_text(f"extra_query: {name}", str(value))
    except InvalidArgumentError:
        raise
    except ValueError:
        # Python writes out no int of more than 4,300 digits.
        raise InvalidArgumentError(f"extra_query: {name} has too many digits") from None
