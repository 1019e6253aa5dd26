"""The simulation in short, what it would notice, and that a run can be replayed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from enkash_async import CustomerSearch, EnKashSession
from tests.promises.simulation import wire
from tests.promises.simulation.__main__ import main
from tests.promises.simulation.batch import Draw, outcomes, run_number
from tests.promises.simulation.bending import BENDS, draw_bent
from tests.promises.simulation.broken_today import BROKEN_TODAY
from tests.promises.simulation.customer_list import CustomerList, Row
from tests.promises.simulation.drawing import AMOUNTS, draw
from tests.promises.simulation.plan import Change, Fault, Leg, Plan, Reader, Settings, World
from tests.promises.simulation.running import run
from tests.promises.simulation.shrinking import shrunk

PARTS, RUNS = 6, 40

CALM = Plan(world=World(rows=60, latency=0.1, life=3600), settings=Settings(max_concurrency=2))


@pytest.mark.parametrize("draw_plan", [draw, draw_bent])
@pytest.mark.parametrize("part", range(PARTS))
def test_all_that_is_promised_holds_whatever_happens(part: int, draw_plan: Draw) -> None:
    numbers = range(part * RUNS, (part + 1) * RUNS)
    ended = dict(outcomes(1, frozenset(), numbers, jobs=1, draw_plan=draw_plan))
    assert {number: one.problems for number, one in ended.items() if one.problems} == {}
    assert sum(one.records for one in ended.values()) > 0
    assert sum(one.faults for one in ended.values()) > 0


@pytest.mark.parametrize("name", BROKEN_TODAY)
def test_what_is_known_to_be_broken_still_is(name: str) -> None:
    """Where this fails, the client was mended: take the entry out of the table."""
    seed, number = BROKEN_TODAY[name].shown_by
    assert run(draw(seed, number)).problems == []
    assert run(draw(seed, number, frozenset({name}))).problems != []


def test_each_bend_is_met_and_bends_something() -> None:
    bent = dict.fromkeys(BENDS, 0)
    for number in range(50):
        plan = draw(2, number)
        for name, bend in BENDS.items():
            bent[name] += bend(plan, Random(number)) != plan
    assert min(bent.values()) > 10
    assert sum(draw_bent(2, number) != draw(2, number) for number in range(50)) > 40


# Replaying


def test_a_run_is_decided_by_its_seed_and_number() -> None:
    digests = [run(draw(3, number)).digest for number in range(5)]
    assert [run(draw(3, number)).digest for number in range(5)] == digests
    assert len(set(digests)) == 5


def test_a_run_is_the_same_in_another_process() -> None:
    number = 17
    # Hashes differ between processes, and so does the order of what is in a set.
    shown = {_shown(number, hash_seed) for hash_seed in ("1", "2")}
    assert len(shown) == 1
    assert run(draw(3, number)).digest in shown.pop()


def _shown(number: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.promises.simulation", "--seed", "3", "--only"]
    done = subprocess.run(
        [*command, str(number)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_plans_meet_every_kind_of_fault_and_of_leaving() -> None:
    plans = [draw(1, number, frozenset(BROKEN_TODAY)) for number in range(1500)]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(AMOUNTS)
    legs = [leg for plan in plans for reader in plan.readers for leg in reader.legs]
    assert len({leg.leaving for leg in legs}) == 8
    assert len({leg.view for leg in legs}) == 4
    assert {plan.crawls for plan in plans} == {True, False}
    assert {plan.world.past_end for plan in plans} == {"empty", "last_page", "error"}


# What it would notice


def test_a_calm_run_has_no_problems() -> None:
    assert run(CALM).problems == []


def test_a_row_that_the_service_drops_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = CustomerList.page

    def page(self: CustomerList, ask: Any) -> tuple[list[Row], int, bool]:
        rows, total, is_past = right(self, ask)
        return [row for row in rows if not row.id.endswith("25")], total, is_past

    monkeypatch.setattr(CustomerList, "page", page)
    assert run(CALM).kinds >= {"lost", "false alarm"}


@pytest.mark.parametrize(("times", "kind"), [(0, "lost"), (2, "doubled")])
def test_a_record_that_the_client_loses_or_doubles_is_noticed(
    monkeypatch: pytest.MonkeyPatch, times: int, kind: str
) -> None:
    right, ready = CustomerSearch.__anext__, list[Any]()

    async def next_one(self: CustomerSearch) -> Any:
        if ready:
            return ready.pop()
        record = await right(self)
        if str(record.customer_id).endswith("33"):
            ready.extend([record] * times)
            return await next_one(self)
        return record

    monkeypatch.setattr(CustomerSearch, "__anext__", next_one)
    assert kind in run(CALM).kinds


def test_what_the_client_leaves_behind_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right, left = CustomerSearch.aclose, list[Any]()

    async def aclose(self: CustomerSearch) -> None:
        left.append(asyncio.create_task(asyncio.sleep(1e5)))
        await right(self)

    monkeypatch.setattr(CustomerSearch, "aclose", aclose)
    assert run(CALM).kinds == {"leaked task", "leaked timer"}


def test_an_exception_of_the_clients_own_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def next_one(self: CustomerSearch) -> Any:
        raise KeyError

    monkeypatch.setattr(CustomerSearch, "__anext__", next_one)
    assert "foreign" in run(CALM).kinds


def test_a_task_that_fails_unheard_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = CustomerSearch.aclose

    async def fail() -> None:
        raise KeyError

    async def aclose(self: CustomerSearch) -> None:
        asyncio.get_running_loop().create_task(fail())
        await right(self)

    monkeypatch.setattr(CustomerSearch, "aclose", aclose)
    assert run(CALM).kinds == {"stray"}


def test_more_requests_at_once_than_allowed_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., None] = EnKashSession.__init__

    def init(self: EnKashSession, *args: Any, max_concurrency: int, **options: Any) -> None:
        right(self, *args, max_concurrency=2 * max_concurrency, **options)

    monkeypatch.setattr(EnKashSession, "__init__", init)
    one_by_one = attrs.evolve(CALM, settings=Settings(max_concurrency=1))
    assert run(one_by_one).kinds == {"in flight"}


def test_a_search_that_does_not_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(self: wire.Exchange, seconds: float) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(wire.Exchange, "wait", wait)
    monkeypatch.setattr("tests.promises.simulation.running.LONGEST", None)
    patient = attrs.evolve(CALM, settings=Settings(patience=1e6))
    assert "late" in run(patient).kinds or "stuck" in run(patient).kinds


# Shrinking


def test_a_plan_that_fails_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    async def next_one(self: CustomerSearch) -> Any:
        raise KeyError

    monkeypatch.setattr(CustomerSearch, "__anext__", next_one)
    plan = attrs.evolve(
        CALM,
        disorder=0.5,
        faults=(Fault(1, "silent"), Fault(3, "empty", many=4)),
        changes=(Change(2, "insert", 0.5, 3),),
        readers=(Reader(legs=(Leg(), Leg(view="pages"))), Reader(crawls=True)),
    )
    smallest, outcome = shrunk(plan, run, run(plan))
    assert smallest == attrs.evolve(Plan(), world=World(rows=0))
    assert outcome.kinds >= run(plan).kinds
    assert smallest.bare() == "Plan(world=World(rows=0))"


# The command


def test_the_command_counts_and_fails_when_a_run_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--runs", "5", "--seed", "2"]) == 0
    assert "runs                    5\n" in capsys.readouterr().out

    monkeypatch.setattr(CustomerList, "ids", lambda self, reader: ["KC-missing"])
    number = next(n for n in range(50) if run_number(2, frozenset(), n).problems)
    assert main(["--runs", "1", "--seed", "2", "--first", str(number), "--show", "1"]) == 1
    shown = capsys.readouterr().out
    assert f"again: python -m tests.promises.simulation --seed 2 --only {number}" in shown
    assert "shrunk: Plan(" in shown
