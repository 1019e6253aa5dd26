"""Measures the SDK beside its peers, prints tables, and writes everything as JSON.

Each row runs in a process of its own against a server in another one, several times in turn with
the others; medians are shown, and in brackets the ratio to the practical limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.codecs import CODECS
from benchmarks.goals import Outcome, outcomes
from benchmarks.machine import environment
from benchmarks.peers import PEERS
from benchmarks.report import as_markdown, as_text, goals_as_text
from benchmarks.results import Result
from benchmarks.running import Options, open_bench
from benchmarks.scenarios import SCENARIOS

_ROWS = list(dict.fromkeys([*(peer.name for peer in PEERS), *(codec.name for codec in CODECS)]))


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="rows: " + ", ".join(_ROWS),
    )
    parser.add_argument("--quick", action="store_true", help="in less than two minutes")
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="this one only; may be repeated"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=_ROWS,
        metavar="ROW",
        help="this row only; may be repeated",
    )
    parser.add_argument("--rows", type=int, help="how many customers")
    parser.add_argument("--repeat", type=int, help="how often each row runs")
    parser.add_argument("--check", action="store_true", help="fail if a goal is missed")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    parser.add_argument("-o", "--output", type=Path, help="write everything to this JSON file")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 if every row got all records, and with --check all goals met."""
    asked = arguments(given)
    options = Options(
        quick=asked.quick,
        only=frozenset(asked.only or ()),
        rows=asked.rows,
        repeat=asked.repeat,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    surroundings = environment()
    started = time.monotonic()
    results = measured(asked.scenario or list(SCENARIOS), options)
    reached = outcomes(results)
    _print(results, reached, markdown=asked.markdown)
    print(f"\nin {time.monotonic() - started:.0f} s")
    if asked.output:
        document = as_json(results, reached, surroundings, asked)
        asked.output.write_text(json.dumps(document, indent=1) + "\n")
    failed = any(result.failures for result in results)
    missed = asked.check and any(outcome.met is False for outcome in reached)
    return 1 if failed or missed else 0


def measured(names: Sequence[str], options: Options) -> list[Result]:
    """Run scenarios one after the other."""
    results = []
    with open_bench(options) as bench:
        for name in names:
            options.say(f"{name}:")
            results.append(SCENARIOS[name](bench))
    return results


def _print(results: Sequence[Result], reached: Sequence[Outcome], *, markdown: bool) -> None:
    show = as_markdown if markdown else as_text
    for result in results:
        print(f"\n{show(result)}")
    print(f"\n{goals_as_text(reached)}")


def as_json(
    results: Sequence[Result],
    reached: Sequence[Outcome],
    surroundings: dict[str, Any],
    asked: argparse.Namespace,
) -> dict[str, Any]:
    """Return everything there is to know of a run."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **surroundings,
        "quick": asked.quick,
        "rows": asked.rows,
        "repeat": asked.repeat,
        "scenarios": [result.as_json() for result in results],
        "goals": [
            {
                "text": outcome.text,
                "bound": outcome.bound,
                "at_least": outcome.at_least,
                "value": outcome.value,
                "met": outcome.met,
            }
            for outcome in reached
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
