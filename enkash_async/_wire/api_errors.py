"""An answer that is an error to the exception it stands for. No I/O.

`errorType` decides the class; where there is none, or none that is known, the HTTP status does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from enkash_async._wire.numbers import whole_number
from enkash_async._wire.printable import printable
from enkash_async._wire.response import Response
from enkash_async.errors import (
    ERROR_CLASSES,
    APIError,
    ClientRequestError,
    ErrorType,
    InvalidAccessError,
    RateLimitedError,
    RecordNotFoundError,
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
)

MAX_TEXT = 500
"""Characters of any text of the service that an error takes over."""

_STATUS_CLASSES: Mapping[int, type[APIError]] = {
    400: ClientRequestError,
    401: UnauthorizedError,
    403: InvalidAccessError,
    404: RecordNotFoundError,
    422: UnprocessableRequestError,
    429: RateLimitedError,
}


def api_error(response: Response, answer: Mapping[str, Any]) -> APIError:
    """Return the error that *answer*, which *response* holds, stands for."""
    detail: dict[str, Any] = {}
    if isinstance(answer.get("errorResponse"), dict):
        detail = answer["errorResponse"]
    error_type = _error_type(detail.get("errorType"))
    error = _error_class(response.status, error_type)(
        _message(answer, detail, response.status),
        response.status,
        error_type=error_type,
        sub_errors=_sub_errors(detail.get("apiSubErrors")),
        request_id=_text(detail.get("requestId")),
        timestamp=_text(detail.get("timestamp")),
        response_code=_code(answer.get("response_code")),
        response_message=_text(answer.get("response_message")),
    )
    error.retry_after = retry_after(response.headers)
    return error


def _error_class(status: int, error_type: ErrorType | str | None) -> type[APIError]:
    # Before the type: what stands in the way may answer 429 in front of the service, with any.
    if status == 429:
        return RateLimitedError
    if isinstance(error_type, ErrorType):
        return ERROR_CLASSES[error_type]
    if error_type is None and status >= 500:
        return SystemFaultError
    if error_type is None and status in _STATUS_CLASSES:
        return _STATUS_CLASSES[status]
    return UnknownServiceError


def _error_type(value: object) -> ErrorType | str | None:
    text = _text(value)
    try:
        return None if text is None else ErrorType(text)
    except ValueError:
        return text


def _message(answer: Mapping[str, Any], detail: Mapping[str, Any], status: int) -> str:
    # The places in which public clients of EnKash's APIs have met the text, in their order.
    candidates = (
        answer.get("errorResponse"),
        detail.get("errorMessage"),
        detail.get("message"),
        answer.get("errorMessage"),
        answer.get("payload"),
        answer.get("error_description"),
        answer.get("response_message"),
        answer.get("resultMessage"),
        answer.get("message"),
        answer.get("error"),
    )
    for candidate in candidates:
        if (text := _text(candidate)) is not None:
            return text
    return f"the service answered HTTP {status} without a message"


def _text(value: object) -> str | None:
    text = printable(value[:MAX_TEXT]) if isinstance(value, str) else ""
    return text or None


def _code(value: object) -> int | str | None:
    if isinstance(value, float):
        # 117.0 is the code 117.
        value = whole_number(value)
    # Python refuses to write out an int of more than 4,300 digits.
    is_number = isinstance(value, int) and abs(value) < 2**63
    return value if isinstance(value, int) and is_number else _text(value)


def _sub_errors(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        return ()
    items = cast("Any", value)
    return tuple(items)


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for, in either form of RFC 9110, or None."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now or datetime.now(UTC))
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        until = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    # "-0000" for a zone that is not known, which HTTP takes for UTC.
    return ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()
