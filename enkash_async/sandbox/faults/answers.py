"""Refusals, errors and redirects in place of the right answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from types import MappingProxyType
from typing import Literal

import attrs
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.bodies import html_page
from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.faults.kind import Instead, Kind
from enkash_async.sandbox.knobs import KNOB, HeaderValue, OneOf, Seconds, Whole

ErrorType = Literal[
    "CLIENT_REQUEST_ABORT",
    "CLIENT_REQUEST_ERROR",
    "INVALID_ACCESS",
    "RECORD_NOT_FOUND",
    "SYSTEM_ERROR",
    "UNAUTHORIZED",
    "UNKNOWN_ERROR",
    "UNPROCESSABLE_REQUEST",
    "VALIDATION_ERROR",
]
"""The values of errorType: enkash-old.apidog.io/api-8993801."""

RetryAfterForm = Literal["seconds", "fraction", "date", "date_of_a_slow_clock", "words"]
_SLOW = timedelta(hours=5)

RedirectStatus = Literal[301, 302, 303, 307, 308]

# Which status goes with which type is documented nowhere; these read naturally.
_STATUSES = MappingProxyType(
    {
        "INVALID_ACCESS": 403,
        "RECORD_NOT_FOUND": 404,
        "SYSTEM_ERROR": 500,
        "UNAUTHORIZED": 401,
        "UNKNOWN_ERROR": 500,
        "UNPROCESSABLE_REQUEST": 422,
    }
)


@attrs.frozen
class Error(Instead):
    """An error envelope of one of the nine error types; status 200 puts it into a success."""

    name = "error"
    error_type: ErrorType = attrs.field(
        default="SYSTEM_ERROR", metadata={KNOB: OneOf(ErrorType, "its errorType")}
    )
    status: int | None = attrs.field(
        default=None,
        metadata={
            KNOB: Whole("HTTP status; by the type", at_least=200, at_most=599, optional=True)
        },
    )

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        status = self.status or _STATUSES.get(self.error_type, 400)
        return exchange.refuse(status, self.error_type, "A scripted fault.")


@attrs.frozen
class BareFailure(Instead):
    """HTTP 200 whose response_code and response_message alone say that it failed."""

    name = "bare_failure"

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        envelope = {
            "errorResponse": None,
            "payload": None,
            "response_code": 1,
            "response_message": "FAILURE",
        }
        return web.json_response(envelope)


@attrs.frozen
class HttpError(Instead):
    """A bare HTTP error, as a proxy sends it while the service behind it is gone."""

    name = "http_error"
    status: int = attrs.field(
        default=503, metadata={KNOB: Whole("HTTP status", at_least=400, at_most=599)}
    )

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return html_page(self.status, f"<h1>{self.status}</h1>")


@attrs.frozen
class RateLimit(Instead):
    """HTTP 429."""

    name = "rate_limit"
    retry_after: float | None = attrs.field(
        default=None,
        metadata={KNOB: Seconds("what Retry-After asks for; without it, nothing", optional=True)},
    )
    form: RetryAfterForm = attrs.field(
        default="seconds", metadata={KNOB: OneOf(RetryAfterForm, "how Retry-After is written")}
    )

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        response = html_page(429, "<h1>429</h1>")
        if self.retry_after is not None:
            response.headers.update(self._headers(self.retry_after))
        return response

    def _headers(self, seconds: float) -> dict[str, str]:
        now = datetime.now(UTC)
        if self.form == "date_of_a_slow_clock":
            now -= _SLOW
        # Dates have whole seconds.
        until = format_datetime(now + timedelta(seconds=ceil(seconds)), usegmt=True)
        written = {"seconds": f"{seconds:g}", "fraction": f"{seconds:.2f}", "words": "soon"}
        return {
            hdrs.RETRY_AFTER: written.get(self.form, until),
            hdrs.DATE: format_datetime(now, usegmt=True),
        }


@attrs.frozen
class Redirect(Instead):
    """The request is sent elsewhere."""

    name = "redirect"
    status: RedirectStatus = attrs.field(
        default=302, metadata={KNOB: OneOf(RedirectStatus, "HTTP status")}
    )
    location: str = attrs.field(default="/elsewhere", metadata={KNOB: HeaderValue("where to")})

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return web.Response(status=self.status, headers={hdrs.LOCATION: self.location})


@attrs.frozen
class Ceiling(Kind):
    """Searches that begin at some row or after it are refused; the others are not."""

    name = "ceiling"
    search_only = True
    rows: int = attrs.field(default=10_000, metadata={KNOB: Whole("how far a search can see")})

    async def inject(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        if exchange.page.row < self.rows:
            return await respond()
        exchange.count(self.name)
        message = f"offset must be less than {self.rows}"
        return exchange.refuse(400, "VALIDATION_ERROR", message)
