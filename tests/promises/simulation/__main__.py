"""Run the whole client on a virtual clock against a service in memory, thousands of times.

Each run draws a list that changes, a service with its oddities, faults, readers and the ways in
which they leave, from the seed and its number alone; so does the order in which callbacks run.
What must hold is in docs/guarantees.md and in the docstrings of the client: every customer that
stays is accounted for; requests, logins, time and memory are bounded; nothing is left behind.

A run that fails is repeated with parts of its plan left out, as long as it fails in the same way,
and printed. The exit status is then 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.promises.simulation.batch import Draw, outcomes
from tests.promises.simulation.bending import draw_bent
from tests.promises.simulation.broken_today import BROKEN_TODAY
from tests.promises.simulation.drawing import draw
from tests.promises.simulation.ledger import Outcome
from tests.promises.simulation.running import run
from tests.promises.simulation.shrinking import shrunk


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the runs that the arguments ask for, and return the exit status."""
    options = _options(argv)
    lifted = frozenset(BROKEN_TODAY if options.all else options.lift)
    if options.only is not None:
        return _show(options, lifted)
    started, counts, failed = time.perf_counter(), Counter[str](), Counter[str]()
    numbers = range(options.first, options.first + options.runs)
    for number, outcome in outcomes(options.seed, lifted, numbers, options.jobs, _draw_of(options)):
        _count(counts, outcome)
        if outcome.problems:
            kinds = ", ".join(sorted(outcome.kinds))
            failed[kinds] += 1
            if failed[kinds] <= options.show:
                _print_failure(options, lifted, number, outcome)
    seconds = time.perf_counter() - started
    for name, value in [*sorted(counts.items()), ("seconds", round(seconds))]:
        print(f"{name:24}{value:,}")
    print(f"{'runs a minute':24}{60 * counts['runs'] / seconds:,.0f}")
    for kinds, times in failed.most_common():
        print(f"FAILED {kinds:24}{times:,}")
    return 1 if failed else 0


def _draw_of(options: argparse.Namespace) -> Draw:
    return draw_bent if options.bend else draw


def _show(options: argparse.Namespace, lifted: frozenset[str]) -> int:
    """Carry out one run and print all that happens in it."""
    plan = _draw_of(options)(options.seed, options.only, lifted)
    outcome = run(plan)
    print(plan.bare(), *outcome.log, f"digest {outcome.digest}", sep="\n")
    if outcome.problems:
        _print_failure(options, lifted, options.only, outcome)
    return 1 if outcome.problems else 0


def _count(counts: Counter[str], outcome: Outcome) -> None:
    counts["runs"] += 1
    for name in ("requests", "faults", "records", "errors"):
        counts[name] += getattr(outcome, name)
    counts["virtual hours"] += round(outcome.seconds / 3600)
    for verdict in outcome.verdicts:
        counts[f"verdict {verdict}"] += 1


def _print_failure(
    options: argparse.Namespace, lifted: frozenset[str], number: int, outcome: Outcome
) -> None:
    names = "".join(f" --with {name}" for name in sorted(lifted))
    names += " --bend" if options.bend else ""
    print(f"run {number}:", *(f"  {kind}: {text}" for kind, text in outcome.problems), sep="\n")
    print(f"  again: python -m tests.promises.simulation --seed {options.seed}{names}", end="")
    print(f" --only {number}")
    plan, smallest = shrunk(_draw_of(options)(options.seed, number, lifted), run, outcome)
    print(f"  shrunk: {plan.bare()}")
    print(*(f"    {kind}: {text}" for kind, text in smallest.problems), sep="\n", flush=True)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first run (0)")
    parser.add_argument("--only", type=int, metavar="RUN", help="this one, with all that happens")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (1)")
    parser.add_argument("--show", type=int, default=2, help="failures printed of each kind (2)")
    parser.add_argument(
        "--bend",
        action="store_true",
        help="plans bent towards what is seldom drawn; see bending.py",
    )
    parser.add_argument(
        "--with",
        dest="lift",
        action="append",
        default=[],
        choices=sorted(BROKEN_TODAY),
        help="also what is known to be broken in this way; see broken_today.py",
    )
    parser.add_argument("--all", action="store_true", help="with all that is known to be broken")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
