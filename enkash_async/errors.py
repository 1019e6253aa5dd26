"""Every error that comes out of the SDK, and what it carries. No I/O.

EnKashError
├── TransportError            nothing usable arrived
│   ├── ConnectError          no connection
│   │   ├── CertificateError      the certificate that was shown is not accepted
│   │   └── ProxyError            the proxy refused, or cannot be reached
│   ├── RequestTimeoutError   no answer in time
│   └── ResponseError         broken off, not JSON, not the envelope
│       └── AnswerTooLargeError   beyond a bound of the session
├── APIError                  the service answered, and the answer was an error
│   ├── ClientRequestAbortError      CLIENT_REQUEST_ABORT
│   ├── ClientRequestError           CLIENT_REQUEST_ERROR
│   ├── InvalidAccessError           INVALID_ACCESS
│   ├── RecordNotFoundError          RECORD_NOT_FOUND
│   ├── SystemFaultError             SYSTEM_ERROR
│   ├── UnauthorizedError            UNAUTHORIZED
│   ├── UnknownServiceError          UNKNOWN_ERROR, any type not known yet, and a wrong address
│   ├── UnprocessableRequestError    UNPROCESSABLE_REQUEST
│   ├── ValidationError              VALIDATION_ERROR
│   └── RateLimitedError             HTTP 429
├── AuthenticationError       the token endpoint refused, or may have; never retried
├── DecodeError               a record could not be structured
├── IncompleteSearchError     the pages contradict each other
├── ConfigurationError        something to be configured is missing, or cannot be used
└── InvalidArgumentError      an argument cannot be used; nothing was sent
    └── ArgumentTypeError         it is of the wrong type

The last two branches are ValueErrors too, and ArgumentTypeError is a TypeError. What is done at the
wrong time, such as reading a session that is not open, is a RuntimeError outside the tree.
The nine error types: enkash-old.apidog.io/api-8993801. What each means is not documented there;
the advice below says what a caller can check.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from enkash_async._advice import BY_STATUS, facts, of_status, sentences, way_to_ask, wish

if TYPE_CHECKING:
    from enkash_async.report import SearchReport
    from enkash_async.resume import ResumeToken

__all__ = [
    "ERROR_CLASSES",
    "APIError",
    "AnswerTooLargeError",
    "ArgumentTypeError",
    "AuthenticationError",
    "CertificateError",
    "ClientRequestAbortError",
    "ClientRequestError",
    "ConfigurationError",
    "ConnectError",
    "DecodeError",
    "EnKashError",
    "ErrorType",
    "IncompleteSearchError",
    "InvalidAccessError",
    "InvalidArgumentError",
    "ProxyError",
    "RateLimitedError",
    "RecordNotFoundError",
    "RequestTimeoutError",
    "ResponseError",
    "SystemFaultError",
    "TransportError",
    "UnauthorizedError",
    "UnknownServiceError",
    "UnprocessableRequestError",
    "ValidationError",
]

E = TypeVar("E", bound=BaseException)


class ErrorType(StrEnum):
    """The nine values of `errorType` that the service documents."""

    CLIENT_REQUEST_ABORT = "CLIENT_REQUEST_ABORT"
    CLIENT_REQUEST_ERROR = "CLIENT_REQUEST_ERROR"
    INVALID_ACCESS = "INVALID_ACCESS"
    RECORD_NOT_FOUND = "RECORD_NOT_FOUND"
    SYSTEM_ERROR = "SYSTEM_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"
    UNPROCESSABLE_REQUEST = "UNPROCESSABLE_REQUEST"
    VALIDATION_ERROR = "VALIDATION_ERROR"


class EnKashError(Exception):
    """Base of all errors of the SDK.

    One that ended a search says where: *offset* is the row at which the page began that failed,
    *report* what had been read until then, *resume_token* how to go on. All three are None for
    an error outside a search. *client_request_id* is the `X-Request-Id` of the attempt that failed,
    by which EnKash may find it in its logs; None where nothing was sent. *attempts* is how many
    were made at the request, 0 where none was. Errors pickle; `__cause__` holds the original one.
    """

    final: bool = False
    """No other attempt can help, or another one might do harm."""

    http_status: ClassVar[int] = 502
    """What a web service of yours may answer for it: 400 for what its caller asked, 404, 503 for
    what may pass or be set right, 504 for a service that is late, 502 for all else. The status that
    came is `status`, of the classes that have one."""

    # Attributes rather than arguments: `args` alone must rebuild an error that was pickled.
    offset: int | None = None
    report: SearchReport | None = None
    resume_token: ResumeToken | None = None
    client_request_id: str | None = None
    attempts: int = 0

    def _with_facts(self, text: str, *known: str) -> str:
        """Return *text* with what is *known*, and what was done, in brackets."""
        return text + facts(
            *known, attempts=self.attempts, client_request_id=self.client_request_id
        )


class TransportError(EnKashError):
    """Nothing usable arrived.

    *at_once* is true where the connection was closed before an answer came, so that there is no
    reason to wait before another attempt; *died_idle* where it surely had been idle before, so that
    the attempt was none: another one goes over a new connection and is not counted.
    """

    at_once: bool = False
    died_idle: bool = False

    def __str__(self) -> str:
        return self._with_facts(super().__str__())


class ConnectError(TransportError):
    """No connection to the service came about, so the request was never sent."""

    http_status = 503


class CertificateError(ConnectError):
    """The certificate that was shown is not accepted. Final: asked again, it is the same.

    Where an authority of your own issues certificates, give its file to `EnKashSession(ssl=...)`
    or name it in `SSL_CERT_FILE`.
    """

    http_status = 502


class ProxyError(ConnectError):
    """The proxy between here and the service refused, or cannot be reached.

    *status* is what it answered, None if it did not. Final if it refused by a status below 500.
    """

    status: int | None

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return self._with_facts(self.args[0])


class RequestTimeoutError(TransportError):
    """The service did not answer in time."""

    http_status = 504


class ResponseError(TransportError):
    """The answer broke off, or was not the JSON that the service promises.

    *status* is its HTTP status, None where the answer never began. *broke_off* is true where it
    began and came to no end.
    """

    status: int | None
    broke_off: bool = False
    digest: str | None = None
    """Hash of an answer that is broken in itself: should the same come again, it always will."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        text: str = self.args[0]
        return self._with_facts(text, *([] if self.status is None else [f"HTTP {self.status}"]))


