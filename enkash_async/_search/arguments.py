"""What is asked of one list of the service, checked and made a query of. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

import attrs

from enkash_async._arguments import int32_at_least, named, parameters_of, wrong_type
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.extra import JsonBody, QueryString, checked_extra
from enkash_async._search.ordering import ordered_by
from enkash_async._search.query import Direction, Query
from enkash_async._search.settings import SearchSettings
from enkash_async._wire.criteria import Criteria, enum_member
from enkash_async._wire.keys import wire_name
from enkash_async.errors import ArgumentTypeError, InvalidArgumentError

F = TypeVar("F", bound=Criteria)

QUERY_NAMES = {"order_by": "orderBy", "direction": "direction"}


class ListArguments(Generic[F]):
    """Checks what the *methods* of a resource are given. Their errors name the argument."""

    def __init__(
        self, endpoint: ListEndpoint[F, Any], settings: SearchSettings, methods: object
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._methods = methods
        criteria: type[attrs.AttrsInstance] = cast("Any", endpoint.criteria)
        self._fields = {field.name: wire_name(field) for field in attrs.fields(criteria)}
        """The fields of the filter: their Python names, and those on the wire."""
        self._whole = Query(endpoint=endpoint, criteria=endpoint.criteria())
        """What asks for all records, in the service's own order."""

    def criteria(self, given: F | None, fields: Mapping[str, Any], method: str) -> F:
        """Return the filter *given* with *fields* in place of its own, days made instants.

        What is no field, *method* was given in vain: it would have taken its own parameters.
        """
        kind = self._endpoint.criteria
        if given is not None and not isinstance(given, kind):
            raise wrong_type("filter", f"a {kind.__name__}", given)
        if given is None and not fields:
            return cast("F", self._whole.criteria)
        if unknown := [name for name in fields if name not in self._fields]:
            raise self._unknown(unknown[0], method)
        criteria = kind(**fields) if given is None else attrs.evolve(cast("Any", given), **fields)
        made: F = criteria.with_days_in(self._settings.decoders.naive_timezone)
        return made

    def _unknown(self, name: str, method: str) -> ArgumentTypeError:
        if name in self._parameters_of("search"):
            return ArgumentTypeError(f"{method}() takes no {name}; search() does")
        known = {*self._fields, *self._parameters_of(method)}
        return ArgumentTypeError(
            f"{self._endpoint.noun} cannot be searched by {named(name, known)}"
        )

    def _parameters_of(self, method: str) -> set[str]:
        return parameters_of(getattr(self._methods, method))

    def query(
        self,
        criteria: F,
        body: JsonBody | None,
        query: QueryString | None,
        *,
        order_by: str | None = None,
        direction: Direction | str | None = None,
    ) -> Query:
        """Return what asks for the records that match *criteria*, in the order asked for.

        What the caller adds to *body* and *query* must not be what the other arguments stand for.
        """
        ordered = {"order_by": order_by, "direction": direction}
        taken = {QUERY_NAMES[name] for name, value in ordered.items() if value is not None}
        extra = checked_extra(body, query, {*self._fields.values()}, taken)
        whole = self._whole
        asks_for_less = criteria is not whole.criteria or extra is not whole.extra
        if not asks_for_less and order_by is None and direction is None:
            # Asked for most often. Its body and its fingerprint are made once.
            return whole
        return Query(
            endpoint=self._endpoint,
            criteria=criteria,
            order_by=None if order_by is None else self._order_by(order_by),
            direction=None if direction is None else enum_member(Direction, direction, "direction"),
            extra=extra,
        )

    def _order_by(self, given: str) -> str:
        time = self._endpoint.time
        example = self._endpoint.identity.wire_name if time is None else time.field
        return ordered_by(given, self._endpoint.record, example)

    def page_size(self, given: int | None) -> int:
        """Return the page size *given*, or the session's as far as the service takes it."""
        max_limit = self._endpoint.max_limit
        if given is None:
            return min(self._settings.page_size, max_limit)
        return checked_page_size(given, max_limit)

    def time(self) -> TimeRange:
        """Return the time by which the list can be cut; ArgumentTypeError if there is none."""
        time = self._endpoint.time
        if time is None:
            raise ArgumentTypeError(
                f"{self._endpoint.noun} have no time by which they can be cut into windows; use"
                " search()"
            )
        return time


def checked_page_size(page_size: int, max_limit: int) -> int:
    """Return *page_size*, or raise an error that names the bounds."""
    int32_at_least(1, "page_size", page_size)
    if page_size > max_limit:
        raise InvalidArgumentError(
            f"page_size must be at most {max_limit}, the service's largest limit"
        )
    return page_size


def check_max_records(max_records: int | None) -> None:
    """Raise an error that names *max_records* if that is no number of records."""
    if max_records is not None:
        int32_at_least(1, "max_records", max_records)


def end_of_time(criteria: Criteria, time: TimeRange) -> Callable[[], datetime]:
    """Return a function that says where time ends: "now", but not before it is asked."""
    begin: datetime | None = getattr(criteria, time.begin)
    end: datetime | None = getattr(criteria, time.end)
    if begin is not None and begin > datetime.now(UTC):
        raise InvalidArgumentError(
            f"{time.begin} lies in the future, as the clock of this machine goes"
        )

    def until() -> datetime:
        now = datetime.now(UTC)
        return now if end is None else min(now, end)

    return until
