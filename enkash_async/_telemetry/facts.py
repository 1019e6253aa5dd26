"""What may be told of an error: never its text, nor a word that is not known. No I/O."""

from __future__ import annotations

import re

import msgspec

from enkash_async._patterns import Pattern
from enkash_async.errors import APIError, EnKashError, ErrorType


class ErrorFacts(msgspec.Struct, frozen=True):
    """An error as events have it. All are None where there was no error."""

    error: str | None = None
    """The name of its class."""
    error_type: ErrorType | None = None
    status: int | None = None
    request_id: str | None = None
    client_request_id: str | None = None


NO_ERROR = ErrorFacts()


def facts_of(error: BaseException | None) -> ErrorFacts:
    """Return what may be told of *error*. Of one that is not ours, that is its class."""
    if error is None:
        return NO_ERROR
    name = type(error).__name__
    if not isinstance(error, EnKashError):
        return ErrorFacts(name)
    status, sent_as = getattr(error, "status", None), error.client_request_id
    if not isinstance(error, APIError):
        return ErrorFacts(name, None, status, None, sent_as)
    # Any other text came from the service, which may quote what it was sent.
    known = error.error_type if isinstance(error.error_type, ErrorType) else None
    return ErrorFacts(name, known, status, _checked_id(error.request_id), sent_as)


_REQUEST_ID = Pattern(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


def _checked_id(request_id: str | None) -> str | None:
    """Return a request id that looks like one, rather than like text of any kind."""
    return request_id if request_id is not None and _REQUEST_ID.fullmatch(request_id) else None
