"""Results as tables for people. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from benchmarks.goals import Outcome
from benchmarks.results import Result, Row


@attrs.frozen
class Column:
    """How a measure is shown: its heading, how many decimals, and whether with its ratio."""

    heading: str
    decimals: int = 0
    ratio: bool = False
    percent: bool = False


COLUMNS = {
    "seconds": Column("seconds", 2),
    "records_per_s": Column("records/s", ratio=True),
    "cpu_us": Column("CPU us/record", 1, ratio=True),
    "first_ms": Column("first record ms", 1),
    "peak_mib": Column("peak MiB"),
    "growth_mib": Column("growth MiB"),
    "stall_ms": Column("longest stall ms", 1),
    "stall_p999_ms": Column("p99.9 of moments ms", 1),
    "stall_p999_ticks_ms": Column("p99.9 of ticks ms", 1),
    "stall_cpu_ms": Column("longest work ms", 1),
    "stall_cpu_p999_ms": Column("p99.9 of work ms", 1),
    "requests": Column("requests"),
    "rows_skipped": Column("rows skipped"),
    "walked_per_record": Column("walked/record", 2),
    "server_busy": Column("server busy", percent=True),
    "of_bare": Column("of bare loop", percent=True),
    "of_least": Column("x least", 2),
    "collection_ms": Column("collection ms", 1, ratio=True),
    "of_ideal": Column("of ideal", percent=True),
    "p50_ms": Column("p50 ms", 2, ratio=True),
    "p99_ms": Column("p99 ms", 2),
    "call_cpu_ms": Column("CPU ms/call", 2, ratio=True),
    "burst_ms": Column("200 at once ms", ratio=True),
    "burst_p50_ms": Column("their p50 ms"),
    "burst_p99_ms": Column("their p99 ms"),
    "decode_us": Column("CPU us/record", 2, ratio=True),
    "import_ms": Column("ms", 1, ratio=True),
    "import_cpu_ms": Column("CPU ms", 1, ratio=True),
}
ABSENT = "-"


def as_text(result: Result) -> str:
    """Return the result as an aligned table with its notes."""
    lines = [result.question, ""]
    lines += _aligned(_table(result))
    lines += [f"  {name}: skipped, {why}" for name, why in result.skipped.items()]
    lines += [f"  {name}: FAILED, {why}" for name, why in result.failures.items()]
    lines += [f"  {note}" for note in result.notes]
    return "\n".join(lines)


def as_markdown(result: Result) -> str:
    """Return the result as a table of Markdown."""
    head, *rows = _table(result)
    lines = [result.question, "", "| " + " | ".join(head) + " |"]
    lines.append("| --- |" + " ---: |" * (len(head) - 1))
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines)


def goals_as_text(outcomes: Sequence[Outcome]) -> str:
    """Return the goals and what became of them."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    table = [["goal", "bound", "measured", ""]]
    for outcome in outcomes:
        bound = f"{'>=' if outcome.at_least else '<='} {outcome.bound:g}"
        value = ABSENT if outcome.value is None else f"{outcome.value:.3f}"
        table.append([outcome.text, bound, value, words[outcome.met]])
    return "\n".join(_aligned(table))


def _table(result: Result) -> list[list[str]]:
    shown = [
        name for name in result.columns if any(row.value(name) is not None for row in result.rows)
    ]
    head = ["", *(COLUMNS[name].heading for name in shown)]
    rows = [row for row in result.rows if row.runs]
    return [head, *([row.title, *(_cell(result, row, name) for name in shown)] for row in rows)]


def _cell(result: Result, row: Row, name: str) -> str:
    column, value = COLUMNS[name], row.value(name)
    if value is None:
        return ABSENT
    text = f"{value:.0%}" if column.percent else f"{value:,.{column.decimals}f}"
    if (spread := row.spread(name)) is not None:
        text += f" \u00b1{spread:.0%}"
    ratio = result.ratio(row, name) if column.ratio else None
    return text if ratio is None else f"{text} ({ratio:.2f}x)"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in table
    ]
