"""An answer that is an error to the exception it stands for. No I/O.

`errorType` decides the class; where there is none, or none that is known, the HTTP status does. A
404 that does not come in the envelope of the service speaks of the address, and of no record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from enkash_async._patterns import Pattern
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

_MOST_TEXTS = 5
"""Texts of what is no message in the usual place that make one together."""

_NO_WORDS = frozenset({"errorType", "requestId", "timestamp", "apiSubErrors"})
"""What stands in an `errorResponse` beside its message."""

_ENVELOPE = ("errorResponse", "payload", "response_code", "response_message")
"""The fields of the envelope; an answer with none of them comes from elsewhere."""

_SECONDS = Pattern(r"[0-9]{1,15}(\.[0-9]{1,15})?")
"""Digits, as RFC 9110 has them; some services add a fraction."""

_STATUS_CLASSES: Mapping[int, type[APIError]] = {
    400: ClientRequestError,
    401: UnauthorizedError,
    403: InvalidAccessError,
    404: RecordNotFoundError,
    422: UnprocessableRequestError,
    429: RateLimitedError,
}

_STATUS_WORDS: Mapping[int, str] = {
    421: "the connection led to a server that does not answer for this address",
    425: "it was too early",
    501: "it cannot do what was asked",
    505: "it does not take this version of HTTP",
    520: "Cloudflare did not understand what came from it",
    521: "it refused Cloudflare's connection",
    522: "Cloudflare got no connection to it in time",
    523: "Cloudflare found no way to it",
    524: "Cloudflare got no answer from it in time",
    525: "it and Cloudflare agreed on no encryption",
    526: "its certificate is none that Cloudflare takes",
    529: "it is overloaded",
    530: "Cloudflare could not look up or reach it",
}
"""What statuses say that are no part of HTTP, or come from what stands before the service."""


def api_error(response: Response, answer: Mapping[str, Any]) -> APIError:
    """Return the error that *answer*, which *response* holds, stands for.

    It is read as it came; of what the error takes over, the secrets of the response are masked.
    """
    words = _Words(response)
    detail: dict[str, Any] = {}
    if isinstance(answer.get("errorResponse"), dict):
        detail = answer["errorResponse"]
    error_type = words.error_type(detail.get("errorType"))
    is_envelope = any(answer.get(name) is not None for name in _ENVELOPE)
    error = _error_class(response.status, error_type, is_envelope=is_envelope)(
        words.message(answer, detail),
        response.status,
        error_type=error_type,
        sub_errors=words.sub_errors(detail.get("apiSubErrors")),
        request_id=words.text(detail.get("requestId")),
        timestamp=words.text(detail.get("timestamp")),
        response_code=words.code(answer.get("response_code")),
        response_message=words.text(answer.get("response_message")),
    )
    error.retry_after = retry_after(response.headers)
    return error


def _error_class(
    status: int, error_type: ErrorType | str | None, *, is_envelope: bool
) -> type[APIError]:
    # Before the type: what stands in the way may answer 429 in front of the service, with any.
    if status == 429:
        return RateLimitedError
    if isinstance(error_type, ErrorType):
        return ERROR_CLASSES[error_type]
    if error_type is None and status >= 500:
        return SystemFaultError
    if status == 404 and not is_envelope:
        return UnknownServiceError
    if error_type is None and status in _STATUS_CLASSES:
        return _STATUS_CLASSES[status]
    return UnknownServiceError


class _Words:
    """What the service wrote in *response*, as an error may show it."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def text(self, value: object) -> str | None:
        if not isinstance(value, str):
            return None
        # Masked before it is cut, which may leave a part of a secret.
        return printable(self._response.masked(value)[:MAX_TEXT]) or None

    def error_type(self, value: object) -> ErrorType | str | None:
        try:
            return ErrorType(value.strip()) if isinstance(value, str) else None
        except ValueError:
            return self.text(value)

    def message(self, answer: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
        # The places in which public clients of EnKash's APIs have met the text, in their order.
        candidates = (
            answer.get("errorResponse"),
            _texts_in(answer.get("errorResponse"), list),
            detail.get("errorMessage"),
            detail.get("message"),
            answer.get("errorMessage"),
            answer.get("payload"),
            answer.get("error_description"),
            None if _is_success(answer.get("response_message")) else answer["response_message"],
            answer.get("resultMessage"),
            answer.get("message"),
            answer.get("error"),
            _texts_in({name: detail[name] for name in detail if name not in _NO_WORDS}, dict),
        )
        for candidate in candidates:
            if (text := self.text(candidate)) is not None:
                return text
        return self._message_of_none(answer, detail)

    def _message_of_none(self, answer: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
        """Return what is said where the service does not say what is wrong."""
        status, said = self._response.status, self.text(answer.get("response_message"))
        words = f": {_STATUS_WORDS[status]}" if status in _STATUS_WORDS else ""
        if 200 <= status < 300:
            words = self._why(answer, detail)
        message = "without a message" if said is None else f'with the message "{said}"'
        return f"the service answered HTTP {status} {message}{words}"

    def _why(self, answer: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
        """Return why an answer of a good status is an error, nothing where its code says so."""
        error, code = answer.get("errorResponse"), answer.get("response_code")
        if self.error_type(detail.get("errorType")) is not None:
            return ""
        if error:
            return f", but its errorResponse is {_kind(error)}"
        if self.code(code) in (None, 0, 200) and code is not None:
            return f", but its response_code is {_kind(code)}, where success has 0, 200 or none"
        return ""

    def code(self, value: object) -> int | str | None:
        if isinstance(value, float):
            # 117.0 is the code 117.
            value = whole_number(value)
        # Python refuses to write out an int of more than 4,300 digits.
        is_number = isinstance(value, int) and abs(value) < 2**63
        return value if isinstance(value, int) and is_number else self.text(value)

    def sub_errors(self, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            return ()
        return tuple(self._response.masked(value))


def _is_success(message: object) -> bool:
    """Say whether a `response_message` names no fault."""
    return not isinstance(message, str) or message.strip().upper() in ("", "SUCCESS", "OK")


def _texts_in(value: object, kind: type) -> str | None:
    """Return the first texts in a list or an object of that *kind*, None if it holds none."""
    if not isinstance(value, kind):
        return None
    found, inside = list[str](), [value]
    while inside and len(found) < _MOST_TEXTS:
        item: Any = inside.pop(0)
        if isinstance(item, dict):
            inside += item.values()
        elif isinstance(item, list):
            inside += item[:_MOST_TEXTS]
        elif isinstance(item, str) and item.strip():
            found.append(item)
    return ", ".join(found) or None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text" if value.strip() else "an empty text"
    if isinstance(value, int | float):
        return "a number" if abs(value) < 2**63 else "a number beyond all bounds"
    return "a list" if isinstance(value, list) else "an object"


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for, in either form of RFC 9110, or None.

    A date is measured by the clock that wrote it, which the answer's own `Date` shows; *now* is
    the time where there is none. A wait of 0, and one that is over, is none.
    """
    value = headers.get("retry-after", "").strip(" \t")
    if _SECONDS.fullmatch(value):
        return float(value) or None
    until = _date(value)
    if until is None:
        return None
    written = _date(headers.get("date", "")) or now or datetime.now(UTC)
    seconds = (until - written).total_seconds()
    return seconds if seconds > 0 else None


def _date(text: str) -> datetime | None:
    if not text.isascii():
        # Digits of other scripts, which Python would take for numbers.
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # "-0000" for a zone that is not known, which HTTP takes for UTC.
    return date if date.tzinfo else date.replace(tzinfo=UTC)
