"""One page fetched: a place in line, a token, a request, and further attempts where they help."""

from __future__ import annotations

import random
import time
from collections.abc import Hashable, Mapping

import anyio
import attrs
import msgspec

from enkash_async._addressing import PageRequest
from enkash_async._envelope import PagePayload, Response, page_payload
from enkash_async._limits import FairLimiter
from enkash_async._pages import RawPage
from enkash_async._sealed import Sealed
from enkash_async._transport import Timeout, Transport
from enkash_async.auth import Token, TokenCache
from enkash_async.errors import EnKashError, UnauthorizedError
from enkash_async.filters import CustomerFilter
from enkash_async.report import SearchReport
from enkash_async.retry import RetryPolicy

_encode = msgspec.json.Encoder(decimal_format="number").encode

SEARCH_PATH = "/api/v0/customer/search"
"""The operation searchCustomer (enkash-old.apidog.io/api-8993801)."""


@attrs.frozen
class Connection:
    """What the requests of a session share."""

    transport: Transport
    tokens: TokenCache
    limiter: FairLimiter
    retry: RetryPolicy
    timeout: Timeout


@attrs.frozen(eq=False)
class Query:
    """What a search asks for, the same for every page but for its place and its window."""

    criteria: CustomerFilter
    parameters: Mapping[str, str]

    def body_of(self, request: PageRequest) -> bytes:
        """Return the JSON body for one page."""
        criteria = self.criteria
        if (window := request.window) is not None:
            criteria = attrs.evolve(
                criteria, created_on_from=window.begin, created_on_to=window.end
            )
        return _encode(criteria.as_wire())

    def parameters_of(self, request: PageRequest) -> dict[str, str]:
        """Return the query string's parameters for one page."""
        return {
            "offset": str(request.offset),
            "limit": str(request.limit),
            **self.parameters,
        }


class PageFetcher:
    """Fetches pages of one query and keeps account of it in *report*."""

    def __init__(self, connection: Connection, query: Query, report: SearchReport) -> None:
        self._connection = connection
        self._query = query
        self._report = report

    async def fetch(self, request: PageRequest) -> RawPage:
        """Return the page; raise the error of the last attempt."""
        query = self._query
        call = _Call(self._connection, query.body_of(request), query.parameters_of(request), self)
        payload = await call.run(self._report)
        report = self._report
        report.pages += 1
        report.rows_received += len(payload.records)
        return RawPage(payload.records, payload.count, call.bytes_received)


class _Call:
    """One request with its attempts."""

    def __init__(
        self, connection: Connection, body: bytes, parameters: Mapping[str, str], key: Hashable
    ) -> None:
        self._connection = connection
        self._body = body
        self._parameters = parameters
        self._key = key
        self._refused_token: Token | None = None
        self._spent = 0.0
        self.bytes_received = 0

    async def run(self, report: SearchReport) -> PagePayload:
        attempt = 0
        while True:
            attempt += 1
            report.attempts += 1
            report.retries += attempt > 1
            try:
                response, token = await self._send()
                report.bytes_received += len(response.body)
                self.bytes_received = len(response.body)
                return await self._read(response, token)
            except EnKashError as error:
                delay = self._delay_after(attempt, error)
                if delay is None:
                    raise
            self._spent += delay
            await anyio.sleep(delay)

    async def _send(self) -> tuple[Response, Token]:
        connection = self._connection
        # The clock starts when a place is free: waiting in line is not the service's delay.
        async with connection.limiter.place(self._key):
            started = time.monotonic()
            try:
                token = await connection.tokens.get(refused=self._refused_token)
                headers = Sealed(
                    {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
                )
                left = connection.timeout.call - self._spent - (time.monotonic() - started)
                response = await connection.transport.post(
                    SEARCH_PATH, Sealed(self._body), headers, self._parameters, max(left, 0.001)
                )
                return response, token
            finally:
                self._spent += time.monotonic() - started

    async def _read(self, response: Response, token: Token) -> PagePayload:
        # The service may repeat the token in the text of an error, or what it was given for it.
        response = response.without(token.value, *token.secrets)
        try:
            return page_payload(response)
        except UnauthorizedError as error:
            if self._refused_token is None:
                renewed = await self._connection.tokens.get(refused=token)
                if renewed.value != token.value:
                    self._refused_token = token
                    raise _TokenRenewedError from error
            raise

    def _delay_after(self, attempt: int, error: EnKashError) -> float | None:
        if isinstance(error, _TokenRenewedError):
            return 0.0
        delay = self._connection.retry.delay_after(attempt, error, jitter=random.random())
        if delay is not None and self._spent + delay >= self._connection.timeout.call:
            return None
        return delay


class _TokenRenewedError(EnKashError):
    """The service refused a token, and there is a new one to try; never seen by a caller."""
