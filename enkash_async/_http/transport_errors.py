"""What sending raises to errors of ours, and what they must not carry along."""

from __future__ import annotations

import os

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from enkash_async._http.deadline import Deadline
from enkash_async._http.pool import ConnectionUse
from enkash_async.errors import (
    CertificateError,
    ConnectError,
    ProxyError,
    RequestTimeoutError,
    ResponseError,
    TransportError,
)
from enkash_async.timeout import Timeout, setting_of

NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})
"""How OpenSSL calls an answer that is none of TLS, such as one of http; versions differ."""


class Exchange(msgspec.Struct, eq=False):
    """One request on its way, as far as an error can tell of it."""

    what: str
    timeout: Timeout
    deadline: Deadline
    use: ConnectionUse
    is_own_pool: bool
    """The connections are the SDK's own, so that *use* says what became of them."""
    status: int | None = None
    """Of its answer, once the head has come."""


def translated(error: Exception, exchange: Exchange) -> TransportError:
    """Return the error of ours for *error*, whatever it is, that ended *exchange*."""
    # First, because aiohttp's timeouts are TimeoutErrors and ClientErrors both.
    if isinstance(error, TimeoutError):
        return _timeout(error, exchange)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ServerFingerprintMismatch)):
        return _no_connection(error, exchange)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refusing_proxy(error, exchange)
    if isinstance(error, (UnicodeError, aiohttp.InvalidURL)):
        wrong = ConnectError(
            f"{exchange.what}: the request cannot be sent to this address ({_kind(error)});"
            " check the host in base_url"
        )
        wrong.final = True
        return wrong
    is_closing = isinstance(error, (aiohttp.ServerConnectionError, ConnectionError, EOFError))
    if exchange.status is None and (is_closing or isinstance(error, aiohttp.ClientOSError)):
        return _closed_connection(exchange)
    if isinstance(error, (aiohttp.ClientError, OSError, EOFError)):
        return _broken_answer(error, exchange.what, exchange.status)
    return TransportError(
        f"{exchange.what}: sending it, or reading its answer, failed with {type(error).__name__}"
        f"{'' if exchange.is_own_pool else ' in the aiohttp session that you gave'}"
    )


def _timeout(error: TimeoutError, exchange: Exchange) -> TransportError:
    what, timeout = exchange.what, exchange.timeout
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        place = "" if exchange.is_own_pool else ", or no free place in the pool that you gave,"
        return ConnectError(
            f"{what}: no connection{place} within the session's timeout,"
            f" {setting_of(timeout, 'connect')}"
        )
    if exchange.is_own_pool and not exchange.use.stands:
        return ConnectError(
            f"{what}: no connection within the time that was left,"
            f" {setting_of(timeout, exchange.deadline.name)}"
        )
    part = "read" if isinstance(error, aiohttp.SocketTimeoutError) else exchange.deadline.name
    missing = "nothing came" if part == "read" else "no complete answer"
    return RequestTimeoutError(
        f"{what}: {missing} within the session's timeout, {setting_of(timeout, part)}"
    )


