"""One request with its attempts: a place in line, a token, an answer, and more where they help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

import anyio
import attrs

from enkash_async._http.costs import Costs
from enkash_async._http.limiter import FairLimiter
from enkash_async._http.operation import Operation, Ticket
from enkash_async._http.quota import RETRY_COST, TIMEOUT_COST, RetryQuota
from enkash_async._http.throttle import Throttle
from enkash_async._http.token_cache import TokenCache
from enkash_async._http.transport import Transport
from enkash_async._tasks import paced
from enkash_async._telemetry.telemetry import CallWatch
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import Token
from enkash_async.errors import (
    APIError,
    EnKashError,
    RequestTimeoutError,
    ResponseError,
    UnauthorizedError,
)
from enkash_async.retry import (
    RetryPolicy,
    StopReason,
    is_heavy,
    is_refusal,
    is_strain,
    is_too_large,
    reason_of,
    wait_asked_for,
)
from enkash_async.timeout import Timeout

T = TypeVar("T")

Read = Callable[[Response], Generator[None, None, T]]
"""Reads an answer in steps; raises the error that it stands for."""


@attrs.frozen
class Caller:
    """What the requests of a session share."""

    transport: Transport
    tokens: TokenCache
    limiter: FairLimiter
    throttle: Throttle
    quota: RetryQuota
    retry: RetryPolicy
    timeout: Timeout


class Call(Generic[T]):
    """One request with its attempts."""

    def __init__(
        self,
        caller: Caller,
        operation: Operation,
        ticket: Ticket,
        read: Read[T],
        costs: Costs,
        watch: CallWatch,
    ) -> None:
        self._caller = caller
        self._operation = operation
        self._ticket = ticket
        self._read_answer = read
        self._costs = costs
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

    async def run(self) -> T:
        while True:
            self._costs.report.attempts += 1
            try:
                with self._watch:
                    result = await self._attempt()
            except _TokenRenewedError as error:
                self._costs.retried("token_renewed")
                self._watch.retrying(0.0, error)
                continue
            except EnKashError as error:
                delay, reason = self._judge(error)
                if reason is not None:
                    self._costs.stopped(reason, error)
                    raise
                self._costs.retried(reason_of(error))
                self._watch.retrying(delay, error)
            else:
                self._caller.quota.succeed(self._spent_quota)
                return result
            await anyio.sleep(delay)

    # One attempt

    async def _attempt(self) -> T:
        caller, costs = self._caller, self._costs
        began = time.monotonic()
        try:
            # A page that failed goes before those behind it, which are of no use without it.
            async with caller.limiter.place(costs, first=self._has_failed) as generation:
                costs.waited(began)
                result = await self._ask(generation)
                caller.throttle.taken(generation, time.monotonic())
                return result
        finally:
            costs.note_limit()

    async def _ask(self, generation: int) -> T:
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
        caller = self._caller
        self._asked = False
        token = await caller.tokens.get(refused=self._refused_token)
        self._asked, message = True, self._ticket.message()
        headers = Sealed(
            {"Authorization": f"Bearer {token.value}", "Content-Type": "application/json"}
        )
        left = caller.timeout.call - self._spent - (time.monotonic() - started)
        self._watch.sending()
        response = await caller.transport.post(
            self._operation.path,
            message.body,
            headers,
            message.parameters,
            max(left, 0.001),
        )
        self._watch.answered(response)
        self.bytes_received = response.size
        self._costs.report.bytes_received += response.size
        return response, token

    async def _read(self, response: Response, token: Token) -> T:
        # The service may repeat the token in the text of an error, or what it was given for it.
        response = response.without(token.value, *token.secrets)
        try:
            return await paced(self._read_answer(response))
        except UnauthorizedError as error:
            if self._refused_token is None:
                self._asked = False
                renewed = await self._caller.tokens.get(refused=token)
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
        throttle, retry = self._caller.throttle, self._caller.retry
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
        retry, timeout = self._caller.retry, self._caller.timeout
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
            delay, pause = 0.0, self._caller.throttle.paused_for(time.monotonic())
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
        size = self._ticket.shrink(too_large=is_too_large(error))
        if size is not None:
            self._costs.note_page_size(size)
        return size is not None

    def _count(self, error: EnKashError) -> int:
        """Return how many attempts have failed, as far as they count.

        A refusal does not while the service answers others: it is only their turn. What bounds
        that is Timeout(call=...), since each refusal is followed by a wait.
        """
        if not is_refusal(error):
            self._failures += 1
        elif self._progress == self._caller.throttle.progress:
            self._refusals += 1
        else:
            self._progress, self._refusals = self._caller.throttle.progress, 1
        return self._failures + self._refusals

    def _pay(self, error: EnKashError) -> StopReason | None:
        if wait_asked_for(error):
            # The service says when to come back, and until then nobody asks.
            return None
        cost = TIMEOUT_COST if isinstance(error, RequestTimeoutError) else RETRY_COST
        if not self._caller.quota.spend(cost):
            return "quota"
        self._spent_quota += cost
        return None


class _TokenRenewedError(EnKashError):
    """The service refused a token, and there is a new one to try; never seen by a caller."""
