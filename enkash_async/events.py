"""What a session tells its hooks: searches, requests, retries and pages as they go. No I/O.

No event holds a credential, personal data, an id or name of a customer, or a value of a filter.
Every event has a *search_id*, the number of its search, different for each search of this process,
and a *resource*, the list that is read, such as "customers". Both are None where a request serves
no search: a login.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal

import attrs
import msgspec

from enkash_async._arguments import check_plain_function, keywords_named
from enkash_async.errors import ErrorType
from enkash_async.report import SearchReport

__all__ = [
    "Event",
    "Hooks",
    "Method",
    "Outcome",
    "PageFetched",
    "RequestEnded",
    "RetryPlanned",
    "SearchEnded",
    "SearchStarted",
]

Method = Literal["search", "crawl"]
"""The method of a list that makes a search."""


class Outcome(StrEnum):
    """How a search ended, as far as its reader goes. Whether all came is the report's verdict."""

    COMPLETED = "completed"
    """It was read to its end, or to its `max_records`."""

    FIRST_PAGE = "first_page"
    """It was awaited for its first page, and not read on."""

    FAILED = "failed"
    """An error ended it."""

    CANCELLED = "cancelled"
    """Its reader was cancelled, and nobody read on."""

    CLOSED = "closed"
    """It, or its session, was closed before the end."""

    ABANDONED = "abandoned"
    """Nobody referred to it any more, as after a `break`."""


class SearchStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A search is about to send its first request.

    *search_id* is its number and *resource* the list that it reads. *method* is the method of that
    list that made it; `count` and `get` make a search too.
    """

    search_id: int
    resource: str
    method: Method


class RequestEnded(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at a request ended, well or not.

    *operation* is the path of the documented operation, or "other" where an `Auth` of your own
    sends to another path. *search_id* and *resource* are None for a login, which serves all
    searches. *offset* and *limit* say which page was asked for, as on the wire; None for a login,
    or what was not sent. *attempt* counts from 1. *status* is the HTTP status, None where no answer
    came. *error* is the name of the exception class: None for a success, "CancelledError" for an
    attempt that was no longer needed. *error_type* is the service's own word where it is one of the
    nine.
    A refused login has a status and no error: the error is that of the attempt that needed the
    login. *request_id* is the service's, which it sends with errors only; *client_request_id* is
    ours, a random one for each attempt, which was sent as `X-Request-Id`: None if it was not sent.
    *bytes_received* is the size of the answer, inflated. *seconds_waiting* passed before the
    request was sent (for a place in line, for a token), *seconds* from then until the answer was
    read; None if it was not sent.
    """

    search_id: int | None
    resource: str | None
    operation: str
    offset: int | None = None
    limit: int | None = None
    attempt: int
    status: int | None
    error: str | None
    error_type: ErrorType | None
    request_id: str | None
    client_request_id: str | None
    bytes_received: int
    seconds_waiting: float
    seconds: float | None


class RetryPlanned(msgspec.Struct, frozen=True, kw_only=True):
    """An *attempt* failed, and the next one comes in *delay* seconds, or when a place is free then.

    After a refusal, *delay* is what is left of the pause of the whole session. *status*, *error*
    and *error_type* say why, and are those of the attempt; an `UnauthorizedError` means that there
    is a new token to try. The other fields are those of `RequestEnded`.
    """

    search_id: int | None
    resource: str | None
    operation: str
    attempt: int
    delay: float
    status: int | None
    error: str | None
    error_type: ErrorType | None


class PageFetched(msgspec.Struct, frozen=True, kw_only=True):
    """A page came, after however many attempts.

    *row* is where in the list it was meant to begin, counted from 0; *offset* and *limit* are as on
    the wire; *rows* is how many it held, and *bytes_received* the size of the answer that brought
    them, inflated. *seconds* counts all waits and attempts.
    """

    search_id: int
    resource: str
    row: int
    offset: int
    limit: int
    rows: int
    bytes_received: int
    seconds: float


class SearchEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A search that had started has ended. This is told once for each.

    *resource* and *method* are as at its start, and *seconds* passed since then. *error*,
    *error_type*, *status*, *request_id* and *client_request_id* are those of the error that ended
    it, if one did.
    *report* is a copy of the search's report. Requests that are broken off with the search may end
    after it.
    """

    search_id: int
    resource: str
    method: Method
    outcome: Outcome
    seconds: float
    error: str | None
    error_type: ErrorType | None
    status: int | None
    request_id: str | None
    client_request_id: str | None
    report: SearchReport


Event = SearchStarted | RequestEnded | RetryPlanned | PageFetched | SearchEnded
"""Whatever a hook may be told."""


def _plain_function(_: Any, field: attrs.Attribute[Any], hook: object) -> None:
    if hook is not None:
        check_plain_function(field.name, hook)


@keywords_named
@attrs.frozen(kw_only=True)
class Hooks:
    """Functions that a session calls with what happens in it.

    They run in the event loop, between its tasks, and hold it up: let them count, measure or queue,
    and never wait. One that raises changes nothing for the search: its first exception goes to the
    event loop's exception handler, which logs it unless you set another; later ones are dropped.

    *on_search_start* runs in a context (`contextvars`) of the search's own, a copy of that of the
    task that reads; all other hooks of the search, and its requests, run in copies of it. So what
    it sets there is seen by them and by nobody else.
    """

    on_search_start: Callable[[SearchStarted], object] | None = attrs.field(
        default=None, validator=_plain_function
    )
    """A search is about to send its first request."""

    on_request: Callable[[RequestEnded], object] | None = attrs.field(
        default=None, validator=_plain_function
    )
    """An attempt at a request has ended, well or not; also a login."""

    on_retry: Callable[[RetryPlanned], object] | None = attrs.field(
        default=None, validator=_plain_function
    )
    """A request failed, and will be tried again."""

    on_page: Callable[[PageFetched], object] | None = attrs.field(
        default=None, validator=_plain_function
    )
    """A page has come."""

    on_search_end: Callable[[SearchEnded], object] | None = attrs.field(
        default=None, validator=_plain_function
    )
    """A search that had started has ended; once for each."""
