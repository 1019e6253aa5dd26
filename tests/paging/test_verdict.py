"""From findings to the verdict, and to the reasons for it."""

from __future__ import annotations

from typing import Any

import pytest

from enkash_async._paging.findings import Findings, judge
from enkash_async.report import Verdict

COUNTED: dict[str, Any] = {"count_is_total": True, "total_at_start": 100, "total_at_end": 100}


@pytest.mark.parametrize(
    ("facts", "verdict", "reasons"),
    [
        ({}, Verdict.COMPLETE, []),
        (COUNTED, Verdict.COMPLETE, []),
        # What repairs cost is no doubt.
        (COUNTED | {"repairs": 3, "rows_reread": 60}, Verdict.COMPLETE, []),
        (COUNTED | {"duplicates_dropped": 2}, Verdict.COMPLETE, []),
        # The numbers of pages differ, which counts of pages always do.
        ({"total_at_start": 100, "total_at_end": 4}, Verdict.COMPLETE, []),
        ({"drifted": True}, Verdict.CHANGED, ["added or removed"]),
        (COUNTED | {"total_at_end": 99}, Verdict.CHANGED, ["went from 100 to 99"]),
        # As where a search that was resumed has nothing left to read.
        (COUNTED | {"total_at_end": None}, Verdict.COMPLETE, []),
        ({"nothing_counted": True}, Verdict.INCOMPLETE, ["nothing was counted"]),
        (COUNTED | {"shortage": -2}, Verdict.CHANGED, ["2 fewer than came"]),
        # A count that changed says already why fewer came.
        (COUNTED | {"total_at_end": 98, "shortage": -2}, Verdict.CHANGED, ["went from 100"]),
        (COUNTED | {"shortage": 1}, Verdict.INCOMPLETE, ["which is 1 more than"]),
        (
            COUNTED | {"shortage": 1, "counts_from_one": True},
            Verdict.INCOMPLETE,
            ["which is 1 more than", "first_offset=0"],
        ),
        (COUNTED | {"counts_from_one": True}, Verdict.COMPLETE, []),
        ({"moved": True}, Verdict.INCOMPLETE, ["another order"]),
        ({"unchecked": True}, Verdict.INCOMPLETE, ["too small to overlap"]),
        ({"end_is_unproven": True}, Verdict.INCOMPLETE, ["where the list ended"]),
        # Doubts come first, and changes are told too.
        (
            COUNTED | {"drifted": True, "unchecked": True, "total_at_end": 90},
            Verdict.INCOMPLETE,
            ["too small to overlap", "added or removed", "went from 100 to 90"],
        ),
    ],
)
def test_the_verdict(facts: dict[str, Any], verdict: Verdict, reasons: list[str]) -> None:
    judged, told = judge(Findings(**facts))

    assert judged is verdict
    assert len(told) == len(reasons)
    for text, part in zip(told, reasons, strict=True):
        assert part in text


@pytest.mark.parametrize(
    ("total", "shortage", "lacks_many"),
    [
        *((100, shortage, many) for shortage, many in [(-5, False), (0, False), (1, False)]),
        *((100, 2, True), (1000, 10, False), (1000, 11, True), (None, 1, False), (None, 2, True)),
    ],
)
def test_more_than_one_in_a_hundred_missing_is_more_than_a_count_that_is_off(
    total: int | None, shortage: int, lacks_many: bool
) -> None:
    assert Findings(total_at_end=total, shortage=shortage).lacks_many is lacks_many
