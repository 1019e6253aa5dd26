"""An answer to the payload it holds, or to the error it stands for. No I/O.

The service may report failure inside HTTP 200, so the envelope is read before the status.
Success is HTTP 2xx with an empty `errorResponse`, a `response_code` of none, 0 or 200, and a
`response_message` other than "FAILURE": the page of searchCustomer does not say which code means
success, and these are the ones that other EnKash products document.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import attrs
import msgspec

from enkash_async._wire.response import Response
from enkash_async._wire.salvage import PLACE_OF_ITEMS, salvaged
from enkash_async._wire.sealed import masked
from enkash_async._wire.splitting import Front, split_front
from enkash_async.errors import (
    ERROR_CLASSES,
    APIError,
    ClientRequestError,
    ErrorType,
    InvalidAccessError,
    RateLimitedError,
    RecordNotFoundError,
    ResponseError,
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
)


@attrs.frozen(eq=False)
class PagePayload:
    """The records of a page, undecoded, and the service's `recordsCount` if it sent one."""

    records: Sequence[msgspec.Raw] = attrs.field(repr=False)
    count: int | None


MAX_TEXT = 500
"""Characters of any text of the service that an error takes over."""

MAX_ERROR_BYTES = 256 * 1024
"""The largest part of an answer that is decoded without a type, into dicts and lists. They take
up to forty times its bytes; an error, or anything beside the records, is much smaller."""

# Decoded on their own, so that none of them can grow beyond that.
_ABSENT = msgspec.Raw(b"null")


