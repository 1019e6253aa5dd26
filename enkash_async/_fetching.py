"""One page fetched: a place in line, a token, a request, and further attempts where they help."""

from __future__ import annotations

import random
import time
from collections.abc import Hashable, Mapping

import anyio
import attrs
import msgspec

from enkash_async._addressing import PageRequest
from enkash_async._envelope import PagePayload, Response, page_payload, payload_steps
from enkash_async._limits import FairLimiter
from enkash_async._pages import RawPage
from enkash_async._tasks import paced
from enkash_async._telemetry import CallWatch, SearchWatch
from enkash_async._transport import Timeout, Transport
from enkash_async.auth import TokenCache
from enkash_async.errors import APIError, EnKashError, UnauthorizedError
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

    def __init__(
        self, connection: Connection, query: Query, report: SearchReport, watch: SearchWatch
    ) -> None:
        self._connection = connection
        self._query = query
        self._report = report
        self._watch = watch

    async def fetch(self, request: PageRequest) -> RawPage:
        """Return the page; raise the error of the last attempt."""
        query, started = self._query, time.monotonic()
        call = _Call(
            self._connection,
            query.body_of(request),
            query.parameters_of(request),
            self,
            self._watch.call(SEARCH_PATH),
        )
        payload = await call.run(self._report)
        report, rows = self._report, len(payload.records)
        report.pages += 1
        report.rows_received += rows
        self._watch.page_fetched(request, rows, call.bytes_received, started)
        return RawPage(payload.records, payload.count, call.bytes_received)


class _Call:
    """One request with its attempts."""

    def __init__(
        self,
        connection: Connection,
        body: bytes,
        parameters: Mapping[str, str],
        key: Hashable,
        watch: CallWatch,
    ) -> None:
        self._connection = connection
        self._body = body
        self._parameters = parameters
        self._key = key
        self._watch = watch
        self._refused_token: str | None = None
        self._spent = 0.0
        self.bytes_received = 0

    async def run(self, report: SearchReport) -> PagePayload:
        attempt = 0
        while True:
            attempt += 1
            report.attempts += 1
            report.retries += attempt > 1
            try:
                with self._watch:
                    response, token = await self._send()
                    report.bytes_received += len(response.body)
                    self.bytes_received = len(response.body)
                    return await self._read(response, token)
            except EnKashError as error:
                delay = self._delay_after(attempt, error)
                if delay is None:
                    raise
                self._watch.retrying(delay, error)
            self._spent += delay
            await anyio.sleep(delay)

    async def _send(self) -> tuple[Response, str]:
        connection = self._connection
        # The clock starts when a place is free: waiting in line is not the service's delay.
        async with connection.limiter.place(self._key):
            started = time.monotonic()
            try:
                token = await connection.tokens.get(refused=self._refused_token)
                headers = {
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                }
                left = connection.timeout.call - self._spent - (time.monotonic() - started)
                self._watch.sending()
                response = await connection.transport.post(
                    SEARCH_PATH, self._body, headers, self._parameters, max(left, 0.001)
                )
                self._watch.answered(response)
                return response, token
            finally:
                self._spent += time.monotonic() - started

    async def _read(self, response: Response, token: str) -> PagePayload:
        try:
            return await paced(payload_steps(response))
        except APIError:
            # Raised again below, but for a token that the service repeats in its text.
            response = response.without(token)
        try:
            return page_payload(response)
        except UnauthorizedError as error:
            if self._refused_token is None:
                renewed = await self._connection.tokens.get(refused=token)
                if renewed != token:
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
