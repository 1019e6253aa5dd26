"""Many requests against a service that refuses some or all: they are counted where they arrive."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web

from enkash_async import (
    APIError,
    BearerToken,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RateLimitedError,
    RetryPolicy,
    SearchReport,
    Timeout,
    Verdict,
)
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.raw_server import Call, page, raw_server, reply, token_answer
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(first_delay=0)
ONE_RECORD = reply(page("KC1"), keep_alive=True)


def refused(status: int = 429, retry_after: str | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.Response(status=status, headers=headers)


@asynccontextmanager
async def serving(
    hook: Callable[[SearchCall], Awaitable[web.Response | None]] | None = None,
    rows: int = 250,
    **options: Any,
) -> AsyncGenerator[tuple[Sandbox, EnKashSession], None]:
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        sandbox.on_search = hook
        async with session_for(sandbox, **options) as session:
            yield sandbox, session


async def search_many(session: EnKashSession, number: int) -> list[SearchReport]:
    """Ask for one page in as many searches at once; return what each says of itself."""
    reports: list[SearchReport] = []

    async def ask() -> None:
        search = session.customers.search()
        try:
            await search
        except EnKashError as error:
            assert error.report is search.report  # noqa: PT017 - other tests expect none
        reports.append(search.report)

    async with anyio.create_task_group() as group:
        for _ in range(number):
            group.start_soon(ask)
    return reports


def all_of(reports: list[SearchReport], name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(getattr(report, name))
    return counts


# The retry quota


@pytest.mark.parametrize(("status", "retry_after"), [(429, None), (503, None), (503, "0")])
async def test_a_service_that_is_down_gets_few_retries_however_many_ask(
    status: int, retry_after: str | None
) -> None:
    async def down(call: SearchCall) -> web.Response:
        return refused(status, retry_after)

    async with serving(down, retry=QUICK) as (sandbox, session):
        reports = await search_many(session, 200)
        assert len(sandbox.searches) == 200 + 500 // 5
    stopped = all_of(reports, "stop_reasons")
    assert stopped == {"quota": 200}
    assert sum(report.retries for report in reports) == 100


async def test_connections_that_are_reset_are_tried_again_as_rarely() -> None:
    async def hang_up(call: Call) -> None:
        return None

    async with (
        raw_server(hang_up) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=QUICK) as session,
    ):
        reports = await search_many(session, 100)
        assert len(server.calls) == 100 + 500 // 5
    assert set(all_of(reports, "retry_reasons")) == {"broken_answer"}


async def test_timeouts_cost_twice_as_much() -> None:
    async def hang(call: SearchCall) -> None:
        await anyio.sleep_forever()

    options: dict[str, Any] = {"max_concurrency": 50, "adaptive": False}
    timeout = Timeout(read=0.05)
    async with serving(hang, retry=QUICK, timeout=timeout, **options) as (sandbox, session):
        reports = await search_many(session, 50)
        assert len(sandbox.searches) == 50 + 500 // 10
    assert all_of(reports, "retry_reasons") == {"timeout": 50}


@pytest.mark.parametrize(("quota", "sent"), [(0, 1), (4, 1), (5, 2), (None, 4)])
async def test_the_size_of_the_quota_can_be_set(quota: int | None, sent: int) -> None:
    async def down(call: SearchCall) -> web.Response:
        return refused(500)

    retry = RetryPolicy(first_delay=0, quota=quota)
    async with serving(down, retry=retry) as (sandbox, session):
        await search_many(session, 1)
        assert len(sandbox.searches) == sent


async def test_an_error_for_want_of_quota_says_so() -> None:
    async def down(call: SearchCall) -> web.Response:
        return refused(500)

    async with serving(down, retry=RetryPolicy(quota=0)) as (_, session):
        with pytest.raises(APIError) as caught:
            await session.customers.search()
    assert "quota" in caught.value.__notes__[0]
    assert caught.value.report is not None
    assert caught.value.report.stop_reasons == {"quota": 1}


async def test_what_ends_well_costs_nothing() -> None:
    """Each page fails three times, and all of them together far more often than the quota pays."""
    tried: Counter[int] = Counter()

    async def unsteady(call: SearchCall) -> web.Response | None:
        tried[call.offset] += 1
        return refused(500) if tried[call.offset] <= 3 else None

    # Sixteen pages are on their way at most, and each spends 15 before it comes.
    retry = RetryPolicy(first_delay=0, quota=250)
    async with serving(unsteady, rows=1000, page_size=20, retry=retry) as (sandbox, session):
        search = session.customers.search()
        assert [one.customer_id async for one in search] == sandbox.customer_ids()
    assert search.report.retry_reasons == {"service_error": 3 * search.report.pages}


# Pauses after a refusal


async def test_a_refusal_holds_up_every_page_and_one_goes_ahead_behind_it() -> None:
    arrivals: list[tuple[float, int]] = []
    refused_at: list[float] = []
    other_is_asking, refusal = anyio.Event(), anyio.Event()

    async def answer(call: SearchCall) -> web.Response | None:
        arrivals.append((time.monotonic(), sandbox.in_flight))
        if call.offset == 0 and call.limit == 200:
            # Under way when the service refuses a request of the first search.
            other_is_asking.set()
            await refusal.wait()
        elif call.offset and not refused_at:
            await other_is_asking.wait()
            refused_at.append(time.monotonic())
            refusal.set()
            return refused(429, "1")
        return None

    async with serving(answer, rows=2000) as (sandbox, session):
        search = session.customers.search()
        other = session.customers.search(page_size=200)
        seen: Counter[str] = Counter()

        async def read(customers: Any) -> None:
            async for customer in customers:
                seen[customer.customer_id] += 1

        async with anyio.create_task_group() as group:
            group.start_soon(read, search)
            group.start_soon(read, other)
        assert set(seen.values()) == {2}
        assert len(seen) == 2000
    behind = [(moment, others) for moment, others in arrivals if moment > refused_at[0] + 0.5]
    assert behind[0][0] - refused_at[0] > 0.99
    assert behind[0][1] == 1
    for report in (search.report, other.report):
        assert report.verdict is Verdict.COMPLETE
        assert 0.9 < report.seconds_paused <= 1.1
        assert report.lowest_concurrency == 1
    assert search.report.retries + other.report.retries == 1


async def test_a_wait_that_goes_with_another_error_is_kept_as_well() -> None:
    async def answer(call: SearchCall) -> web.Response | None:
        return refused(503, "1") if call.number == 0 else None

    async with serving(answer) as (_, session):
        search = session.customers.search()
        await search
    assert search.report.retry_reasons == {"rate_limited": 1}
    assert search.report.seconds_paused > 0.9


async def test_a_storm_of_refusals_costs_few_requests() -> None:
    """The service is up again after 0.3 s; how often it was asked is what counts."""
    ends = time.monotonic() + 3600

    async def answer(call: SearchCall) -> web.Response | None:
        nonlocal ends
        if call.number == 0:
            ends = time.monotonic() + 0.3
        return refused() if time.monotonic() < ends else None

    retry = RetryPolicy(first_delay=0.02)
    async with serving(answer, retry=retry) as (sandbox, session):
        reports = await search_many(session, 100)
        assert len(sandbox.searches) <= 1.3 * 100
    assert all(report.pages == 1 for report in reports)


@pytest.mark.parametrize("most", [1, 3])
async def test_a_bound_on_requests_in_flight_is_found_and_kept_to(most: int) -> None:
    working = 0

    async def answer(call: SearchCall) -> web.Response | None:
        nonlocal working
        if working >= most:
            return refused()
        working += 1
        try:
            await anyio.sleep(0.002)
            return None
        finally:
            working -= 1

    retry = RetryPolicy(first_delay=0.002)
    async with serving(answer, rows=1200, page_size=10, retry=retry) as (sandbox, session):
        search = session.customers.search()
        assert [one.customer_id async for one in search] == sandbox.customer_ids()
        assert len(sandbox.searches) <= 1.3 * search.report.pages
    assert search.report.verdict is Verdict.COMPLETE


async def test_a_page_is_not_given_up_while_the_service_answers_others() -> None:
    """One search is refused six times in a row, with two attempts, while another makes progress."""
    turned_away = 0
    started = anyio.Event()

    async def answer(call: SearchCall) -> web.Response | None:
        nonlocal turned_away
        if call.offset > 100:
            started.set()
        if "customerStatus" in call.body and turned_away < 6:
            turned_away += 1
            return refused()
        return None

    retry = RetryPolicy(first_delay=0, attempts=2)

    async def read_all(session: EnKashSession) -> None:
        assert len([one async for one in session.customers.search()]) == 600

    async with (
        serving(answer, rows=600, page_size=10, retry=retry) as (_, session),
        anyio.create_task_group() as group,
    ):
        group.start_soon(read_all, session)
        await started.wait()
        search = session.customers.search(CustomerFilter(customer_status="ACTIVE"))
        await search
    assert turned_away == 6
    assert search.report.retry_reasons == {"rate_limited": 6}


async def test_a_page_is_given_up_where_the_service_answers_nobody() -> None:
    async def answer(call: SearchCall) -> web.Response:
        return refused()

    async with serving(answer, retry=QUICK) as (sandbox, session):
        with pytest.raises(RateLimitedError) as caught:
            await session.customers.search()
        assert len(sandbox.searches) == 4
    assert caught.value.report is not None
    assert caught.value.report.stop_reasons == {"attempts": 1}


async def test_a_refused_login_attempt_holds_up_the_others_too() -> None:
    """Twenty searches wait for one login, which is refused twice for being one too many."""

    async def answer(call: Call) -> bytes:
        if not call.path.endswith("/token"):
            return ONE_RECORD
        logins = len(server.calls_of("/oauth/token"))
        return reply(b"", 429, keep_alive=True) if logins < 3 else reply(token_answer())

    auth = OAuthPassword(client_id="c", client_secret="s", username="u", password="p")
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, auth, retry=QUICK) as session,
    ):
        reports = await search_many(session, 20)
        assert len(server.calls_of("/oauth/token")) == 3
    assert [report.pages for report in reports] == [1] * 20


# What is asked for first


async def test_of_pages_refused_together_the_first_in_the_plan_goes_first() -> None:
    refused_once: set[int] = set()
    after: list[int] = []
    all_are_there = anyio.Event()

    async def answer(call: SearchCall) -> web.Response | None:
        if call.offset > 250 and call.offset not in refused_once and len(refused_once) < 4:
            refused_once.add(call.offset)
            if len(refused_once) == 4:
                all_are_there.set()
            await all_are_there.wait()
            # One after the other, so that the last in the plan is refused last.
            await anyio.sleep(0.0002 * call.offset)
            return refused()
        if call.offset in refused_once:
            after.append(call.offset)
        return None

    async with serving(answer, rows=800, page_size=50, retry=QUICK) as (sandbox, session):
        search = session.customers.search()
        with anyio.fail_after(10):
            assert [one.customer_id async for one in search] == sandbox.customer_ids()
    assert len(after) == 4
    assert after[0] == min(refused_once)


@pytest.mark.parametrize("adaptive", [True, False])
async def test_refusals_without_end_are_the_error_of_the_page_that_is_next(adaptive: bool) -> None:
    asked: Counter[int] = Counter()

    async def answer(call: SearchCall) -> web.Response | None:
        asked[call.offset] += 1
        return refused() if call.offset else None

    async with serving(answer, rows=2010, page_size=50, retry=QUICK, adaptive=adaptive) as (
        _,
        session,
    ):
        search = session.customers.search()
        with pytest.raises(RateLimitedError) as caught:
            async for _ in search:
                pass
    assert caught.value.offset == 49
    assert asked[49] == 4


async def test_who_waits_for_a_turn_behind_endless_refusals_gets_the_refusal() -> None:
    """A hundred searches share the one place that is left; nobody waits until it is its turn."""

    async def answer(call: SearchCall) -> web.Response:
        return refused(429, "30")

    options: dict[str, Any] = {"timeout": Timeout(call=20)}
    errors: list[EnKashError] = []

    async def ask(session: EnKashSession) -> None:
        with pytest.raises(RateLimitedError) as caught:
            await session.customers.search()
        errors.append(caught.value)

    with anyio.fail_after(10):
        async with serving(answer, **options) as (sandbox, session):
            async with anyio.create_task_group() as group:
                for _ in range(100):
                    group.start_soon(ask, session)
            assert len(sandbox.searches) <= 8
    assert [getattr(error, "retry_after", None) for error in errors] == [30.0] * 100
    assert len({id(error.report) for error in errors}) == 100
    assert all(len(error.__notes__) == 1 for error in errors)


NEVER: dict[str, Any] = {"error_types": frozenset(), "statuses": frozenset()}


@pytest.mark.parametrize("policy", [{}, {"attempts": 1}, NEVER], ids=["default", "once", "never"])
@pytest.mark.parametrize(
    ("status", "wish", "error_type", "holds_up"),
    [
        (429, "30", None, True),
        (429, "30", "VALIDATION_ERROR", True),
        (503, "30", None, True),
        (500, "30", "SYSTEM_ERROR", True),
        # Longer than is obeyed: to hold the others up would help nobody.
        (429, "90", None, False),
        # What does not pass does not do so later either.
        (400, "30", None, False),
        (503, "30", "VALIDATION_ERROR", False),
    ],
)
async def test_a_refusal_holds_the_others_up_whatever_the_policy_tries_again(
    policy: dict[str, Any], status: int, wish: str, error_type: str | None, holds_up: bool
) -> None:
    async def answer(call: SearchCall) -> web.Response | None:
        if call.number:
            return None
        body = {"errorResponse": {"errorType": error_type}} if error_type else {}
        return web.json_response(body, status=status, headers={"Retry-After": wish})

    # A wait that is longer than a request has time is told at once.
    options: dict[str, Any] = {"retry": RetryPolicy(**policy), "timeout": Timeout(call=20)}
    async with serving(answer, **options) as (sandbox, session):
        with pytest.raises(APIError):
            await session.customers.search()
        if holds_up:
            with pytest.raises(APIError) as caught:
                await session.customers.search()
            assert (caught.value.status, caught.value.retry_after) == (status, float(wish))
        else:
            assert len(await session.customers.search()) == 50
        assert len(sandbox.searches) == (1 if holds_up else 2)


@pytest.mark.parametrize("policy", [{"attempts": 1}, NEVER], ids=["once", "never"])
@pytest.mark.parametrize(("status", "lowest"), [(503, 4), (504, 4), (500, None), (400, None)])
async def test_strain_lets_fewer_be_in_flight_whatever_the_policy_tries_again(
    policy: dict[str, Any], status: int, lowest: int | None
) -> None:
    async def answer(call: SearchCall) -> web.Response:
        return refused(status)

    async with serving(answer, retry=RetryPolicy(**policy)) as (_, session):
        [report] = await search_many(session, 1)
    assert report.lowest_concurrency == lowest


async def test_answers_that_are_too_large_are_paid_for() -> None:
    options: dict[str, Any] = {"page_size": 1000, "max_body_bytes": 900}
    async with serving(rows=1000, retry=QUICK, **options) as (sandbox, session):
        reports = await search_many(session, 150)
        assert len(sandbox.searches) <= 150 + 500 // 5
    # Once it is known that not even the smallest page comes, none is asked for in smaller parts.
    assert set(all_of(reports, "stop_reasons")) == {"quota", "not_retryable"}


# Clocks


async def test_pauses_end_though_the_clock_of_the_program_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As under a test that freezes time; the loop has a clock of its own."""

    async def answer(call: SearchCall) -> web.Response | None:
        return refused(429, "0.05") if call.number == 0 else None

    async with serving(answer) as (_, session):
        monkeypatch.setattr(asyncio.get_running_loop(), "time", time.monotonic)
        monkeypatch.setattr(time, "monotonic", lambda: 1.0)
        with anyio.fail_after(10):
            search = session.customers.search()
            await search
    assert 0.04 < search.report.seconds_paused < 5


