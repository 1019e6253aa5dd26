"""Errors of aiohttp to errors of ours, and what they must not carry along."""

from __future__ import annotations

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from enkash_async.errors import (
    ConnectError,
    RequestTimeoutError,
    ResponseError,
    TransportError,
)
from enkash_async.timeout import Timeout


def translated(
    error: Exception, what: str, timeout: Timeout, seconds: float, status: int | None
) -> TransportError:
    """Return the error of ours for one of aiohttp's that ended *what*.

    It had *seconds*; *status* is the one that was heard before it failed.
    """
    # First, because aiohttp's total timeout is a bare TimeoutError, and its connection
    # timeout is both a TimeoutError and a ClientError.
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectError(
            f"{what}: no connection within the session's timeout,"
            f" Timeout(connect={timeout.connect:g})"
        )
    if isinstance(error, aiohttp.SocketTimeoutError):
        return RequestTimeoutError(
            f"{what}: nothing came within the session's timeout, Timeout(read={timeout.read:g})"
        )
    if isinstance(error, TimeoutError):
        is_attempt = seconds == timeout.attempt
        limit = f"attempt={seconds:g}" if is_attempt else f"call={timeout.call:g}"
        return RequestTimeoutError(
            f"{what}: no complete answer within the session's timeout, Timeout({limit})"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectError(f"{what}: cannot connect: {error}. Check base_url")
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        return _closed_connection(what)
    return _broken_answer(error, what, status)


def _closed_connection(what: str) -> ResponseError:
    closed = ResponseError(
        f"{what}: the connection was closed before an answer came. If it happens again,"
        " check base_url and what stands between"
    )
    # Most likely it had been idle, and the service closed it when the request was on its way.
    closed.at_once = True
    return closed


def _broken_answer(error: Exception, what: str, status: int | None) -> ResponseError:
    broken = ResponseError(
        f"{what}: the answer broke off or was not HTTP ({_kind(error)}). If it happens"
        " again, check base_url and what stands between, or ask for smaller pages",
        status,
    )
    broken.broke_off = status is not None
    return broken


def _kind(error: Exception) -> str:
    """Say what was wrong with an answer, in words of ours: aiohttp's quote the answer."""
    origin: BaseException = error
    while (below := origin.__cause__ or origin.__context__) is not None:
        origin = below
    kind = type(origin).__name__
    if kind == "LineTooLong":
        return "a line of its head is longer than aiohttp's max_line_size or max_field_size"
    if "Too many headers" in str(origin):
        return "it has more headers than aiohttp's max_headers"
    return kind


def scrubbed_client_error(error: Exception) -> Exception:
    """Take the request and the answer out of an error of aiohttp's, and return the same error.

    It may hold the request's headers with the token, or quote what the server sent, and its
    frames and causes hold both. Its type stays.
    """
    if isinstance(error, aiohttp.ClientResponseError):
        sent = error.request_info
        info = aiohttp.RequestInfo(
            sent.url, sent.method, CIMultiDictProxy(CIMultiDict[str]()), sent.real_url
        )
        error.request_info = info
        error.headers = None
        error.message = ""
        error.args = (info, error.history)
    elif isinstance(error, aiohttp.ClientConnectorError):
        # Beside it stands the address of a proxy, and how to log in there.
        error.args = (error.os_error,)
    elif isinstance(error, aiohttp.ServerDisconnectedError):
        error.message = "Server disconnected"
        error.args = (error.message,)
    elif isinstance(error, aiohttp.ClientError) and not isinstance(error, OSError):
        error.args = ()
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
