"""A folder of parts: what is in it, when it appears, and what it never touches."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import stat
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest

from enkash_async import Verdict
from enkash_async.export import export, left_by
from enkash_async.sandbox import Sandbox, SandboxSettings, open_sandbox
from tests.export.test_content import BAD, page_of
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


def contents_of(folder: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }


def folder_with(parent: Path, *names: str) -> Path:
    folder = parent / "out"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("{}\n")
    return folder


async def exported(sandbox: Sandbox, path: str | Path, **options: Any) -> Any:
    async with session_for(sandbox) as session:
        return await export(session.customers, path, **options)


async def test_parts_hold_all_records_in_their_order(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await exported(sandbox, f"{tmp_path}/out.jsonl.gz", parts=100)
    parts = contents_of(tmp_path / "out.jsonl.gz")
    assert parts.pop("_SUCCESS") == b""
    assert [*parts] == [f"part-{place:05}.jsonl.gz" for place in range(3)]
    lines = [gzip.decompress(part).splitlines() for part in parts.values()]
    assert [len(part) for part in lines] == [100, 100, 50]
    ids = [json.loads(line)["customerId"] for part in lines for line in part]
    assert ids == sandbox.customer_ids()
    assert (result.parts, result.records, result.is_good) == (3, 250, True)
    assert result.bytes == sum(map(len, parts.values()))
    for path in (tmp_path / "out.jsonl.gz").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_folder_of_parquet_is_a_dataset(sandbox: Sandbox, tmp_path: Path) -> None:
    await exported(sandbox, f"{tmp_path}/out/", format="parquet", parts=100)
    found: Any = pyarrow.dataset
    table = found.dataset(tmp_path / "out", format="parquet").to_table()
    assert table.column("customer_id").to_pylist() == sandbox.customer_ids()
    sizes = [path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".parquet"]
    assert len(sizes) == 3


@pytest.mark.parametrize(
    ("rows", "parts", "name", "sizes"),
    [
        (0, None, "out.jsonl/", [0]),
        (0, 10, "out.csv", [1]),
        (40, 20, "out.jsonl", [20, 20]),
        (41, 20, "out.csv", [21, 21, 2]),
        (40, None, "out.jsonl/", [40]),
        (5, 1, "out.jsonl", [1, 1, 1, 1, 1]),
    ],
)
async def test_a_part_is_begun_when_there_is_a_row_for_it(
    tmp_path: Path, rows: int, parts: int | None, name: str, sizes: list[int]
) -> None:
    """A part of CSV has a header of its own."""
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        await exported(sandbox, f"{tmp_path}/{name}", parts=parts)
    found = contents_of(tmp_path / name)
    assert [part.count(b"\n") for key, part in found.items() if key != "_SUCCESS"] == sizes


async def test_a_new_export_takes_the_place_of_an_earlier_one_when_it_is_whole(
    tmp_path: Path,
) -> None:
    path, stop = tmp_path / "out", asyncio.Event()
    async with open_sandbox(SandboxSettings(rows=90)) as larger:
        await exported(larger, path, parts=20)
    (path / "part-00000.jsonl").chmod(0o640)
    before = contents_of(path)
    assert len(before) == 6
    async with open_sandbox(SandboxSettings(rows=45)) as sandbox:
        stop.set()
        stopped = await exported(sandbox, path, parts=20, page_size=30, stop=stop)
        now = contents_of(path)
        assert stopped.is_stopped
        assert {name: now[name] for name in before} == before
        left = left_by(f"{path}/")
        assert left is not None
        assert (left.part, left.records) == (path / "_unfinished", stopped.records)
        result = await exported(sandbox, path, parts=20, page_size=30, resume=True)
        expected = await exported(sandbox, tmp_path / "other", parts=20)
    assert result.records_before == stopped.records
    assert result.verdict is Verdict.COMPLETE
    assert contents_of(path) == contents_of(expected.path)
    assert [*contents_of(path)] == ["_SUCCESS", *(f"part-0000{n}.jsonl" for n in range(3))]
    # Who could read it before can do so now.
    assert stat.S_IMODE((path / "part-00002.jsonl").stat().st_mode) == 0o640


async def test_an_incomplete_export_is_not_given_its_names(tmp_path: Path) -> None:
    path = tmp_path / "out"
    async with open_sandbox(SandboxSettings(rows=60, page_cap=1, count_style="missing")) as sandbox:
        result = await exported(sandbox, path, parts=25)
        assert (result.verdict, result.is_finished) == (Verdict.INCOMPLETE, False)
        assert [*contents_of(path)] != []
        assert os.listdir(path) == ["_unfinished"]
        result = await exported(sandbox, path, parts=25, keep_incomplete=True)
    assert (result.parts, result.is_finished, result.is_good) == (3, True, False)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["mine.txt"], "holds mine.txt"),
        (["part-00000.csv", "_SUCCESS"], "holds part-00000.csv"),
        (["part-00000.jsonl"], "holds part-00000.jsonl"),
        (["part-00000-2f1c.snappy.parquet", "_SUCCESS"], "holds part-00000-2f1c"),
        (["part-00000.jsonl.arrow", "_SUCCESS"], "holds part-00000.jsonl.arrow"),
    ],
)
async def test_a_folder_that_holds_something_else_is_left_alone(
    sandbox: Sandbox, tmp_path: Path, names: list[str], said: str
) -> None:
    folder = folder_with(tmp_path, *names)
    before = contents_of(folder)
    with pytest.raises(ValueError, match=said):
        await exported(sandbox, folder, parts=10)
    assert contents_of(folder) == before
    assert sandbox.searches == []


async def test_what_is_no_folder_of_this_user_is_left_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path, "_SUCCESS")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "state").write_text("keep")
    (folder / "_unfinished").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="is left alone"):
        await exported(sandbox, folder, parts=10)
    assert contents_of(elsewhere) == {"state": b"keep"}
    (tmp_path / "file").write_text("keep")
    with pytest.raises(ValueError, match="is a file"):
        await exported(sandbox, f"{tmp_path}/file/")
    with pytest.raises(ValueError, match="a stream holds no parts"):
        await exported(sandbox, "-", parts=10)
    with pytest.raises(ValueError, match="parts must be"):
        await exported(sandbox, tmp_path / "new", parts=0)


async def test_one_export_to_a_folder_at_a_time(sandbox: Sandbox, tmp_path: Path) -> None:
    path, stop = tmp_path / "out", asyncio.Event()
    stop.set()
    async with session_for(sandbox) as session:
        customers = session.customers
        await export(customers, path, parts=20, stop=stop, page_size=30)
        refused = list[str]()

        async def other(progress: Any) -> None:
            for resume in (False, True):
                with pytest.raises(ValueError, match="another export is writing"):
                    await export(customers, path, parts=20, resume=resume, page_size=30)
                refused.append("")

        tasks = list[asyncio.Task[None]]()
        result = await export(
            customers,
            path,
            parts=20,
            resume=True,
            page_size=30,
            on_progress=lambda progress: tasks.append(asyncio.create_task(other(progress))),
            on_note=None,
        )
        await asyncio.wait(tasks)
    assert result.is_good
    assert len(refused) >= 2


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
async def test_bad_records_are_kept_beside_the_parts(tmp_path: Path, name: str) -> None:
    good = [b'{"customerId":"K%d"}' % number for number in (1, 5)]
    answers = [good[0], *BAD, good[1]]

    async def answer(call: Any) -> Any:
        return page_of(answers[call.offset :] if call.offset < 4 else answers[4:], 5)

    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        sandbox.on_search = answer
        path = tmp_path / name
        result = await exported(sandbox, path, parts=1, method="search")
        assert result.bad_path == path / "_bad.jsonl"
        assert result.bad_path.read_bytes().count(b"\n") == result.bad_records == 3
        assert result.records == 2
        sandbox.on_search = None
        await exported(sandbox, path, parts=1)
    assert not (path / "_bad.jsonl").exists()
