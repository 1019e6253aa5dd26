"""Many runs, one after the other or in several processes."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

from tests.promises.simulation.drawing import draw
from tests.promises.simulation.ledger import Outcome
from tests.promises.simulation.plan import Plan
from tests.promises.simulation.running import run

CHUNK = 50


Draw = Callable[[int, int, frozenset[str]], Plan]
"""Draws a plan from a seed and a number; what is broken today only where it is lifted."""


def outcomes(
    seed: int, lifted: frozenset[str], numbers: range, jobs: int, draw_plan: Draw = draw
) -> Iterator[tuple[int, Outcome]]:
    """Carry out the runs with these numbers, in their order."""
    carry_out = partial(run_number, seed, lifted, draw_plan=draw_plan)
    if jobs == 1:
        with _frozen():
            yield from ((number, carry_out(number)) for number in numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_freeze) as pool:
        yield from zip(numbers, pool.map(carry_out, numbers, chunksize=CHUNK), strict=True)


@contextmanager
def _frozen() -> Iterator[None]:
    """Spare the collection after each run from looking through all that is there by now."""
    _freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _freeze() -> None:
    # A first run imports what is imported late, and fills what is kept for ever.
    run(Plan())
    gc.collect()
    gc.freeze()


def run_number(
    seed: int, lifted: frozenset[str], number: int, *, draw_plan: Draw = draw
) -> Outcome:
    """Carry out one run, and keep its log only if it failed."""
    outcome = run(draw_plan(seed, number, lifted))
    if not outcome.problems:
        outcome.log = []
    return outcome
