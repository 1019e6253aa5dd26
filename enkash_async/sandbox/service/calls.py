"""What a search request asks for, read from its query and body. No I/O."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import attrs
import msgspec
from aiohttp import web

from enkash_async.sandbox.data.conditions import Condition
from enkash_async.sandbox.data.filters import filters_of, read_filters
from enkash_async.sandbox.data.table import Table
from enkash_async.sandbox.service.envelope import Problem
from enkash_async.sandbox.settings import MAX_LIMIT, SandboxSettings

_INT32_MAX = 2**31 - 1
_DIRECTIONS = ("ASC", "DESC")

# Money in filters keeps its digits.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@attrs.frozen
class SearchCall:
    """A search request as it came in.

    What was left out, or could not be read, has the value that the sandbox takes in its place;
    *request* has what was sent. Numbers with a fraction are Decimals in *body*.
    """

    number: int
    offset: int
    limit: int
    order_by: str | None
    direction: str | None
    body: dict[str, Any]
    headers: dict[str, str]
    request: web.Request = attrs.field(repr=False)


@attrs.frozen
class Reading:
    """A call, the conditions of its body, and what is wrong with it."""

    call: SearchCall
    conditions: list[Condition]
    problems: list[Problem]


class CallReader:
    """Reads the searches of one table."""

    def __init__(self, table: Table, settings: SandboxSettings) -> None:
        self._table = table
        self._settings = settings
        self._filters = filters_of(table, settings.created_on_bounds)

    def read(self, number: int, request: web.Request, content: bytes) -> Reading:
        """Read the request as far as it can be read; never raises."""
        query, settings = request.query, self._settings
        problems: list[Problem] = []
        body = self._read_body(content, problems)
        conditions, wrong = read_filters(body, self._filters)
        call = SearchCall(
            number=number,
            offset=_read_number(query, "offset", settings.first_offset, _INT32_MAX, problems),
            limit=_read_number(query, "limit", settings.default_limit, MAX_LIMIT, problems),
            order_by=_read_choice(query, "orderBy", self._table.columns, problems),
            direction=_read_choice(query, "direction", _DIRECTIONS, problems),
            body=body,
            headers={name.lower(): value for name, value in request.headers.items()},
            request=request,
        )
        wrong_fields = [
            self._problem(message, field, body[field]) for field, message in wrong.items()
        ]
        return Reading(call, conditions, problems + wrong_fields)

    def _read_body(self, content: bytes, problems: list[Problem]) -> dict[str, Any]:
        # Whether the service insists on a body is unknown; here none is as good as {}.
        if not content.strip():
            return {}
        try:
            body = _decode(content)
        except (ValueError, msgspec.MsgspecError) as error:
            # Before msgspec 0.21 its errors are no ValueError.
            problems.append(self._problem(f"the body is not JSON: {error}"))
            return {}
        if not isinstance(body, dict):
            problems.append(self._problem("the body must be a JSON object"))
            return {}
        return cast("dict[str, Any]", body)

    def _problem(self, message: str, field: str = "", value: object = None) -> Problem:
        return Problem(self._table.request, field, value, message)


def _read_number(
    query: Mapping[str, str], name: str, default: int, at_most: int, problems: list[Problem]
) -> int:
    text = query.get(name)
    if text is None:
        return default
    # int() alone would take spaces, underscores and the digits of other scripts.
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > at_most:
        message = f"must be a whole number from 0 to {at_most}"
        problems.append(Problem("query", name, text, message))
        return default
    return int(text)


def _read_choice(
    query: Mapping[str, str], name: str, choices: tuple[str, ...], problems: list[Problem]
) -> str | None:
    text = query.get(name)
    if text is None or text in choices:
        return text
    problems.append(Problem("query", name, text, f"must be one of {', '.join(choices)}"))
    return None