class AnswerTooLargeError(ResponseError):
    """The answer went beyond a bound, which the text names; it was not read to its end.

    The same request would be answered alike. A search has asked for smaller pages by itself, as
    far as it may (`adaptive`); else ask for smaller pages, or raise the bound.
    """


class APIError(EnKashError):
    """The service answered, and the answer was an error.

    *status* is the HTTP status, which may be 200; *error_type* the service's own word, as an
    `ErrorType` or as text where it is not one of the nine; *sub_errors* the service's
    `apiSubErrors` as they came, since it does not document their fields; *retry_after* the wait
    in seconds that it asks for, if it does.
    """

    advice: ClassVar[str] = ""
    only_enkash_can_help: ClassVar[bool] = False

    retry_after: float | None = None
    message: str
    status: int
    error_type: ErrorType | str | None
    sub_errors: tuple[Any, ...]
    request_id: str | None
    timestamp: str | None
    response_code: int | str | None
    response_message: str | None

    def __init__(
        self,
        message: str,
        status: int = 0,
        *,
        error_type: ErrorType | str | None = None,
        sub_errors: tuple[Any, ...] = (),
        request_id: str | None = None,
        timestamp: str | None = None,
        response_code: int | str | None = None,
        response_message: str | None = None,
    ) -> None:
        super().__init__(message, status)
        self.message = message
        self.status = status
        self.error_type = error_type
        self.sub_errors = sub_errors
        self.request_id = request_id
        self.timestamp = timestamp
        self.response_code = response_code
        self.response_message = response_message

    def __str__(self) -> str:
        known = [f"HTTP {self.status}"]
        if self.error_type is not None:
            known.append(str(self.error_type))
        if self.response_code not in (None, 0, 200):
            known.append(f"response code {self.response_code}")
        known.append(f"request {self.request_id or 'id unknown'}")
        text = self._with_facts(self.message, *known)
        return sentences(text, self._what_to_do(), self._way_to_ask(), wish(self.retry_after))

    def _what_to_do(self) -> str:
        found = None if self.error_type else of_status(self.status)
        return self.advice if found is None else found

    def _way_to_ask(self) -> str:
        # What stands in BY_STATUS has another reason than a failure of the service.
        has_reason = not self.error_type and self.status in BY_STATUS
        if not self.only_enkash_can_help or has_reason:
            return ""
        return way_to_ask(self.request_id, self.client_request_id)


class ClientRequestAbortError(APIError):
    """`CLIENT_REQUEST_ABORT`: the service saw the request end before it was complete."""

    advice = "The request was broken off on its way; check proxies in between, then try again."


class ClientRequestError(APIError):
    """`CLIENT_REQUEST_ERROR`: the service could not use the request as it came."""

    http_status = 400

    advice = "Trying again will not help: check order_by, the filter and base_url."


class InvalidAccessError(APIError):
    """`INVALID_ACCESS`: these credentials may not do this."""

    advice = "Ask EnKash whether these credentials (and this IP address) may search customers."


class RecordNotFoundError(APIError):
    """`RECORD_NOT_FOUND`: the service says that there is nothing of that kind, or with that id.

    A 404 that is not the service's own, as of a wrong base_url, is an UnknownServiceError.
    """

    http_status = 404

    advice = "Check the id; if none was asked for, check base_url."

    def _what_to_do(self) -> str:
        return self.advice


