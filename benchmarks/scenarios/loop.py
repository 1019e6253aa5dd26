"""How long does a neighbour on the same event loop wait?"""

from __future__ import annotations

from benchmarks.peers import BASELINE, IDLE, READERS, SDK, SERVER
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server

PAGE_SIZE = 5000


def run(bench: Bench) -> Result:
    """Read the largest pages, with a neighbour that wants its turn every millisecond."""
    result = Result(
        name="stalls",
        question="Pages of 5,000: how long is a neighbour on the loop kept waiting?",
        baseline=BASELINE,
        columns=(
            *("stall_ms", "stall_p999_ms", "stall_p999_ticks_ms"),
            *("stall_cpu_ms", "stall_cpu_p999_ms", "records_per_s"),
        ),
    )
    names = [peer.name for peer in READERS if peer.name != SERVER]
    if bench.options.quick:
        names = [IDLE, BASELINE, SDK, "sdk-pages", "sdk-raw", "sdk-arrow", "gather", "httpx"]
    peers = bench.chosen(names, result)
    with prepared_server(bench, bench.options.rows_or(40_000, 200_000)) as server:
        bench.measure(result, peers, server, page_size=PAGE_SIZE, watch=True)
    if (idle := result.row(IDLE)) is not None:
        idle.runs = [
            {name: value for name, value in run.items() if name.startswith("stall")}
            for run in idle.runs
        ]
    result.notes += [
        "p99.9 of moments: how long a request that arrives at a random moment waits at most, in"
        " 99.9 of 100 cases; long stalls count by their length",
        "p99.9 of ticks: of the neighbour's turns, every millisecond when nothing is in its way",
        "work: CPU time of the loop's thread between two turns of the neighbour, which other"
        " processes on this machine do not lengthen",
    ]
    return result
