"""Asyncio SDK for EnKash Accounts Receivable customers.

`EnKashSession` is where to begin; its docstring, and `session.customers.search`, say the rest.
"""

from enkash_async import _frames
from enkash_async._decoding.bad_record import BadRecord, OnBadRecord
from enkash_async._decoding.record import HiddenFieldsWarning
from enkash_async._search.extra import JsonBody, QueryString
from enkash_async._search.page import Page
from enkash_async._search.query import Direction
from enkash_async._version import __version__
from enkash_async.auth import Auth, BearerToken, OAuthPassword, Token
from enkash_async.customers import (
    Customer,
    CustomerFilter,
    CustomerKeyContact,
    CustomerLevel,
    CustomerReminder,
    Customers,
    CustomerSearch,
    CustomerStatus,
    ReminderType,
)
from enkash_async.errors import (
    ERROR_CLASSES,
    AnswerTooLargeError,
    APIError,
    ArgumentTypeError,
    AuthenticationError,
    CertificateError,
    ClientRequestAbortError,
    ClientRequestError,
    ConfigurationError,
    ConnectError,
    DecodeError,
    EnKashError,
    ErrorType,
    IncompleteSearchError,
    InvalidAccessError,
    InvalidArgumentError,
    ProxyError,
    RateLimitedError,
    RecordNotFoundError,
    RequestTimeoutError,
    ResponseError,
    SystemFaultError,
    TransportError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
)
from enkash_async.events import Hooks
from enkash_async.report import SearchReport, Verdict
from enkash_async.resume import ResumeToken
from enkash_async.retry import RetryPolicy
from enkash_async.session import EnKashSession, SessionOptions, ViewOptions
from enkash_async.timeout import Timeout

__all__ = [
    "ERROR_CLASSES",
    "APIError",
    "AnswerTooLargeError",
    "ArgumentTypeError",
    "Auth",
    "AuthenticationError",
    "BadRecord",
    "BearerToken",
    "CertificateError",
    "ClientRequestAbortError",
    "ClientRequestError",
    "ConfigurationError",
    "ConnectError",
    "Customer",
    "CustomerFilter",
    "CustomerKeyContact",
    "CustomerLevel",
    "CustomerReminder",
    "CustomerSearch",
    "CustomerStatus",
    "Customers",
    "DecodeError",
    "Direction",
    "EnKashError",
    "EnKashSession",
    "ErrorType",
    "HiddenFieldsWarning",
    "Hooks",
    "IncompleteSearchError",
    "InvalidAccessError",
    "InvalidArgumentError",
    "JsonBody",
    "OAuthPassword",
    "OnBadRecord",
    "Page",
    "ProxyError",
    "QueryString",
    "RateLimitedError",
    "RecordNotFoundError",
    "ReminderType",
    "RequestTimeoutError",
    "ResponseError",
    "ResumeToken",
    "RetryPolicy",
    "SearchReport",
    "SessionOptions",
    "SystemFaultError",
    "Timeout",
    "Token",
    "TransportError",
    "UnauthorizedError",
    "UnknownServiceError",
    "UnprocessableRequestError",
    "ValidationError",
    "Verdict",
    "ViewOptions",
    "__version__",
]

_frames.hide()
