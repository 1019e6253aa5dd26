"""One request with its attempts: a place in line, a token, an answer, and more where they help."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator
from functools import partial
from typing import Generic, TypeVar

import msgspec

from enkash_async._clock import now as clock
from enkash_async._http.costs import Costs
from enkash_async._http.failures import Failures, GiveUp, TryAgain
from enkash_async._http.limiter import FairLimiter, PausedTooLongError
from enkash_async._http.operation import CLIENT_REQUEST_ID, Operation, Ticket, new_client_request_id
from enkash_async._http.quota import RetryQuota
from enkash_async._http.throttle import Sent, Throttle
from enkash_async._http.token_cache import TokenCache
from enkash_async._http.transport import Transport
from enkash_async._tasks import paced
from enkash_async._telemetry.call_watch import CallWatch
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import Token
from enkash_async.errors import APIError, ConnectError, EnKashError, UnauthorizedError, for_another
from enkash_async.retry import (
    RetryPolicy,
    is_refusal,
    is_strain,
    is_too_large,
    may_pass,
    wait_asked_for,
)
from enkash_async.timeout import Timeout

T = TypeVar("T")

Read = Callable[[Response], Generator[None, None, T]]
"""Reads an answer in steps; raises the error that it stands for."""


class Caller(msgspec.Struct, frozen=True, eq=False):
    """What the requests of a session share."""

    transport: Transport
    tokens: TokenCache
    limiter: FairLimiter
    throttle: Throttle
    quota: RetryQuota
    retry: RetryPolicy
    timeout: Timeout


class Call(Generic[T]):
    """Sends one request, and again where its `Failures` say so, until there is an answer.

    *operation* is what the service is asked to do, *ticket* says anew before each attempt what to
    send, *read* what an answer means. *costs* and *watch* are told.
    """

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
        self._failures = Failures(
            caller.retry,
            caller.quota,
            caller.timeout.call,
            is_repeatable=operation.is_repeatable,
        )
        self._was_sent = False
        """The request itself went out, so that a failure may be its own and not the login's."""
        self._refused_token: Token | None = None
        self._has_new_token = False
        """The service refused the token of this attempt, and there is a new one to try."""
        self._is_out_of_patience = False
        """The service refuses everything, and this request has waited for its turn too long."""
        self._attempts = 0
        self.client_request_id: str | None = None
        """Of this attempt, once it is sent."""
        self.bytes_received = 0

    async def run(self) -> T:
        """Return what the answer says; raise the error of the last attempt."""
        while True:
            self._attempts += 1
            self._costs.note_attempt()
            try:
                with self._watch:
                    result = await self._attempt()
            except EnKashError as error:
                decision = self._decide(error)
                if isinstance(decision, GiveUp):
                    error.attempts = self._attempts
                    self._costs.note_stop(decision.reason, error)
                    raise
                self._costs.note_retry(decision.reason)
                self._watch.tell_retry(decision.delay + decision.pause, error)
            else:
                self._failures.note_success()
                return result
            # The pause, if there is one, is kept by the limiter.
            await asyncio.sleep(decision.delay)

    # One attempt

    async def _attempt(self) -> T:
        caller, costs = self._caller, self._costs
        began = clock()
        try:
            # Requests with the same costs share a turn with others. Among them the first in the
            # plan goes first: what was asked for after it is of no use without it.
            async with caller.limiter.place(costs, self._ticket.order, self._patience) as sent:
                costs.note_pauses(began, clock())
                result = await self._ask(sent)
                caller.throttle.note_taken(sent, clock())
                return result
        except PausedTooLongError:
            self._is_out_of_patience = True
            refusal = caller.throttle.last_refusal
            assert refusal is not None
            raise for_another(refusal) from None
        finally:
            costs.note_limit()

    async def _ask(self, sent: Sent) -> T:
        # The clock starts when a place is free: waiting in line is not the service's delay.
        started = clock()
        try:
            response, token = await self._send(started)
            return await self._read(response, token)
        except EnKashError as error:
            # One that was never sent is in nobody's log.
            if not isinstance(error, ConnectError):
                error.client_request_id = error.client_request_id or self.client_request_id
            # Before the place is given back, or the next request would go out after all.
            self._inform_throttle(sent, error)
            raise
        finally:
            self._failures.spend(clock() - started)

    async def _send(self, started: float) -> tuple[Response, Token]:
        caller = self._caller
        self._was_sent = self._has_new_token = False
        self.client_request_id = None
        token = await self._token(refused=self._refused_token)
        self._was_sent, message = True, self._ticket.message()
        self.client_request_id = new_client_request_id()
        headers = Sealed(
            {
                "Authorization": f"Bearer {token.value}",
                "Content-Type": "application/json",
                CLIENT_REQUEST_ID: self.client_request_id,
            }
        )
        left = self._failures.seconds_left - (clock() - started)
        self._watch.note_sent(self.client_request_id, message.parameters)
        response = await caller.transport.send(
            self._operation,
            message,
            headers,
            seconds=max(left, 0.001),
            needs_fresh=self._failures.needs_fresh_connection,
        )
        self.bytes_received = response.nbytes
        self._watch.note_answer(response.status, response.nbytes)
        self._costs.note_answer(response.nbytes)
        return response, token

    async def _token(self, *, refused: Token | None) -> Token:
        caller = self._caller
        return await caller.tokens.get(
            refused=refused, keep_place=partial(caller.limiter.keep, self._costs)
        )

    async def _read(self, response: Response, token: Token) -> T:
        # The service may repeat the token in the text of an error, or what it was given for it.
        response = response.without(token.value, *token.secrets)
        try:
            return await paced(self._read_answer(response))
        except UnauthorizedError as error:
            # Once: a second token that is refused is no better than a third.
            if self._refused_token is None:
                self._was_sent = False
                renewed = await self._token(refused=token)
                if renewed.value != token.value:
                    self._refused_token, self._has_new_token = token, True
            else:
                error.was_renewed = True
            raise

    # Between attempts

    def _inform_throttle(self, sent: Sent, error: EnKashError) -> None:
        """Hold all requests of the session to what *error* says of the service."""
        throttle, retry = self._caller.throttle, self._caller.retry
        if self._has_new_token:
            # It says something of the token only.
            return
        # Whatever this policy tries again, the other requests meet the same service.
        if not (retry.is_retryable(error) or may_pass(error)):
            if isinstance(error, APIError) and not is_refusal(error):
                # It answered, and no request can be answered better.
                throttle.note_taken(sent, clock())
        elif is_refusal(error):
            pause = retry.pause_after(throttle.refusals + 1, error, jitter=random.random())
            by_service = wait_asked_for(error) is not None
            before = throttle.ready_at
            throttle.note_refusal(sent, clock(), pause, by_service=by_service)
            if throttle.ready_at > before and (seconds := throttle.paused_for(clock())):
                self._watch.tell_pause(seconds)
            # As it is now, before it is said what became of this request; and without its frames.
            throttle.last_refusal = for_another(error).with_traceback(None)
        elif is_strain(error):
            throttle.note_strain(sent, clock())

    @property
    def _patience(self) -> float:
        """Return for how many seconds of pauses this request may wait in line."""
        return min(self._failures.seconds_left, self._caller.timeout.progress)

    def _decide(self, error: EnKashError) -> TryAgain | GiveUp:
        if self._is_out_of_patience:
            return GiveUp("call_timeout")
        if self._has_new_token:
            return TryAgain("token_renewed")
        failures, throttle = self._failures, self._caller.throttle
        may_help = self._was_sent and failures.may_be_too_large(error)
        return failures.decide(
            error,
            was_sent=self._was_sent,
            asks_for_less=may_help and self._shrink(error),
            answered=throttle.answered,
            pause=throttle.paused_for(clock()),
            jitter=random.random(),
        )

    def _shrink(self, error: EnKashError) -> bool:
        """Ask for less from now on, this time too; say whether that helps."""
        rows = self._ticket.shrink(too_large=is_too_large(error))
        if rows is not None:
            self._costs.note_page_size(rows)
        return rows is not None