class _Payload(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    recordsCount: msgspec.Raw = _ABSENT  # noqa: N815 - as on the wire


class _Outline(msgspec.Struct):
    errorResponse: msgspec.Raw = _ABSENT  # noqa: N815 - as on the wire
    response_code: msgspec.Raw = _ABSENT
    response_message: msgspec.Raw = _ABSENT


class _Envelope(_Outline):
    payload: _Payload | None = None


_decode_page = msgspec.json.Decoder(_Envelope).decode
_decode_outline = msgspec.json.Decoder(_Outline).decode

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_STATUS_CLASSES: Mapping[int, type[APIError]] = {
    400: ClientRequestError,
    401: UnauthorizedError,
    403: InvalidAccessError,
    404: RecordNotFoundError,
    422: UnprocessableRequestError,
    429: RateLimitedError,
}


def page_payload(response: Response) -> PagePayload:
    """Return the page in *response*; raise the APIError or ResponseError that it stands for."""
    steps = payload_steps(response)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            payload: PagePayload = end.value
            return payload


def payload_steps(response: Response) -> Generator[None, None, PagePayload]:
    """Do what `page_payload` does, with a pause after each piece of a large answer."""
    front = yield from split_front(response.pieces)
    if front is not None:
        rest = yield from _envelope_steps(attrs.evolve(response, pieces=front.rest))
        if rest is not None and _goes_on(front, rest):
            last = _checked_payload(response, rest)
            return PagePayload([*front.records, *last.records], last.count)
    return _checked_payload(response, (yield from _envelope_steps(response)))


def _goes_on(front: Front, rest: _Envelope) -> bool:
    """Say whether the list that was cut is the payload's, and not another one of that name."""
    if rest.payload is None or not rest.payload.data:
        return False
    return front.rest.startswith(bytes(rest.payload.data[0]), front.next_record)


def _checked_payload(response: Response, envelope: _Envelope | None) -> PagePayload:
    if envelope is None or not _is_success(_values(envelope)):
        raise_for_error(response)
    payload = None if envelope is None else envelope.payload
    count = None if payload is None else _whole_number(_value(payload.recordsCount))
    if payload is None or (payload.data is None and count != 0):
        raise ResponseError(
            "the answer reads as a success but holds no payload with a list of records; it is"
            " not taken for an empty page. Check that base_url leads to Accounts Receivable",
            response.status,
        )
    return PagePayload(payload.data or [], count)


def raise_for_error(response: Response) -> None:
    """Raise the error that *response* stands for; return if it is a success with an envelope."""
    answer = None if 300 <= response.status < 400 else _json_object(response)
    if answer is None:
        if 200 <= response.status < 400:
            deep = _is_too_deep(response.body)
            text = TOO_DEEP if deep else _not_the_envelope(response)
            error = ResponseError(text, response.status)
            error.final = deep or response.status >= 300
            raise error
        raise _api_error(response, {})
    if not 200 <= response.status < 300 or not _is_success(answer):
        raise _api_error(response, answer)


def _envelope_steps(response: Response) -> Generator[None, None, _Envelope | None]:
    if not 200 <= response.status < 300:
        return None
    body = response.body
    try:
        return _decode_page(body)
    except RecursionError:
        return None
    except msgspec.MsgspecError:
        return (yield from _despite_bad_records(body))


def _despite_bad_records(body: bytes) -> Generator[None, None, _Envelope | None]:
    """Read an answer in which only records are not sound JSON; each of them is then a bad one."""
    for candidate in (yield from salvaged(body)):
        try:
            envelope = _decode_page(candidate.rest)
        except _UNREADABLE:
            continue
        if envelope.payload is not None and envelope.payload.data == [msgspec.Raw(PLACE_OF_ITEMS)]:
            envelope.payload.data = [msgspec.Raw(item) for item in candidate.items]
            return envelope
    return None


def _values(outline: _Outline) -> dict[str, Any]:
    return {name: _value(getattr(outline, name)) for name in _Outline.__struct_fields__}


def _value(raw: msgspec.Raw) -> Any:
    """Return a part of an answer; of one that is too large only that there is something."""
    text = memoryview(raw)
    if len(text) > MAX_ERROR_BYTES:
        return True
    try:
        return msgspec.json.decode(text)
    except _UNREADABLE:
        return True


def _is_success(answer: Mapping[str, Any]) -> bool:
    code = answer.get("response_code")
    is_good_code = not isinstance(code, bool) and code in (None, 0, 200, "0", "200")
    is_failure = str(answer.get("response_message")).upper() == "FAILURE"
    return not answer.get("errorResponse") and is_good_code and not is_failure


def _json_object(response: Response) -> dict[str, Any] | None:
    """Return what the answer says beside its records, or None where it is no JSON object."""
    body = response.body
    try:
        if len(body) > MAX_ERROR_BYTES:
            answer: object = _values(_decode_outline(body))
        else:
            answer = msgspec.json.decode(body)
    except _UNREADABLE:
        return None
    if not isinstance(answer, dict):
        return None
    known = cast("dict[str, Any]", answer)
    if isinstance(known.get("payload"), (dict, list)):
        # Records have no place in an error, nor in the frames that it comes from.
        del known["payload"]
    return cast("dict[str, Any]", masked(known, response.secrets.reveal()))


TOO_DEEP = (
    "the answer is nested deeper than this program's recursion limit"
    " (sys.getrecursionlimit()) allows to read; no answer of the service is"
)


def _is_too_deep(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except RecursionError:
        return True
    except msgspec.MsgspecError:
        return False
    return False


def _not_the_envelope(response: Response) -> str:
    if 300 <= response.status < 400:
        return (
            "the service answered with a redirect, which is not followed because credentials"
            " would go with it; set base_url to the final address"
        )
    if not response.body.strip():
        return "the answer was empty; a proxy, or a wrong base_url, answers like this"
    kind = _content_type(response)
    return (
        f"the answer was not the service's JSON envelope ({kind}, {len(response.body)} bytes);"
        " a proxy, or a wrong base_url, answers like this"
    )


def _content_type(response: Response) -> str:
    given = response.headers.get("content-type", "").split(";")[0].strip()
    kind: str = masked(given, response.secrets.reveal())
    return (
        kind if re.fullmatch(r"[\w.+-]{1,50}/[\w.+-]{1,50}", kind, re.ASCII) else "no content type"
    )


def _api_error(response: Response, answer: Mapping[str, Any]) -> APIError:
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
    return value[:MAX_TEXT] if isinstance(value, str) and value else None


def _code(value: object) -> int | str | None:
    # Python refuses to write out an int of more than 4,300 digits.
    is_number = isinstance(value, int) and abs(value) < 2**63
    return value if isinstance(value, int) and is_number else _text(value)


def _sub_errors(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        return ()
    items = cast("Any", value)
    return tuple(items)


def _whole_number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if isinstance(value, int) and is_count else None


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for, in either form of RFC 9110, or None."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
