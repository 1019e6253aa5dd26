"""How long does a web service wait for one small page?"""

from __future__ import annotations

from benchmarks.peers import BASELINE, SDK
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server

PAGE_SIZE = 50
BURST = 200
NAMES = (BASELINE, SDK, "gather", "httpx", "generated")


def run(bench: Bench) -> Result:
    """Read one page of 50, again and again, then 200 times at once."""
    result = Result(
        name="web",
        question="One page of 50: how long alone, and how long for 200 at once?",
        baseline=BASELINE,
        columns=("p50_ms", "p99_ms", "call_cpu_ms", "burst_ms", "burst_p50_ms", "burst_p99_ms"),
    )
    calls = 200 if bench.options.quick else 1000
    peers = bench.chosen(NAMES, result)
    with prepared_server(bench, 1000) as server:
        bench.measure(result, peers, server, page_size=PAGE_SIZE, calls=calls, burst=BURST)
    result.notes.append(
        f"{calls} calls alone, {BURST} at once; connections by each client's defaults"
        " (8 for enkash-async, 100 for the others)"
    )
    return result
