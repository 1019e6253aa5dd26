"""A list that is read by offset and limit, as unreliable as a service may be. No I/O.

Written from docs/guarantees.md: what it leaves open is a field of `ListWorld`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from enkash_async._paging.remembered import Remembered
from tests.models.answers import Answer, Ask, Count, Counter, Pages, Row, new_row
from tests.models.planners import open_pager
from tests.models.reading import Habits, Outcome, Reader, doubled

Move = Literal["insert", "delete", "touch"]
Place = Literal["anywhere", "front", "before", "after", "end"]
Burst = Literal["one", "pages", "memory"]
Ids = Literal["all", "empty", "missing"]

MAX_CHANGES = 200
MAX_CHANGED_ROWS = 2000
"""Rows that come and go where bursts are not meant to go beyond the memory of a search."""

MAX_ERRORS = 2
"""As many come to one search, each to another request."""

FIRST_REQUESTS = 6
"""So many may be sent before the first page is taken."""

REMEMBERED = 4096
"""Rows that the guarantee lets a search remember, at least."""


@attrs.frozen(kw_only=True)
class ListWorld:
    """How the list is made, how it changes and how the service counts it."""

    rows: int
    page_size: int
    pages: Pages = attrs.field(factory=Pages)
    late_cap: int | None = None
    count: Count = "total"
    capped_at: int = 0
    off_by: int = 0
    start: int = 0
    heaviest: int = 1
    """The weight of the heaviest row, where pages end at a weight."""
    ids: Ids = "all"
    drift: float = 0.0
    moves: tuple[Move, ...] = ("insert", "delete")
    places: tuple[Place, ...] = ("anywhere",)
    burst: Burst = "one"
    swaps: float = 0.0
    empties: float = 0.0
    """How often a page is answered with nothing, as by a replica that lags behind."""
    strays: float = 0.0
    """How often an answer belongs to another request."""
    errors: float = 0.0
    """How often a request is answered with an error that comes once only."""
    full_check: bool = False
    known_rows: int | None = None
    """The count that the session remembers, true or not."""
    known_cap: int | None = None
    is_unit_known: bool = False
    habits: Habits = attrs.field(factory=Habits)

    @property
    def is_calm(self) -> bool:
        """Say whether the list, and what is said of it, stays the same."""
        return not (self.drift or self.swaps or self.empties or self.strays)

    @property
    def _limits(self) -> tuple[int | None, ...]:
        """Return the lengths of a page that is full."""
        return (self.page_size, self.habits.max_rows, self.pages.cap)

    @property
    def clamps(self) -> bool:
        """Say whether an offset past the end is answered with the last page."""
        return self.pages.past_end in ("last_page", "last_rows")

    @property
    def overlaps(self) -> bool:
        """Say whether pages are large enough to overlap, whatever their numbers."""
        size = min(self.page_size, self.pages.cap or self.page_size)
        budget = self.pages.budget
        if budget is not None and (self.pages.unit == "pages" or budget < 2 * self.heaviest):
            return False
        if self.pages.unit == "rows":
            return (self.pages.cap or 2) > 1
        return min(size, self.rows - self.start) >= 12

    @property
    def is_honest(self) -> bool:
        """Say whether nothing stands in the way of a complete reading."""
        return (
            self.is_calm
            and self.overlaps
            and self.late_cap is None
            and self.count in ("total", "page", "missing", "lagging")
            # Nothing else shows rows that moved from the unread part to the read part.
            and not (self.full_check and self.count in ("page", "missing"))
            # Nothing else shows that the last page does not stand at an offset past the end.
            and not (self.start >= self.rows and self.count in ("page", "missing"))
            and not (self.start >= self.rows and self.clamps and self.rows in self._limits)
        )


Script = Callable[["ListService", Ask], None]
"""Changes the list just before an answer."""


class ListService:
    """The list, and the answers it gives."""

    def __init__(
        self, world: ListWorld, chance: random.Random, script: Script | None = None
    ) -> None:
        self.world = world
        self.chance = chance
        self.script = script
        self.rows = [self._row(f"old{number}") for number in range(world.rows)]
        self.requests = 0
        self.reached: str | None = None
        self.changes = 0
        self.changed_rows = 0
        self.gone: set[str] = set()
        """Rows that were deleted or changed their place."""
        self.first_seen: list[str] | None = None
        """The list as it stood when the first page was read."""
        self.before: set[str] = set()
        """Rows that stood before the starting offset then."""
        self.after: set[str] = set()
        """Rows that stood at the starting offset or after it."""
        self.were_after: set[str] = set()
        """Rows that ever did, where none did at first."""
        self._counter = Counter(world.count, world.capped_at, world.off_by)
        self._last_ask: Ask | None = None
        self._refused: set[Ask] = set()

    def _row(self, key: str) -> Row:
        ids, number = self.world.ids, sum(map(ord, key))
        weight = 1 + (number * 7919) % self.world.heaviest
        if ids == "all" or number % 3:
            return new_row(key, weight=weight)
        return new_row(key, weight=weight, customer_id="", has_id=ids == "empty")

    # Answers

    @property
    def _begins_at_offset(self) -> bool:
        return self.world.pages.unit == "rows" or not self.world.start

    def answer(self, ask: Ask) -> Answer:
        self.requests += 1
        if self.script is not None:
            self.script(self, ask)
        first = self.world.start + self.world.pages.first
        is_first = self.reached is None and ask.offset == first and self._begins_at_offset
        if self.world.start >= self.world.rows:
            self.were_after.update(row.key for row in self.rows[self.world.start :])
        if self.first_seen is None:
            self.first_seen = [row.key for row in self.rows]
        if self.requests == 1 or (is_first and self.world.known_rows is not None):
            # Where a count is remembered, other pages may be asked for before the first.
            stood = [row.key for row in self.rows]
            self.before = set(self.first_seen).intersection(stood[: self.world.start])
            self.after = set(self.first_seen).intersection(stood[self.world.start :])
        is_counted = self.world.count in ("total", "minus_one")
        is_shown = is_counted and self._begins_at_offset and not self.world.errors
        if not is_shown and self.reached is None and self.requests <= FIRST_REQUESTS:
            # The first page may be asked for again, for its place, its size or an error.
            self.before &= {row.key for row in self.rows[: self.world.start]}
            self.after -= {row.key for row in self.rows[: self.world.start]}
        may_refuse = ask not in self._refused and len(self._refused) < MAX_ERRORS
        if self.world.errors and may_refuse and self.chance.random() < self.world.errors:
            self._refused.add(ask)
            return Answer(is_error=True)
        last, self._last_ask = self._last_ask, ask
        if last is not None and not is_first:
            # The first page proves itself by nothing, whenever it is asked for.
            if self.chance.random() < self.world.empties:
                return Answer((), self._counter.count(len(self.rows), 0))
            if self.chance.random() < self.world.strays:
                ask = last
        late = self.world.late_cap if self.requests > 4 else None
        page = self.world.pages.cut(self.rows, ask, late)
        if page is None or ask.offset < 0:
            return Answer(is_error=True)
        return Answer(page, self._counter.count(len(self.rows), len(page)))

    # Changes

    def change(self) -> None:
        world, chance = self.world, self.chance
        if self.rows and chance.random() < world.swaps:
            one, other = (chance.randrange(len(self.rows)) for _ in range(2))
            self.rows[one], self.rows[other] = self.rows[other], self.rows[one]
            self.changes += 1
        if chance.random() >= world.drift or self.changes >= MAX_CHANGES:
            return
        if world.burst != "memory" and self.changed_rows >= MAX_CHANGED_ROWS:
            return
        at = self._place(chance.choice(world.places))
        many = chance.choice(self._bursts())
        match chance.choice(world.moves):
            case "insert":
                self.insert(at, many)
            case "delete":
                self.delete(at, many)
            case "touch":
                self.touch(at, many)

    def _bursts(self) -> Sequence[int]:
        size = self.world.page_size
        if self.world.burst == "one":
            return [1]
        pages = [1, 1, 2, size, 2 * size]
        memory = max(REMEMBERED, 2 * size)
        return pages if self.world.burst == "pages" else [*pages, memory, memory + size]

    def _place(self, place: Place) -> int:
        """Return an index: where rows are inserted, or the first of those that go."""
        reached = self.index(self.reached)
        match place:
            case "anywhere":
                return self.chance.randrange(len(self.rows) + 1)
            case "front":
                return 0
            case "before":
                return max(0, reached - self.chance.choice([0, 0, 1, 2, self.world.page_size]))
            case "after":
                return min(len(self.rows), reached + 1)
            case "end":
                return len(self.rows)

    def index(self, key: str | None) -> int:
        """Return where a row stands; 0 for one that is gone."""
        return next((index for index, row in enumerate(self.rows) if row.key == key), 0)

    def insert(self, at: int, many: int = 1) -> None:
        """Insert rows before index *at*."""
        self.changes += 1
        self.changed_rows += many
        self.rows[at:at] = [self._row(f"new{self.changes}.{number}") for number in range(many)]

    def delete(self, at: int, many: int = 1) -> None:
        """Delete rows from index *at* on."""
        self.changes += 1
        self.changed_rows += len(self.rows[at : at + many])
        self.gone.update(row.key for row in self.rows[at : at + many])
        del self.rows[at : at + many]

    def touch(self, at: int, many: int = 1) -> None:
        """Move rows to the end, as where the list is ordered by the time of the last change."""
        touched = self.rows[at : at + many]
        self.changes += 1
        self.changed_rows += len(touched)
        self.gone.update(row.key for row in touched)
        self.rows[at : at + many] = []
        self.rows += touched


@attrs.frozen(eq=False)
class ListOutcome:
    """A run, held against what there was to deliver."""

    world: ListWorld
    run: Outcome
    stayed: list[str]
    """Rows from the starting offset on that kept their place from start to end, in order."""
    strangers: list[str]
    """Rows delivered although they stood before the starting offset throughout.

    Where nothing stood there at first, only those that came without a doubt in the verdict.
    """
    least: int
    allowed: int

    @property
    def lost(self) -> list[str]:
        """Return the rows that stayed and did not come; none past `max_records`."""
        came = set(self.run.delivered)
        due = self.stayed
        most = self.world.habits.max_rows
        if most is not None and len(self.run.delivered) >= most:
            last = max((at for at, key in enumerate(due) if key in came), default=-1)
            due = due[: last + 1]
        return [key for key in due if key not in came]

    @property
    def doubled(self) -> list[str]:
        """Return the rows that stayed and came more than once."""
        stayed = set(self.stayed)
        return [key for key in doubled(self.run.delivered) if key in stayed]

    @property
    def is_in_order(self) -> bool:
        """Say whether the rows that stayed came in the order of the list."""
        places = {key: place for place, key in enumerate(self.stayed)}
        came = [places[key] for key in self.run.delivered if key in places]
        return came == sorted(came)


def run(world: ListWorld, seed: int, script: Script | None = None) -> ListOutcome:
    """Read the list of *world* once, and say what came of it."""
    chance = random.Random(seed)
    service = ListService(world, chance, script)
    least = world.pages.least(service.rows[world.start :], world.page_size)
    # One for all readers, as in a session.
    remembered = Remembered(world.known_rows, world.known_cap, world.is_unit_known)

    def allowed(outcome: Outcome) -> int:
        return _allowed(world, service, least, outcome)

    habits = world.habits
    reader = Reader(
        service,
        habits,
        lambda token: open_pager(
            world.pages,
            world.page_size,
            token,
            start=world.start,
            max_rows=habits.max_rows,
            full_check=world.full_check,
            remembered=remembered,
            unproven_pages=habits.concurrency,
        ),
        chance,
        allowed,
    )
    outcome = reader.read()
    listed = service.first_seen or []
    strangers = service.before & set(outcome.delivered) - service.gone
    if len(listed) <= world.start:
        # The list may grow to the offset, and the first page may be asked for again.
        strangers = set(outcome.delivered) - service.were_after if outcome.is_sure else set()
    return ListOutcome(
        world,
        outcome,
        [key for key in listed if key in service.after and key not in service.gone],
        sorted(strangers),
        least,
        allowed(outcome),
    )


def _allowed(world: ListWorld, service: ListService, least: int, outcome: Outcome) -> int:
    """Return how many requests a reading of *world* may take: the least, and what trouble costs."""
    concurrency = world.habits.concurrency
    size = max(1, min(world.page_size, world.pages.cap or world.page_size, world.late_cap or 5000))
    if world.late_cap is not None:
        least = max(least, -(-len(service.rows) // max(1, size - 1)))
    least += -(-service.changed_rows // max(1, size - 1))
    ends_early = world.pages.unit == "pages" and world.pages.budget is not None
    if world.habits.heavy or ends_early:
        # Pages that do not come again and again, or end too early, shrink to a row each.
        least = len(service.rows) + service.changed_rows
    if world.empties or world.strays or world.errors:
        least *= 2
    # Pages that end by their weight come longer and shorter than the one before: then those on
    # their way may be in vain.
    factor = 2 if world.pages.budget is None else 3
    # Where a place is lost, pages are read again, at most a hundred of them.
    lost = 100 if world.burst != "one" or not world.is_calm else 0
    if world.pages.past_end in ("last_page", "last_rows"):
        # So many pages that come again are taken before a search gives up.
        lost = 100
    trouble = service.changes + outcome.crashes + outcome.cancels
    if world.burst != "one":
        # Rows that came by bursts may each fill a page, and more of them come than were there.
        least = max(least, outcome.pages)
    slack = 20 + 2 * concurrency + outcome.wasted
    return factor * least + slack + trouble * (6 + concurrency) + lost
