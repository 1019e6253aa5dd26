"""The benchmarks run, count what they claim to count, and measure what they name."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import aiohttp
import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import __main__ as command
from benchmarks import codecs, jobs, machine, stalls, worker
from benchmarks.goals import outcomes
from benchmarks.peers import PEERS, fields
from benchmarks.report import as_markdown, as_text
from benchmarks.results import Result, Row
from benchmarks.scenarios import crawling, lengths
from benchmarks.scenarios.growth import exponent
from benchmarks.scenarios.latency import ideal_seconds
from benchmarks.server.connection import serve
from benchmarks.server.records import Times, in_office_hours, made
from benchmarks.server.service import Load, Service
from enkash_async import BearerToken, Customer, CustomerKeyContact, CustomerReminder, EnKashSession
from enkash_async._wire.keys import wire_name
from enkash_async.sandbox import SandboxSettings, open_sandbox
from enkash_async.sandbox.data import seeding

ROWS = 700
OPENAPI = Path(command.__file__).parent / "openapi.json"


# The server


@asynccontextmanager
async def serving(
    rows: int, load: Load, times: Times = "even"
) -> AsyncGenerator[tuple[Service, str], None]:
    service = Service(made(rows, seed=1, times=times))
    service.take_load(load)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        task = asyncio.create_task(serve(service, listener))
        try:
            yield service, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            task.cancel()
            await asyncio.wait([task])


SEARCHES = [
    ({"offset": 0, "limit": 50}, {}),
    ({"offset": 49, "limit": 51}, {}),
    ({"offset": ROWS - 3, "limit": 5000}, {}),
    ({"offset": ROWS + 10, "limit": 10}, {}),
    ({}, {}),
    ({"offset": 2, "limit": 30}, {"createdOnFrom": "2022-01-01T00:00:00Z"}),
    (
        {"limit": 5000},
        {"createdOnFrom": "2021-01-01T00:00:00.001Z", "createdOnTo": "2023-06-30 12:00:00"},
    ),
    ({}, {"createdOnFrom": "2030-01-01T00:00:00Z"}),
]


@pytest.mark.anyio
@pytest.mark.parametrize("compressed", [False, True])
async def test_server_answers_as_the_sandbox_does(compressed: bool) -> None:
    """Whatever the place and the window; the sandbox goes through SQLite, this one through none."""
    async with (
        open_sandbox(SandboxSettings(rows=ROWS)) as sandbox,
        serving(ROWS, Load(gzip=compressed)) as (_, base_url),
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.token}"}) as http,
    ):
        for query, body in SEARCHES:
            answers = []
            for address in (sandbox.base_url, base_url):
                url = address + jobs.SEARCH_PATH
                async with http.post(url, params=query, json=body) as response:
                    answers.append((response.status, json.loads(await response.read())))
            assert answers[0] == answers[1], (query, body)


@pytest.mark.anyio
async def test_server_compresses_each_page_once_and_counts_what_it_walks() -> None:
    query = {"offset": 100, "limit": 10}
    async with (
        serving(ROWS, Load(gzip=True)) as (service, base_url),
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        for _ in range(2):
            async with http.post(base_url + jobs.SEARCH_PATH, params=query, json={}) as response:
                page = json.loads(gzip.decompress(await response.read()))
        assert len(page["payload"]["data"]) == 10
        account = service.account()
    assert (account.requests, account.prepared) == (2, 1)
    assert (account.rows_skipped, account.rows_sent, account.rows_counted) == (200, 20, 0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"limit": 5001}, {}),
        ({"offset": -1}, {}),
        ({"orderBy": "legalName"}, {}),
        ({"direction": "DESC"}, {}),
        ({}, {"legalName": "A"}),
        ({}, {"createdOnFrom": "yesterday"}),
    ],
)
async def test_server_refuses_what_it_would_answer_wrongly(
    query: dict[str, Any], body: dict[str, Any]
) -> None:
    async with (
        serving(10, Load()) as (_, base_url),
        aiohttp.ClientSession() as http,
        http.post(base_url + jobs.SEARCH_PATH, params=query, json=body) as response,
    ):
        assert response.status == 400
        answer = json.loads(await response.read())
    assert answer["errorResponse"]["errorType"] == "VALIDATION_ERROR"


def test_skipped_rows_cost_time_and_wait_for_each_other() -> None:
    service = Service(made(100, seed=1))
    service.take_load(Load(latency=1.0, skip_cost=0.5))

    def delay(offset: int, now: float) -> float:
        return service.answer(f"offset={offset}&limit=1", b"{}", takes_gzip=False, now=now)[2]

    assert delay(0, now=10.0) == 1.0
    assert delay(20, now=10.0) == 11.0
    assert delay(2, now=10.0) == 12.0
    assert delay(2, now=100.0) == 2.0


@pytest.mark.anyio
@pytest.mark.parametrize("times", get_args(Times))
async def test_sdk_crawls_the_server_completely(times: Times) -> None:
    async with (
        serving(ROWS, Load(), times) as (_, base_url),
        EnKashSession(base_url, BearerToken("t"), page_size=60) as session,
    ):
        crawl = session.customers.crawl()
        ids = [customer.customer_id async for customer in crawl]
    assert len(set(ids)) == len(ids) == ROWS
    assert crawl.report.complete


@given(st.lists(st.integers(0, 2 * 10**12), min_size=2))
def test_office_hours_are_kept_in_the_order_of_time(moments: list[int]) -> None:
    kept = [datetime.fromtimestamp(in_office_hours(moment) / 1000, UTC) for moment in moments]

    assert {moment.hour for moment in kept} <= set(range(4, 13))
    # The epoch began on a Thursday, from which five days are counted.
    assert not {moment.strftime("%a") for moment in kept} & {"Tue", "Wed"}
    places = sorted(range(len(moments)), key=moments.__getitem__)
    assert [kept[place] for place in places] == sorted(kept)


# Counting


def test_what_came_before_the_beginning_does_not_count() -> None:
    async def read(job: jobs.Job, tally: jobs.Tally) -> None:
        await asyncio.sleep(0.05)
        tally.begin()
        tally.take(1000)
        tally.kept.append(object())

    job = jobs.Job(target="", base_url="", rows=1, page_size=1, folder="")
    started = time.perf_counter()
    measures = asyncio.run(worker.measure_read(read, job))

    assert measures["seconds"] < time.perf_counter() - started - 0.05
    assert measures["collection_ms"] > 0


def test_tally_numbers_records_as_the_sandbox_does() -> None:
    assert jobs.ID_STEP == seeding.NUMBER_STEP


def test_tally_tells_missing_records_and_records_that_came_twice() -> None:
    tally = jobs.Tally(3)
    for record_id in (1000, 3000, 3000):
        tally.take(record_id)
    with pytest.raises(jobs.ShortfallError, match="1 of 3 records never came, 1 came twice"):
        tally.check()
    tally = jobs.Tally(2)
    for record_id in (2000, 1000):
        tally.take(record_id)
    tally.check()


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=30), st.floats(0.001, 1))
def test_percentile_by_time_leaves_its_share_of_moments_beyond_it(
    lates: list[float], share: float
) -> None:
    wait = stalls.percentile_by_time(lates, share)

    moments = len(lates) * stalls.PERIOD + sum(lates)
    beyond = sum(max(0.0, late - wait) for late in lates)
    assert beyond <= (1 - share) * moments + 1e-9
    if wait > 1e-9:
        assert beyond == pytest.approx((1 - share) * moments, abs=1e-9)


def test_one_long_stall_among_many_turns_counts_by_its_length() -> None:
    # 9,999 turns of a millisecond without delay, and one of a second: a tenth of all time.
    lates = [0.0] * 9_999 + [1.0]
    assert stalls.percentile(lates, 0.999) == 0.0
    assert stalls.percentile_by_time(lates, 0.999) == pytest.approx(1.0 - 0.011)


@pytest.mark.anyio
async def test_a_blocked_loop_is_seen() -> None:
    async with stalls.watched_loop() as waits:
        worked = time.thread_time() + 0.01
        while time.thread_time() < worked:
            pass
        time.sleep(0.01)  # noqa: ASYNC251 - this is the point
    assert max(waits.late) > 0.015
    assert max(waits.cpu) >= 0.01


def test_ideal_of_a_slow_network() -> None:
    assert ideal_seconds(80) == pytest.approx(1.0)


# Peers


@pytest.mark.parametrize(
    ("record", "struct", "schema"),
    [
        (Customer, fields.Customer, "Customer"),
        (CustomerKeyContact, fields.KeyContact, "CustomerKeyContact"),
        (CustomerReminder, fields.Reminder, "CustomerReminder"),
    ],
)
def test_peers_decode_the_fields_that_the_sdk_decodes(
    record: Any, struct: type[msgspec.Struct], schema: str
) -> None:
    wire_names = {wire_name(field) for field in attrs.fields(record)}
    schemas = json.loads(OPENAPI.read_text())["components"]["schemas"]
    assert set(get_type_hints(struct)) == wire_names
    assert set(schemas[schema]["properties"]) == wire_names


def test_codecs_that_need_no_extra_decode_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    # What it is for, quiet figures, is of no use here, and takes seconds beside all that is loaded.
    monkeypatch.setattr(codecs, "collect", lambda: None)
    pieces = Service(made(20, seed=1)).answer("limit=20", b"{}", takes_gzip=False, now=0.0)[1]
    names = [codec.name for codec in codecs.CODECS if codec.missing() is None]
    taken = codecs.measure(b"".join(pieces), 1, names)
    assert set(taken) == set(names) >= {"structs", "sdk", "cattrs", "json-dicts"}
    assert all(len(values) == 1 for values in taken.values())


def test_a_peer_that_is_not_installed_names_the_extra() -> None:
    peer = attrs.evolve(PEERS[-1], needs=("a_module_that_nobody_has",))
    assert peer.missing() == (
        "a_module_that_nobody_has is not installed: pip install 'enkash-async[bench]'"
    )


# Results


def result_of(*rows: tuple[str, list[float]]) -> Result:
    result = Result(name="plain", question="?", baseline="bare", columns=("records_per_s",))
    for name, values in rows:
        runs = [{"records_per_s": value} for value in values]
        result.rows.append(Row(name=name, title=name, what="", runs=runs))
    return result


def test_ratios_compare_runs_of_the_same_round() -> None:
    result = result_of(("bare", [100, 10, 1000]), ("sdk", [50, 5, 500]), ("late", [25]))
    _, sdk, late = result.rows
    assert result.ratio(sdk, "records_per_s") == 0.5
    assert result.ratio(late, "records_per_s") == 0.25
    assert result.value("sdk", "records_per_s") == 50


def test_the_spread_is_half_of_the_range_as_a_share_of_the_median() -> None:
    result = result_of(("bare", [100, 80, 120]), ("sdk", [50]))
    bare, sdk = result.rows

    assert bare.spread("records_per_s") == pytest.approx(0.2)
    assert sdk.spread("records_per_s") is None
    assert "100 \u00b120% (1.00x)" in as_text(result)


def test_tables_show_medians_with_ratios_and_what_was_left_out() -> None:
    result = result_of(("bare", [1000]), ("sdk", [600]))
    result.skipped["dlt"] = "dlt is not installed"
    result.failures["httpx"] = "3 of 10 records never came"
    text = as_text(result)
    assert "sdk     600 (0.60x)" in text
    assert "dlt: skipped, dlt is not installed" in text
    assert "httpx: FAILED, 3 of 10 records never came" in text
    assert "| sdk | 600 (0.60x) |" in as_markdown(result)


def test_goals_are_met_missed_or_not_measured() -> None:
    def met(speed: float) -> list[bool | None]:
        reached = outcomes([result_of(("bare", [1000]), ("sdk", [speed]))])
        return [outcome.met for outcome in reached if "without latency" in outcome.text]

    assert met(700) == [True, None]
    assert met(699) == [False, None]
    assert all(outcome.met is None for outcome in outcomes([]))


def test_exponent_of_growth() -> None:
    result = Result(name="growth", question="?")
    for size, walked in ((10, 1.0), (1000, 100.0)):
        runs = [{"walked_per_record": walked}]
        result.rows.append(Row(name=f"sdk@{size}", title="", what="", runs=runs))
    assert exponent(result, "sdk") == pytest.approx(2.0)


def test_the_picture_is_drawn_of_what_was_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs the extra [bench]")
    plot = importlib.import_module("benchmarks.plot")
    result = result_of(("bare", [1000]), ("sdk", [600]), ("measured-no-more", [1]))
    for row in result.rows:
        row.runs[0]["cpu_us"] = 5.0
    document = {
        "scenarios": [result.as_json()],
        **machine.environment(),
        "measured_at": "2026-01-01",
        "quick": True,
    }
    written = json.loads(json.dumps(document))
    assert [row["name"] for row in plot.shown(written)] == ["bare", "sdk"]
    assert plot.draw(written, tmp_path) == tmp_path / "plain.png"
    assert (tmp_path / "plain.png").read_bytes().startswith(b"\x89PNG")


# The whole


def test_a_small_run_gets_all_records_and_writes_them_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results.json"
    only = [part for name in ("bare", "sdk", "gather") for part in ("--only", name)]
    arguments = ["--quick", "--scenario", "plain", "--rows", "1500", "--repeat", "1"]

    assert command.main([*arguments, *only, "-o", str(output)]) == 0

    printed = capsys.readouterr()
    assert "enkash-async" in printed.out
    written = json.loads(output.read_text())
    [scenario] = written["scenarios"]
    assert [row["name"] for row in scenario["rows"]] == ["bare", "sdk", "gather"]
    assert all(row["median"]["records_per_s"] > 0 for row in scenario["rows"])
    assert scenario["rows"][1]["ratio"].keys() >= {"records_per_s", "cpu_us", "peak_mib"}
    assert written["packages"]["aiohttp"]
    assert written["python"].startswith("CPython 3.")


@pytest.mark.parametrize(
    ("scenario", "rows", "measures"),
    [
        ("lengths", 250, {"of_ideal", "of_bare"}),
        ("crawl", 2500, {"of_least", "of_ideal", "walked_per_record"}),
        ("kept", 1500, {"collection_ms"}),
    ],
)
def test_a_scenario_measures_what_it_shows(
    scenario: str, rows: int, measures: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawling, "TIMES", ("bulk",))
    monkeypatch.setattr(lengths, "LATENCIES", (0.02,))
    output = tmp_path / "results.json"
    arguments = ["--quick", "--scenario", scenario, "--rows", str(rows), "--repeat", "1"]
    for name in ("sdk-again", "sdk-crawl", "sdk-kept", "bare"):
        arguments += ["--only", name]

    assert command.main([*arguments, "-o", str(output)]) == 0

    [written] = json.loads(output.read_text())["scenarios"]
    assert written["rows"]
    assert any(measures <= row["median"].keys() for row in written["rows"])


def test_a_row_that_does_not_get_all_records_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / "half_reader.py"
    module.write_text("async def read(job, tally):\n    tally.take(1000)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(type(PEERS[0]), "read_target", "half_reader:read")

    asked = ["--scenario", "plain", "--only", "bare", "--rows", "10", "--repeat", "1"]
    assert command.main(asked) == 1

    assert "bare: FAILED" in capsys.readouterr().out
