"""From what was noticed while reading to what a caller may rely on. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from enkash_async.report import Verdict


class Figures(msgspec.Struct):
    """What was counted while a list was read, by pages or by windows, named as in a report."""

    total_at_start: int | None = None
    total_at_end: int | None = None
    count_is_total: bool = False
    """`recordsCount` was seen to count all matches, rather than those of the page."""
    rows_overlapping: int = 0
    duplicates_dropped: int = 0
    rows_reread: int = 0
    repairs: int = 0
    shortage: int = 0
    """Rows by which the count at the end goes beyond what the list, or all windows, held."""

    @property
    def lacks_many(self) -> bool:
        """Say whether more is missing than a count that is merely off by some explains."""
        return self.shortage > max(1, (self.total_at_end or 0) // 100)


class Findings(Figures):
    """What the pager noticed while it read one list."""

    drifted: bool = False
    """Rows came or went between two pages."""
    moved: bool = False
    """Rows came again in another order than before."""
    unchecked: bool = False
    """Pages could not overlap, so that nothing proves that they fit."""
    was_unproven: bool = False
    """The resume token says that nothing proved the part before it."""
    place_is_unproven: bool = False
    """Reading went on after rows that may have moved down the list, for want of others."""
    end_is_unproven: bool = False
    """The end was taken from pages that came again, with no count to confirm it."""
    counts_from_one: bool = False
    """The session was told that the first row has offset 1."""
    nothing_counted: bool = False
    """All rows were to be compared with their number, but no count of them came."""

    @property
    def total_changed(self) -> bool:
        """Say whether the list was longer or shorter at the end than at the start."""
        if not self.count_is_total or self.total_at_end is None:
            return False
        return self.total_at_start != self.total_at_end


def judge(findings: Findings) -> tuple[Verdict, list[str]]:
    """Return the verdict on a list that was read to its end, and the reasons for it."""
    doubts = list(_doubts(findings))
    changes = list(_changes(findings))
    if doubts:
        return Verdict.INCOMPLETE, doubts + changes
    return (Verdict.CHANGED if changes else Verdict.COMPLETE), changes


def _doubts(findings: Findings) -> Iterator[str]:
    if findings.shortage > 0:
        yield (
            f"recordsCount says {findings.total_at_end}, which is {findings.shortage} more than"
            " the list held"
        )
    if findings.shortage > 0 and findings.counts_from_one:
        yield "perhaps the service counts offsets from 0; then open the session with first_offset=0"
    if findings.moved:
        yield (
            "records came again in another order: set order_by to a field that does not change"
            " and is different for each record"
        )
    if findings.was_unproven:
        yield "nothing proves that the pages before the resume token fit"
    elif findings.unchecked:
        yield "the service hands out pages too small to overlap, so nothing proves that they fit"
    if findings.place_is_unproven:
        yield (
            "of the records delivered, only ones that may have moved down the list were found"
            " again: those that they passed may be missing"
        )
    if findings.end_is_unproven:
        yield (
            "the service answers offsets past the end with its last page or with an error, and"
            " no total proves where the list ended"
        )
    if findings.nothing_counted:
        yield (
            "nothing was counted, so that rows which moved from the unread part to the read part"
            " would not be noticed"
        )


def _changes(findings: Findings) -> Iterator[str]:
    if findings.drifted:
        yield "records were added or removed between pages; the places were found again"
    if findings.total_changed:
        yield f"recordsCount went from {findings.total_at_start} to {findings.total_at_end}"
    elif findings.shortage < 0:
        yield f"recordsCount says {findings.total_at_end}, {-findings.shortage} fewer than came"
