"""The outer JSON object of every answer to a search. No I/O."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from enkash_async.sandbox.data.dates import blank_text
from enkash_async.sandbox.settings import SandboxSettings, SuccessError


class Problem(msgspec.Struct, frozen=True, rename={"rejected_value": "rejectedValue"}):
    """One thing wrong with a request, as it stands in apiSubErrors.

    The documentation leaves apiSubErrors without fields; these four are a guess.
    """

    object: str
    field: str
    rejected_value: Any
    message: str


class RefusalError(Exception):
    """The request is answered with an error envelope."""

    def __init__(
        self, status: int, error_type: str, message: str, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(status, error_type, message, problems)
        self.status = status
        self.error_type = error_type
        self.message = message
        self.problems = problems


_ABSENT = object()

_NO_ERROR: dict[SuccessError, object] = {
    "null": None,
    "missing": _ABSENT,
    "text": "",
    "list": [],
    "nulls": {"apiSubErrors": [], "errorMessage": None, "errorType": None, "requestId": ""},
}


def success(records: Sequence[bytes], total: int, settings: SandboxSettings) -> bytes:
    """Return the envelope around one page of ready-made records."""
    data = b'{"data":[' + b",".join(records) + b"]"
    count = _records_count(len(records), total, settings)
    payload = data + count + b"}"
    error = _NO_ERROR[settings.success_error]
    return _envelope(error, payload, settings.success_code, settings.success_message)


def _records_count(shown: int, total: int, settings: SandboxSettings) -> bytes:
    if settings.count_style == "missing":
        return b""
    counts = {
        "total": total,
        "page": shown,
        "null": None,
        "plus_one": total + 1,
        "minus_one": max(total - 1, 0),
        "text": str(total),
        "fraction": float(total),
        "huge": 2**63,
    }
    return b',"recordsCount":' + msgspec.json.encode(counts[settings.count_style])


def failure(refusal: RefusalError, settings: SandboxSettings) -> bytes:
    """Return the envelope of a refused request."""
    error = {
        "apiSubErrors": refusal.problems,
        "errorMessage": refusal.message,
        "errorType": refusal.error_type,
        "requestId": uuid4().hex,
        "timestamp": blank_text(datetime.now(UTC)),
    }
    return _envelope(error, b"null", _failure_code(refusal, settings), "FAILURE")


def _failure_code(refusal: RefusalError, settings: SandboxSettings) -> int | None:
    # Both habits are seen in EnKash products: 0 and 1, or 200 and a number like HTTP's.
    return {0: 1, 200: refusal.status, None: None}[settings.success_code]


def _envelope(error: object, payload: bytes, code: int | None, message: str) -> bytes:
    envelope = {
        "errorResponse": error,
        "payload": msgspec.Raw(payload),
        "response_code": code,
        "response_message": message,
    }
    if code is None:
        del envelope["response_code"]
    if error is _ABSENT:
        del envelope["errorResponse"]
    return msgspec.json.encode(envelope)
