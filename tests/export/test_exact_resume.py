"""An export that was broken off and gone on with is the file that would have come of one go."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from aiohttp import web

from enkash_async import BearerToken, EnKashError, EnKashSession, RetryPolicy, Verdict
from enkash_async.events import Method
from enkash_async.export import ExportResult, export, exporter, files, packing
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.export.made import content_of, is_whole, remove

pytestmark = pytest.mark.anyio

ROWS = 600

NAMES = ["c.jsonl", "c.csv", "c.jsonl.gz", "c.csv.zst", "c.parquet"]

FOLDERS = ["c.jsonl.gz/", "c.csv/", "c.parquet/"]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be cut, and states be written, many times in a small export."""
    monkeypatch.setattr(exporter, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(packing._Blocks, "cut_every", 64)
    monkeypatch.setattr("enkash_async.export.parquet.ROW_GROUP", 100)
    monkeypatch.setattr("enkash_async.export.run.PART_ROWS", 220)
    # No test here takes away the power, and a disk may need a tenth of a second for each.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def session_of(sandbox: Sandbox) -> EnKashSession:
    return EnKashSession(
        sandbox.base_url,
        BearerToken(sandbox.token),
        page_size=50,
        max_concurrency=3,
        retry=RetryPolicy(attempts=1),
    )


async def whole(sandbox: Sandbox, path: str | Path, method: Method = "crawl") -> Any:
    async with session_of(sandbox) as session:
        result = await export(session.customers, path, method=method)
    assert result.is_good
    return content_of(path)


@pytest.mark.parametrize(
    ("name", "method"), [*((name, "crawl") for name in NAMES + FOLDERS), ("c.jsonl", "search")]
)
async def test_stopped_after_every_page(tmp_path: Path, name: str, method: Method) -> None:
    (tmp_path / "one").mkdir()
    path, given = tmp_path / name, f"{tmp_path}/{name}"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        expected = await whole(sandbox, f"{tmp_path}/one/{name}", method)
        stop = asyncio.Event()
        stop.set()
        async with session_of(sandbox) as session:
            result = await export(session.customers, given, method=method, stop=stop)
            runs, until = 1, result.until
            assert (until is None) is (method == "search")
            while not result.is_finished:
                assert result.is_stopped
                if not result.records_before:
                    until = result.until
                # Customers created later are for the next export.
                assert result.until == until
                assert not path.is_file()
                assert not (path / "_SUCCESS").exists()
                before = result.records
                result = await export(
                    session.customers, given, method=method, stop=stop, resume=True
                )
                # A compressed file goes on at its last cut, which may be a page ago.
                assert result.records_before <= before
                runs += 1
                if runs > 3:
                    stop.clear()
    assert result.verdict is Verdict.COMPLETE
    assert result.records == ROWS
    assert content_of(path) == expected
    assert os.listdir(tmp_path / "one") == [path.name]
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, "one"])


@pytest.mark.parametrize("name", NAMES + FOLDERS)
async def test_cancelled_or_failed_anywhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "one").mkdir()
    path, given, draw = tmp_path / name, f"{tmp_path}/{name}", random.Random(name)
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        expected = await whole(sandbox, f"{tmp_path}/one/{name}")
        async with session_of(sandbox) as session:
            for _ in range(12):
                task = asyncio.ensure_future(export(session.customers, given, resume=True))
                left = draw.randrange(1, 12)

                async def cancel(call: SearchCall, task: object = task) -> None:
                    nonlocal left
                    left -= 1
                    if left == 0:
                        assert isinstance(task, asyncio.Future)
                        task.cancel()

                sandbox.on_search = cancel
                await asyncio.wait([task])
                assert is_whole(path) is (not task.cancelled())
                if not task.cancelled():
                    break
            sandbox.on_search = None
            result = await export(session.customers, given, resume=True)
    assert result.is_good
    assert content_of(path) == expected


