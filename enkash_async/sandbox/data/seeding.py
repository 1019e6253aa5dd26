"""When the rows that a list starts with were created. No I/O."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from enkash_async.sandbox.data.dates import epoch_ms
from enkash_async.sandbox.data.table import Key
from enkash_async.sandbox.settings import SandboxSettings, Spread

# Fixed, so that the same seed gives the same data on any day.
EARLIEST = int(epoch_ms(datetime(2020, 7, 1, tzinfo=UTC)))
LATEST = int(epoch_ms(datetime(2025, 7, 1, tzinfo=UTC)))

# Room for rows that a test puts between two neighbours of the same instant.
NUMBER_STEP = 1000

_BULK = (0.4, 0.7)
"""From which to which share of the rows all are of one instant, where the spread is "bulk"."""


def seed_keys(settings: SandboxSettings) -> Iterator[Key]:
    """Yield the key of every seeded row, times and numbers ascending, None for no time."""
    numbers = itertools.count(NUMBER_STEP, NUMBER_STEP)
    return zip(_creation_times(settings), numbers, strict=False)


def _creation_times(settings: SandboxSettings) -> Iterator[int | None]:
    rows, tick = settings.rows, settings.tick
    random = Random(f"times {settings.seed}").random
    missing = settings.rows_without_created_on
    span = LATEST - EARLIEST - 2 * 1000
    for index in range(rows):
        share = _share_of_time(settings.spread, index, random(), rows)
        # Spreads the rows without a time evenly, and gives exactly that many.
        if index * missing // rows != (index + 1) * missing // rows:
            yield None
        else:
            yield (EARLIEST + 1000 + int(share * span)) // tick * tick


def _share_of_time(spread: Spread, index: int, jitter: float, rows: int) -> float:
    """Return how much of the time from EARLIEST to LATEST has passed at row *index*."""
    place = (index + jitter) / rows
    if spread == "rising":
        return math.sqrt(place)
    if spread == "bulk" and _BULK[0] <= index / rows < _BULK[1]:
        return _BULK[0]
    return place
