"""Nothing is read: what a neighbour sees on a loop that has nothing else to do."""

from __future__ import annotations

import asyncio

from benchmarks.jobs import ID_STEP, Check, Job, Tally

SECONDS = 1.0


async def read(job: Job, tally: Tally) -> Check:
    """Leave the loop alone for a second."""
    await asyncio.sleep(SECONDS)
    tally.note_first()

    def tick_off() -> None:
        for row in range(1, job.rows + 1):
            tally.take(row * ID_STEP)

    return tick_off
