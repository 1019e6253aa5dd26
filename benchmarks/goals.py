"""What the SDK is meant to reach, and whether it did. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from benchmarks.peers import SDK
from benchmarks.results import Result
from benchmarks.scenarios import crawling, lengths
from benchmarks.scenarios.growth import exponent

Results = Mapping[str, Result]


@attrs.frozen
class Goal:
    """A figure with its bound: *at_least* it, or at most."""

    text: str
    bound: float
    value: Callable[[Results], float | None]
    at_least: bool = False


@attrs.frozen
class Outcome:
    """Whether a goal was reached; *value* is None where its scenario did not run."""

    text: str
    bound: float
    at_least: bool
    value: float | None

    @property
    def met(self) -> bool | None:
        """Say whether it was reached, None if that is not known."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def _ratio(scenario: str, name: str, measure: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        result = results.get(scenario)
        row = result.row(name) if result else None
        return result.ratio(row, measure) if result and row else None

    return value


def _value(scenario: str, name: str, measure: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        result = results.get(scenario)
        return result.value(name, measure) if result else None

    return value


def _memory_growth(results: Results) -> float | None:
    result = results.get("memory")
    if result is None:
        return None
    rows = [row for row in result.rows if row.name.startswith(f"{SDK}@")]
    peaks = [peak for row in rows if (peak := row.value("peak_mib"))]
    return peaks[-1] / peaks[-2] if len(peaks) > 1 else None


def _crawl_growth(results: Results) -> float | None:
    result = results.get("growth")
    return exponent(result, "sdk-crawl") if result else None


def _share(name: str, pages: int, measure: str = "of_ideal") -> Callable[[Results], float | None]:
    return _value("lengths", lengths.row_name(name, pages, 0.1), measure)


def _worst_crawl(measure: str, size: int) -> Callable[[Results], float | None]:
    """Return the worst of all times at which customers were created."""

    def value(results: Results) -> float | None:
        result = results.get("crawl")
        names = [crawling.row_name(crawling.CRAWL, size, times) for times in crawling.TIMES]
        values = [result.value(name, measure) for name in names] if result else []
        found = [one for one in values if one is not None]
        if not found:
            return None
        return min(found) if measure == "of_ideal" else max(found)

    return value


FIRST_SEARCH = ((10, 0.40), (25, 0.60), (80, 0.85), (800, 0.93))
"""Pages, and the share of the ideal to be reached where nothing is known."""

GOALS = (
    Goal(
        "CPU per record, bytes to records: x msgspec structs",
        1.25,
        _ratio("decode", SDK, "decode_us"),
    ),
    Goal(
        "records/s without latency: x aiohttp + structs",
        0.7,
        _ratio("plain", SDK, "records_per_s"),
        at_least=True,
    ),
    Goal(
        "records/s without latency, pages of 5,000: x aiohttp + structs",
        1.0,
        _ratio("stalls", SDK, "records_per_s"),
        at_least=True,
    ),
    *(
        Goal(f"100 ms, {pages} pages: share of the ideal", bound, _share(SDK, pages), at_least=True)
        for pages, bound in FIRST_SEARCH
    ),
    *(
        Goal(
            f"100 ms, {pages} pages, second search: x the bare loop",
            0.95,
            _share(lengths.AGAIN, pages, "of_bare"),
            at_least=True,
        )
        for pages, _ in FIRST_SEARCH
    ),
    Goal("longest loop stall, pages of 5,000: ms", 8, _value("stalls", SDK, "stall_ms")),
    Goal("crawl of a million: x the least requests", 1.2, _worst_crawl("of_least", 1_000_000)),
    Goal(
        "crawl of a million: share of the ideal",
        0.85,
        _worst_crawl("of_ideal", 1_000_000),
        at_least=True,
    ),
    Goal("crawl of ten pages: x the least requests", 1.25, _worst_crawl("of_least", 10_000)),
    Goal("one page of 50, CPU: x aiohttp + structs", 2, _ratio("web", SDK, "call_cpu_ms")),
    Goal("peak memory: x that of the list before it in length", 1.05, _memory_growth),
    Goal("200,000 kept, a collection: ms", 20, _value("kept", "sdk-kept", "collection_ms")),
    Goal("rows the server walks in a crawl: power of N", 1.1, _crawl_growth),
    Goal(
        "import enkash_async: x its dependencies",
        1.15,
        _ratio("import", "enkash_async", "import_ms"),
    ),
)


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """Return what became of each goal."""
    by_name = {result.name: result for result in results}
    return [Outcome(goal.text, goal.bound, goal.at_least, goal.value(by_name)) for goal in GOALS]
