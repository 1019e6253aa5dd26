"""How long a neighbour on the same event loop is kept waiting. The arithmetic does no I/O."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import attrs

PERIOD = 0.001
"""Seconds that the neighbour sleeps between two looks."""


@attrs.frozen
class Waits:
    """By how many seconds a task that sleeps again and again was late each time.

    *cpu* holds how long the loop's own thread was at work between two of its turns: what stays
    of *late* when other processes do not take the processor away.
    """

    late: array[float] = attrs.field(factory=lambda: array("d"))
    cpu: array[float] = attrs.field(factory=lambda: array("d"))


@asynccontextmanager
async def watched_loop() -> AsyncGenerator[Waits, None]:
    """Let a task look at the loop every millisecond until the block is left."""
    waits, ended = Waits(), asyncio.Event()
    ticking = asyncio.create_task(_tick(waits, ended))
    await asyncio.sleep(0)
    try:
        yield waits
    finally:
        # Its last turn counts too, or what the block did last would not.
        ended.set()
        await ticking


async def _tick(waits: Waits, ended: asyncio.Event) -> None:
    while not ended.is_set():
        due, cpu = time.perf_counter() + PERIOD, time.thread_time()
        await asyncio.sleep(PERIOD)
        waits.late.append(time.perf_counter() - due)
        waits.cpu.append(time.thread_time() - cpu)


def percentile_by_time(lates: Sequence[float], share: float, period: float = PERIOD) -> float:
    """Return the wait that *share* of all moments do not exceed.

    A request that arrives at a random moment of the run waits until the loop is free again:
    not at all while it sleeps, and between nothing and the whole of a stall during one. Long
    stalls count by their length this way, not as one tick among thousands of short ones.
    """
    waits = sorted((max(0.0, late) for late in lates), reverse=True)
    beyond = (1 - share) * (len(waits) * period + sum(waits))
    longer = 0.0
    for number, wait in enumerate(waits, 1):
        longer += wait
        shorter = waits[number] if number < len(waits) else 0.0
        # With x between two neighbouring waits, the moments that wait for longer than x add up
        # to longer - number * x.
        if (x := (longer - beyond) / number) >= shorter:
            return max(0.0, x)
    return 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that *share* of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
