"""From what the pager noticed to what a caller may rely on. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from enkash_async._paging import Pager
from enkash_async.report import Verdict


def judge(pager: Pager) -> tuple[Verdict, list[str]]:
    """Return the verdict on a search that came to its end, and the reasons for it."""
    doubts = list(_doubts(pager))
    changes = list(_changes(pager))
    if doubts:
        return Verdict.INCOMPLETE, doubts + changes
    return (Verdict.CHANGED if changes else Verdict.COMPLETE), changes


def falls_short(pager: Pager) -> bool:
    """Say whether so much is missing that a count merely off by some does not explain it."""
    total = pager.total or 0
    return pager.findings.shortage > max(1, total // 100)


def _doubts(pager: Pager) -> Iterator[str]:
    findings = pager.findings
    if findings.shortage > 0:
        yield (
            f"recordsCount says {pager.total}, but the list ended {findings.shortage} before that"
        )
    if findings.moved:
        yield (
            "records came again in another order: set order_by to a field that does not change"
            " and is different for each customer"
        )
    if findings.unchecked:
        yield "the service hands out pages too small to overlap, so nothing proves that they fit"


def _changes(pager: Pager) -> Iterator[str]:
    findings = pager.findings
    if findings.drifted:
        yield "records were added or removed between pages; the places were found again"
    if _total_changed(pager):
        yield f"recordsCount went from {findings.total_at_start} to {findings.total_at_end}"
    elif findings.shortage < 0:
        yield f"recordsCount says {pager.total}, {-findings.shortage} fewer than came"


def _total_changed(pager: Pager) -> bool:
    findings = pager.findings
    return pager.counts_all and findings.total_at_start != findings.total_at_end
