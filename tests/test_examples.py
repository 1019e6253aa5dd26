"""The examples do what they promise, run as a user runs them, against the sandbox."""

import ast
import json
import os
import runpy
import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    closing,
    redirect_stderr,
    redirect_stdout,
)
from decimal import Decimal
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
import anyio.abc
import attrs
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from anyio import to_thread
from anyio.streams.text import TextReceiveStream

import enkash_async
from enkash_async import Auth, BearerToken, EnKashSession, OAuthPassword, RetryPolicy
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
# Not -X dev: asyncio would then write about every callback that a busy machine holds up.
PYTHON = (sys.executable, "-W", "error", "-u")
ROWS = 1_100
PAGE = 1_000
"""The session's own page size."""


@attrs.frozen
class Result:
    """How an example ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


MakeApp = Callable[[AbstractAsyncContextManager[EnKashSession]], web.Application]
Hook = Callable[[SearchCall], Awaitable[web.StreamResponse | None]]


def command(name: str, *arguments: str | Path) -> list[str]:
    return [*PYTHON, f"examples/{name}.py", *map(str, arguments)]


def environment(sandbox: Sandbox | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENKASH_")}
    if sandbox is None:
        return kept
    return {**kept, "ENKASH_BASE_URL": sandbox.base_url, "ENKASH_TOKEN": sandbox.token}


async def run(name: str, *arguments: str | Path) -> Result:
    """Run the example as a user does."""
    process = await anyio.run_process(
        command(name, *arguments), cwd=ROOT, env=environment(), check=False
    )
    return Result(process.returncode, process.stdout.decode(), process.stderr.decode())


async def run_here(
    name: str, *arguments: str | Path, sandbox: Sandbox | None = None, within: float = 20
) -> Result:
    """Run the example in a thread, with an event loop of its own: a process takes a second."""
    out, err = StringIO(), StringIO()

    def main() -> int:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return int(ended.value.code or 0)

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", [f"{name}.py", *map(str, arguments)])
        for variable in set(os.environ) - set(environment(sandbox)):
            patch.delenv(variable)
        for variable, value in environment(sandbox).items():
            patch.setenv(variable, value)
        with anyio.fail_after(within):
            status = await to_thread.run_sync(main, abandon_on_cancel=True)
    return Result(status, out.getvalue(), err.getvalue())


@asynccontextmanager
async def started(command: list[str], sandbox: Sandbox | None = None) -> AsyncGenerator[Any, None]:
    process = await anyio.open_process(
        command, cwd=ROOT, env=environment(sandbox), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    async with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def output_with(words: str, process: anyio.abc.Process) -> str:
    """Read the output up to the line that holds *words*, and return that line."""
    assert process.stdout is not None
    text = ""
    async for piece in TextReceiveStream(process.stdout):
        text += piece
        for line in text.splitlines(keepends=True):
            if words in line and line.endswith("\n"):
                return line
    raise AssertionError(f"ended without {words!r}: {text}")


async def records_of_a_sandbox(rows: int = ROWS) -> dict[str, dict[str, Any]]:
    """Return what `--sandbox --rows` holds: the same seed and rows make the same customers."""
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        return {record["customerId"]: record for record in sandbox.records()}


# bulk_export


async def test_export_writes_each_customer_as_the_service_sent_it(tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    result = await run("bulk_export", "--sandbox", "--rows", str(ROWS), "--output", path)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"COMPLETE: {ROWS:,} records of {ROWS:,}")
    lines = path.read_text().splitlines()
    exported = [json.loads(line, parse_float=Decimal) for line in lines]
    assert len(exported) == ROWS
    assert {one["customerId"]: one for one in exported} == await records_of_a_sandbox()
    assert os.listdir(tmp_path) == [path.name]


async def test_export_writes_one_line_for_a_record_sent_as_several(tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    async with open_sandbox(SandboxSettings(rows=3)) as sandbox:
        record = json.dumps({"customerId": "KC1", "address": "a\nb\u2028c"}, indent=1)

        async def answer(call: SearchCall) -> web.Response:
            data = "" if call.offset else record
            payload = f'{{"data": [{data}], "recordsCount": 1}}'
            text = f'{{"response_code": 0, "response_message": "SUCCESS", "payload": {payload}}}'
            return web.Response(text=text, content_type="application/json")

        sandbox.on_search = answer
        result = await run_here("bulk_export", "--output", path, sandbox=sandbox)

    assert (result.returncode, result.stderr) == (0, "")
    [line] = path.read_bytes().splitlines()
    assert json.loads(line)["address"] == "a\nb\u2028c"


async def test_export_of_a_list_that_changes_holds_all_that_stayed(tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    settings = SandboxSettings(rows=2 * PAGE + 100)
    async with open_sandbox(settings) as sandbox:
        before = sandbox.customer_ids()

        async def insert_between(call: SearchCall) -> None:
            if call.offset:
                sandbox.on_search = None
                sandbox.insert_at(10, 5)

        sandbox.on_search = insert_between
        result = await run_here("bulk_export", "--output", path, sandbox=sandbox)

    assert result.returncode == 0
    assert result.stdout.startswith("CHANGED: ")
    ids = [json.loads(line)["customerId"] for line in path.read_text().splitlines()]
    assert len(ids) == len(set(ids))
    assert set(before) <= set(ids)


async def test_export_that_is_not_proven_exits_1_and_keeps_what_came_apart(tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    async with open_sandbox(SandboxSettings(rows=5, page_cap=1, count_style="missing")) as sandbox:
        result = await run_here("bulk_export", "--output", path, sandbox=sandbox)
    assert result.returncode == 1
    assert result.stdout.startswith("INCOMPLETE: ")
    assert not path.exists()
    assert (tmp_path / "customers.jsonl.part").read_bytes().count(b"\n") == 5


async def test_export_that_fails_says_why_and_how_far_it_came(tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    async with open_sandbox(SandboxSettings(rows=2 * PAGE + 100)) as sandbox:
        sandbox.on_search = refuse_after(PAGE)
        result = await run_here("bulk_export", "--output", path, sandbox=sandbox)

    assert result.returncode == 1
    assert "CLIENT_REQUEST_ERROR" in result.stderr
    assert f"UNFINISHED: {2 * PAGE:,} records so far of" in result.stderr
    assert not path.exists()


def refuse_after(row: int) -> Hook:
    async def refuse(call: SearchCall) -> web.Response | None:
        return failure(400, "CLIENT_REQUEST_ERROR") if call.offset > row else None

    return refuse


def failure(status: int, error_type: str | None, **headers: str) -> web.Response:
    envelope = {"response_code": status, "response_message": "FAILURE"}
    error = {"errorType": error_type, "message": "not today"}
    body = {**envelope, "errorResponse": error, "payload": None}
    return web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


# etl_sqlite


def loaded(path: Path) -> dict[str, tuple[str | None, ...]]:
    """Return the rows by id; the primary key has seen to it that each is there once."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT customer_id, legal_name, net_amount FROM customers")
        return {row[0]: row[1:] for row in rows}


