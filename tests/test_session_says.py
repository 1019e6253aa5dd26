"""A session says what happens: levels of the log, reports of what is not whole, second loops."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from enkash_async import (
    BearerToken,
    ConfigurationError,
    EnKashError,
    EnKashSession,
    RetryPolicy,
    SearchReport,
    Verdict,
)
from enkash_async._telemetry.bursts import MOST, SPAN, Bursts
from enkash_async._telemetry.listeners import is_worth_a_warning
from enkash_async.sandbox import Fault, FaultScript, Sandbox, SandboxSettings, faults, open_sandbox
from tests.support.raw_server import envelope, raw_server, reply
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox) as session:
        yield session


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return the first words of what was logged at *level*."""
    ours = [one for one in caplog.records if one.name == "enkash_async" and one.levelno == level]
    return [one.getMessage().partition(" ")[0] for one in ours]


# The log


async def test_retries_pauses_and_logins_are_told_at_info_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = FaultScript(
        [
            Fault(faults.HttpError(503), requests=[1]),
            Fault(faults.RateLimit(retry_after=0.01), requests=[2]),
        ]
    )
    policy = RetryPolicy(first_delay=0.001, max_delay=0.002)
    with caplog.at_level(logging.INFO, "enkash_async"):
        async with (
            open_sandbox(SandboxSettings(rows=60, faults=script)) as sandbox,
            session_for(sandbox, retry=policy, page_size=50) as session,
        ):
            assert len([one async for one in session.customers.search()]) == 60
    told = lines(caplog, logging.INFO)
    assert told.count("retry") == 2
    assert "pause" in told
    assert lines(caplog, logging.DEBUG) == []
    [retry, *_] = [one for one in caplog.records if vars(one)["enkash_event"] == "retry"]
    assert vars(retry)["enkash_status"] == 503


async def test_a_burst_of_lines_is_bounded_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(call: object) -> bytes:
        return reply(envelope(), 503)

    policy = RetryPolicy(first_delay=0, attempts=2 * MOST, quota=None)
    with caplog.at_level(logging.INFO, "enkash_async"):
        async with (
            raw_server(fail) as server,
            EnKashSession(server.base_url, BearerToken("t"), retry=policy) as session,
        ):
            with pytest.raises(EnKashError):
                await session.customers.search()
    assert lines(caplog, logging.INFO).count("retry") == MOST


def test_what_was_held_back_is_told_with_the_next_line() -> None:
    bursts = Bursts()
    told = [bursts.held_back_before("retry", 0.0) for _ in range(MOST + 5)]
    assert told == [0] * MOST + [None] * 5
    assert bursts.held_back_before("pause", 1.0) == 0
    assert bursts.held_back_before("retry", SPAN) == 5
    assert bursts.held_back_before("retry", SPAN + 1) == 0


REPORTS: list[tuple[dict[str, Any], bool]] = [
    ({"verdict": Verdict.COMPLETE, "rows_reread": 900, "records_delivered": 1000}, False),
    ({"verdict": Verdict.CHANGED, "rows_reread": 100, "records_delivered": 1000}, False),
    ({"verdict": Verdict.CHANGED, "rows_reread": 101, "records_delivered": 1000}, True),
    ({"verdict": Verdict.CHANGED, "duplicates_dropped": 200, "records_delivered": 1000}, True),
    ({"verdict": Verdict.INCOMPLETE, "records_delivered": 1000}, True),
]


@pytest.mark.parametrize(("facts", "expected"), REPORTS)
def test_which_ends_are_warned_of(facts: dict[str, Any], expected: bool) -> None:
    assert is_worth_a_warning(SearchReport(**facts)) is expected


async def test_an_end_that_proves_nothing_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = SandboxSettings(rows=30, page_cap=1)
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        search = session.customers.search()
        assert len([one async for one in search]) == 30
        assert search.report.verdict is Verdict.INCOMPLETE
        async with session.customers.search() as left:
            await anext(left)
    assert lines(caplog, logging.WARNING) == ["search_not_proven"]
    [record] = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert search.report.reasons[0] in record.getMessage()
    assert vars(record)["enkash_records_delivered"] == 30


PROGRAM = """
import asyncio
from enkash_async import BearerToken, EnKashSession
from enkash_async.sandbox import open_sandbox

async def main():
    async with open_sandbox() as sandbox:
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            await session.customers.count()

asyncio.run(main())
"""


def test_a_variable_shows_the_log_without_a_line_of_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENKASH_LOG", " DEBUG ")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)
    assert "DEBUG enkash_async request search_id=" in done.stderr
    assert " offset=0 limit=1 " in done.stderr


def test_a_variable_that_names_no_level_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENKASH_LOG", "loud")
    with pytest.raises(ConfigurationError, match="ENKASH_LOG must be debug or info"):
        EnKashSession("https://api.example", BearerToken("t"))


