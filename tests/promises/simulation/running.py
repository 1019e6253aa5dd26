"""One run: the session, its readers and the service of a plan, and what must hold of them."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from tests.promises.simulation.adapter import pieces_of, virtual_clocks
from tests.promises.simulation.ledger import Outcome
from tests.promises.simulation.plan import Plan
from tests.promises.simulation.stage import Stage
from tests.promises.simulation.virtual_loop import StuckError, VirtualLoop

LONGEST = 20_000.0
"""Virtual seconds after which a run counts as one that does not end."""


def run(plan: Plan) -> Outcome:
    """Carry out *plan* on a loop of its own."""
    outcome = Outcome()
    chance = Random(plan.chance)
    loop = VirtualLoop(chance, plan.disorder)
    clocks = virtual_clocks(loop, Random(chance.random()))
    with clocks, pieces_of(plan.piece), _strays(outcome):
        stage = Stage(plan, loop, outcome)
        loop.set_exception_handler(lambda _, context: stage.problem("stray", _stray(context)))
        try:
            loop.run_until_complete(_main(stage))
        except StuckError as error:
            if not outcome.problems:
                stage.problem("stuck", str(error))
        except Exception as error:
            stage.problem("foreign", f"{type(error).__name__}: {error}")
        finally:
            _close(loop, stage)
    outcome.seconds = loop.time()
    return outcome


async def _main(stage: Stage) -> None:
    try:
        async with asyncio.timeout(LONGEST):
            await stage.play()
    except TimeoutError:
        stage.problem("stuck", f"it does not end within {LONGEST:g} s")
    await stage.look_behind()


def _close(loop: VirtualLoop, stage: Stage) -> None:
    """Cancel what is left of a run that went wrong, so that it does not show up in the next."""
    loop.set_exception_handler(lambda _, __: None)
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    try:
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=100))
    except StuckError:
        stage.log("tasks that cannot be cancelled are left")
    finally:
        loop.close()
        if left:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                del left
                gc.collect()


def _stray(context: dict[str, Any]) -> str:
    return f"{context['message']}: {context.get('exception')!r}"


@contextmanager
def _strays(outcome: Outcome) -> Iterator[None]:
    """Count what surfaces in no task: warnings, and errors in finalizers."""

    def note(stray: Any) -> None:
        outcome.problems.append(("stray", f"unraisable {stray.exc_value!r}"))

    hook, sys.unraisablehook = sys.unraisablehook, note
    # When cycles are collected decides when finalizers run, so the plan's steps alone say so.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # One of a run before that could not be ended: this run's is held until its end.
            warnings.filterwarnings("ignore", "the session with", ResourceWarning)
            yield
        for warning in caught:
            outcome.problems.append(("stray", f"{warning.category.__name__}: {warning.message}"))
    finally:
        sys.unraisablehook = hook
        if was_enabled:
            gc.enable()
