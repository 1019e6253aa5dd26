"""What came out of a crawl, and what is said of it. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from enkash_async import SearchReport, Verdict


@attrs.define(kw_only=True)
class Outcome:
    """The account of one crawl, or of many added up."""

    crawls: int = 0
    faults: Counter[str] = attrs.field(factory=Counter[str])
    records: int = 0
    requests: int = 0
    attempts: int = 0
    retries: int = 0
    resumed: int = 0
    leavings: Counter[str] = attrs.field(factory=Counter[str])
    verdicts: Counter[str] = attrs.field(factory=Counter[str])
    errors: Counter[str] = attrs.field(factory=Counter[str])
    told: int = 0
    lost: int = 0
    doubled: int = 0
    unfinished: int = 0
    hung: int = 0
    leaked_tasks: int = 0
    leaked_files: int = 0
    foreign: Counter[str] = attrs.field(factory=Counter[str])
    peak_kilobytes: int = 0
    notes: list[str] = attrs.field(factory=list[str])
    """How each leg ended; of one crawl only."""

    def add(self, other: Outcome) -> None:
        """Add the numbers of *other*, and the higher of the two peaks."""
        for field in attrs.fields(Outcome):
            if field.name == "notes":
                continue
            mine, its = getattr(self, field.name), getattr(other, field.name)
            if field.name == "peak_kilobytes":
                self.peak_kilobytes = max(mine, its)
            else:
                setattr(self, field.name, mine + its)

    def failures(self) -> dict[str, int]:
        """Return what must be 0 and is not."""
        checked = {
            "lost": self.lost,
            "doubled": self.doubled,
            "unfinished": self.unfinished,
            "hung": self.hung,
            "leaked tasks": self.leaked_tasks,
            "leaked files": self.leaked_files,
            "foreign": self.foreign.total(),
        }
        return {name: number for name, number in checked.items() if number}

    def note_report(self, report: SearchReport) -> None:
        """Add what one search says of itself."""
        self.attempts += report.attempts
        self.retries += report.retries

    def lines(self) -> list[str]:
        """Return a table for people."""
        rows: list[tuple[str, object]] = [
            ("crawls", f"{self.crawls:,}"),
            ("records delivered", f"{self.records:,}"),
            ("requests of the searches", f"{self.attempts:,}, {self.retries:,} of them retries"),
            ("requests that arrived", f"{self.requests:,}"),
            ("faults injected", f"{self.faults.total():,}: {_listed(self.faults)}"),
            ("left early", _listed(self.leavings)),
            ("resumed", f"{self.resumed:,}"),
            ("errors", _listed(self.errors)),
            ("verdicts at the end", _listed(self.verdicts)),
            ("not exact, and said so", self.told),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("unfinished", self.unfinished),
            ("hung", self.hung),
            ("leaked tasks", self.leaked_tasks),
            ("leaked files and sockets", self.leaked_files),
            ("foreign exceptions", _listed(self.foreign) or 0),
            ("peak memory", f"{self.peak_kilobytes / 1024:,.0f} MiB"),
        ]
        return [f"{name:26}{value}" for name, value in rows]


@attrs.define
class Ledger:
    """Which records were handed over, in which leg."""

    legs: list[list[str]] = attrs.field(factory=list[list[str]])
    verdicts: list[Verdict] = attrs.field(factory=list[Verdict])

    def begin(self) -> None:
        """Begin a leg."""
        self.legs.append([])

    def add(self, ids: Iterable[str]) -> None:
        """Note what was handed over."""
        self.legs[-1] += ids

    def seen(self) -> set[str]:
        return {one for leg in self.legs for one in leg}

    def repeated(self) -> int:
        """Return how many records came again, in the same leg or in another."""
        return sum(map(len, self.legs)) - len(self.seen())

    def admits_doubt(self) -> bool:
        """Say whether any search that came to its end said that it was not COMPLETE."""
        return any(verdict is not Verdict.COMPLETE for verdict in self.verdicts)


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counter.most_common())