# Reports


async def test_a_report_of_a_search_that_goes_on_says_so(session: EnKashSession) -> None:
    search = session.customers.search(page_size=50)
    assert str(search.report).startswith("UNFINISHED: 0 records so far of an unknown number")
    await anext(search)
    assert search.report.unfinished
    assert str(search.report).startswith("UNFINISHED: 1 record so far of 250 in ")
    assert len([one async for one in search]) == 249
    assert not search.report.unfinished
    assert str(search.report).startswith("COMPLETE: 250 records of 250 in ")


async def test_a_report_of_a_first_page_is_unfinished(session: EnKashSession) -> None:
    search = session.customers.search(page_size=50)
    await search
    assert str(search.report).startswith("UNFINISHED: ")
    assert "in 1 page, 0 retries, 0 duplicates dropped, 0 repairs" in str(search.report)


@pytest.mark.parametrize("page_size", [2, 50, 5000])
@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_a_report_of_what_max_records_ended_never_says_complete(
    session: EnKashSession, method: str, page_size: int
) -> None:
    search = getattr(session.customers, method)(max_records=3, page_size=page_size)
    assert len([one async for one in search]) == 3
    assert search.report.limited
    assert str(search.report).startswith("LIMITED as asked: 3 records of ")
    assert "COMPLETE" not in str(search.report)


@pytest.mark.parametrize("page_size", [50, 5000])
@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_a_bound_that_leaves_nothing_out_is_no_limit(
    session: EnKashSession, method: str, page_size: int
) -> None:
    rows = await session.customers.count()
    search = getattr(session.customers, method)(max_records=rows + 1, page_size=page_size)
    assert len([one async for one in search]) == rows
    assert not search.report.limited


def test_a_limit_does_not_hide_what_else_is_wrong() -> None:
    report = SearchReport(verdict=Verdict.INCOMPLETE, limited=True, reasons=["rows moved"])
    assert str(report).startswith("LIMITED as asked, INCOMPLETE: 0 records of ")
    assert "rows moved" in str(report)


async def test_an_error_on_the_way_carries_an_unfinished_report() -> None:
    script = FaultScript([Fault(faults.HttpError(400), requests=range(3, 100))])
    async with (
        open_sandbox(SandboxSettings(rows=250, faults=script)) as sandbox,
        session_for(sandbox) as session,
    ):
        with pytest.raises(EnKashError) as caught:
            async for _ in session.customers.search(page_size=50):
                pass
    assert caught.value.report is not None
    assert str(caught.value.report).startswith("UNFINISHED: ")


# Second loops

LOOPS: list[tuple[str, Callable[[Any], Any]]] = [
    ("records", lambda search: search),
    ("pages", lambda search: search.pages()),
    ("raw pages", lambda search: search.raw_pages()),
    ("arrow batches", lambda search: search.arrow_batches()),
]


@pytest.mark.parametrize(("name", "view"), LOOPS)
async def test_a_second_loop_over_what_was_read_says_to_start_another(
    session: EnKashSession, name: str, view: Callable[[Any], Any]
) -> None:
    search = session.customers.search()
    steps = view(search)
    assert [one async for one in steps]
    for again in (steps, search if name == "records" else view(search)):
        with pytest.raises(RuntimeError, match="read to its end; start another one"):
            _ = [one async for one in again]
    with pytest.raises(StopAsyncIteration):
        await anext(steps)


async def test_a_loop_that_was_left_goes_on(session: EnKashSession) -> None:
    search = session.customers.search()
    seen = 0
    async for _ in search:
        seen += 1
        if seen == 100:
            break
    assert seen + len([one async for one in search]) == 250


async def test_an_awaited_empty_page_leaves_room_for_a_loop() -> None:
    async with open_sandbox(SandboxSettings(rows=0)) as sandbox, session_for(sandbox) as session:
        search = session.customers.search()
        assert len(await search) == 0
        assert [one async for one in search] == []
        with pytest.raises(RuntimeError, match="start another one"):
            _ = [one async for one in search]


# Tracebacks

TEST = """
import asyncio
from enkash_async import BearerToken, EnKashSession
from enkash_async.sandbox import open_sandbox

async def ask(**given):
    async with open_sandbox() as sandbox:
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            await session.customers.search(**given)

def test_refused_here():
    asyncio.run(ask(order_by="createdon"))

def test_refused_there():
    asyncio.run(ask(order_by="priority"))
"""


def test_tracebacks_show_the_callers_line_and_the_error(tmp_path: Path) -> None:
    path = tmp_path / "test_mine.py"
    path.write_text(TEST)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            tmp_path,
            path,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "did you mean 'createdOn'" in done.stdout
    assert "ValidationError" in done.stdout
    frames = {line for line in done.stdout.splitlines() if "enkash_async/" in line}
    assert {line for line in frames if "/sandbox/" not in line} == set(), done.stdout