def saved_token(path: Path) -> str | None:
    with closing(sqlite3.connect(path)) as database:
        [[token]] = database.execute("SELECT resume_token FROM progress")
        return str(token) if token is not None else None


def as_loaded(records: dict[str, dict[str, Any]]) -> dict[str, tuple[str | None, ...]]:
    return {
        customer_id: (
            record["legalName"],
            None if record["netAmount"] is None else format(Decimal(record["netAmount"]), "f"),
        )
        for customer_id, record in records.items()
    }


async def test_etl_loads_each_customer_and_can_be_run_again(tmp_path: Path) -> None:
    path = tmp_path / "customers.sqlite"
    arguments = ("--sandbox", "--rows", str(ROWS), "--database", path)
    expected = as_loaded(await records_of_a_sandbox())

    for run_it in (run, run_here):
        result = await run_it("etl_sqlite", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.splitlines()[-1].startswith(f"COMPLETE: {ROWS:,} records of {ROWS:,}")
        assert loaded(path) == expected
        assert saved_token(path) is None


async def test_etl_goes_on_after_a_page_that_failed(tmp_path: Path) -> None:
    path = tmp_path / "customers.sqlite"
    async with open_sandbox(SandboxSettings(rows=2 * PAGE + 100)) as sandbox:
        sandbox.on_search = refuse_after(PAGE)
        first = await run_here("etl_sqlite", "--database", path, sandbox=sandbox)
        assert first.returncode == 1
        assert "CLIENT_REQUEST_ERROR" in first.stderr
        assert len(loaded(path)) == 2 * PAGE

        sandbox.on_search = None
        await goes_on(path, sandbox, from_row=2 * PAGE)


async def test_etl_goes_on_after_the_page_at_which_it_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "customers.sqlite"
    async with open_sandbox(SandboxSettings(rows=2 * PAGE + 100)) as sandbox:

        async def hold(call: SearchCall) -> None:
            if call.offset > PAGE:
                await anyio.sleep_forever()

        sandbox.on_search = hold
        async with started(command("etl_sqlite", "--database", path), sandbox) as process:
            await output_with(f"to {2 * PAGE:,} saved", process)
            process.kill()
            assert await process.wait() != 0
        assert len(loaded(path)) == 2 * PAGE

        sandbox.on_search = None
        await goes_on(path, sandbox, from_row=2 * PAGE)


async def goes_on(path: Path, sandbox: Sandbox, *, from_row: int) -> None:
    calls = len(sandbox.searches)
    assert saved_token(path) is not None
    result = await run_here("etl_sqlite", "--database", path, sandbox=sandbox)
    assert (result.returncode, result.stderr) == (0, "")
    # One row of overlap shows that nothing was lost between the two runs.
    assert min(call.offset for call in sandbox.searches[calls:]) == from_row - 1
    assert loaded(path) == as_loaded({one["customerId"]: one for one in sandbox.records()})
    assert saved_token(path) is None


# web_service


@asynccontextmanager
async def open_service(
    sandbox: Sandbox, auth: Auth | None = None
) -> AsyncGenerator[TestClient[web.Request, web.Application], None]:
    """Serve the example's app on a socket; a session without retries, so that errors show."""
    make_app: MakeApp = runpy.run_path(str(EXAMPLES / "web_service.py"))["make_app"]
    session = EnKashSession(
        sandbox.base_url, auth or BearerToken(sandbox.token), retry=RetryPolicy(attempts=1)
    )
    async with TestClient(TestServer(make_app(session))) as client:
        yield client
    assert "closed" in repr(session)


async def test_service_answers_the_first_page_and_the_total() -> None:
    async with open_sandbox(SandboxSettings(rows=300)) as sandbox, open_service(sandbox) as client:
        async with client.get("/customers?status=ACTIVE&page_size=50") as response:
            assert response.status == 200
            answer = await response.json()

        active = [one for one in sandbox.records() if one["active"]]
        assert answer["total"] == len(active)
        assert [one["customer_id"] for one in answer["records"]] == [
            one["customerId"] for one in active[:50]
        ]
        assert Decimal(answer["records"][0]["net_amount"]) == active[0]["netAmount"]
        assert [call.limit for call in sandbox.searches] == [50]


@pytest.mark.parametrize("query", ["status=SOME", "page_size=0", "page_size=9999", "page_size=x"])
async def test_service_refuses_wrong_arguments_before_it_asks_enkash(query: str) -> None:
    async with open_sandbox(SandboxSettings(rows=3)) as sandbox, open_service(sandbox) as client:
        async with client.get(f"/customers?{query}") as response:
            assert response.status == 400
        assert sandbox.searches == []


@pytest.mark.parametrize(
    ("status", "error_type", "answered"),
    [
        (400, "VALIDATION_ERROR", 400),
        (422, "UNPROCESSABLE_REQUEST", 400),
        (403, "INVALID_ACCESS", 502),
        (500, "SYSTEM_ERROR", 502),
        (200, "UNKNOWN_ERROR", 502),
        (429, None, 503),
    ],
)
async def test_service_maps_errors(status: int, error_type: str | None, answered: int) -> None:
    async with open_sandbox(SandboxSettings(rows=3)) as sandbox, open_service(sandbox) as client:

        async def fail(_: SearchCall) -> web.Response:
            return failure(status, error_type, Retry_After="7")

        sandbox.on_search = fail
        async with client.get("/customers") as response:
            assert response.status == answered
            assert response.headers.get("Retry-After") == ("7" if answered == 503 else None)
            assert "not today" not in await response.text()


async def test_service_answers_502_where_its_own_credentials_are_refused() -> None:
    wrong = OAuthPassword(client_id="a", client_secret="b", username="c", password="d")
    async with open_sandbox(SandboxSettings(rows=3)) as sandbox:
        for auth in (BearerToken("wrong"), wrong):
            async with open_service(sandbox, auth) as client, client.get("/customers") as response:
                assert response.status == 502


async def test_service_runs_from_the_command_line() -> None:
    async with started(command("web_service", "--sandbox", "--port", "0")) as process:
        line = await output_with("Running on", process)
        [url] = [word for word in line.split() if word.startswith("http")]
        async with ClientSession() as http, http.get(f"{url}/customers?page_size=3") as response:
            assert len((await response.json())["records"]) == 3
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


# All of them


@pytest.mark.parametrize("name", ["bulk_export", "etl_sqlite", "web_service"])
async def test_example_says_which_variable_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="set ENKASH_BASE_URL"):
        await run_here(name)


PUBLIC = (
    "enkash_async",
    "enkash_async.arrow",
    "enkash_async.export",
    "enkash_async.sandbox",
)


def test_no_example_reaches_behind_the_public_api() -> None:
    for path in EXAMPLES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("enkash_async"):
                assert node.module in PUBLIC, path
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_") or node.attr == "__name__", path


def test_typing_use_names_the_whole_public_api() -> None:
    tree = ast.parse((Path(__file__).parent / "typing_use.py").read_text())
    nodes = list(ast.walk(tree))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert set(enkash_async.__all__) | set(enkash_async.sandbox.__all__) <= used
