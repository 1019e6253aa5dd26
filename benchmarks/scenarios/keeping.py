"""What do customers that are kept cost the garbage collector?"""

from __future__ import annotations

from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server

BASELINE = "bare-kept"
NAMES = (BASELINE, "sdk-kept")


def run(bench: Bench) -> Result:
    """Read all customers into a list, and have the collector walk over it."""
    result = Result(
        name="kept",
        question="All customers kept in a list: how long is a full collection?",
        baseline=BASELINE,
        columns=("collection_ms", "peak_mib"),
    )
    peers = bench.chosen(NAMES, result)
    with prepared_server(bench, bench.options.rows_or(50_000, 200_000)) as server:
        bench.measure(result, peers, server)
        result.notes.append(f"{server.rows:,} customers; CPU of the median of three collections")
    return result
