"""Customers with a time of creation, as unreliable as a service may be. No I/O.

Written from docs/guarantees.md: what it leaves open is a field of `CrawlWorld`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import attrs

from tests.models.answers import Answer, Ask, Count, Counter, Pages, Row, new_row
from tests.models.planners import open_crawl
from tests.models.reading import Habits, Outcome, Reader, doubled

Spread = Literal["even", "rising", "office", "instant", "seconds", "one_second"]
Grain = Literal["exact", "second", "minute", "date"]
Order = Literal["rising", "falling", "shuffled", "unstable"]
Move = Literal["insert", "delete", "delete_near", "insert_in_the_past", "insert_after_the_newest"]

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

MAX_CHANGES = 100


@attrs.frozen(kw_only=True)
class CrawlWorld:
    """How customers are spread over time, and how the service finds and counts them."""

    rows: int
    page_size: int
    spread: Spread = "even"
    span: timedelta = timedelta(days=300)
    crowd: float = 0.0
    """The share of the customers that were created in one instant, or within few seconds."""
    whole_seconds: bool = False
    timeless: int = 0
    """Customers without a time of creation."""
    timeless_match: bool = False
    """They match whatever time is asked for."""
    future: int = 0
    """Customers created after the end of the crawl."""
    includes: tuple[bool, bool] = (True, True)
    """Whether the filter includes its begin, and its end."""
    off_by: tuple[float, float] = (0.0, 0.0)
    """Seconds by which the filter misses its begin, and its end."""
    grain: Grain = "exact"
    """What the filter sees of times."""
    rounds_rows: bool = True
    """Whether it rounds the times of the customers too, or its bounds only."""
    zone: timedelta = timedelta()
    """By how much times are read too late, as those without a zone where the wrong one is set."""
    ignores: tuple[Literal["begin", "end"], ...] = ()
    begin: datetime | None = None
    """Where the caller's own filter begins."""
    order: Order = "rising"
    pages: Pages = attrs.field(factory=Pages)
    count: Count = "total"
    capped_at: int = 0
    miscounted: int | None = None
    """The answer about a window, counted from 0, whose count is one too high."""
    huge: int = 0
    """Which of the huge counts, where one is sent."""
    drift: float = 0.0
    moves: tuple[Move, ...] = ("insert", "delete")
    changes_early: bool = False
    """The list changes between the call and its first request too."""
    empties: float = 0.0
    """How often an answer about a window is empty, as of a replica that lags behind."""
    strays: float = 0.0
    """How often an answer belongs to another request."""
    errors: float = 0.0
    """How often an error about the request is the answer, though rows stand there."""
    failing: int | None = None
    """The request, counted from 1, that gets such an error."""
    habits: Habits = attrs.field(factory=Habits)

    @property
    def filters(self) -> bool:
        """Say whether the filter is right to within a second at its bounds."""
        return self.grain in ("exact", "second") and not self.ignores and not self.timeless_match

    @property
    def is_calm(self) -> bool:
        """Say whether the list, and what is said of it, stays the same."""
        return not (self.drift or self.empties or self.strays or self.errors or self.failing)

    @property
    def is_honest(self) -> bool:
        """Say whether nothing stands in the way of a complete crawl."""
        outside = self.timeless or self.future
        return (
            self.is_calm
            and self.filters
            and not outside
            and self.count == "total"
            and self.miscounted is None
            and self.order != "unstable"
            and (self.pages.cap or 12) >= 12
            and self.page_size >= 12
        )


Script = Callable[["CrawlService", Ask], None]
"""Changes the list just before an answer."""


