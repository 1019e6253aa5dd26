"""How much of a slow network do concurrent pages hide?"""

from __future__ import annotations

import math

from benchmarks.jobs import CONCURRENCY
from benchmarks.peers import BASELINE, IDLE, PEERS, SDK
from benchmarks.results import Result, Row
from benchmarks.running import Bench, prepared_server
from benchmarks.server.service import Load

LATENCY = 0.1
PAGE_SIZE = 100
RAMP = (1,)
"""Pages in flight before all places are used: the first gives the total."""


def run(bench: Bench) -> Result:
    """Read pages that take 100 ms each."""
    result = Result(
        name="latency",
        question="100 ms for each page, 8 in flight: how near to the ideal?",
        baseline=BASELINE,
        columns=("seconds", "of_ideal", "of_ideal_with_ramp", "first_ms", "requests"),
    )
    quick = bench.options.quick
    names = [peer.name for peer in PEERS if peer.name != IDLE]
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
    ideal, with_ramp = ideal_seconds(pages), ideal_seconds_with_ramp(pages)
    for row in result.rows:
        _note_shares(row, ideal, with_ramp)
    result.notes += [
        f"ideal: {pages} pages x {LATENCY * 1e3:g} ms / {CONCURRENCY} = {ideal:.2f} s",
        f"ideal with ramp: the first page goes alone, for the total, before {CONCURRENCY} are in"
        f" flight: {with_ramp:.2f} s",
        "the baseline is told the total; gather has up to 100 requests in flight",
    ]
    return result


def ideal_seconds(pages: int) -> float:
    """Return how long *pages* take if every place is always used."""
    return pages * LATENCY / CONCURRENCY


def ideal_seconds_with_ramp(pages: int) -> float:
    """Return the same for a client that does not know beforehand what it will get."""
    rounds, left = 0, pages
    for in_flight in RAMP:
        if left > 0:
            rounds += 1
            left -= in_flight
    return (rounds + max(0, left) / CONCURRENCY) * LATENCY


def _note_shares(row: Row, ideal: float, with_ramp: float) -> None:
    for run in row.runs:
        run["of_ideal"] = ideal / run["seconds"]
        run["of_ideal_with_ramp"] = with_ramp / run["seconds"]
