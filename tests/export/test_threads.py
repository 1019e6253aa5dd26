"""The interpreter waits for the threads that use pyarrow, which aborts the process otherwise."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from enkash_async import BearerToken, EnKashSession
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async.export import export
from enkash_async.export.parquet import ParquetContent
from enkash_async.sandbox import SandboxSettings, open_sandbox

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("owner", "step"),
    [(RowReader, "read"), (ParquetContent, "take"), (ParquetContent, "whole")],
    ids=["read a batch", "write a batch", "make the file"],
)
async def test_a_program_that_ends_waits_for_pyarrow(
    owner: type, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = getattr(owner, step), list[threading.Thread]()

    def noted(*arguments: Any) -> Any:
        seen.append(threading.current_thread())
        return real(*arguments)

    monkeypatch.setattr(owner, step, noted)
    async with (
        open_sandbox(SandboxSettings(rows=50)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        await export(session.customers, tmp_path / "c.parquet")
    assert seen
    assert threading.main_thread() not in seen
    assert not any(thread.daemon for thread in seen)
