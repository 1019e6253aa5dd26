"""The customers that the server holds, encoded once. No I/O."""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Literal

from enkash_async.sandbox.data.customers.table import CUSTOMERS
from enkash_async.sandbox.data.rows import RowMaker
from enkash_async.sandbox.data.seeding import seed_keys
from enkash_async.sandbox.data.table import Key
from enkash_async.sandbox.settings import SandboxSettings

_CHUNK = 2_000


class Records:
    """Encoded records in the order of `createdOn`, one after the other with commas between."""

    def __init__(self, records: Iterable[tuple[int, bytes]]) -> None:
        self._blob = bytearray()
        self._starts = array("Q", [0])
        self._times = array("q")
        for created_on, text in records:
            self._blob += text
            self._blob += b","
            self._starts.append(len(self._blob))
            self._times.append(created_on)
        self._view = memoryview(self._blob).toreadonly()

    def __len__(self) -> int:
        return len(self._times)

    def slice(self, begin: int, end: int) -> memoryview:
        """Return the rows from *begin* up to *end* as they stand between the brackets."""
        if begin >= end:
            return self._view[:0]
        return self._view[self._starts[begin] : self._starts[end] - 1]

    def between(self, earliest: float | None, latest: float | None) -> tuple[int, int]:
        """Return where the rows created from *earliest* to *latest* begin and end."""
        begin = 0 if earliest is None else bisect_left(self._times, earliest)
        end = len(self) if latest is None else bisect_right(self._times, latest)
        return begin, max(begin, end)


Times = Literal["even", "rising", "office hours", "bulk"]
"""When customers were created: all the time alike, ever more of them, from 9:30 to 18:30 in India
on five days a week, or 30 of 100 in one instant."""

_HOUR = 3_600_000
_WEEK, _DAY, _AT_WORK = 168 * _HOUR, 24 * _HOUR, 9 * _HOUR
_OPENS = 4 * _HOUR
"""In UTC."""


def made(rows: int, seed: int, times: Times = "even") -> Records:
    """Return the customers that a sandbox with this seed holds, created at such *times*."""
    spread = "even" if times == "office hours" else times
    settings = SandboxSettings(rows=rows, seed=seed, spread=spread)
    keys = seed_keys(settings)
    if times == "office hours":
        keys = ((in_office_hours(_creation_time(key)), key[1]) for key in keys)
    return Records(_encoded(settings, keys))


def in_office_hours(moment: int) -> int:
    """Return the time of work that comes as far into its week as *moment* into its own."""
    week, rest = divmod(moment, _WEEK)
    day, rest = divmod(rest * 5 * _AT_WORK // _WEEK, _AT_WORK)
    return week * _WEEK + day * _DAY + _OPENS + rest


def _encoded(settings: SandboxSettings, keys: Iterator[Key]) -> Iterable[tuple[int, bytes]]:
    maker = RowMaker(CUSTOMERS, settings)
    while chunk := list(itertools.islice(keys, _CHUNK)):
        for key, row in zip(chunk, maker.rows(chunk), strict=True):
            yield _creation_time(key), row[-1]


def _creation_time(key: Key) -> int:
    created_on, _ = key
    assert created_on is not None  # only with rows_without_created_on, which is not set
    return created_on
