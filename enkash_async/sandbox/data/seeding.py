"""When the rows that a list starts with were created. No I/O."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime, time
from random import Random

from enkash_async.sandbox.data.dates import epoch_ms
from enkash_async.sandbox.data.table import Key
from enkash_async.sandbox.settings import SandboxSettings, Spread

_DAY = 24 * 3600 * 1000

SPAN = 5 * 365 * _DAY
"""Milliseconds over which the rows were created."""

# Room for rows that a test puts between two neighbours of the same instant.
NUMBER_STEP = 1000

_BULK = (0.4, 0.7)
"""From which to which share of the rows all are of one instant, where the spread is "bulk"."""


def latest(settings: SandboxSettings) -> int:
    """Return the instant before which all seeded rows were created."""
    return int(epoch_ms(datetime.combine(settings.until, time(), UTC)))


def earliest(settings: SandboxSettings) -> int:
    """Return the instant after which all seeded rows were created."""
    return latest(settings) - SPAN


def seed_keys(settings: SandboxSettings) -> Iterator[Key]:
    """Yield the key of every seeded row, times and numbers ascending, None for no time."""
    numbers = itertools.count(NUMBER_STEP, NUMBER_STEP)
    return zip(_creation_times(settings), numbers, strict=False)


def _creation_times(settings: SandboxSettings) -> Iterator[int | None]:
    rows, tick = settings.rows, settings.tick
    random = Random(f"times {settings.seed}").random
    missing = settings.rows_without_created_on
    start, span = earliest(settings) + 1000, SPAN - 2 * 1000
    for index in range(rows):
        share = _share_of_time(settings.spread, index, random(), rows)
        # Spreads the rows without a time evenly, and gives exactly that many.
        if index * missing // rows != (index + 1) * missing // rows:
            yield None
        else:
            moment = start + int(share * span)
            if index == rows - 1:
                # However few rows there are, the newest is of the last day.
                moment = max(moment, start + span - _DAY // 2)
            yield moment // tick * tick


def _share_of_time(spread: Spread, index: int, jitter: float, rows: int) -> float:
    """Return how much of the time has passed at row *index*, from 0 to 1."""
    place = (index + jitter) / rows
    if spread == "rising":
        return math.sqrt(place)
    if spread == "bulk" and _BULK[0] <= index / rows < _BULK[1]:
        return _BULK[0]
    return place
