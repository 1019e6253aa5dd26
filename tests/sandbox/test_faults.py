"""What the client makes of every fault that a script can inject, and the scripts themselves."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE, STDOUT
from typing import Any, get_args

import aiohttp
import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enkash_async import (
    ERROR_CLASSES,
    AnswerTooLargeError,
    AuthenticationError,
    BadRecord,
    BearerToken,
    DecodeError,
    EnKashError,
    EnKashSession,
    ErrorType,
    OAuthPassword,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    SystemFaultError,
    Timeout,
    UnauthorizedError,
    UnknownServiceError,
    ValidationError,
    Verdict,
)
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    FaultScriptError,
    Sandbox,
    SandboxSettings,
    faults,
    open_sandbox,
)
from enkash_async.sandbox.__main__ import run
from enkash_async.sandbox.faults import KINDS, Kind
from enkash_async.sandbox.faults.oddities import OddForm
from tests.support.reading import read_into

pytestmark = pytest.mark.anyio

ROWS = 250
ROW = 120
"""A row of the third page of 50."""

ENDLESS = (faults.Stall(), faults.StallInside())

Settings = dict[str, Any]


def login(sandbox: Sandbox) -> OAuthPassword:
    return OAuthPassword(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        username=sandbox.username,
        password=sandbox.password,
        company_id=sandbox.company_id,
    )


@asynccontextmanager
async def faulty(
    *injected: Fault, knobs: Settings | None = None, seed: int = 1, **options: Any
) -> AsyncIterator[tuple[Sandbox, EnKashSession]]:
    """Open a session with pages of 50 and no waits on a sandbox with faults."""
    settings = SandboxSettings(rows=ROWS, faults=FaultScript(injected, seed), **(knobs or {}))
    given: Settings = {"page_size": 50, "retry": RetryPolicy(first_delay=0), **options}
    async with (
        open_sandbox(settings) as sandbox,
        EnKashSession(sandbox.base_url, login(sandbox), **given) as session,
    ):
        yield sandbox, session


def impatience(kind: Kind) -> Settings:
    """Return options of a session that ends within a second what would take for ever."""
    if kind in ENDLESS:
        return {"timeout": Timeout(read=0.2), "retry": RetryPolicy(attempts=3, first_delay=0)}
    return {"max_body_bytes": 1_000_000}


# Struck once


PASSING: list[tuple[Kind, int]] = [
    (faults.Latency(0.01, jitter=0.01), 0),
    (faults.Stall(), 1),
    (faults.Stall(0.01), 0),
    (faults.StallInside(), 1),
    (faults.StallInside(0.01), 0),
    (faults.Trickle(pieces=5, seconds=0.001), 0),
    (faults.Reset(), 1),
    (faults.ResetInside(), 1),
    (faults.CloseAfter(), 0),
    (faults.Truncate(), 1),
    (faults.BrokenJson(), 1),
    (faults.Garbage(), 1),
    (faults.Html(), 1),
    (faults.Empty(), 1),
    (faults.ContentType(), 0),
    (faults.Error("SYSTEM_ERROR"), 1),
    (faults.Error("UNKNOWN_ERROR", status=200), 1),
    (faults.Error("UNAUTHORIZED"), 1),
    (faults.HttpError(502), 1),
    (faults.RateLimit(), 1),
    (faults.RateLimit(0.01), 1),
    *[
        (faults.RateLimit(0, form=form), 1)
        for form in ("fraction", "date", "date_of_a_slow_clock", "words")
    ],
    *[(faults.OddAnswer(form), 0) for form in get_args(OddForm)],
]


@pytest.mark.parametrize(("kind", "retries"), PASSING, ids=str)
async def test_a_fault_that_passes_costs_at_most_a_retry(kind: Kind, retries: int) -> None:
    async with faulty(Fault(kind, row=ROW, times=1), **impatience(kind)) as (sandbox, session):
        search = session.customers.search()
        seen = [customer.customer_id async for customer in search]

        assert seen == sandbox.customer_ids()
        assert sandbox.faults_injected == {kind.name: 1}
    assert search.report.verdict is Verdict.COMPLETE
    # On a busy machine another page may take as long as a page that stalls.
    assert search.report.retries == retries or (kind in ENDLESS and search.report.retries > retries)


# Struck again and again


LASTING: list[tuple[Kind, type[EnKashError]]] = [
    (faults.Stall(), RequestTimeoutError),
    (faults.StallInside(), RequestTimeoutError),
    (faults.Reset(), ResponseError),
    (faults.ResetInside(), ResponseError),
    (faults.Truncate(), ResponseError),
    (faults.BrokenJson(), ResponseError),
    (faults.Garbage(), ResponseError),
    (faults.Html(), ResponseError),
    (faults.Empty(), ResponseError),
    (faults.Redirect(), ResponseError),
    (faults.Redirect(307), ResponseError),
    (faults.NoContent(), ResponseError),
    (faults.NoContent(205), ResponseError),
    (faults.HttpError(407), ResponseError),
    (faults.HttpError(522), SystemFaultError),
    (faults.HugeBody(2), AnswerTooLargeError),
    (faults.GzipBomb(2), AnswerTooLargeError),
    (faults.BareFailure(), UnknownServiceError),
    (faults.HttpError(), SystemFaultError),
    (faults.RateLimit(), RateLimitedError),
    (faults.RateLimit(3600), RateLimitedError),
    (faults.RateLimit(3600, form="date"), RateLimitedError),
    # The page that holds the row begins with the overlap, at 98.
    (faults.Ceiling(98), ValidationError),
    (faults.ExpireTokens(), UnauthorizedError),
    (faults.LockOut(), AuthenticationError),
    (faults.BadRecord(), DecodeError),
    *[
        (faults.Error(type.value, status), ERROR_CLASSES[type])
        for type in ErrorType
        for status in (None, 200)
    ],
]


@pytest.mark.parametrize(("kind", "error_class"), LASTING, ids=str)
async def test_a_fault_that_lasts_is_an_error_from_which_another_search_goes_on(
    kind: Kind, error_class: type[EnKashError]
) -> None:
    seen: list[str | None] = []
    async with faulty(Fault(kind, row=ROW), **impatience(kind)) as (sandbox, session):
        with pytest.raises(EnKashError) as caught:
            await read_into(seen, session.customers.search())
        error = caught.value
        assert type(error) is error_class
        assert error.offset is not None
        assert error.offset <= ROW + 50
        assert error.report is not None
        assert error.report.records_delivered == len(seen) < ROWS
        assert error.report.verdict is Verdict.INCOMPLETE
        assert sandbox.faults_injected[kind.name] >= 1

        sandbox.faults = FaultScript()
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as another:
            rest = another.customers.search(resume=str(error.resume_token))
            seen += [customer.customer_id async for customer in rest]
        assert seen == sandbox.customer_ids()
        assert rest.report.verdict is Verdict.COMPLETE


def test_no_kind_is_forgotten() -> None:
    tried = {kind.name for kind, _ in [*PASSING, *LASTING]}
    tried |= {kind.name for kind in CHANGING}
    assert tried | {"duplicate_rows"} == KINDS.keys()


@pytest.mark.parametrize("form", ["seconds", "fraction", "date", "date_of_a_slow_clock"])
async def test_the_wait_that_a_rate_limit_asks_for_is_in_the_error(form: Any) -> None:
    async with faulty(Fault(faults.RateLimit(3600, form))) as (_, session):
        with pytest.raises(RateLimitedError) as caught:
            await session.customers.search()
    assert caught.value.retry_after == pytest.approx(3600, abs=30)
    assert caught.value.report is not None
    assert caught.value.report.attempts == 1


async def test_bad_records_can_be_set_aside() -> None:
    bad: list[BadRecord] = []
    async with faulty(Fault(faults.BadRecord())) as (sandbox, session):
        search = session.customers.search(on_bad_record=bad.append)
        seen = [customer.customer_id async for customer in search]
        assert len(seen) + len(bad) == ROWS
        # The row that overlaps is read with the page before.
        assert 0 < len(bad) == search.report.bad_records <= sandbox.faults_injected["bad_record"]


# Lists that change, and pages that lie


CHANGING: list[Kind] = [
    faults.InsertRows(3),
    faults.InsertRows(place="start"),
    faults.InsertRows(place="end"),
    faults.DeleteRows(3),
    faults.DeleteRows(place="start"),
    faults.DeleteRows(place="end"),
    faults.ReorderRows(),
]


@pytest.mark.parametrize("kind", CHANGING, ids=str)
@pytest.mark.parametrize("seed", range(3))
async def test_customers_that_stay_come_exactly_once_from_a_list_that_changes(
    kind: Kind, seed: int
) -> None:
    # With full_check, because rows out of order break what `search` relies on without it.
    async with faulty(Fault(kind, skip=1, times=4), seed=seed) as (sandbox, session):
        at_start = sandbox.customer_ids()
        search = session.customers.search(full_check=True)
        seen = [customer.customer_id async for customer in search]

        staying = set(at_start) & set(sandbox.customer_ids())
        assert sorted(one for one in seen if one in staying) == sorted(staying)
        assert len(seen) == len(set(seen))
        assert sandbox.faults_injected == {kind.name: 4}
    assert search.report.verdict is not Verdict.COMPLETE


@pytest.mark.parametrize("seed", range(3))
async def test_rows_doubled_inside_a_page_come_twice_and_the_verdict_says_so(seed: int) -> None:
    doubling = Fault(faults.DuplicateRows(2), skip=1, times=1)
    async with faulty(doubling, seed=seed) as (sandbox, session):
        search = session.customers.search()
        seen = [customer.customer_id async for customer in search]
        assert set(seen) == set(sandbox.customer_ids())
        assert len(seen) <= ROWS + 2
        assert sandbox.faults_injected == {"duplicate_rows": 1}
    assert search.report.verdict is not Verdict.COMPLETE


async def test_rows_between_neighbours_of_one_instant_go_to_the_end_when_there_is_no_room() -> None:
    inserted = Fault(faults.InsertRows(2000), times=1)
    async with faulty(inserted, knobs={"spread": "bulk"}, seed=4) as (sandbox, session):
        before = sandbox.customer_ids()
        assert (await session.customers.search()).total == ROWS + 2000
        assert sandbox.customer_ids()[:ROWS] == before


async def test_pages_that_lie_are_changed_under_compression_too() -> None:
    lying = Fault(faults.DuplicateRows(5))
    async with faulty(lying, knobs={"gzip": True}) as (_, session):
        assert len(await session.customers.search()) == 55


@pytest.mark.parametrize("kind", [faults.Html(), faults.BareFailure(), faults.HttpError()], ids=str)
async def test_what_is_no_page_cannot_lie(kind: Kind) -> None:
    async with faulty(Fault(faults.DuplicateRows()), Fault(kind)) as (sandbox, session):
        with pytest.raises(EnKashError):
            await session.customers.search()
        assert sandbox.faults_injected.keys() == {kind.name}


@pytest.mark.parametrize("form", get_args(OddForm))
async def test_an_odd_answer_is_let_through_where_its_rows_cannot_be_found(form: OddForm) -> None:
    lying = Fault(faults.DuplicateRows(5))
    async with faulty(lying, Fault(faults.OddAnswer(form))) as (sandbox, session):
        found = len(await session.customers.search())
        assert found == (55 if "duplicate_rows" in sandbox.faults_injected else 50)


async def test_a_page_without_rows_cannot_lie() -> None:
    lying = [Fault(kind()) for kind in (faults.DuplicateRows, faults.ReorderRows)]
    async with faulty(*lying) as (sandbox, session):
        sandbox.delete(sandbox.customer_ids()[1:])
        assert len(await session.customers.search(page_size=2)) == 2
        assert sandbox.faults_injected == {"duplicate_rows": 1}
        sandbox.delete(sandbox.customer_ids())
        assert [customer async for customer in session.customers.search()] == []
        assert sandbox.faults_injected == {"duplicate_rows": 1}


# Logins


@pytest.mark.parametrize(
    ("kind", "error_class"),
    [
        (faults.HttpError(503), SystemFaultError),
        (faults.Html(), ResponseError),
        (faults.Reset(), ResponseError),
        (faults.Truncate(), ResponseError),
        (faults.RateLimit(3600), RateLimitedError),
        (faults.LockOut(), AuthenticationError),
        (faults.Error("UNAUTHORIZED"), AuthenticationError),
    ],
    ids=str,
)
async def test_faults_befall_logins_too(kind: Kind, error_class: type[EnKashError]) -> None:
    async with faulty(Fault(kind, on="token")) as (sandbox, session):
        with pytest.raises(EnKashError) as caught:
            await session.customers.search()
        assert type(caught.value) is error_class
        assert sandbox.searches == []
        assert sandbox.faults_injected[kind.name] == sandbox.token_requests


async def test_tokens_that_end_all_the_time_are_renewed_all_the_time() -> None:
    often = Fault(faults.ExpireTokens(), every=5)
    async with faulty(often, max_concurrency=1, page_size=20) as (sandbox, session):
        search = session.customers.search()
        assert [customer.customer_id async for customer in search] == sandbox.customer_ids()
        assert sandbox.token_requests == 1 + sandbox.faults_injected["expire_tokens"] > 3
    assert search.report.verdict is Verdict.COMPLETE


# Which requests


async def struck(fault: Fault, requests: int = 12, seed: int = 1) -> list[int]:
    """Return the numbers of the requests, pages of 10 in order, that *fault* befalls."""
    async with (
        open_sandbox(SandboxSettings(rows=200, faults=FaultScript([fault], seed))) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        return [
            number
            for number in range(requests)
            if await status_of(http, sandbox, offset=10 * number) == 418
        ]


async def status_of(http: aiohttp.ClientSession, sandbox: Sandbox, offset: int) -> int:
    url = f"{sandbox.base_url}/api/v0/customer/search?offset={offset}&limit=10"
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    async with http.post(url, data=b"{}", headers=headers) as response:
        return response.status


TEAPOT = faults.HttpError(418)


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (Fault(TEAPOT), [*range(12)]),
        (Fault(TEAPOT, times=3), [0, 1, 2]),
        (Fault(TEAPOT, skip=2, times=3), [2, 3, 4]),
        (Fault(TEAPOT, requests=[4, 7]), [4, 7]),
        (Fault(TEAPOT, every=4), [3, 7, 11]),
        (Fault(TEAPOT, skip=1, every=4), [4, 8]),
        (Fault(TEAPOT, every=6, burst=3), [5, 6, 7, 11]),
        (Fault(TEAPOT, every=6, burst=3, times=2), [5, 6]),
        (Fault(TEAPOT, offset_from=90), [9, 10, 11]),
        (Fault(TEAPOT, offset_to=15), [0, 1]),
        (Fault(TEAPOT, offset_from=20, offset_to=40), [2, 3, 4]),
        (Fault(TEAPOT, row=59), [5]),
        (Fault(TEAPOT, probability=0), []),
        (Fault(TEAPOT, on="token"), []),
    ],
    ids=str,
)
async def test_conditions_choose_requests(fault: Fault, numbers: list[int]) -> None:
    assert await struck(fault) == numbers


async def test_a_row_is_found_where_offsets_count_pages() -> None:
    fault = Fault(TEAPOT, row=35)
    settings = SandboxSettings(rows=100, offset_unit="pages", faults=FaultScript([fault]))
    async with open_sandbox(settings) as sandbox, aiohttp.ClientSession() as http:
        assert [await status_of(http, sandbox, offset) for offset in range(5)] == [
            *(200, 200, 200, 418, 200)
        ]


async def test_the_seed_decides_what_is_left_to_chance() -> None:
    fault = Fault(TEAPOT, probability=0.5)
    first = await struck(fault, 40)
    assert 8 < len(first) < 32
    assert await struck(fault, 40) == first
    assert await struck(fault, 40, seed=2) != first


async def test_chance_does_not_depend_on_the_order_of_arrival() -> None:
    fault = Fault(TEAPOT, probability=0.5)
    expected = await struck(fault, 20)
    offsets = [10 * number for number in range(20)]
    Random(7).shuffle(offsets)
    settings = SandboxSettings(rows=200, faults=FaultScript([fault]))
    found: list[int] = []
    async with open_sandbox(settings) as sandbox, aiohttp.ClientSession() as http:

        async def ask(offset: int) -> None:
            if await status_of(http, sandbox, offset) == 418:
                found.append(offset // 10)

        async with anyio.create_task_group() as group:
            for offset in offsets:
                group.start_soon(ask, offset)
    assert sorted(found) == expected


async def test_a_request_that_is_repeated_is_drawn_anew() -> None:
    script = FaultScript([Fault(TEAPOT, probability=0.5)])
    async with (
        open_sandbox(SandboxSettings(rows=20, faults=script)) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        first = [await status_of(http, sandbox, offset=0) for _ in range(20)]
        assert set(first) == {200, 418}
        sandbox.faults = script
        assert [await status_of(http, sandbox, offset=0) for _ in range(20)] == first


async def test_faults_combine_and_the_first_is_outermost() -> None:
    combined = [Fault(faults.InsertRows()), Fault(faults.Truncate(), times=1), Fault(TEAPOT)]
    async with (
        open_sandbox(SandboxSettings(rows=20, faults=FaultScript(combined))) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        # The head of the answer came whole: its body was cut off.
        assert await status_of(http, sandbox, offset=0) == 418
        assert len(sandbox.customer_ids()) == 21
        assert sandbox.faults_injected == {"insert_rows": 1, "truncate": 1, "http_error": 1}


async def test_an_answer_on_its_way_is_left_alone() -> None:
    combined = [Fault(kind()) for kind in (faults.Truncate, faults.DuplicateRows, faults.Trickle)]
    async with (
        open_sandbox(SandboxSettings(rows=20, faults=FaultScript(combined))) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        assert await status_of(http, sandbox, offset=0) == 200
        assert sandbox.faults_injected == {"trickle": 1}


# Stalls


@pytest.mark.parametrize("kind", ENDLESS, ids=str)
async def test_what_is_held_up_can_be_let_go(kind: Kind) -> None:
    async with faulty(Fault(kind)) as (sandbox, session), anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(session.customers.count)
            while not sandbox.faults_injected[kind.name]:
                await anyio.wait_all_tasks_blocked()
                await anyio.lowlevel.checkpoint()
            sandbox.release_stalls()
            sandbox.faults_injected.clear()


@pytest.mark.parametrize("kind", ENDLESS, ids=str)
async def test_closing_waits_for_nothing_that_is_held_up(kind: Kind) -> None:
    # The default timeouts: a client that waited, or a server that did, would exceed this one.
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group, faulty(Fault(kind)) as (sandbox, session):
            for _ in range(3):
                group.start_soon(broken_off, session)
            while sandbox.faults_injected[kind.name] < 3:
                await anyio.lowlevel.checkpoint()


async def broken_off(session: EnKashSession) -> None:
    with pytest.raises(RuntimeError, match="closed while"):
        await session.customers.search()


async def test_a_stall_ends_when_its_client_is_gone() -> None:
    once = RetryPolicy(attempts=1)
    async with faulty(Fault(faults.Stall()), timeout=Timeout(read=0.05), retry=once) as (
        sandbox,
        session,
    ):
        with pytest.raises(RequestTimeoutError):
            await session.customers.search()
        with anyio.fail_after(10):
            while sandbox.in_flight:
                await anyio.lowlevel.checkpoint()


async def test_faults_can_be_set_while_the_sandbox_runs() -> None:
    async with faulty() as (sandbox, session):
        assert not sandbox.faults
        sandbox.faults = FaultScript([Fault(faults.Error("INVALID_ACCESS"))])
        with pytest.raises(EnKashError):
            await session.customers.count()
        sandbox.faults = FaultScript()
        assert await session.customers.count() == ROWS


# Scripts as text


SCRIPT = """
seed = 7