def _no_connection(
    error: aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch, exchange: Exchange
) -> ConnectError:
    """Return the error for a connection that did not come about, with what can be done."""
    what = exchange.what
    if isinstance(
        error, (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)
    ):
        refused = CertificateError(
            f"{what}: the certificate that was shown is not accepted: {_certificate_fault(error)}."
            " Where an authority of your own issues certificates (a proxy that looks into TLS,"
            " say), give its file with EnKashSession(ssl=ssl.create_default_context(cafile=...)),"
            " or name it in SSL_CERT_FILE; otherwise it may not be the service that answers at"
            " base_url"
        )
        # Asked again, it would show the same.
        refused.final = True
        return refused
    if isinstance(error, aiohttp.ClientSSLError):
        return _no_tls(_tls_fault(error), what)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ProxyError(
            f"{what}: cannot connect to the proxy{_whose(exchange)}:"
            f" {_why_unconnected(error)}. Check"
            f" {'proxy= or HTTPS_PROXY' if exchange.is_own_pool else 'that session'}"
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectError(
            f"{what}: the host {error.host} has no address: {error.strerror}. Check base_url, and"
            " whether names are resolved here"
        )
    return ConnectError(
        f"{what}: cannot connect to {_address(error)}: {_why_unconnected(error)}. Check base_url"
    )


def _address(error: aiohttp.ClientConnectorError) -> str:
    host, port = error.host, error.port
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _why_unconnected(error: aiohttp.ClientConnectorError) -> str:
    """Return what the system says; the text of asyncio's errors is about its own calls."""
    number = error.os_error.errno
    if number is None:
        # Several addresses were tried, and asyncio joins what was said of each.
        return "none of its addresses took the connection"
    if number < 0:
        # One of getaddrinfo's, which `strerror` does not know.
        return error.os_error.strerror or "its address cannot be used"
    return os.strerror(number)


def _certificate_fault(
    error: aiohttp.ClientConnectorCertificateError | aiohttp.ServerFingerprintMismatch,
) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "its fingerprint is not the one that the aiohttp session expects"
    # OpenSSL's words; what the certificate holds is not among them.
    fault = error.certificate_error
    return str(getattr(fault, "verify_message", None) or type(fault).__name__)


def _no_tls(fault: str, what: str) -> ConnectError:
    if fault not in NO_TLS:
        return ConnectError(
            f"{what}: TLS did not come about ({fault}); check that base_url is right"
            " and that nothing between breaks https"
        )
    plain = ConnectError(
        f"{what}: what answers there speaks no TLS, but http perhaps; check scheme and port of"
        " base_url, and of the proxy if there is one"
    )
    # Asked again, it would speak the same.
    plain.final = True
    return plain


def _tls_fault(error: aiohttp.ClientSSLError) -> str:
    reason = getattr(error.os_error, "reason", None)
    return str(reason) if reason else type(error.os_error).__name__


def _refusing_proxy(error: aiohttp.ClientHttpProxyError, exchange: Exchange) -> ProxyError:
    cure = "as http://user:password@host" if exchange.is_own_pool else "to that session"
    refused = ProxyError(
        f"{exchange.what}: the proxy{_whose(exchange)} refused to connect (HTTP {error.status})"
        + (f"; it asks for credentials, give them {cure}" if error.status == 407 else ""),
        error.status,
    )
    # It could not reach the service, rather than that it would not.
    refused.final = error.status < 500
    return refused


def _whose(exchange: Exchange) -> str:
    return "" if exchange.is_own_pool else " of the aiohttp session"


def _closed_connection(exchange: Exchange) -> ResponseError:
    # Perhaps the service closed it for being idle when the request was on its way.
    is_reused = exchange.use.is_reused
    closed = ResponseError(
        f"{exchange.what}: the connection{', idle until then,' if is_reused else ''} was closed"
        " before an answer came; check base_url and what stands between"
    )
    closed.at_once = True
    closed.died_idle = is_reused
    return closed


def _broken_answer(error: Exception, what: str, status: int | None) -> ResponseError:
    if status is None:
        fault, suspects = "no answer came that is HTTP", "base_url and what stands between"
    else:
        fault, suspects = "the answer broke off, or its body is not HTTP", "what stands between"
    broken = ResponseError(f"{what}: {fault} ({_kind(error)}); check {suspects}", status)
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
    frames and causes hold both. Its type stays, and of the system's errors the text.
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
    elif isinstance(error, aiohttp.InvalidURL):
        error.__dict__.update(_url="", _description=None)
        error.args = ("",)
    elif not isinstance(error, OSError) or error.errno is None:
        # Of what the system says, the text is kept; all else may be a quotation.
        error.args = ()
        if not isinstance(error, aiohttp.ClientError):
            error.__dict__.clear()
        if isinstance(error, UnicodeError):
            _forget_input(error)
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _forget_input(error: UnicodeError) -> None:
    if isinstance(error, UnicodeEncodeError):
        error.object, error.start, error.end = "?", 0, 1
    elif isinstance(error, UnicodeDecodeError):
        error.object, error.start, error.end = b"?", 0, 1
