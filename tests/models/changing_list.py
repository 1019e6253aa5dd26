"""A list of rows behind an unreliable service, and a reader that drives the pager against it.

Everything that the service leaves open is a field of `World`, and rows come and go between any
two requests. No I/O: a run is decided by the world and a seed.
"""

from __future__ import annotations

import random
from typing import Literal

import attrs
import msgspec

from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.findings import judge
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async._wire.fields import identity_reader
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import ListPoint

Count = Literal["total", "page", "missing", "plus_one", "minus_one"]

identify = identity_reader("customerId")

MOST_REQUESTS = 5000
MOST_CHANGES = 200
MOST_CRASHES = 20
"""A reader that fails again and again never gets to where it would give up."""


@attrs.frozen(kw_only=True)
class World:
    """How the service behaves and how it is read."""

    rows: int
    page_size: int
    cap: int | None = None
    late_cap: int | None = None
    count: Count = "total"
    unit: OffsetUnit = "rows"
    drift: float = 0.0
    bursts: bool = False
    concurrency: int = 1
    crashes: bool = False
    """Now and then the reader fails, and another goes on from its token."""
    cancels: bool = False
    """Now and then all pages on their way are given up, and asked for again."""
    swaps: float = 0.0
    """How often two rows change places between two requests."""
    full_check: bool = False
    clamps: bool = False
    """An offset past the end is answered with the last page."""
    heavy: float = 0.0
    """How often a page does not come and is asked for with a smaller limit."""

    @property
    def overlaps(self) -> bool:
        """Say whether pages are large enough to overlap, whatever their numbers."""
        smallest = min(self.page_size, self.cap or self.page_size)
        return (self.unit == "rows" and (self.cap or 2) > 1) or min(smallest, self.rows) >= 12

    @property
    def is_honest(self) -> bool:
        """Say whether nothing stands in the way of a complete reading."""
        return (
            self.overlaps
            and self.late_cap is None
            and self.count in ("total", "page", "missing")
            and not self.drift
        )


@attrs.define
class Outcome:
    """What a run delivered, against what there was to deliver."""

    delivered: list[str]
    stayed: list[str]
    """Rows that existed from start to end, in order."""
    requests: int
    verdict: Verdict | None
    """None where an error ended the run."""
    moved: bool


class Service:
    """The list, and the answers it gives."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.rows = [f"old{number}" for number in range(world.rows)]
        self.deleted: set[str] = set()
        self.requests = 0
        self.changes = 0
        self.crashes = 0

    def answer(self, request: PageRequest) -> RawPage:
        self.requests += 1
        world = self.world
        cap = world.late_cap if world.late_cap and self.requests > 4 else world.cap
        limit = min(request.limit, cap or request.limit)
        at = request.offset * limit if world.unit == "pages" else request.offset
        if world.clamps and at >= len(self.rows) > 0:
            at = (len(self.rows) - 1) // limit * limit
        rows = self.rows[at : at + limit]
        return RawPage([_record(row) for row in rows], self._count(len(rows)), identify=identify)

    def _count(self, of_page: int) -> int | None:
        counts = {
            "total": len(self.rows),
            "page": of_page,
            "missing": None,
            "plus_one": len(self.rows) + 1,
            "minus_one": max(0, len(self.rows) - 1),
        }
        return counts[self.world.count]

    def maybe_swap(self) -> None:
        if self.rows and self.chance.random() < self.world.swaps:
            one, other = (self.chance.randrange(len(self.rows)) for _ in range(2))
            self.rows[one], self.rows[other] = self.rows[other], self.rows[one]

    def maybe_change(self) -> None:
        if self.chance.random() >= self.world.drift or self.changes >= MOST_CHANGES:
            return
        self.changes += 1
        size = self.world.page_size
        many = self.chance.choice([1, 1, 2, size, 2 * size]) if self.world.bursts else 1
        at = self.chance.randrange(len(self.rows) + 1)
        if self.chance.random() < 0.5:
            self.rows[at:at] = [f"new{self.changes}.{number}" for number in range(many)]
        else:
            self.deleted.update(self.rows[at : at + many])
            del self.rows[at : at + many]


def _record(row: str) -> msgspec.Raw:
    return msgspec.Raw(b'{"customerId":"%s"}' % row.encode())


class Reader:
    """Fetches in any order, accepts in the pager's, and sometimes starts again from its token."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.pager = self._new_pager(None)
        self.arrived: dict[PageRequest, RawPage] = {}
        self.delivered: list[str] = []

    def _new_pager(self, resume: ListPoint | None) -> Pager:
        world = self.service.world
        return Pager(
            page_size=world.page_size,
            addressing=Addressing(world.unit),
            resume=resume,
            full_check=world.full_check,
            # So that sizes go down and up again within one short list.
            sizes=PageSizes(world.page_size, grow_after=1),
        )

    def read(self) -> None:
        service, chance = self.service, self.service.chance
        while not self.pager.ended:
            assert service.requests < MOST_REQUESTS, "an endless loop"
            wanted = self.pager.wanted(service.world.concurrency)
            missing = [request for request in wanted if request not in self.arrived]
            service.maybe_change()
            service.maybe_swap()
            if service.world.cancels and chance.random() < 0.05:
                self.arrived = {}
                continue
            if missing and (wanted[0] in missing or chance.random() < 0.5):
                request = self.pager.refit(chance.choice(missing))
                if chance.random() < service.world.heavy:
                    self.pager.shrink(request)
                else:
                    self.arrived[request] = service.answer(request)
            else:
                self._accept(wanted[0])
                if self._may_crash() and chance.random() < 0.1:
                    self._start_again()

    def _accept(self, request: PageRequest) -> None:
        page = self.arrived[request]
        rows = self.pager.accept(page)
        self.delivered += [page.ids[index] for index in rows.indices(page)]
        self.arrived = {r: p for r, p in self.arrived.items() if self.pager.is_wanted(r)}

    def _may_crash(self) -> bool:
        service = self.service
        return service.world.crashes and bool(self.delivered) and service.crashes < MOST_CRASHES

    def _start_again(self) -> None:
        self.service.crashes += 1
        if not self.pager.ended:
            self.pager = self._new_pager(self.pager.point())
            self.arrived = {}


def run(world: World, seed: int) -> Outcome:
    """Read the list of *world* once, and say what came of it."""
    service = Service(world, random.Random(seed))
    there_at_first = list(service.rows)
    reader = Reader(service)
    verdict: Verdict | None = None
    try:
        reader.read()
        verdict, _ = judge(reader.pager.findings)
    except IncompleteSearchError:
        pass
    stayed = [row for row in there_at_first if row not in service.deleted]
    return Outcome(reader.delivered, stayed, service.requests, verdict, reader.pager.findings.moved)
