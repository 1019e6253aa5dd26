"""One token for all who wait, renewed early, with a clock of the test's."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from functools import partial

import anyio
import attrs
import pytest

from enkash_async import (
    AuthenticationError,
    ConnectError,
    EnKashError,
    OAuthPassword,
    RequestTimeoutError,
    ResponseError,
    Token,
    TransportError,
)
from enkash_async._http.limiter import FairLimiter
from enkash_async._http.throttle import Throttle
from enkash_async._http.token_cache import MAX_UNHEARD_LOGINS, TokenCache
from enkash_async._wire.response import Response
from enkash_async.auth import SendForm
from tests.support.tasks import in_task

pytestmark = pytest.mark.anyio


@attrs.define
class Logins:
    """An auth that remembers; *lives* and errors in *answers* are given out in turn."""

    answers: list[float | Exception | None]
    count: int = 0

    async def fetch_token(self, send: SendForm) -> Token:
        await anyio.lowlevel.checkpoint()
        self.count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Token(f"t{self.count}", answer)


@attrs.define
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def send_nothing(path: str, body: bytes, headers: dict[str, str]) -> Response:
    raise AssertionError


def cache_of(*answers: float | Exception | None) -> tuple[TokenCache, Logins, Clock]:
    logins, clock = Logins(list(answers)), Clock()
    return TokenCache(logins, send_nothing, in_task, clock), logins, clock


@pytest.mark.parametrize(("life", "early"), [(86_399, 60), (300, 60), (100, 20), (5, 1)])
async def test_a_token_is_renewed_a_little_early(life: float, early: float) -> None:
    cache, _, clock = cache_of(life, life)
    assert (await cache.get()).value == "t1"
    clock.now += life - early - 0.01
    assert (await cache.get()).value == "t1"
    clock.now += 0.02
    assert (await cache.get()).value == "t2"


async def test_a_token_of_unknown_life_is_kept_until_it_is_refused() -> None:
    cache, logins, clock = cache_of(None, None)
    assert (await cache.get()).value == "t1"
    clock.now += 1e9
    assert (await cache.get()).value == "t1"
    assert (await cache.get(refused=Token("t0"))).value == "t1"
    assert (await cache.get(refused=Token("t1"))).value == "t2"
    assert (await cache.get(refused=Token("t1"))).value == "t2"
    assert logins.count == 2


async def test_while_one_renews_early_the_others_go_on() -> None:
    cache, _, clock = cache_of(100, 100)
    await cache.get()
    clock.now += 85
    got: list[str] = []

    async def get() -> None:
        got.append((await cache.get()).value)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(get)
    assert sorted(got) == ["t1", "t1", "t2"]


async def test_many_who_were_refused_wait_for_one_new_token() -> None:
    cache, logins, _ = cache_of(100, 100)
    await cache.get()
    got: list[str] = []

    async def get() -> None:
        got.append((await cache.get(refused=Token("t1"))).value)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(get)
    assert got == ["t2"] * 10
    assert logins.count == 2


async def test_an_early_renewal_that_fails_is_put_off() -> None:
    cache, logins, clock = cache_of(100, TransportError("down"), TransportError("down"), 100)
    await cache.get()
    clock.now += 81
    assert (await cache.get()).value == "t1"
    assert (await cache.get()).value == "t1"
    assert logins.count == 2
    clock.now += 10
    assert (await cache.get()).value == "t1"
    assert logins.count == 3
    clock.now += 10
    assert (await cache.get()).value == "t4"


async def test_a_renewal_that_fails_when_there_is_no_other_token_is_an_error() -> None:
    cache, _, clock = cache_of(100, TransportError("down"), 100)
    await cache.get()
    clock.now += 100
    with pytest.raises(TransportError, match="down"):
        await cache.get()
    assert (await cache.get()).value == "t3"


async def test_a_refusal_is_final_for_the_cache() -> None:
    cache, logins, _ = cache_of(AuthenticationError("wrong", 401))
    for _ in range(5):
        with pytest.raises(AuthenticationError, match="wrong"):
            await cache.get()
    assert logins.count == 1


async def test_a_refusal_reaches_all_who_wait_each_with_an_error_of_its_own() -> None:
    cache, logins, _ = cache_of(AuthenticationError("wrong", 401))
    errors: list[AuthenticationError] = []

    async def get() -> None:
        with pytest.raises(AuthenticationError) as caught:
            await cache.get()
        errors.append(caught.value)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(get)
    assert len({id(error) for error in errors}) == 5
    assert logins.count == 1


# First logins that get no answer, in any order, whoever waits and stops waiting


@attrs.define
class Endpoint:
    """A token endpoint of which most answers get lost; *heard* is whether the request arrived."""

    rng: random.Random
    may_have_refused: int = 0

    async def send(self, path: str, body: bytes, headers: dict[str, str]) -> Response:
        fate = self.rng.choice(
            ["never sent", "reset", "timeout", "broken", 500, 503, 429, 408, 404]
        )
        await self._take_turns()
        if fate == "never sent":
            raise ConnectError("no connection")
        if isinstance(fate, int):
            self.may_have_refused += fate >= 500
            return Response(fate, {}, b"")
        self.may_have_refused += 1
        await self._take_turns()
        if fate == "broken":
            return Response(200, {}, b"{")
        raise RequestTimeoutError("late") if fate == "timeout" else ResponseError("closed")

    async def _take_turns(self) -> None:
        for _ in range(self.rng.randrange(4)):
            await anyio.lowlevel.checkpoint()


OAUTH = OAuthPassword(client_id="c", client_secret="s", username="u", password="p")


@pytest.mark.parametrize("seed", range(150))
async def test_two_logins_at_most_may_have_been_refused(seed: int) -> None:
    rng = random.Random(seed)
    endpoint = Endpoint(rng)
    cache = TokenCache(OAUTH, endpoint.send, in_task)

    async def search() -> None:
        with anyio.CancelScope() as scope:
            for _ in range(6):
                if rng.random() < 0.3:
                    asyncio.get_running_loop().call_soon(scope.cancel)
                with suppress(EnKashError):
                    await cache.get()
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(search)
    assert endpoint.may_have_refused <= MAX_UNHEARD_LOGINS
    if endpoint.may_have_refused == MAX_UNHEARD_LOGINS:
        with suppress(EnKashError):
            # That of the last login, if nobody has waited for its end.
            await cache.get()
        with pytest.raises(AuthenticationError, match="sends no other"):
            await cache.get()


async def test_credentials_that_have_worked_are_not_counted() -> None:
    down = [TransportError("down")] * 5
    cache, logins, clock = cache_of(100, *down, 100)
    await cache.get()
    clock.now += 100
    for _ in down:
        with pytest.raises(TransportError, match="down"):
            await cache.get()
    assert (await cache.get()).value == "t7"
    assert logins.count == 7


async def test_a_login_that_nobody_waits_for_any_more_keeps_the_place_of_the_last() -> None:
    may_end = anyio.Event()

    class Slow:
        async def fetch_token(self, send: SendForm) -> Token:
            await may_end.wait()
            return Token("t1")

    limiter = FairLimiter(Throttle(2))
    cache = TokenCache(Slow(), send_nothing, in_task)

    async def ask(key: str) -> None:
        async with limiter.place(key):
            await cache.get(keep_place=partial(limiter.keep, key))

    def in_flight() -> str:
        return repr(limiter).split(",")[0]

    for _ in range(2):
        async with anyio.create_task_group() as group:
            group.start_soon(ask, "a")
            group.start_soon(ask, "b")
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert in_flight() == "<FairLimiter 1 of 2 in flight"

    may_end.set()
    await anyio.wait_all_tasks_blocked()
    assert in_flight() == "<FairLimiter 0 of 2 in flight"
