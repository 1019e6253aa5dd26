"""What a row has to do, and the proof that it did: every record, once."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

TOKEN = "benchmark"
CONCURRENCY = 8
SEARCH_PATH = "/api/v0/customer/search"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}

# The sandbox's, repeated here since importing it would weigh on each row's process.
ID_STEP = 1000
"""From one record's `id` to the next; the first has this one."""

Check = Callable[[], None]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Read *rows* customers from *base_url* in pages of *page_size*.

    *folder* is there for what a row writes; *client* is where the generated client lies.
    *watch*: let a neighbour on the loop measure how long it is kept waiting. *calls*: do not read
    all customers but one page, so many times one after the other, and *burst* times at once.
    """

    target: str
    base_url: str
    rows: int
    page_size: int
    folder: str
    client: str = ""
    watch: bool = False
    calls: int = 0
    burst: int = 0


class ShortfallError(Exception):
    """A row did not get every record exactly once."""


class Tally:
    """Ticks off records by their `id`, which the server numbers in steps."""

    def __init__(self, rows: int) -> None:
        self._seen = bytearray(rows)
        self.first_at: float | None = None
        self.begun_at: float | None = None
        self.cpu_at_begin = 0.0
        self.kept: list[object] = []
        """Records that the row keeps until it has been measured."""

    def begin(self) -> None:
        """Let what came before not count, such as an earlier search of the same session."""
        self.begun_at, self.cpu_at_begin = time.perf_counter(), time.process_time()

    def take(self, record_id: int | None) -> None:
        """Tick one record off."""
        if self.first_at is None:
            self.first_at = time.perf_counter()
        if record_id is None:
            raise ShortfallError("a record came without its id")
        self._seen[record_id // ID_STEP - 1] += 1

    def note_first(self) -> None:
        """Note that the first record is there, where records are ticked off only afterwards."""
        if self.first_at is None:
            self.first_at = time.perf_counter()

    def check(self) -> None:
        """Raise ShortfallError unless every record came once."""
        seen = self._seen
        once = seen.count(1)
        if once != len(seen):
            never = seen.count(0)
            raise ShortfallError(
                f"{never} of {len(seen)} records never came, {len(seen) - never - once} came twice"
            )
