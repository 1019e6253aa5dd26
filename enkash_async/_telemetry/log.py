"""Events as lines of the log: the fields named here, at debug level, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from enkash_async.events import (
    Event,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)

_logger = logging.getLogger("enkash_async")
# A library adds no other handler: what is shown, and where, is the application's affair
# (docs.python.org/3/howto/logging.html).
_logger.addHandler(logging.NullHandler())

_MAX_NAMES = 20

_ERROR = ("status", "error", "error_type")

_FIELDS: Mapping[type[Event], tuple[str, tuple[str, ...]]] = {
    SearchStarted: ("search_started", ("search_id", "resource", "method")),
    RequestEnded: (
        "request",
        (
            *("search_id", "resource", "operation", "attempt", *_ERROR, "request_id"),
            *("client_request_id", "bytes_received", "seconds_waiting", "seconds"),
        ),
    ),
    RetryPlanned: ("retry", ("search_id", "resource", "operation", "attempt", "delay", *_ERROR)),
    PageFetched: (
        "page",
        (
            *("search_id", "resource", "row", "offset", "limit", "rows"),
            *("bytes_received", "seconds"),
        ),
    ),
    SearchEnded: (
        "search_ended",
        (
            *("search_id", "resource", "method", "outcome", "seconds", *_ERROR),
            *("request_id", "client_request_id"),
        ),
    ),
}

_REPORT_FIELDS = (
    *("verdict", "records_delivered", "total_at_start", "total_at_end", "pages", "attempts"),
    *("retries", "bytes_received", "rows_received", "duplicates_dropped", "rows_reread"),
    *("repairs", "bad_records"),
)


def is_enabled() -> bool:
    """Say whether a line would be seen."""
    return _logger.isEnabledFor(logging.DEBUG)


def warn_of_undeclared(resource: str, names: Sequence[str]) -> None:
    """Warn that records of *resource* have fields of these *names*, which nobody declared."""
    _logger.warning(
        "undeclared_fields resource=%s names=%s: the service sends what this version does not know",
        resource,
        ",".join(names[:_MAX_NAMES]),
        extra={"enkash_event": "undeclared_fields", "enkash_resource": resource},
    )


def warn_of_ended_loop() -> None:
    """Warn that a session was not closed before its event loop ended."""
    _logger.warning(
        "session_dropped: the event loop in which the session was opened ended before the session"
        " was closed; its connections were dropped, and its searches have ended",
        extra={"enkash_event": "session_dropped"},
    )


def write(event: Event) -> None:
    """Log *event* as one line of `name=value` pairs, with the same values as `extra`."""
    name, fields = _FIELDS[type(event)]
    facts = {field: getattr(event, field) for field in fields}
    if isinstance(event, SearchEnded):
        facts |= {field: getattr(event.report, field) for field in _REPORT_FIELDS}
    known = {field: value for field, value in facts.items() if value is not None}
    line = " ".join(f"{field}={_shown(value)}" for field, value in known.items())
    extra = {f"enkash_{field}": value for field, value in known.items()}
    _logger.debug("%s %s", name, line, extra={"enkash_event": name, **extra})


def _shown(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value)
