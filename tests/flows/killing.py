"""Spark's tasks killed on purpose, in the midst of what they read.

python -m tests.flows.killing --rows 200000 --master 'local[2,4]'
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import polars
from aiohttp import web

from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, serve_sandbox


@attrs.define
class Killer:
    """Kills the process that asks for a page behind the first, at the numbers of searches *at*."""

    at: list[int]
    killed: list[int] = attrs.field(factory=list)

    async def __call__(self, call: SearchCall) -> web.Response | None:
        # Planning asks for counts, so that what reads on is a task.
        if self.at and call.number >= self.at[0] and call.offset > 0:
            del self.at[0]
            assert call.request.transport is not None
            port = call.request.transport.get_extra_info("peername")[1]
            self.killed.append(process_behind(port))
            os.kill(self.killed[-1], signal.SIGKILL)
        return None


def process_behind(port: int) -> int:
    """Return the process of this machine that has a connection from *port*."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            for file in Path("/proc").glob("[0-9]*/fd/*"):
                try:
                    if os.readlink(file) == f"socket:[{fields[9]}]":
                        return int(file.parts[2])
                except OSError:
                    # A file, or a process, that is gone by now.
                    continue
    raise LookupError(f"no process has a connection from port {port}")


def write_all(spark: Any, sandbox: Sandbox, folder: Path, **options: str) -> polars.DataFrame:
    """Write all customers as Parquet by Spark, and read them without it."""
    table = spark.read.format("enkash").options(baseUrl=sandbox.base_url, **options).load()
    table.write.parquet(str(folder / "table"))
    return polars.read_parquet(folder / "table" / "*.parquet")


def main(options: argparse.Namespace) -> None:
    from pyspark.sql import SparkSession

    with serve_sandbox(SandboxSettings(rows=options.rows)) as sandbox, TemporaryDirectory() as path:
        os.environ |= {"PYSPARK_PYTHON": sys.executable, "ENKASH_TOKEN": sandbox.token}
        builder = SparkSession.builder.master(options.master).config("spark.ui.enabled", "false")
        spark: Any = builder.getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        killer = sandbox.on_search = Killer(options.kill_at)
        started = time.monotonic()
        rows = write_all(spark, sandbox, Path(path), partitionRecords="20000")
        seconds = time.monotonic() - started
        assert sorted(rows["customer_id"]) == sorted(sandbox.customer_ids())
        spark.stop()
    print(
        f"{options.master}: {len(rows):,} rows, each once, in {seconds:.1f} s,"
        f" {len(sandbox.searches)} requests, {len(killer.killed)} tasks killed"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read all customers by Spark, and kill tasks.")
    parser.add_argument("--rows", type=int, default=20_000, help="customers in the sandbox")
    parser.add_argument("--master", default="local[2,4]")
    parser.add_argument("--kill-at", type=int, nargs="*", default=[60, 120, 180])
    main(parser.parse_args())
