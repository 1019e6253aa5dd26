"""An export that came to its end without a proof is kept as it is, or begun anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from enkash_async import BearerToken, EnKashSession, IncompleteSearchError, RetryPolicy, Verdict
from enkash_async.export import ExportResult, export, left_by
from enkash_async.sandbox import Fault, FaultScript, Sandbox, SandboxSettings, faults, open_sandbox
from tests.export.made import content_of

pytestmark = pytest.mark.anyio

ROWS = 300

NAMES = ["c.jsonl", "c.csv.gz", "c.parquet", "c.jsonl.zst/", "c.parquet/"]


def session_of(sandbox: Sandbox, **options: Any) -> EnKashSession:
    return EnKashSession(
        sandbox.base_url,
        BearerToken(sandbox.token),
        page_size=50,
        retry=RetryPolicy(attempts=1),
        **options,
    )


async def exported(
    sandbox: Sandbox, path: Path | str, **options: Any
) -> tuple[ExportResult, list[str]]:
    """Go on with the export to *path*; return its result and what was noted."""
    notes: list[str] = []
    unit = options.pop("offset_unit", "rows")
    async with session_of(sandbox, offset_unit=unit) as session:
        result = await export(session.customers, path, resume=True, on_note=notes.append, **options)
    return result, notes


def without_times(sandbox: Sandbox) -> list[str]:
    return [row["customerId"] for row in sandbox.records() if row.get("createdOn") is None]


@pytest.mark.parametrize("name", NAMES)
async def test_an_incomplete_one_is_begun_anew(tmp_path: Path, name: str) -> None:
    given = f"{tmp_path}/{name}"
    settings = SandboxSettings(rows=ROWS, rows_without_created_on=3)
    async with open_sandbox(settings) as sandbox:
        first, _ = await exported(sandbox, given, method="crawl")
        assert (first.verdict, first.is_finished) == (Verdict.INCOMPLETE, False)
        left = left_by(given)
        assert left is not None
        assert (left.records, left.verdict) == (ROWS - 3, Verdict.INCOMPLETE)
        again, _ = await exported(sandbox, given, method="crawl")
        assert again.verdict is Verdict.INCOMPLETE
        assert again.records == ROWS - 3

        sandbox.delete(without_times(sandbox))
        last, notes = await exported(sandbox, given, method="crawl")
        expected = await exported(sandbox, f"{tmp_path}/expected-{name}", method="crawl")
    assert last.is_good
    assert (last.records, last.records_before) == (ROWS - 3, 0)
    assert "came to its end with the verdict INCOMPLETE: this one begins anew" in notes[0]
    assert expected[0].is_good
    assert content_of(given.rstrip("/")) == content_of(f"{tmp_path}/expected-{name}".rstrip("/"))


@pytest.mark.parametrize("name", NAMES)
async def test_an_incomplete_one_is_kept_without_being_read_again(
    tmp_path: Path, name: str
) -> None:
    given = f"{tmp_path}/{name}"
    settings = SandboxSettings(rows=ROWS, rows_without_created_on=3)
    async with open_sandbox(settings) as sandbox:
        first, _ = await exported(sandbox, given, method="crawl")
        asked = len(sandbox.searches)
        kept, _ = await exported(sandbox, given, method="crawl", keep_incomplete=True)
        assert len(sandbox.searches) == asked
        one_go, _ = await exported(
            sandbox, f"{tmp_path}/one-{name}", method="crawl", keep_incomplete=True
        )
    assert not first.is_finished
    assert (kept.is_finished, kept.is_good, kept.verdict) == (True, False, Verdict.INCOMPLETE)
    assert kept.records == one_go.records == ROWS - 3
    assert content_of(given.rstrip("/")) == content_of(f"{tmp_path}/one-{name}".rstrip("/"))


DELETES = FaultScript((Fault(faults.DeleteRows(count=1), requests=(4,)),))


async def strict_and_changed(sandbox: Sandbox, path: Path) -> None:
    sandbox.faults = DELETES
    with pytest.raises(IncompleteSearchError):
        await exported(sandbox, path, method="search", strict=True)
    left = left_by(path)
    assert left is not None
    assert left.verdict is Verdict.CHANGED
    sandbox.faults = FaultScript()


async def test_under_strict_a_changed_one_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        await strict_and_changed(sandbox, path)
        result, notes = await exported(sandbox, path, method="search", strict=True)
    assert (result.verdict, result.records) == (Verdict.COMPLETE, ROWS - 1)
    assert "the verdict CHANGED: this one begins anew" in notes[0]


async def test_without_strict_a_changed_one_gets_its_name(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        await strict_and_changed(sandbox, path)
        asked = len(sandbox.searches)
        result, _ = await exported(sandbox, path, method="search")
        assert len(sandbox.searches) == asked
    assert (result.verdict, result.is_good) == (Verdict.CHANGED, True)


async def test_one_that_got_no_further_is_begun_anew(tmp_path: Path) -> None:
    """The service counts pages, and the session rows: the second page contradicts the first."""
    path = tmp_path / "c.jsonl"
    settings = SandboxSettings(rows=ROWS, offset_unit="pages")
    async with open_sandbox(settings) as sandbox:
        runs, left = 0, None
        while left is None or not left.in_vain:
            with pytest.raises(IncompleteSearchError):
                await exported(sandbox, path, method="search")
            runs, left = runs + 1, left_by(path)
            assert runs <= 4
        result, notes = await exported(sandbox, path, method="search", offset_unit="pages")
    assert (result.is_good, result.records, result.records_before) == (True, ROWS, 0)
    assert "got no further: this one begins anew" in notes[0]