# Concurrency


@pytest.mark.parametrize(
    ("pool", "most"),
    [
        ({"limit": 2}, 2),
        ({"limit": 0, "limit_per_host": 3}, 3),
        ({"limit": 5, "limit_per_host": 4}, 4),
        ({"limit": 0}, 8),
        ({"limit": 100}, 8),
    ],
)
async def test_no_more_are_in_flight_than_the_pool_of_the_caller_holds(
    pool: dict[str, Any], most: int
) -> None:
    """More would wait in the pool, where their timeouts run already."""

    all_are_there = anyio.Event()

    async def hold(call: SearchCall) -> None:
        if sandbox.in_flight >= most:
            all_are_there.set()
        if call.offset > 250:
            await all_are_there.wait()

    async with (
        open_sandbox(SandboxSettings(rows=600)) as sandbox,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(**pool)) as http,
        session_for(sandbox, http=http, page_size=25) as session,
    ):
        sandbox.on_search = hold
        search = session.customers.search()
        with anyio.fail_after(5):
            assert [one.customer_id async for one in search] == sandbox.customer_ids()
        assert sandbox.max_in_flight == most
    assert search.report.retries == 0
    assert search.report.lowest_concurrency is None


async def test_a_timeout_halves_what_is_in_flight() -> None:
    async def hang_once(call: SearchCall) -> None:
        if call.number == 0:
            await anyio.sleep_forever()

    options: dict[str, Any] = {"retry": QUICK, "timeout": Timeout(read=0.05)}
    async with serving(hang_once, **options) as (_, session):
        search = session.customers.search()
        await search
    assert search.report.lowest_concurrency == 4
    assert search.report.seconds_paused == 0


