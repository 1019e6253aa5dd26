"""Does the memory of a reader grow with the list?"""

from __future__ import annotations

import attrs

from benchmarks.peers import BASELINE, SDK
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server

STREAMING = (SDK, "sdk-pages", "sdk-crawl")
OTHERS = (BASELINE, "gather")
MOST_FOR_OTHERS = 100_000


def run(bench: Bench) -> Result:
    """Read lists of growing length and look at the peak."""
    result = Result(
        name="memory",
        question="How does peak memory grow with the number of customers?",
        columns=("peak_mib", "growth_mib", "records_per_s"),
    )
    for size in sizes(bench):
        part = Result(name="", question="")
        names = _names(size, quick=bench.options.quick)
        with prepared_server(bench, size) as server:
            most = 2 if size > MOST_FOR_OTHERS else 1000
            bench.measure(part, bench.chosen(names, part), server, most_repeats=most)
        for row in part.rows:
            result.rows.append(
                attrs.evolve(row, name=f"{row.name}@{size}", title=f"{row.title}, {size:,}")
            )
        result.failures |= {f"{name}@{size}": why for name, why in part.failures.items()}
        result.skipped |= part.skipped
    return result


def _names(size: int, *, quick: bool) -> list[str]:
    """Return the rows for one length; those that hold all records would take most of the time."""
    if quick:
        return [SDK, "gather"] if size < MOST_FOR_OTHERS // 2 else [SDK]
    return [*STREAMING, *(OTHERS if size <= MOST_FOR_OTHERS else ())]


def sizes(bench: Bench) -> list[int]:
    """Return how many customers are read, from few to many."""
    if bench.options.rows:
        return [bench.options.rows // 2, bench.options.rows]
    return [30_000, 60_000] if bench.options.quick else [10_000, 100_000, 1_000_000]
