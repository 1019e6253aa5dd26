"""The questions that are asked, each in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.results import Result
from benchmarks.running import Bench
from benchmarks.scenarios import (
    crawling,
    decoding,
    growth,
    imports,
    keeping,
    latency,
    lengths,
    loop,
    memory,
    throughput,
    web,
)

Scenario = Callable[[Bench], Result]

SCENARIOS: Mapping[str, Scenario] = {
    "plain": throughput.plain,
    "latency": latency.run,
    "lengths": lengths.run,
    "growth": growth.run,
    "crawl": crawling.run,
    "gzip": throughput.compressed,
    "stalls": loop.run,
    "web": web.run,
    "memory": memory.run,
    "kept": keeping.run,
    "decode": decoding.run,
    "import": imports.run,
}
