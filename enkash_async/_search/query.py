"""What a search asks for, as it goes over the wire. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any

import attrs
import msgspec

from enkash_async._paging.page_request import PageRequest, Window
from enkash_async._search.endpoint import ListEndpoint
from enkash_async._search.extra import NO_EXTRA, Extra
from enkash_async._wire.criteria import Criteria

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Direction(StrEnum):
    """The direction of `order_by`."""

    ASC = "ASC"
    DESC = "DESC"


class Query(msgspec.Struct, frozen=True, eq=False, kw_only=True, dict=True):
    """What a search asks for, the same for every page but for its place and its window."""

    endpoint: ListEndpoint[Any, Any]
    criteria: Criteria
    order_by: str | None = None
    direction: Direction | None = None
    extra: Extra = NO_EXTRA

    def body_of(self, request: PageRequest) -> bytes:
        """Return the JSON body for one page."""
        if request.window is None:
            return self._body
        return self._body_for(narrowed(self.endpoint, self.criteria, request.window))

    @cached_property
    def _body(self) -> bytes:
        return self._body_for(self.criteria)

    def _body_for(self, criteria: Criteria) -> bytes:
        return _encode({**criteria.as_wire(), **self.extra.body})

    @cached_property
    def list_key(self) -> int:
        """Return a number that is the same, in this process, for all orders of one list."""
        return hash((self.endpoint.path, self._body, *sorted(self.extra.query.items())))

    def parameters_of(self, request: PageRequest) -> dict[str, str]:
        """Return the query string's parameters for one page."""
        return {
            "offset": str(request.offset),
            "limit": str(request.limit),
            **self._other_parameters,
        }

    @cached_property
    def _other_parameters(self) -> dict[str, str]:
        order = {"orderBy": self.order_by, "direction": self.direction}
        return {
            **{name: str(value) for name, value in order.items() if value is not None},
            **self.extra.query,
        }

    def fingerprint(self, method: str, offset: int = 0) -> str:
        """Return a short text that differs between queries whose tokens must not be mixed up.

        The filter may hold personal data, so a hash stands for it.
        """
        # Filters that are equal must have one fingerprint, in every process.
        asked: Mapping[str, Any] = {
            "list": self.endpoint.path,
            "method": method,
            "filter": self.criteria.canonical(),
            "order_by": self.order_by,
            "direction": self.direction,
            "offset": offset,
        }
        if self.extra != NO_EXTRA:
            asked = {**asked, "extra": [self.extra.body, self.extra.query]}
        text = msgspec.json.encode(asked, order="sorted")
        return hashlib.sha256(text).hexdigest()[:32]


def narrowed(endpoint: ListEndpoint[Any, Any], criteria: Criteria, window: Window) -> Any:
    """Return *criteria* for the records within *window* only."""
    time = endpoint.time
    assert time is not None
    return attrs.evolve(  # type: ignore[misc]
        criteria, **{time.begin: window.begin, time.end: window.end}
    )
