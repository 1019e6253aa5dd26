"""Which requests go out again, seen from the transport."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import pytest

from enkash_async import (
    BearerToken,
    ConnectError,
    EnKashError,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SearchReport,
    Timeout,
    Token,
)
from enkash_async._http.body import Bound
from enkash_async._http.call import Call, Caller
from enkash_async._http.costs import Costs
from enkash_async._http.limiter import FairLimiter
from enkash_async._http.operation import Message, Operation
from enkash_async._http.quota import RetryQuota
from enkash_async._http.throttle import Throttle
from enkash_async._http.token_cache import TokenCache
from enkash_async._http.transport import Transport
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import Auth, SendForm
from tests.support.tasks import in_task

pytestmark = pytest.mark.anyio

LOOK = Operation("/things/search")
WRITE = Operation("/things", is_repeatable=False)
CHANGE = Operation("/things/7", "PUT", is_repeatable=False)

DONE = Response(200, {}, b'{"response_code": 0}')

Outcome = Response | EnKashError


class FakeTransport(Transport):
    """Ends the requests that it is given with *outcomes*, in turn."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.left = list(outcomes)
        self.sent: list[str] = []
        self.tokens: list[str] = []

    async def send(
        self,
        operation: Operation,
        message: Message,
        headers: Sealed[Mapping[str, str]],
        *,
        seconds: float = 0.0,
        bound: Bound | None = None,
        needs_fresh: bool = False,
        status_will_do: bool = False,
    ) -> Response:
        self.sent.append(str(operation))
        self.tokens.append(headers.reveal()["Authorization"])
        outcome = self.left.pop(0)
        if isinstance(outcome, EnKashError):
            raise outcome
        return outcome


class Logins:
    """Gives a token a login, unless an error is next."""

    def __init__(self, *errors: EnKashError) -> None:
        self.errors = list(errors)
        self.number = 0

    async def fetch_token(self, send: SendForm) -> Token:
        if self.errors:
            raise self.errors.pop(0)
        self.number += 1
        return Token(f"token-{self.number}")


class FixedTicket:
    """Asks for the same every time."""

    order = (0.0, 0)

    def message(self) -> Message:
        return Message({}, Sealed(b"{}"))

    def shrink(self, *, too_large: bool) -> int | None:
        return None


def read(response: Response) -> Generator[None, None, int]:
    """Return the status of a success."""
    raise_for_error(response)
    yield
    return response.status


async def refuse_to_send(path: str, body: bytes, headers: dict[str, str]) -> Response:
    raise AssertionError("no login sends a form here")


def call_of(
    operation: Operation,
    transport: FakeTransport,
    auth: Auth | None = None,
    report: SearchReport | None = None,
) -> Call[int]:
    throttle = Throttle(8)
    retry = RetryPolicy(first_delay=0)
    caller = Caller(
        transport,
        TokenCache(auth or BearerToken("token"), refuse_to_send, in_task),
        FairLimiter(throttle),
        throttle,
        RetryQuota(retry.quota),
        retry,
        Timeout(),
    )
    watch = Telemetry(()).search("things", "search").call(operation.path)
    costs = Costs(report or SearchReport(), throttle)
    return Call(caller, operation, FixedTicket(), read, costs, watch)


def dead_connection() -> ResponseError:
    error = ResponseError("the connection was closed before an answer came")
    error.at_once = True
    return error


NO_EFFECT: list[Outcome] = [ConnectError("no connection"), Response(429, {}, b"")]
PERHAPS_DONE: list[Outcome] = [
    RequestTimeoutError("late"),
    dead_connection(),
    ResponseError("garbled", 200),
    Response(500, {}, b""),
    Response(503, {}, b""),
    Response(503, {"retry-after": "0"}, b""),
    Response(200, {}, b"<html>"),
]


@pytest.mark.parametrize("outcome", NO_EFFECT + PERHAPS_DONE, ids=repr)
async def test_what_may_be_repeated_is_tried_again(outcome: Outcome) -> None:
    transport = FakeTransport(outcome, DONE)

    assert await call_of(LOOK, transport).run() == 200
    assert transport.sent == ["POST /things/search"] * 2


@pytest.mark.parametrize("outcome", NO_EFFECT, ids=repr)
async def test_what_must_not_be_repeated_is_tried_again_if_it_had_no_effect(
    outcome: Outcome,
) -> None:
    transport = FakeTransport(outcome, DONE)

    assert await call_of(WRITE, transport).run() == 200
    assert len(transport.sent) == 2


@pytest.mark.parametrize("outcome", PERHAPS_DONE, ids=repr)
async def test_what_must_not_be_repeated_goes_out_once_if_it_may_be_done(outcome: Outcome) -> None:
    transport, report = FakeTransport(outcome, DONE), SearchReport()

    with pytest.raises(EnKashError) as caught:
        await call_of(WRITE, transport, report=report).run()

    assert len(transport.sent) == 1
    assert (report.retries, report.stop_reasons) == (0, {"not_repeatable": 1})
    assert "would do so twice" in caught.value.__notes__[0]


@pytest.mark.parametrize("operation", [LOOK, WRITE], ids=str)
async def test_a_renewed_token_is_tried_once_whatever_is_asked_for(operation: Operation) -> None:
    refused = Response(401, {}, b"")
    transport, report = FakeTransport(refused, DONE), SearchReport()

    assert await call_of(operation, transport, Logins(), report).run() == 200
    assert transport.tokens == ["Bearer token-1", "Bearer token-2"]
    assert report.retry_reasons == {"token_renewed": 1}

    transport = FakeTransport(refused, refused, DONE)
    with pytest.raises(EnKashError):
        await call_of(operation, transport, Logins()).run()
    assert len(transport.sent) == 2


@pytest.mark.parametrize("operation", [LOOK, WRITE], ids=str)
async def test_a_login_that_fails_has_not_sent_what_is_asked_for(operation: Operation) -> None:
    transport, report = FakeTransport(DONE), SearchReport()
    auth = Logins(RequestTimeoutError("late"))

    assert await call_of(operation, transport, auth, report).run() == 200
    assert len(transport.sent) == 1
    assert report.retry_reasons == {"timeout": 1}


async def test_the_method_is_that_of_the_operation() -> None:
    transport = FakeTransport(DONE)

    await call_of(CHANGE, transport).run()

    assert transport.sent == ["PUT /things/7"]