class CrawlService:
    """The customers, and the answers about them."""

    def __init__(
        self, world: CrawlWorld, chance: random.Random, script: Script | None = None
    ) -> None:
        self.world = world
        self.chance = chance
        self.script = script
        moments = sorted(_moments(world, chance))
        late = [UNTIL + DAY * number for number in range(1, world.future + 1)]
        times = [*([None] * world.timeless), *moments, *late]
        self.rows = [self._row(f"c{number}", moment) for number, moment in enumerate(times)]
        if world.order == "falling":
            self.rows.reverse()
        elif world.order == "shuffled":
            chance.shuffle(self.rows)
        self.at_first = list(self.rows)
        self.gone: set[str] = set()
        self.requests = 0
        self.changes = 0
        self.reached: str | None = None
        self._windows = 0
        self._counter = Counter(world.count, world.capped_at, world.huge)
        self._last_ask: Ask | None = None

    def _row(self, key: str, moment: datetime | None) -> Row:
        written = None if moment is None else moment + self.world.zone
        return new_row(key, created=moment, written=written)

    # Answers

    def answer(self, ask: Ask) -> Answer:
        self.requests += 1
        if self.script is not None:
            self.script(self, ask)
        last, self._last_ask = self._last_ask, ask
        if last is not None and self.chance.random() < self.world.strays:
            ask = last
        if ask.end is not None:
            self._windows += 1
            if self.chance.random() < self.world.empties:
                return Answer((), 0)
        if self.chance.random() < self.world.errors and ask.offset > self.world.pages.first:
            # For a first page any error is raised.
            return Answer(is_error=True)
        if self.requests == self.world.failing:
            return Answer(is_error=True)
        found = self._found(ask)
        if self.world.order == "unstable":
            self.chance.shuffle(found)
        page = self.world.pages.cut(found, ask)
        if page is None:
            return Answer(is_error=True)
        count = self._counter.count(len(found), len(page))
        if ask.end is not None and self._windows - 1 == self.world.miscounted and count is not None:
            count += 1
        return Answer(page, count)

    def _found(self, ask: Ask) -> list[Row]:
        """Return the rows that the filter finds within the window of *ask*."""
        world = self.world
        begin = None if "begin" in world.ignores else ask.begin or world.begin
        end = None if "end" in world.ignores else ask.end
        if begin is None and end is None:
            return list(self.rows)
        low, high = _FIRST, _LAST
        if begin is not None:
            low = _seen(begin, world.grain) + SECOND * world.off_by[0]
            low += _TICK * (not world.includes[0])
        if end is not None:
            high = _seen(end, world.grain) + SECOND * world.off_by[1]
            high -= _TICK * (not world.includes[1])
        grain = world.grain if world.rounds_rows else "exact"
        return [
            row
            for row in self.rows
            if (
                world.timeless_match
                if row.created is None
                else low <= (row.created if grain == "exact" else _seen(row.created, grain)) <= high
            )
        ]

    # Changes

    def change(self) -> None:
        world, chance = self.world, self.chance
        if chance.random() >= world.drift or self.changes >= MAX_CHANGES:
            return
        if self._last_ask is None and not world.changes_early:
            return
        match chance.choice(world.moves):
            case "insert":
                self.insert(UNTIL + SECOND * (1 + self.requests))
            case "insert_in_the_past":
                self.insert(BEGIN + world.span * chance.random())
            case "insert_after_the_newest":
                # As of one import that goes on, into time that was there before.
                times = [row.created for row in self.rows if row.created is not None]
                self.insert(max(times, default=BEGIN) + timedelta(milliseconds=1))
            case "delete":
                self.delete(chance.randrange(len(self.rows)) if self.rows else 0)
            case "delete_near":
                near = (i for i, row in enumerate(self.rows) if row.key == self.reached)
                self.delete(max(0, next(near, 0) + chance.choice([-1, 0, 1, 2])))

    def insert(self, moment: datetime) -> None:
        """Have a customer created at *moment*."""
        self.changes += 1
        row = self._row(f"later{self.changes}", moment)
        self.rows.insert(0 if self.world.order == "falling" else len(self.rows), row)

    def delete(self, at: int) -> None:
        """Delete the customer at index *at*."""
        if at < len(self.rows):
            self.changes += 1
            self.gone.add(self.rows.pop(at).key)

    def is_due(self, row: Row) -> bool:
        """Say whether *row* lies within the time crawled, whatever its bounds include."""
        begin = self.world.begin
        slack = {"minute": 61 * SECOND, "date": 2 * DAY}.get(self.world.grain, 2 * SECOND)
        created = row.created
        return (
            created is not None
            and created < UNTIL - slack
            and (begin is None or created > begin + slack)
        )


