"""Many runs, one after the other or in several processes."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.promises.simulation.drawing import draw
from tests.promises.simulation.ledger import Outcome
from tests.promises.simulation.running import run

CHUNK = 50


def outcomes(
    seed: int, lifted: frozenset[str], numbers: range, jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """Carry out the runs with these numbers, in their order."""
    carry_out = partial(run_number, seed, lifted)
    if jobs == 1:
        # What is there by now need not be looked through after each run.
        gc.freeze()
        yield from ((number, carry_out(number)) for number in numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=gc.freeze) as pool:
        yield from zip(numbers, pool.map(carry_out, numbers, chunksize=CHUNK), strict=True)


def run_number(seed: int, lifted: frozenset[str], number: int) -> Outcome:
    """Carry out one run, and keep its log only if it failed."""
    outcome = run(draw(seed, number, lifted))
    if not outcome.problems:
        outcome.log = []
    return outcome
