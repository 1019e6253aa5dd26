"""How much of a slow network do concurrent pages hide?"""

from __future__ import annotations

import math

from benchmarks.jobs import CONCURRENCY
from benchmarks.peers import BASELINE, IDLE, READERS, SDK
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server
from benchmarks.server.service import Load

LATENCY = 0.1
PAGE_SIZE = 100


def run(bench: Bench) -> Result:
    """Read pages that take 100 ms each."""
    result = Result(
        name="latency",
        question="100 ms for each page, 8 in flight: how near to the ideal?",
        baseline=BASELINE,
        columns=("seconds", "of_ideal", "first_ms", "requests"),
    )
    quick = bench.options.quick
    names = [peer.name for peer in READERS if peer.name != IDLE]
    if quick:
        names = [BASELINE, SDK, "gather"]
        result.notes.append("rows with one request in flight are left to the full run")
    peers = bench.chosen(names, result)
    load = Load(latency=LATENCY)
    with prepared_server(bench, bench.options.rows_or(32_000, 80_000)) as server:
        for in_turn in (False, True):
            bench.measure(
                result,
                [peer for peer in peers if peer.sequential is in_turn],
                server,
                load=load,
                page_size=PAGE_SIZE,
                # These take most of a minute, and wait for nearly all of it.
                most_repeats=1 if quick or in_turn else 1000,
            )
        pages = math.ceil(server.rows / PAGE_SIZE)
    ideal = ideal_seconds(pages)
    for row in result.rows:
        for one in row.runs:
            one["of_ideal"] = ideal / one["seconds"]
    result.notes += [
        f"ideal: {pages} pages x {LATENCY * 1e3:g} ms / {CONCURRENCY} = {ideal:.2f} s",
        "the baseline is told the total; gather has up to 100 requests in flight",
    ]
    return result


def ideal_seconds(pages: int) -> float:
    """Return how long *pages* take if every place is always used."""
    return pages * LATENCY / CONCURRENCY
