"""The chaos run in short, what it would notice, and a process killed in the middle of a search."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process

from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from enkash_async.sandbox.faults import KINDS
from tests.promises.chaos import crawling
from tests.promises.chaos.__main__ import main
from tests.promises.chaos.plan import DRAWS, draw
from tests.promises.killed_reader import lines_of

ROWS = 400
CRAWLS = 14


@pytest.mark.parametrize("number", range(CRAWLS))
def test_every_customer_is_accounted_for_whatever_goes_wrong(number: int) -> None:
    outcome = crawling.crawl_once(2, ROWS, number)
    assert outcome.failures() == {}, outcome.notes
    assert outcome.records > 0


def test_a_plan_is_drawn_from_its_number_alone() -> None:
    plans = [draw(1, number, 5000) for number in range(300)]
    assert [draw(1, number, 5000) for number in range(300)] == plans
    assert {kind for plan in plans for kind in plan.kinds} == KINDS.keys() == DRAWS.keys()
    assert any(plan.is_guaranteed and plan.changes for plan in plans)


# What it would notice


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A crawl in which nothing goes wrong by itself."""
    plans = (draw(1, number, ROWS) for number in range(1000))
    plan = next(p for p in plans if p.is_guaranteed and not p.kinds and not p.by_windows)
    monkeypatch.setattr(crawling, "draw", lambda *_: plan)
    assert crawling.crawl_once(1, ROWS, 0).failures() == {}
    return monkeypatch


def test_a_record_that_is_lost_or_doubled_is_counted(calm: pytest.MonkeyPatch) -> None:
    right = crawling._ids
    calm.setattr(crawling, "_ids", lambda unit: right(unit)[1:])
    assert crawling.crawl_once(1, ROWS, 0).failures()["lost"] > 0
    calm.setattr(crawling, "_ids", lambda unit: right(unit) * 2)
    assert crawling.crawl_once(1, ROWS, 0).failures()["doubled"] > 0


def test_a_crawl_that_does_not_end_is_counted(calm: pytest.MonkeyPatch) -> None:
    calm.setattr(crawling, "DEADLINE", 0.0)
    assert crawling.crawl_once(1, ROWS, 0).failures() == {"hung": 1}


def test_what_is_left_behind_is_counted(calm: pytest.MonkeyPatch) -> None:
    right, left = crawling._ids, list[Any]()

    def leaking(unit: Any) -> list[str]:
        if not left:
            left.extend([asyncio.create_task(asyncio.sleep(60)), os.open(os.devnull, os.O_RDONLY)])
        return right(unit)

    calm.setattr(crawling, "_ids", leaking)
    assert crawling.crawl_once(1, ROWS, 0).failures() == {"leaked tasks": 1, "leaked files": 1}
    os.close(left[1])


def test_errors_that_nobody_announced_are_counted(calm: pytest.MonkeyPatch) -> None:
    calm.setattr(crawling, "_ids", lambda unit: [unit][9])
    assert crawling.crawl_once(1, ROWS, 0).failures()["foreign"] == 1


def test_the_command_prints_a_table_and_fails_when_anything_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--rows", str(ROWS), "--seed", "2", "--crawls", "2"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    for name in ("lost", "doubled", "hung", "leaked tasks", "foreign exceptions"):
        assert f"{name:26}0\n" in shown

    monkeypatch.setattr(crawling, "DEADLINE", 0.0)
    assert main([*arguments, "--only-crawl", "1"]) == 1
    shown = capsys.readouterr().out
    assert "crawl 1: hung 1; again: python -m tests.promises.chaos --seed 2 --rows 400" in shown
    assert shown.startswith("Plan(")


# Killed


@pytest.mark.anyio
@pytest.mark.parametrize("by", ["search", "crawl"])
async def test_what_a_killed_process_was_handed_is_not_lost(tmp_path: Path, by: str) -> None:
    path = tmp_path / "customers"
    async with open_sandbox(SandboxSettings(rows=600)) as sandbox:
        # A crawl asks for the first pages of eight windows before it hands over one.
        for requests in (4, 8, 14) if by == "search" else (4, 14, 20):
            await read_until_killed(sandbox, requests, path, by)
        before = lines_of(path)
        # As if the disk had taken a part of the last line only.
        path.write_bytes(path.read_bytes()[:-7])
        sandbox.on_search = None
        async with await start_reader(sandbox, path, by) as process:
            assert await process.wait() == 0
        lines = lines_of(path)
        assert 1 < len(before) < len(lines)
        assert [one for ids, _ in lines for one in ids] == sandbox.customer_ids()


async def read_until_killed(sandbox: Sandbox, requests: int, path: Path, by: str) -> None:
    """Kill a reader, whatever it is at, when it sends one more request than these."""
    enough, left = anyio.Event(), requests

    async def hold(call: SearchCall) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            enough.set()
            await anyio.sleep_forever()

    sandbox.on_search = hold
    async with await start_reader(sandbox, path, by) as process:
        await enough.wait()
        process.kill()
        assert await process.wait() == -signal.SIGKILL


async def start_reader(sandbox: Sandbox, path: Path, by: str) -> Process:
    command = [sys.executable, "-m", "tests.promises.killed_reader", str(path), by]
    environ = {**os.environ, **sandbox.environ}
    return await anyio.open_process(
        command, env=environ, cwd=Path(__file__).parent.parent.parent, stdout=None, stderr=None
    )
