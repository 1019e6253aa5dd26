"""Customers with a time of creation behind an unreliable service, and a reader that crawls them.

No I/O: a run is decided by the world and a seed.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Literal

import attrs
import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.crawl import Crawl
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async._wire.fields import identity_reader, time_reader
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import CrawlPoint, ResumeToken

Bounds = Literal["inclusive", "half_open", "exclusive"]

identify = identity_reader("customerId")

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
MOST_REQUESTS = 20_000


@attrs.frozen(kw_only=True)
class CrawlWorld:
    """How customers are spread over time, and how the service behaves."""

    rows: int
    page_size: int
    crowd: float = 0.0
    """The share of customers created in one instant."""
    span: timedelta = timedelta(days=300)
    whole_seconds: bool = False
    bounds: Bounds = "inclusive"
    cap: int | None = None
    without_time: int = 0
    drift: float = 0.0
    concurrency: int = 1
    crashes: bool = False
    heavy: float = 0.0
    """How often a page does not come and is asked for with a smaller limit."""


@attrs.define
class CrawlOutcome:
    """What a run delivered, against what there was to deliver."""

    delivered: list[str]
    stayed: list[str]
    """Rows with a time that existed from start to end, by time."""
    requests: int
    verdict: Verdict | None
    reasons: list[str]


class CrawlService:
    """The customers by time of creation, and the answers about them."""

    def __init__(self, world: CrawlWorld, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        crowded = self._moment()
        moments = [
            crowded if chance.random() < world.crowd else self._moment() for _ in range(world.rows)
        ]
        self.rows: list[tuple[datetime | None, str]] = [
            (moment, f"c{number}") for number, moment in enumerate(sorted(moments))
        ]
        self.rows[:0] = [(None, f"n{number}") for number in range(world.without_time)]
        self.deleted: set[str] = set()
        self.requests = 0

    def _moment(self) -> datetime:
        moment = BEGIN + self.world.span * self.chance.random()
        micro = 0 if self.world.whole_seconds else moment.microsecond // 1000 * 1000
        return moment.replace(microsecond=micro)

    def answer(self, request: PageRequest) -> RawPage:
        self.requests += 1
        found = [row for row in self.rows if self._is_within(row[0], request)]
        limit = min(request.limit, self.world.cap or request.limit)
        rows = found[request.offset : request.offset + limit]
        return RawPage([_record(*row) for row in rows], len(found), identify=identify)

    def _is_within(self, moment: datetime | None, request: PageRequest) -> bool:
        if request.window is None:
            return True
        if moment is None:
            return False
        begin, end = request.window.begin, request.window.end
        if self.world.whole_seconds:
            begin, end = begin.replace(microsecond=0), end.replace(microsecond=0)
        after = begin < moment if self.world.bounds == "exclusive" else begin <= moment
        before = moment <= end if self.world.bounds == "inclusive" else moment < end
        return after and before

    def maybe_change(self) -> None:
        if self.chance.random() >= self.world.drift:
            return
        if self.chance.random() < 0.5:
            # New customers are created after the crawl began.
            self.rows.append((UNTIL + timedelta(days=1), f"later{self.requests}"))
        elif self.rows:
            _, gone = self.rows.pop(self.chance.randrange(len(self.rows)))
            self.deleted.add(gone)


def _record(moment: datetime | None, name: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"customerId": name, "createdOn": moment}))


class CrawlReader:
    """Fetches in any order, accepts in the crawl's, and sometimes goes on from its token."""

    def __init__(self, service: CrawlService) -> None:
        self.service = service
        self.crawl = self._new(CrawlPoint())
        self.pages: dict[PageRequest, RawPage] = {}
        self.delivered: list[str] = []

    def _new(self, resume: CrawlPoint) -> Crawl:
        return Crawl(
            page_size=self.service.world.page_size,
            addressing=Addressing(),
            begin=None,
            until=lambda: UNTIL,
            read_times=time_reader("createdOn", UTC),
            noun="customers",
            time_field="createdOn",
            resume=resume,
            # So that sizes go down and up again within one short list.
            sizes=PageSizes(self.service.world.page_size, grow_after=1),
        )

    def read(self) -> None:
        service, chance = self.service, self.service.chance
        while not self.crawl.ended:
            assert service.requests < MOST_REQUESTS, "an endless loop"
            wanted = self.crawl.wanted(service.world.concurrency)
            missing = [request for request in wanted if request not in self.pages]
            service.maybe_change()
            if missing and (wanted[0] in missing or chance.random() < 0.5):
                request = self.crawl.refit(chance.choice(missing))
                if chance.random() < service.world.heavy:
                    self.crawl.shrink(request)
                    continue
                self.pages[request] = page = service.answer(request)
                self.crawl.note_arrival(request, page)
            else:
                self._accept(wanted[0])
            self.pages = {r: p for r, p in self.pages.items() if self.crawl.is_wanted(r)}

    def _accept(self, request: PageRequest) -> None:
        page = self.pages[request]
        rows = self.crawl.accept(page)
        new = list(rows.indices(page))
        stops = self.service.world.crashes and self.service.chance.random() < 0.1
        unread = self.service.chance.randint(0, len(new)) if stops else 0
        used = len(new) - unread
        self.delivered += [page.ids[index] for index in new[:used]]
        if stops:
            next_row = rows.row + new[used] if unread else None
            token = ResumeToken(fingerprint="", point=self.crawl.point(unread, next_row))
            self.crawl = self._new(ResumeToken.parse(str(token)).point_of(CrawlPoint))
            self.pages = {}


def run(world: CrawlWorld, seed: int) -> CrawlOutcome:
    """Crawl the customers of *world* once, and say what came of it."""
    service = CrawlService(world, random.Random(seed))
    there_at_first = [name for moment, name in service.rows if moment is not None]
    reader = CrawlReader(service)
    verdict, reasons = None, list[str]()
    try:
        reader.read()
        verdict, reasons = reader.crawl.verdict()
    except IncompleteSearchError as error:
        reasons = [str(error)]
    stayed = [name for name in there_at_first if name not in service.deleted]
    return CrawlOutcome(reader.delivered, stayed, service.requests, verdict, reasons)