class SystemFaultError(APIError):
    """`SYSTEM_ERROR`: the service failed; worth trying again."""

    advice = "The service failed, which may pass."
    only_enkash_can_help = True


class UnauthorizedError(APIError):
    """`UNAUTHORIZED`: the token was refused, also after a new one was asked for if possible.

    *was_renewed* is true where there was a new one, which was refused as well.
    """

    advice = "The token is not valid at this base_url: get a new one, or use OAuthPassword."
    was_renewed: bool = False

    def _what_to_do(self) -> str:
        if self.was_renewed:
            return "A new token was refused too: ask EnKash whether this account may do this."
        return super()._what_to_do()


class UnknownServiceError(APIError):
    """`UNKNOWN_ERROR`, and what is none of the other errors.

    That is every error type that is not one of the nine documented ones, and without a type what
    the HTTP status alone does not explain, such as a 404 that is not the service's own.
    """

    advice = "What that means is documented nowhere."
    only_enkash_can_help = True


class UnprocessableRequestError(APIError):
    """`UNPROCESSABLE_REQUEST`: understood, but impossible as asked."""

    http_status = 400

    advice = "Trying again will not help: check that the values of the filter belong together."


class ValidationError(APIError):
    """`VALIDATION_ERROR`: a value was refused; *sub_errors* may say which."""

    http_status = 400

    advice = "Trying again will not help: check order_by and the values of the filter."


class RateLimitedError(APIError):
    """HTTP 429: too many requests."""

    http_status = 503

    advice = "Lower max_concurrency, or wait before the next search."


class AuthenticationError(EnKashError):
    """The token endpoint refused the credentials, or two logins may have been refused unsaid.

    Final for the session and never retried: the service locks an account after three refusals
    (docs.enkash.com/api-24480514). *status* is the HTTP status of the refusal, None where there
    was no answer.
    """

    status: int | None

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        text = self._with_facts(self.args[0])
        return (
            f"{text}. Check client id, client secret, user name and password before the next"
            " login: the service locks an account after three refused ones."
        )


class DecodeError(EnKashError):
    """A record could not be structured.

    *path* names the field (`customerKeyContacts[0].createdOn`), *index* the record's place in
    its page, *offset* its row in the list. The value itself stays out of the text.
    """

    path: str
    reason: str
    index: int | None

    def __init__(
        self, path: str, reason: str, offset: int | None = None, index: int | None = None
    ) -> None:
        super().__init__(path, reason, offset, index)
        self.path = path
        self.reason = reason
        self.offset = offset
        self.index = index

    def __str__(self) -> str:
        place = "" if self.offset is None else f" at row {self.offset}"
        return (
            f"record{place} cannot be read: {self.path}: {self.reason}."
            " search() and crawl() set such records aside if they are given an on_bad_record"
            " callback."
        )


class IncompleteSearchError(EnKashError):
    """Records may be missing: pages contradict each other, or fewer rows came than are counted.

    With `strict=True` also: the verdict is not COMPLETE. *report* says what was found.
    """


class ConfigurationError(EnKashError, ValueError):
    """Something to be configured is missing, or cannot be used: a variable, a file, a proxy."""

    http_status = 503


class InvalidArgumentError(EnKashError, ValueError):
    """An argument cannot be used. Nothing was sent."""

    http_status = 400


class ArgumentTypeError(InvalidArgumentError, TypeError):
    """An argument is of the wrong type. Nothing was sent."""


ERROR_CLASSES: Mapping[ErrorType, type[APIError]] = MappingProxyType(
    {
        ErrorType.CLIENT_REQUEST_ABORT: ClientRequestAbortError,
        ErrorType.CLIENT_REQUEST_ERROR: ClientRequestError,
        ErrorType.INVALID_ACCESS: InvalidAccessError,
        ErrorType.RECORD_NOT_FOUND: RecordNotFoundError,
        ErrorType.SYSTEM_ERROR: SystemFaultError,
        ErrorType.UNAUTHORIZED: UnauthorizedError,
        ErrorType.UNKNOWN_ERROR: UnknownServiceError,
        ErrorType.UNPROCESSABLE_REQUEST: UnprocessableRequestError,
        ErrorType.VALIDATION_ERROR: ValidationError,
    }
)


def for_another(error: E) -> E:
    """Return an error of their own for one of several who are told of *error*.

    Who they are and what they read is noted on it, and would else be noted on that of the others.
    Errors outside the tree are shared, as nobody knows how they are copied.
    """
    if not isinstance(error, EnKashError):
        return error
    clone = copy.copy(error)
    if hasattr(error, "__notes__"):
        clone.__notes__ = list(error.__notes__)
    clone.__cause__ = error.__cause__
    return clone.with_traceback(error.__traceback__)
