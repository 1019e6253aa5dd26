"""What the SDK is meant to reach, and whether it did. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from benchmarks.peers import SDK
from benchmarks.results import Result
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


GOALS = (
    Goal(
        "CPU per record, bytes to records: x msgspec structs", 2, _ratio("decode", SDK, "decode_us")
    ),
    Goal(
        "records/s without latency: x aiohttp + structs",
        0.5,
        _ratio("plain", SDK, "records_per_s"),
        at_least=True,
    ),
    Goal(
        "100 ms a page, 8 in flight: share of the ideal",
        0.9,
        _value("latency", SDK, "of_ideal"),
        at_least=True,
    ),
    Goal(
        "loop stall with pages of 5,000: ms at p99.9",
        10,
        _value("stalls", SDK, "stall_p999_ms"),
    ),
    Goal("peak memory: x that of the list before it in length", 1.1, _memory_growth),
    Goal("rows the server walks in a crawl: power of N", 1.1, _crawl_growth),
    Goal(
        "import enkash_async: x its dependencies",
        1.25,
        _ratio("import", "enkash_async", "import_ms"),
    ),
)


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """Return what became of each goal."""
    by_name = {result.name: result for result in results}
    return [Outcome(goal.text, goal.bound, goal.at_least, goal.value(by_name)) for goal in GOALS]
