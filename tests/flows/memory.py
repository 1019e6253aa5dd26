"""How much memory a flow takes, and how fast it is, for a list of any length.

    python -m tests.flows.memory --rows 1000000 duckdb postgresql download

The sandbox has a process of its own, and so has each flow; the peak is that of the flow's process,
as the system counts it; of Spark that is the least part, since tasks and their machine are others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from enkash_async import EnKashSession
from tests.flows.recipes import recipe

ROOT = Path(__file__).parent.parent.parent
SLOW_CLIENT = 1_000_000
"""Bytes a second that the client of a download reads."""


def into_duckdb(folder: Path) -> int:
    import duckdb

    from enkash_async.arrow import CustomerStream

    with closing(duckdb.connect(str(folder / "customers.duckdb"))) as database:
        customers = CustomerStream(EnKashSession.from_env)
        # DuckDB keeps pages of its file in memory, up to most of what the machine has.
        database.execute("SET memory_limit = '256MB'")
        database.execute("CREATE TABLE there AS FROM customers")
        assert customers.report is not None
        [[rows]] = database.execute("SELECT count(DISTINCT customer_id) FROM there").fetchall()
    return int(rows)


def into_parquet(folder: Path) -> int:
    import duckdb

    from enkash_async.arrow import CustomerStream

    path = folder / "customers.parquet"
    recipe("duckdb_polars").export(CustomerStream(EnKashSession.from_env), path)
    [[rows]] = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
    return int(rows)


def into_postgresql(folder: Path) -> int:
    import asyncpg

    from tests.support.postgresql import programs, running_postgresql

    async def load(dsn: str) -> int:
        database = await asyncpg.connect(dsn)
        async with EnKashSession.from_env() as session:
            await recipe("etl_postgresql").load(session, database)
        rows = await database.fetchval("SELECT count(*) FROM customers")
        await database.close()
        return int(rows)

    program = programs()
    assert program is not None
    with running_postgresql(program) as dsn:
        return asyncio.run(load(dsn))


def download(folder: Path) -> int:
    """Serve the download from this process to a client that reads slowly."""
    from tests.support.uvicorn_server import serving

    with serving(recipe("fastapi_service").make_app(EnKashSession.from_env())) as (host, port):
        curl = ["curl", "-sSfN", f"http://{host}:{port}/customers.ndjson"]
        read = subprocess.Popen(curl, stdout=subprocess.PIPE)
        assert read.stdout is not None
        rows = received = 0
        started = time.monotonic()
        while piece := read.stdout.read(65_536):
            rows += piece.count(b"\n")
            received += len(piece)
            time.sleep(max(0.0, started + received / SLOW_CLIENT - time.monotonic()))
        assert read.wait() == 0
    return rows


def by_spark(folder: Path) -> int:
    """Write Parquet by Spark in local mode."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    spark: Any = builder.getOrCreate()
    started = time.monotonic()
    spark.read.format("enkash").load().write.parquet(str(folder / "table"))
    print(f"spark: {time.monotonic() - started:.1f} s without its start", file=sys.stderr)
    rows = spark.read.parquet(str(folder / "table")).count()
    spark.stop()
    return int(rows)


FLOWS: dict[str, Callable[[Path], int]] = {
    "duckdb": into_duckdb,
    "parquet": into_parquet,
    "postgresql": into_postgresql,
    "download": download,
    "spark": by_spark,
}


@contextmanager
def sandbox_of(rows: int) -> Iterator[dict[str, str]]:
    """Serve *rows* customers from a process of its own; yield the environment that finds them."""
    command = [sys.executable, "-u", "-m", "enkash_async.sandbox", "--rows", str(rows)]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            while not (line := server.stdout.readline()).startswith("export "):
                assert line, "the sandbox did not start"
            threading.Thread(target=server.stdout.read, daemon=True).start()
            yield os.environ | dict(re.findall(r"(\w+)=(\S+)", line))
        finally:
            server.terminate()


def measure(name: str) -> dict[str, Any]:
    """Run one flow here; return its rows, seconds, and peak memory in MiB."""
    with TemporaryDirectory() as folder:
        started = time.monotonic()
        rows = FLOWS[name](Path(folder))
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"rows": rows, "seconds": round(seconds, 1), "peak_mib": peak}


def main(options: argparse.Namespace) -> None:
    if options.here:
        print(json.dumps(measure(options.flows[0])))
        return
    with sandbox_of(options.rows) as environ:
        for name in options.flows:
            here = [sys.executable, "-m", "tests.flows.memory", "--here", name]
            ended = subprocess.run(here, env=environ, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            found = json.loads(ended.stdout.splitlines()[-1])
            assert found["rows"] == options.rows, found
            rate = found["rows"] / found["seconds"]
            print(
                f"{name}: {found['rows']:,} rows, {found['peak_mib']} MiB,"
                f" {found['seconds']} s, {rate:,.0f} rows/s",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure flows.")
    parser.add_argument("flows", nargs="+", choices=FLOWS)
    parser.add_argument("--rows", type=int, default=100_000, help="customers in the sandbox")
    parser.add_argument("--here", action="store_true", help="measure in this process")
    main(parser.parse_args())