def _moments(world: CrawlWorld, chance: random.Random) -> list[datetime]:
    crowd = _clocked(world, BEGIN + world.span * chance.random())
    moments: list[datetime] = []
    for _ in range(world.rows):
        moment = BEGIN + world.span * chance.random()
        if chance.random() < world.crowd:
            moment = crowd
            if world.spread == "seconds":
                moment += SECOND * chance.randrange(5) + SECOND * chance.random()
            elif world.spread == "one_second":
                moment += SECOND * chance.random()
        elif world.spread == "rising":
            moment = BEGIN + world.span * chance.random() ** 0.25
        elif world.spread == "office":
            days = timedelta(days=int(world.span / DAY * chance.random()))
            moment = BEGIN + days + timedelta(hours=9 + 8 * chance.random())
        moments.append(_clocked(world, moment))
    return moments


def _clocked(world: CrawlWorld, moment: datetime) -> datetime:
    milliseconds = 0 if world.whole_seconds else moment.microsecond // 1000
    return moment.replace(microsecond=milliseconds * 1000)


def _seen(moment: datetime, grain: Grain) -> datetime:
    match grain:
        case "exact":
            return moment
        case "second":
            return moment.replace(microsecond=0)
        case "minute":
            return moment.replace(second=0, microsecond=0)
        case "date":
            return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@attrs.frozen(eq=False)
class CrawlOutcome:
    """A run, held against what there was to deliver."""

    world: CrawlWorld
    run: Outcome
    stayed: list[str]
    """Customers within the time crawled that were there from start to end."""
    least: int
    allowed: int

    @property
    def lost(self) -> list[str]:
        """Return the customers that stayed and did not come; none where it was stopped."""
        most = self.world.habits.max_rows
        if most is not None and len(self.run.delivered) >= most:
            return []
        came = set(self.run.delivered)
        return [key for key in self.stayed if key not in came]

    @property
    def doubled(self) -> list[str]:
        """Return the customers that came more than once."""
        return doubled(self.run.delivered)


def run(world: CrawlWorld, seed: int, script: Script | None = None) -> CrawlOutcome:
    """Crawl the customers of *world* once, and say what came of it."""
    chance = random.Random(seed)
    service = CrawlService(world, chance, script)
    least = max(1, -(-len(service.rows) // min(world.page_size, world.pages.cap or 5000)))

    def allowed(outcome: Outcome) -> int:
        trouble = service.changes + outcome.crashes + outcome.cancels
        # Pages that do not come again and again shrink to a row or two each.
        pages = max(least, len(service.rows)) if world.habits.heavy else least
        # Six times the least is what the worst of spreads may take, and a window that is read
        # page by page may take seven for each page with new rows.
        fruitful = 7 * max(0, outcome.pages - pages)
        drift = outcome.wasted + trouble * (6 + world.habits.concurrency)
        return 6 * pages + 200 + fruitful + drift

    outcome = Reader(
        service,
        world.habits,
        lambda token: open_crawl(
            world.pages,
            world.page_size,
            token,
            begin=world.begin,
            until=UNTIL,
            unproven_pages=world.habits.concurrency,
        ),
        chance,
        allowed,
    ).read()
    stayed: Sequence[Row] = [row for row in service.at_first if row.key not in service.gone]
    return CrawlOutcome(
        world,
        outcome,
        [row.key for row in stayed if service.is_due(row)],
        least,
        allowed(outcome),
    )
