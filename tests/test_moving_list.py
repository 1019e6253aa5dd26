"""The example that reads a changing list in three ways: only the offset loop loses customers."""

import runpy
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from enkash_async import Verdict

pytestmark = pytest.mark.anyio

ROWS = 3_000
EXAMPLE = Path(__file__).parent.parent / "examples" / "moving_list.py"

Main = Callable[[int, int, int], Awaitable[list[Any]]]


@pytest.fixture(scope="module")
def main() -> Main:
    function: Main = runpy.run_path(str(EXAMPLE))["main"]
    return function


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_only_the_offset_loop_loses_customers(
    main: Main, concurrency: int, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, search, crawl = await main(ROWS, 125, concurrency)

    assert (plain.missed > 0, plain.doubled > 0) == (True, True)
    for outcome in (search, crawl):
        assert (outcome.missed, outcome.doubled) == (0, 0)
        assert outcome.verdict == Verdict.CHANGED
        assert outcome.records > ROWS - 2 * outcome.requests
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["way", "offset", "search()", "crawl()"]
    assert [line.split()[-1] for line in lines[1:]] == ["-", "CHANGED", "CHANGED"]