[[fault]]
kind = "latency"
seconds = 0.05
probability = 0.2

[[fault]]
kind = "http_error"
status = 502
every = 10
burst = 3

[[fault]]
kind = "reset"
on = "token"
times = 1

[[fault]]
kind = "error"
error_type = "SYSTEM_ERROR"
requests = [2, 3]
"""


def test_a_script_is_text() -> None:
    assert FaultScript.parse(SCRIPT) == FaultScript(
        [
            Fault(faults.Latency(0.05), probability=0.2),
            Fault(faults.HttpError(502), every=10, burst=3),
            Fault(faults.Reset(), on="token", times=1),
            Fault(faults.Error("SYSTEM_ERROR"), requests=(2, 3)),
        ],
        seed=7,
    )
    assert FaultScript.parse("") == FaultScript()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = ", "not TOML: Invalid value (at end"),
        ("sed = 1", "unknown key 'sed' (did you mean 'seed'?); the keys are seed, fault"),
        ("seed = 1.5", "seed must be a whole number, got 1.5"),
        ('[fault]\nkind = "reset"', "write [[fault]], with two brackets"),
        ("fault = [1]", "fault 1 must be a table, got 1"),
        ("[[fault]]", "fault 1 has no kind; the kinds are latency, stall,"),
        (
            '[[fault]]\nkind = "reset"\n[[fault]]\nkind = "rest"',
            "fault 2 has the unknown kind 'rest' (did you mean 'reset'?); the kinds are latency",
        ),
        (
            '[[fault]]\nkind = "latency"\nsecond = 1',
            "fault 1 (latency): unknown key 'second' (did you mean 'seconds'?); the keys are"
            " seconds, jitter, on, requests,",
        ),
        (
            '[[fault]]\nkind = "error"\nerror_type = "OOPS"',
            "fault 1 (error): error_type must be one of CLIENT_REQUEST_ABORT, CLIENT_REQUEST_ERROR",
        ),
        (
            '[[fault]]\nkind = "latency"\nseconds = -1',
            "fault 1 (latency): seconds must be finite and not negative, got -1",
        ),
        (
            '[[fault]]\nkind = "reset"\nprobability = 2',
            "fault 1 (reset): probability must be a number from 0 to 1, got 2",
        ),
        ('[[fault]]\nkind = "reset"\nrequests = 2', "requests must be a list of whole numbers"),
        ('[[fault]]\nkind = "reset"\nrequests = [-1]', "each of requests must be at least 0"),
        ('[[fault]]\nkind = "reset"\ntimes = 0', "times must be at least 1, got 0"),
        ('[[fault]]\nkind = "reset"\non = "get"', "on must be one of search, token, got 'get'"),
        (
            '[[fault]]\nkind = "insert_rows"\non = "token"',
            'fault 1 (insert_rows): on must be "search" for insert_rows',
        ),
        ('[[fault]]\nkind = "reset"\non = "token"\nrow = 3', 'on must be "search" for an offset'),
        (
            '[[fault]]\nkind = "reset"\noffset_from = 10\noffset_to = 5',
            "fault 1 (reset): offset_from (10) must not exceed offset_to (5)",
        ),
        (
            '[[fault]]\nkind = "redirect"\nlocation = "/a\\r\\nX: y"',
            "fault 1 (redirect): location must be one line of printable text",
        ),
        (
            '[[fault]]\nkind = "content_type"\nvalue = "text/html\\n"',
            "fault 1 (content_type): value must be one line of printable text",
        ),
    ],
)
def test_a_wrong_script_is_told_what_is_wrong_and_what_could_stand_there(
    text: str, message: str
) -> None:
    with pytest.raises(FaultScriptError, match=re.escape(message)):
        FaultScript.parse(text)


NAMES = sorted(
    {name for kind in KINDS.values() for name in kind.rules()} | Fault.conditions().keys()
)
VALUES = st.sampled_from(
    ["1", "-1", "0", "0.5", "1e400", "nan", "true", '"x"', '"end"', '"date"', "[1]", "[]", "{}"]
)


@given(st.sampled_from([*KINDS]), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
def test_whatever_stands_in_a_script_it_is_one_or_an_error_of_its_own(
    kind: str, keys: dict[str, str]
) -> None:
    lines = [f"{name} = {value}" for name, value in keys.items()]
    text = "\n".join(["[[fault]]", f'kind = "{kind}"', *lines])
    assert outcome(text).startswith(f"fault 1 ({kind}): ")


def outcome(text: str) -> str:
    try:
        [fault] = FaultScript.parse(text).faults
    except FaultScriptError as error:
        return str(error)
    return f"fault 1 ({fault.kind.name}): read"


def test_values_of_a_script_are_checked_in_python_too() -> None:
    wrong: Any = "reset"
    with pytest.raises(TypeError, match=r"kind must be a fault of enkash_async\.sandbox\.faults"):
        Fault(wrong)
    with pytest.raises(TypeError, match="faults must be Fault values, got Reset"):
        FaultScript([wrong and faults.Reset()])  # type: ignore[list-item]


async def test_a_script_may_be_given_as_its_text() -> None:
    script = FaultScript([Fault(faults.Reset(), times=2)])
    text = '[[fault]]\nkind = "reset"\ntimes = 2'
    assert SandboxSettings(faults=text).faults == script

    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        sandbox.faults = text
        assert sandbox.faults == script
        wrong: Any = [script]
        for given, error, said in [
            ("reset", FaultScriptError, "the fault script is not TOML"),
            (wrong, TypeError, "faults must be a FaultScript or the text of one, got"),
        ]:
            with pytest.raises(error, match=said):
                sandbox.faults = given
            with pytest.raises(error, match=said):
                SandboxSettings(faults=given)
        assert sandbox.faults == script


def test_a_script_that_is_not_text_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FaultScriptError, match="not UTF-8"):
        FaultScript.read(path)


# The command


async def test_the_command_carries_out_a_script(tmp_path: Path) -> None:
    script = tmp_path / "faults.toml"
    script.write_text('[[fault]]\nkind = "http_error"\nstatus = 418\ntimes = 1\n')
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "enkash_async.sandbox"]
    options = ["--rows", "3", "--faults", str(script)]
    process = await anyio.open_process([*command, *options], stdout=PIPE, stderr=STDOUT)
    async with process, aiohttp.ClientSession() as http:
        output = ""
        assert process.stdout
        while "Ctrl-C" not in output:
            output += (await process.stdout.receive()).decode()
        [(base_url, token)] = re.findall(r"ENKASH_BASE_URL=(\S+) ENKASH_TOKEN=(\S+)$", output, re.M)
        url, headers = f"{base_url}/api/v0/customer/search", {"Authorization": f"Bearer {token}"}
        statuses: list[int] = []
        for _ in range(2):
            async with http.post(url, headers=headers) as response:
                statuses.append(response.status)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert statuses == [418, 200]
    assert "1 fault" in output


def test_the_command_names_what_is_wrong_with_a_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "faults.toml"
    for path, message in ((script, "kinds are"), (tmp_path / "none.toml", "No such file")):
        script.write_text("[[fault]]\n")
        with pytest.raises(SystemExit):
            run(["--faults", str(path)])
        shown = capsys.readouterr().err
        assert message in shown
        assert path.name in shown


def test_the_command_lists_every_kind_and_condition(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(["--list-faults"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for name, kind in KINDS.items():
        assert f"{name}: {kind.__doc__.splitlines()[0] if kind.__doc__ else ''}" in shown
    for name in NAMES:
        assert f"  {name} = " in shown
