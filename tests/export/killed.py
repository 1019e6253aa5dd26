"""Kills exports by SIGKILL at random moments, goes on with them, and compares the files.

    python -m tests.export.killed --kills 200 --format csv --rows 100000

A sandbox serves the rows in this process; each export is a process of its own. Prints the kills
that hit an export at work, and fails on the first file that differs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import anyio

from enkash_async.sandbox import Sandbox, SandboxSettings, open_sandbox
from tests.export.made import content_of, is_whole, remove

NAMES = {
    "jsonl": "c.jsonl",
    "csv": "c.csv",
    "gzip": "c.jsonl.gz",
    "zstd": "c.csv.zst",
    "parquet": "c.parquet",
    "parts": "c.jsonl.gz/",
    "parquet-parts": "c.parquet/",
}
PART_ROWS = 7_000
"""A page that goes beyond a part is divided among two."""


def environment(sandbox: Sandbox) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ENKASH_")}
    return own | {"ENKASH_BASE_URL": sandbox.base_url, "ENKASH_TOKEN": sandbox.token}


def command(path: Path, *more: str) -> list[str]:
    arguments = ["customers", "export", "--quiet", "-o", str(path), "--page-size", "500", *more]
    return [sys.executable, "-m", "enkash_async.cli", *arguments]


async def survives(sandbox: Sandbox, folder: Path, given: str, kills: int, seed: int) -> int:
    """Export until so many kills hit; return how many files were made. Raises if one differs."""
    draw, made, hits = random.Random(seed), 0, 0
    env, more = environment(sandbox), ["--parts", str(PART_ROWS)] * given.endswith("/")
    (folder / "whole").mkdir()
    name = given.removesuffix("/")
    whole, path = folder / "whole" / name, folder / name
    await anyio.run_process(command(whole, *more), env=env, check=True)
    started = time.monotonic()
    await anyio.run_process(command(whole, *more), env=env, check=True)
    took = time.monotonic() - started
    expected = await asyncio.to_thread(content_of, whole)
    again = command(path, "--resume", *more)
    while hits < kills:
        process = await asyncio.create_subprocess_exec(*again, env=env)
        try:
            await asyncio.wait_for(process.wait(), draw.uniform(0.2, 1.1) * took)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                # It may have ended just now.
                process.kill()
            await process.wait()
            hits += 1
            if is_whole(path):
                # The process was killed behind its work; nothing half may have the name.
                assert await asyncio.to_thread(content_of, path) == expected, f"{name} is half"
            continue
        assert process.returncode == 0, f"{name}: ended with {process.returncode}"
        assert await asyncio.to_thread(content_of, path) == expected, f"{name} differs"
        assert sorted(os.listdir(folder)) == sorted([name, "whole"])
        remove(path)
        made += 1
    await anyio.run_process(again, env=env, check=True)
    assert await asyncio.to_thread(content_of, path) == expected, f"{name} differs"
    return made + 1


async def run(rows: int, kills: int, form: str, seed: int) -> None:
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        with tempfile.TemporaryDirectory() as folder:
            made = await survives(sandbox, Path(folder), NAMES[form], kills, seed)
    print(f"{form}: {kills} kills, {made} files, all equal", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill exports and compare their files.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--format", choices=[*NAMES, "all"], default="all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for form in NAMES if options.format == "all" else [options.format]:
        asyncio.run(run(options.rows, options.kills, form, options.seed))


if __name__ == "__main__":
    main()
