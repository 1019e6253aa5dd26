"""One request with its attempts: a place in line, a token, an answer, and more where they help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import anyio
import attrs

from enkash_async._http.limiter import FairLimiter
from enkash_async._http.quota import RETRY_COST, TIMEOUT_COST, RetryQuota
from enkash_async._http.throttle import Throttle
from enkash_async._http.transport import Timeout, Transport
from enkash_async._paging.addressing import PageRequest
from enkash_async._paging.page_sizes import SMALL_LIMIT, SMALLEST_LIMIT
from enkash_async._search.query import SEARCH_PATH, Query
from enkash_async._tasks import paced
from enkash_async._telemetry.telemetry import CallWatch
from enkash_async._wire.envelope import PagePayload, Response, payload_steps
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import Token, TokenCache
from enkash_async.errors import (
    APIError,
    EnKashError,
    RequestTimeoutError,
    ResponseError,
    UnauthorizedError,
)
from enkash_async.report import SearchReport
from enkash_async.retry import (
    STOP_NOTES,
    RetryPolicy,
    RetryReason,
    StopReason,
    is_heavy,
    is_refusal,
    is_strain,
    is_too_large,
    reason_of,
    wait_asked_for,
)

Fitted = Callable[[], PageRequest]
TooHeavy = Callable[[int], int | None]


@attrs.frozen
class Connection:
    """What the requests of a session share."""

    transport: Transport
    tokens: TokenCache
    limiter: FairLimiter
    throttle: Throttle
    quota: RetryQuota
    retry: RetryPolicy
    timeout: Timeout


class Account:
    """What the pages of one search cost, as its report has it."""

    def __init__(self, report: SearchReport, throttle: Throttle) -> None:
        self.report = report
        self._throttle = throttle
        self._counted = 0.0

    def waited(self, since: float) -> None:
        """Count the pauses *since* a time. Pages that wait at the same time count once."""
        now = self._throttle.paused_seconds(time.monotonic())
        before = max(self._counted, self._throttle.paused_seconds(since))
        self.report.seconds_paused += max(0.0, now - before)
        self._counted = max(self._counted, now)

    def note_limit(self) -> None:
        limit, lowest = self._throttle.limit, self.report.lowest_concurrency
        if limit < self._throttle.most:
            self.report.lowest_concurrency = limit if lowest is None else min(lowest, limit)

    def note_page_size(self, size: int) -> None:
        smallest = self.report.smallest_page_size
        self.report.smallest_page_size = size if smallest is None else min(smallest, size)

    def retried(self, reason: RetryReason) -> None:
        report = self.report
        report.retries += 1
        report.retry_reasons[reason] = report.retry_reasons.get(reason, 0) + 1

    def stopped(self, reason: StopReason, error: EnKashError) -> None:
        counts = self.report.stop_reasons
        counts[reason] = counts.get(reason, 0) + 1
        if reason in STOP_NOTES:
            error.add_note(STOP_NOTES[reason])


class Call:
    """One request with its attempts."""

    request: PageRequest
    """What was asked for in the last attempt."""

    def __init__(
        self,
        connection: Connection,
        query: Query,
        fitted: Fitted,
        too_heavy: TooHeavy,
        account: Account,
        watch: CallWatch,
    ) -> None:
        self._connection = connection
        self._query = query
        self._fitted = fitted
        self._too_heavy = too_heavy
        self._account = account
        self._watch = watch
        self._asked = False
        """The page was asked for, so that a failure may be its own and not the login's."""
        self._refused_token: Token | None = None
        self._failures = self._refusals = 0
        self._progress = -1
        """That of the session when this request was refused last."""
        self._spent = 0.0
        self._spent_quota = 0
        self.bytes_received = 0

    async def run(self) -> PagePayload:
        while True:
            self._account.report.attempts += 1
            try:
                with self._watch:
                    payload = await self._attempt()
            except _TokenRenewedError as error:
                self._account.retried("token_renewed")
                self._watch.retrying(0.0, error)
                continue
            except EnKashError as error:
                delay, reason = self._judge(error)
                if reason is not None:
                    self._account.stopped(reason, error)
                    raise
                self._account.retried(reason_of(error))
                self._watch.retrying(delay, error)
            else:
                self._connection.quota.succeed(self._spent_quota)
                return payload
            await anyio.sleep(delay)

    # One attempt

    async def _attempt(self) -> PagePayload:
        connection, account = self._connection, self._account
        began = time.monotonic()
        try:
            # A page that failed goes before those behind it, which are of no use without it.
            async with connection.limiter.place(account, first=self._has_failed) as generation:
                account.waited(began)
                payload = await self._ask(generation)
                connection.throttle.taken(generation, time.monotonic())
                return payload
        finally:
            account.note_limit()

    async def _ask(self, generation: int) -> PagePayload:
        # The clock starts when a place is free: waiting in line is not the service's delay.
        started = time.monotonic()
        try:
            response, token = await self._send(started)
            return await self._read(response, token)
        except EnKashError as error:
            # Before the place is given back, or the next request would go out after all.
            self._slow_down(generation, error)
            raise
        finally:
            self._spent += time.monotonic() - started

    async def _send(self, started: float) -> tuple[Response, Token]:
        connection = self._connection
        self._asked = False
        token = await connection.tokens.get(refused=self._refused_token)
        self._asked, self.request = True, self._fitted()
        headers = Sealed(
            {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
        )
        left = connection.timeout.call - self._spent - (time.monotonic() - started)
        self._watch.sending()
        response = await connection.transport.post(
            SEARCH_PATH,
            Sealed(self._query.body_of(self.request)),
            headers,
            self._query.parameters_of(self.request),
            max(left, 0.001),
        )
        self._watch.answered(response)
        self.bytes_received = response.size
        self._account.report.bytes_received += response.size
        return response, token

    async def _read(self, response: Response, token: Token) -> PagePayload:
        # The service may repeat the token in the text of an error, or what it was given for it.
        response = response.without(token.value, *token.secrets)
        try:
            return await paced(payload_steps(response))
        except UnauthorizedError as error:
            if self._refused_token is None:
                self._asked = False
                renewed = await self._connection.tokens.get(refused=token)
                if renewed.value != token.value:
                    self._refused_token = token
                    raise _TokenRenewedError from error
            raise

    @property
    def _has_failed(self) -> bool:
        return self._failures + self._refusals > 0

    # Between attempts

    def _slow_down(self, generation: int, error: EnKashError) -> None:
        """Hold all requests of the session to what *error* says of the service."""
        throttle, retry = self._connection.throttle, self._connection.retry
        if not retry.is_retryable(error):
            if isinstance(error, APIError) and not is_refusal(error):
                # It answered, and no request can be answered better.
                throttle.taken(generation, time.monotonic())
        elif is_refusal(error):
            pause = retry.pause_after(throttle.refusals + 1, error, jitter=random.random())
            told = wait_asked_for(error) is not None
            throttle.refused(generation, time.monotonic(), pause, told=told)
        elif is_strain(error):
            throttle.strained(generation, time.monotonic())

    def _judge(self, error: EnKashError) -> tuple[float, StopReason | None]:
        """Return how long to wait before the next attempt, or why there is none."""
        retry, timeout = self._connection.retry, self._connection.timeout
        shrunk = self._asked and self._weighs(error) and self._shrink(error)
        if shrunk and is_too_large(error):
            # Not the service's failure, and not to be met again: it costs nothing.
            return 0.0, None
        attempt = self._count(error)
        reason = retry.why_stop(attempt, error)
        if reason is not None:
            return 0.0, reason
        if is_refusal(error):
            # All requests of the session are held up, this one with them.
            delay, pause = 0.0, self._connection.throttle.paused_for(time.monotonic())
        else:
            delay, pause = retry.delay_after(attempt, error, jitter=random.random()) or 0.0, 0.0
        self._spent += delay + pause
        return delay, "call_timeout" if self._spent >= timeout.call else self._pay(error)

    def _weighs(self, error: EnKashError) -> bool:
        # Connections break for many reasons; twice on one page, it may be the page.
        once = isinstance(error, ResponseError) and error.broke_off and not self._failures
        return is_heavy(error) and not once

    def _shrink(self, error: EnKashError) -> bool:
        """Let pages be smaller from now on, this one among them; say whether that helps."""
        size = self._too_heavy(SMALLEST_LIMIT if is_too_large(error) else SMALL_LIMIT)
        if size is not None:
            self._account.note_page_size(size)
        return size is not None

    def _count(self, error: EnKashError) -> int:
        """Return how many attempts have failed, as far as they count.

        A refusal does not while the service answers others: it is only their turn. What bounds
        that is Timeout(call=...), since each refusal is followed by a wait.
        """
        if not is_refusal(error):
            self._failures += 1
        elif self._progress == self._connection.throttle.progress:
            self._refusals += 1
        else:
            self._progress, self._refusals = self._connection.throttle.progress, 1
        return self._failures + self._refusals

    def _pay(self, error: EnKashError) -> StopReason | None:
        if wait_asked_for(error):
            # The service says when to come back, and until then nobody asks.
            return None
        cost = TIMEOUT_COST if isinstance(error, RequestTimeoutError) else RETRY_COST
        if not self._connection.quota.spend(cost):
            return "quota"
        self._spent_quota += cost
        return None


class _TokenRenewedError(EnKashError):
    """The service refused a token, and there is a new one to try; never seen by a caller."""
