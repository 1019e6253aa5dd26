"""Loads that are interrupted, and lists that change: the target afterwards equals the service."""

from __future__ import annotations

import runpy
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import pytest
from aiohttp import web

from enkash_async import ClientRequestError
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.served import session_of

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


async def refuse_late(call: SearchCall) -> web.Response | None:
    error = {"errorType": "CLIENT_REQUEST_ERROR", "errorMessage": "not today"}
    late = call.offset > 500
    return web.json_response({"errorResponse": error}, status=400) if late else None


async def load(sandbox: Sandbox, dsn: str) -> set[str]:
    """Run the recipe once, with a connection of its own; return the ids in the table."""
    recipe: Any = runpy.run_path(str(EXAMPLES / "etl_postgresql.py"))
    database = await asyncpg.connect(dsn)
    try:
        async with session_of(sandbox) as session:
            await recipe["load"](session, database)
        return {row[0] for row in await database.fetch("SELECT customer_id FROM customers")}
    finally:
        await database.close()


async def drop(dsn: str) -> None:
    database = await asyncpg.connect(dsn)
    await database.execute("DROP TABLE customers, progress")
    await database.close()


@pytest.mark.anyio
async def test_postgresql_equals_the_service_after_a_crash_and_changes(dsn: str) -> None:
    async with open_sandbox(SandboxSettings(rows=1_000)) as sandbox:
        sandbox.on_search = refuse_late
        with pytest.raises(ClientRequestError):
            await load(sandbox, dsn)

        # Meanwhile some are deleted: of those loaded, and of those to come.
        sandbox.delete(sandbox.customer_ids()[100:110] + sandbox.customer_ids()[900:910])
        sandbox.insert(5)
        there = list(sandbox.customer_ids())

        async def drift(call: SearchCall) -> None:
            if len(sandbox.searches) % 2 and there:
                sandbox.delete([there.pop()])
                sandbox.insert_at(3, 1)

        sandbox.on_search = drift
        await load(sandbox, dsn)
        sandbox.on_search = None
        assert await load(sandbox, dsn) == set(sandbox.customer_ids())
        await drop(dsn)


def run(example: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / f"{example}.py"), "--sandbox", "--rows", "1200"]
    ended = subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_dlt_merges_an_increment_and_replaces_by_a_full_read(tmp_path: Path) -> None:
    for more in ([], [], ["--full"]):
        run("dlt_customers", tmp_path, "--pipelines-dir", str(tmp_path / "state"), *more)
        with closing(duckdb.connect(str(tmp_path / "customers.duckdb"))) as database:
            query = "SELECT count(*), count(DISTINCT customer_id) FROM enkash.customers"
            assert database.execute(query).fetchall() == [(1200, 1200)]


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray takes 470 MB for this one recipe")
def test_the_recipe_of_ray_runs_from_top_to_bottom(tmp_path: Path) -> None:
    assert "1,200 customers in" in run("ray_windows", tmp_path, "--window-records", "500")


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("duckdb_polars", "COMPLETE: 1,200 records of 1,200"),
        ("pandas_frame", "COMPLETE: 1,200 records of 1,200"),
        ("dask_windows", "1,200 customers in"),
    ],
)
def test_recipe_runs_from_top_to_bottom(example: str, words: str, tmp_path: Path) -> None:
    assert words in run(example, tmp_path)
