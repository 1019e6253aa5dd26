"""How near to the ideal are short and long lists on a slow network?"""

from __future__ import annotations

import attrs

from benchmarks.jobs import CONCURRENCY
from benchmarks.peers import BASELINE, SDK
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server
from benchmarks.server.service import Load

LATENCIES = (0.1, 0.02)
PAGE_SIZE = 100
AGAIN = "sdk-again"
NAMES = (BASELINE, SDK, AGAIN)


def run(bench: Bench) -> Result:
    """Read lists of so many pages, at two latencies; the baseline is told how many."""
    result = Result(
        name="lengths",
        question="Lists of a few and of many pages, 8 in flight: how near to the ideal?",
        columns=("seconds", "of_ideal", "of_bare", "first_ms"),
    )
    for pages in lengths(bench):
        with prepared_server(bench, pages * PAGE_SIZE) as server:
            for latency in LATENCIES:
                part = Result(name="", question="", baseline=BASELINE)
                peers = bench.chosen(NAMES, part)
                bench.measure(part, peers, server, load=Load(latency=latency), page_size=PAGE_SIZE)
                _take_over(result, part, pages, latency)
    result.notes += [
        f"ideal: pages of {PAGE_SIZE} x latency / {CONCURRENCY}",
        "the second search is of a session that has read the same list before",
    ]
    return result


def lengths(bench: Bench) -> tuple[int, ...]:
    """Return how many pages the lists have."""
    if bench.options.rows:
        return (-(-bench.options.rows // PAGE_SIZE),)
    return (10, 25, 80) if bench.options.quick else (10, 25, 80, 800)


def row_name(name: str, pages: int, latency: float) -> str:
    """Return the name of a peer's row for one length and latency."""
    return f"{name}@{pages}x{latency * 1e3:g}ms"


def _take_over(result: Result, part: Result, pages: int, latency: float) -> None:
    ideal = pages * latency / CONCURRENCY
    base = part.row(BASELINE)
    for row in part.rows:
        for number, one in enumerate(row.runs):
            one["of_ideal"] = ideal / one["seconds"]
            if base is not None and number < len(base.runs):
                one["of_bare"] = base.runs[number]["seconds"] / one["seconds"]
    for row in part.rows:
        title = f"{row.title}, {pages} pages, {latency * 1e3:g} ms"
        name = row_name(row.name, pages, latency)
        result.rows.append(attrs.evolve(row, name=name, title=title))
    result.failures |= {row_name(name, pages, latency): why for name, why in part.failures.items()}
