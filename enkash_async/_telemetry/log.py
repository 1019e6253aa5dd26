"""Events as lines of the log: the fields named here, and nothing else.

Debug has a line for each event, info what is not the rule (retries, pauses, logins), and warnings
say what a reader should look into.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence

from enkash_async.errors import ConfigurationError
from enkash_async.events import (
    Event,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)
from enkash_async.report import SearchReport

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
            *("search_id", "resource", "operation", "offset", "limit", "attempt", *_ERROR),
            "request_id",
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


_INFO: frozenset[type[Event]] = frozenset({RetryPlanned})
"""Events that are told at info level."""

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}

_on_stderr: list[logging.Handler] = []
"""The handler that shows it on stderr, if there is one."""


def show_at(level: str) -> None:
    """Show on stderr what is logged, at the *level* that `ENKASH_LOG` names; "" for nothing."""
    if not level:
        return
    if level.lower() not in LEVELS:
        raise ConfigurationError(f"ENKASH_LOG must be debug or info, not {level!r}")
    _logger.setLevel(LEVELS[level.lower()])
    if any(getattr(one, "stream", None) is sys.stderr for one in _logger.handlers):
        # The application shows it there by itself, or an earlier session was made.
        return
    if _on_stderr:
        # It writes to what stderr was then.
        _logger.removeHandler(_on_stderr.pop())
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    _on_stderr.append(handler)
    _logger.addHandler(handler)


def level_of(kind: type[Event], *, is_login: bool = False) -> int:
    """Return the level at which events of a *kind* are logged."""
    return logging.INFO if kind in _INFO or is_login else logging.DEBUG


def is_enabled(level: int) -> bool:
    """Say whether a line at this *level* would be seen."""
    return _logger.isEnabledFor(level)


def is_bounded(level: int) -> bool:
    """Say whether lines at this *level* are held back in a burst: unless all is shown."""
    return level != logging.DEBUG and not _logger.isEnabledFor(logging.DEBUG)


def tell_pause(seconds: float, held_back: int) -> None:
    """Log that no request of a session is sent for so many *seconds*."""
    _log(logging.INFO, "pause", {"seconds": seconds}, held_back)


def warn_of_end(resource: str, search_id: int, report: SearchReport) -> None:
    """Warn of a search that ended without an error and is not all that a reader may expect."""
    facts: dict[str, object] = {"search_id": search_id, "resource": resource}
    facts |= {field: getattr(report, field) for field in _REPORT_FIELDS}
    reasons = "; ".join(report.reasons)
    _log(logging.WARNING, "search_not_proven", facts, 0, f": {reasons}" if reasons else "")


def _log(
    level: int, name: str, facts: Mapping[str, object], held_back: int, text: str = ""
) -> None:
    known = {field: value for field, value in facts.items() if value is not None}
    line = " ".join(f"{field}={_shown(value)}" for field, value in known.items())
    more = f" ({held_back} lines like this were held back)" if held_back else ""
    extra = {f"enkash_{field}": value for field, value in known.items()}
    _logger.log(level, "%s %s%s%s", name, line, text, more, extra={"enkash_event": name, **extra})


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


def write(event: Event, level: int = logging.DEBUG, held_back: int = 0) -> None:
    """Log *event* as one line of `name=value` pairs, with the same values as `extra`."""
    name, fields = _FIELDS[type(event)]
    facts = {field: getattr(event, field) for field in fields}
    if isinstance(event, SearchEnded):
        facts |= {field: getattr(event.report, field) for field in _REPORT_FIELDS}
    _log(level, name, facts, held_back)


def _shown(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value)
