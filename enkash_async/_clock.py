"""The one clock of the package: that of the event loop, by which it waits, too."""

from __future__ import annotations

import asyncio
import time


def now() -> float:
    """Return the seconds by the clock of the running event loop.

    A test may stop `time.monotonic`, or run a loop in a time of its own: what is measured by
    another clock than that by which timers go would then never be over. Outside a loop nothing
    waits, and any clock will do.
    """
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()