async def test_a_session_that_does_not_adapt_keeps_its_concurrency() -> None:
    async def refuse_once(call: SearchCall) -> web.Response | None:
        return refused() if call.number == 0 else None

    async with serving(refuse_once, adaptive=False) as (_, session):
        search = session.customers.search()
        await search
    assert search.report.retries == 1
    assert search.report.lowest_concurrency is None


async def test_searches_that_are_abandoned_leave_nothing_behind() -> None:
    """Half of two hundred callers go away; the others are served, and all that was held is back."""
    served, most = 0, 0

    async with serving(rows=600, prefetch_bytes=350_000) as (sandbox, session):
        scopes = [anyio.CancelScope() for _ in range(10)]

        async def hold(call: SearchCall) -> None:
            nonlocal most
            # Some are cancelled in flight, some in line, some while a page waits for its reader.
            if call.number == 60:
                most = sandbox.max_in_flight
                for scope in scopes:
                    scope.cancel()

        sandbox.on_search = hold

        async def read() -> None:
            nonlocal served
            ids = [one.customer_id async for one in session.customers.search()]
            served += len(set(ids)) == 600

        async def read_and_go(scope: anyio.CancelScope) -> None:
            with scope:
                await read()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for scope in scopes:
                    group.start_soon(read)
                    group.start_soon(read_and_go, scope)
            assert all(scope.cancel_called for scope in scopes)
            while sandbox.in_flight:
                # The service still answers requests that were given up.
                await anyio.lowlevel.checkpoint()
            sandbox.max_in_flight = 0
            assert len(await search_many(session, 180)) == 180
        assert served >= 10
        assert max(most, sandbox.max_in_flight) <= 8
        await all_places_can_be_taken(sandbox, session)


async def all_places_can_be_taken(sandbox: Sandbox, session: EnKashSession) -> None:
    """Read once more, with a service that answers nothing until eight requests are there.

    They are there only if all places are free, and the bytes for eight pages as well.
    """
    together = anyio.Event()

    async def wait_for_eight(call: SearchCall) -> None:
        if sandbox.in_flight == 8:
            together.set()
        if call.offset > 250:
            await together.wait()

    sandbox.on_search = wait_for_eight
    with anyio.fail_after(60):
        assert len([one async for one in session.customers.search(page_size=25)]) == 600
