"""What a run found: rows with their measures, and ratios between them. No I/O."""

from __future__ import annotations

from statistics import median
from typing import Any

import attrs

Measures = dict[str, float]


@attrs.define(kw_only=True)
class Row:
    """What one peer did in one scenario, each time that it ran."""

    name: str
    title: str
    what: str
    runs: list[Measures] = attrs.field(factory=list[Measures])

    def value(self, measure: str) -> float | None:
        """Return the median of *measure* over the runs that have it."""
        values = [run[measure] for run in self.runs if measure in run]
        return median(values) if values else None

    def spread(self, measure: str) -> float | None:
        """Return half the distance of the least from the most, as a share of the median.

        None for fewer than two runs, or where the median is nothing.
        """
        values = [run[measure] for run in self.runs if measure in run]
        middle = median(values) if len(values) > 1 else 0
        return (max(values) - min(values)) / 2 / middle if middle else None

    def measures(self) -> list[str]:
        """Return the names of all measures taken."""
        return list(dict.fromkeys(name for run in self.runs for name in run))


@attrs.define(kw_only=True)
class Result:
    """One scenario: its rows, the *baseline* of their ratios, and the *columns* to show.

    *failures* name rows that did not get every record, *skipped* those that could not run.
    """

    name: str
    question: str
    baseline: str | None = None
    columns: tuple[str, ...] = ()
    rows: list[Row] = attrs.field(factory=list[Row])
    skipped: dict[str, str] = attrs.field(factory=dict[str, str])
    failures: dict[str, str] = attrs.field(factory=dict[str, str])
    notes: list[str] = attrs.field(factory=list[str])

    def row(self, name: str) -> Row | None:
        """Return the row of this name, if it was measured."""
        return next((row for row in self.rows if row.name == name and row.runs), None)

    def value(self, name: str, measure: str) -> float | None:
        """Return a row's median."""
        row = self.row(name)
        return None if row is None else row.value(measure)

    def ratio(self, row: Row, measure: str) -> float | None:
        """Return the median over runs of *row*'s share of the baseline's run of the same round.

        Rows take turns, so that what disturbs the machine for a while disturbs both.
        """
        base = self.row(self.baseline) if self.baseline else None
        if base is None:
            return None
        pairs = zip(row.runs, base.runs, strict=False)
        ratios = [
            run[measure] / against[measure]
            for run, against in pairs
            if measure in run and against.get(measure)
        ]
        return median(ratios) if ratios else None

    def as_json(self) -> dict[str, Any]:
        """Return everything, with medians and ratios worked out."""
        return {
            "name": self.name,
            "question": self.question,
            "baseline": self.baseline,
            "columns": self.columns,
            "rows": [self._row_as_json(row) for row in self.rows],
            "skipped": self.skipped,
            "failures": self.failures,
            "notes": self.notes,
        }

    def _row_as_json(self, row: Row) -> dict[str, Any]:
        ratios = {name: self.ratio(row, name) for name in row.measures()}
        return {
            **attrs.asdict(row),
            "median": {name: row.value(name) for name in row.measures()},
            "ratio": {name: ratio for name, ratio in ratios.items() if ratio is not None},
        }
