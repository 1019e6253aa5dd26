"""Read invented customers while everything goes wrong, and account for each of them.

Each crawl draws a sandbox (caps, counts, dates, offsets), a script of faults, settings, and ways
to leave its searches, from the seed and its number alone. It resumes where it was left or where an
error ended it, at last without faults. A customer that was there throughout must have come exactly
once; where the faults break what docs/guarantees.md assumes, a verdict must say so. Nothing but
EnKashErrors and the caller's own exceptions may come out, and nothing may be left behind.

The exit status is 1 if anything was lost, doubled, unfinished, hung, leaked or foreign.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.promises.chaos.crawling import crawl_once
from tests.promises.chaos.ledger import Outcome
from tests.promises.chaos.plan import draw


def main(argv: Sequence[str] | None = None) -> int:
    """Run the crawls that the arguments ask for, and return the exit status."""
    options = _options(argv)
    numbers = range(options.crawls)
    if options.only_crawl is not None:
        numbers = range(options.only_crawl, options.only_crawl + 1)
        print(draw(options.seed, options.only_crawl, options.rows))
    started = time.monotonic()
    total = Outcome()
    for number, outcome in _outcomes(numbers, options):
        total.add(outcome)
        if failures := outcome.failures():
            what = ", ".join(f"{name} {count}" for name, count in failures.items())
            again = f"--seed {options.seed} --rows {options.rows} --only-crawl {number}"
            print(
                f"crawl {number}: {what}; again: python -m tests.promises.chaos {again}", flush=True
            )
        if options.only_crawl is not None:
            print("\n".join(outcome.notes))
    print("\n".join([*total.lines(), f"{'seconds':26}{time.monotonic() - started:,.0f}"]))
    return 1 if total.failures() else 0


def _outcomes(numbers: range, options: argparse.Namespace) -> Iterator[tuple[int, Outcome]]:
    crawl = partial(crawl_once, options.seed, options.rows)
    if options.jobs == 1 or len(numbers) == 1:
        yield from ((number, crawl(number)) for number in numbers)
        return
    # Fresh processes: what one inherits by fork would count as its own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, context) as pool:
        yield from zip(numbers, pool.map(crawl, numbers), strict=True)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--crawls", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (1)")
    parser.add_argument("--rows", type=int, default=5000, help="customers per crawl (5000)")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (1)")
    parser.add_argument("--only-crawl", type=int, metavar="K", help="this one, and show its plan")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