@pytest.mark.parametrize("name", ["c.jsonl.gz", "c.parquet", "c.csv/", "c.parquet/"])
async def test_broken_off_while_the_file_gets_its_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step from the last record to the name is one after which the process may end."""
    (tmp_path / "one").mkdir()
    path, given = tmp_path / name, f"{tmp_path}/{name}"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        expected = await whole(sandbox, f"{tmp_path}/one/{name}")
        monkeypatch.setattr(exporter, "COMMIT_SECONDS", 3600.0)
        # Each step takes a while, and those of parts are alike.
        for step in range(0, 90, 5 if name.endswith("/") else 1):
            with monkeypatch.context() as patch:
                break_after(step, patch)
                try:
                    async with session_of(sandbox) as session:
                        await export(session.customers, given)
                    break
                except Killed:
                    pass
            assert not is_whole(path) or content_of(path) == expected
            async with session_of(sandbox) as session:
                result = await export(session.customers, given, resume=True)
            assert (result.records, result.verdict) == (ROWS, Verdict.COMPLETE)
            assert not (path / "_unfinished").exists()
            assert content_of(path) == expected
            assert sorted(os.listdir(tmp_path)) == sorted([path.name, "one"])
            remove(path)
        else:
            pytest.fail("never came to its end")
    assert step > 5


class Killed(BaseException):
    """Stands for the end of the process: nothing is done after it."""


def break_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    """Let no rename, removal or sync of a file be made once so many were."""
    left = steps

    def counted(name: str) -> None:
        real = getattr(os, name)

        def act(*args: object, **kwargs: object) -> object:
            nonlocal left
            if left <= 0:
                raise Killed
            left -= 1
            return real(*args, **kwargs)

        patch.setattr(os, name, act)

    for name in ("replace", "unlink", "fsync"):
        counted(name)


async def test_a_stop_before_anything_is_durable_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing._Blocks, "cut_every", 10 * ROWS)
    stop = asyncio.Event()
    stop.set()
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox, session_of(sandbox) as session:
        result = await export(session.customers, tmp_path / "c.csv.gz", stop=stop)
    assert (result.is_stopped, result.path, result.records, result.bytes) == (True, None, 0, 0)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("is_stopped", [False, True], ids=["incomplete", "stopped"])
@pytest.mark.parametrize(
    ("name", "cut_every"),
    [
        ("c.csv", 64),
        ("c.jsonl.gz", 64),
        ("c.jsonl.gz", 10 * ROWS),
        ("c.csv.zst", 64),
        ("c.csv.gz/", 64),
    ],
)
async def test_what_is_left_of_an_export_holds_all_records_that_it_counts(
    tmp_path: Path, name: str, is_stopped: bool, cut_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although it can be gone on with from where it was cut last only."""
    monkeypatch.setattr(packing._Blocks, "cut_every", cut_every)
    target = f"{tmp_path}/{name}"
    stop, shown = asyncio.Event(), ROWS

    async def answer(call: SearchCall) -> web.Response:
        """Show the first rows only, and count all."""
        rows = sandbox.records()[call.offset : min(call.offset + call.limit, shown)]
        body = {"payload": {"data": rows, "recordsCount": ROWS}}
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")

    def halt(progress: Any) -> None:
        if is_stopped and progress.records >= 330:
            stop.set()

    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox, session_of(sandbox) as session:
        sandbox.on_search = answer
        expected = await whole(sandbox, f"{tmp_path}/one.{name}", "search")
        shown = ROWS if is_stopped else ROWS - 4
        result = await export(
            session.customers, target, method="search", stop=stop, on_progress=halt
        )
        assert (result.is_finished, result.is_stopped) == (False, is_stopped)
        if result.path is None:
            # Nothing of it could be gone on with.
            assert (is_stopped, cut_every > ROWS, result.records) == (True, True, 0)
        else:
            assert records_in(result.path) == result.records >= 330
        shown = ROWS
        result = await export(session.customers, target, method="search", resume=True)
    assert result.verdict is Verdict.COMPLETE
    assert content_of(target) == expected


def records_in(path: Path) -> int:
    """Return how many records are in a file of text, or in the parts in a folder."""
    if path.is_dir():
        return sum(records_in(part) for part in path.glob("part-*"))
    content, name = path.read_bytes(), path.name
    if ".gz" in name:
        content = gzip.decompress(content)
    if ".zst" in name:
        frames = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
        content = frames.read()
    return content.count(b"\n") - (".csv" in name)


async def test_a_full_disk_leaves_the_state_before_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.jsonl"
    write_all = files.write_all

    def full(descriptor: int, content: bytes) -> None:
        if b'"token"' in content and path.with_name("c.jsonl.state").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(descriptor, content)

    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox, session_of(sandbox) as session:
        expected = await whole(sandbox, tmp_path / "one.jsonl")
        with monkeypatch.context() as patch:
            patch.setattr(files, "write_all", full)
            with pytest.raises(OSError, match="No space"):
                await export(session.customers, path)
        left = sorted(os.listdir(tmp_path))
        assert left == ["c.jsonl.part", "c.jsonl.state", "one.jsonl"]
        await export(session.customers, path, resume=True)
    assert content_of(path) == expected


async def test_an_error_leaves_what_came_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"

    async def fail(call: SearchCall) -> None:
        if len(sandbox.searches) > 6:
            raise RuntimeError

    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        async with session_of(sandbox) as session:
            sandbox.on_search = fail
            with pytest.raises(EnKashError) as failed:
                await export(session.customers, path)
            assert failed.value.report is not None
            came = (tmp_path / "c.jsonl.part").read_bytes().count(b"\n")
            assert came == failed.value.report.records_delivered > 0
            sandbox.on_search = None
            result: ExportResult = await export(session.customers, path, resume=True)
        assert result.records_before == came
        assert path.read_bytes().count(b"\n") == ROWS
