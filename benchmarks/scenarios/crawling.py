"""How many requests does a crawl need, however customers were created?"""

from __future__ import annotations

import math
from typing import get_args

import attrs

from benchmarks.jobs import CONCURRENCY
from benchmarks.peers import SDK
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server
from benchmarks.server.records import Times
from benchmarks.server.service import Load

LATENCY = 0.1
"""Long enough that waiting decides, and not the CPU of a crawl."""
PAGE_SIZE = 1000
CRAWL = "sdk-crawl"
TIMES: tuple[Times, ...] = get_args(Times)


def run(bench: Bench) -> Result:
    """Crawl lists whose customers came evenly, ever more, in office hours, or in bulk."""
    result = Result(
        name="crawl",
        question="Windows of createdOn, 100 ms a page, 8 in flight: how near to the ideal?",
        columns=("requests", "of_least", "of_ideal", "walked_per_record", "seconds"),
    )
    for size in sizes(bench):
        for times in TIMES:
            part = Result(name="", question="")
            peers = bench.chosen((CRAWL, SDK), part)
            with prepared_server(bench, size, times) as server:
                most = 1 if bench.options.quick else 3
                load = Load(latency=LATENCY)
                bench.measure(
                    part, peers, server, load=load, page_size=PAGE_SIZE, most_repeats=most
                )
            least = math.ceil(size / PAGE_SIZE)
            for row in part.rows:
                for one in row.runs:
                    walked = one["rows_skipped"] + one["rows_counted"] + one["rows_sent"]
                    one["walked_per_record"] = walked / size
                    one["of_least"] = one["requests"] / least
                    one["of_ideal"] = least * LATENCY / CONCURRENCY / one["seconds"]
                name, title = row_name(row.name, size, times), f"{row.title}, {size:,}, {times}"
                result.rows.append(attrs.evolve(row, name=name, title=title))
            result.failures |= {
                row_name(name, size, times): why for name, why in part.failures.items()
            }
    result.notes += [
        f"least: one request for each {PAGE_SIZE:,} customers",
        f"ideal: these x {LATENCY * 1e3:g} ms / {CONCURRENCY}",
        "walked: rows skipped, counted for a window, or sent",
    ]
    return result


def sizes(bench: Bench) -> tuple[int, ...]:
    """Return how many customers the lists have: ten pages, and many."""
    if bench.options.rows:
        return (bench.options.rows,)
    return (10_000, 100_000) if bench.options.quick else (10_000, 1_000_000)


def row_name(name: str, size: int, times: Times) -> str:
    """Return the name of a peer's row for one length and such times."""
    return f"{name}@{size} {times}"
