"""Lists with the oddities that `search` has to cope with, and what of them is broken. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs

from enkash_async.report import Verdict
from tests.models.answers import HUGE, Count
from tests.models.listed_world import Burst, ListOutcome, ListWorld, Move, Place
from tests.models.oddities import Choose, Groups, Oddity, draw_oddities, with_oddities

BROKEN_TODAY: Mapping[str, frozenset[str]] = {
    # An assumption is broken, and nothing else tells a page that is empty by mistake from the end.
    "kept": frozenset(
        {
            f"{count} & {cut} & empty answers"
            for count in ("no count", "count of the page", "huge count")
            for cut in ("pages of one row", "rows fill pages alone")
        }
        # A page may end by its weight just where a count that is too low ends.
        | {"count stops & pages end by weight"}
        # The count may end just before a row that is too heavy for one page with the edge.
        | {
            f"{count} & rows fill pages alone"
            for count in ("count stops", "count one too low", "count off by some", "count lags")
        }
        # Nothing but a page of one row shows the end, and it is the answer to another request.
        | {
            f"{count} & {cut} & stray answers"
            for count in ("no count", "count of the page", "huge count")
            for cut in ("pages of one row", "rows fill pages alone")
        }
        # Only rows that moved are left where a wrong answer hides the others.
        | {"touched rows & stray answers", "touched rows & empty answers"}
        # Pages of rows that moved, again and again, or as far as rows before them were deleted.
        | {"touched pages", "touched pages and deletions"}
    ),
    "offset": frozenset(),
    "calm": frozenset(
        {
            # Nothing tells whether the last rows, cut by their weight, stand past the end.
            "last rows past the end & rows fill pages alone",
            "last rows past the end & pages end by weight",
            "last page past the end & offset past the end & rows fill pages alone",
            # Nor does a count that was passed, nor an error for the page that would show it.
            "count stops & errors past the end & offset past the end",
            "count one too low & errors past the end & offset past the end",
            "stray errors & errors past the end & offset past the end",
            # Two that agree on the wrong end: the count, and the edge that came alone.
            "count one too low & rows fill pages alone",
            "count stops & rows fill pages alone",
        }
        # Uneven pages, of which the last comes again, with no count to end them.
        | {
            f"last page past the end & {count} & pages end by weight"
            for count in ("no count", "count of the page", "huge count", "count one too low")
        }
        # What comes for an offset past the end is doubted where something speaks against it.
        | {
            f"{doubt} & {past_end} past the end & offset past the end"
            for doubt in ("stray errors", "count one too high", "count stops")
            for past_end in ("last page", "last rows")
        }
    ),
    "ends": frozenset(),
}
"""By promise, the oddities in whose worlds it is broken; whoever mends one takes it out here.

What a caller gets there stands in docs/guarantees.md, under "Where an assumption is broken".
"""

MAX_SECONDS = 1.0
"""CPU time that one step of a planner may take. It takes a millisecond; what once stood still, on a
count of 1e9, took minutes. A collection of garbage in the midst may take a quarter of a second."""


def _pages(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, pages=attrs.evolve(world.pages, **fields))


def _fields(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, **fields)


def _habits(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, habits=attrs.evolve(world.habits, **fields))


def _full_size(choose: Choose, world: ListWorld) -> ListWorld:
    page_size = choose([300, 700, 1000, 2500, 5000])
    return attrs.evolve(world, rows=choose(range(4000, 14_000)), page_size=page_size)


def _cap(choose: Choose, world: ListWorld) -> ListWorld:
    cap = choose(range(2, max(3, min(world.page_size, 12) + 1)))
    if world.rows > 1000:
        cap = choose([100, 499, 1000])
    changed: ListWorld = _pages(cap=cap)(choose, world)
    return changed


def _late_cap(choose: Choose, world: ListWorld) -> ListWorld:
    return attrs.evolve(world, late_cap=100 if world.rows > 1000 else choose([2, 3, 5]))


def _weights(choose: Choose, world: ListWorld) -> ListWorld:
    heaviest = choose([2, 3, 6])
    budget = heaviest * (150 if world.rows > 1000 else choose(range(2, 8)))
    changed: ListWorld = _pages(budget=budget)(choose, attrs.evolve(world, heaviest=heaviest))
    return changed


def _lone_rows(choose: Choose, world: ListWorld) -> ListWorld:
    heaviest = choose([4, 9, 20])
    budget = choose(range(heaviest // 2, heaviest + 3))
    changed: ListWorld = _pages(budget=budget)(choose, attrs.evolve(world, heaviest=heaviest))
    return changed


def _start(choose: Choose, world: ListWorld) -> ListWorld:
    return attrs.evolve(world, start=choose(range(1, max(2, world.rows))))


def _start_past_the_end(choose: Choose, world: ListWorld) -> ListWorld:
    return attrs.evolve(world, start=world.rows + choose(range(5)))


def _count(style: Count) -> Oddity:
    def count(choose: Choose, world: ListWorld) -> ListWorld:
        return attrs.evolve(
            world,
            count=style,
            capped_at=choose(range(max(1, world.rows))),
            off_by=choose([-5, -3, -2, 2, 5]) if style == "off" else choose(range(len(HUGE))),
        )

    return count


def _max_rows(choose: Choose, world: ListWorld) -> ListWorld:
    edges = [1, 2, *(n * world.page_size + by for n in (1, 2, 3) for by in (-1, 0, 1))]
    edges += [world.rows - world.start + by for by in (-1, 0, 1)]
    max_rows = choose([edge for edge in edges if edge > 0])
    return attrs.evolve(world, habits=attrs.evolve(world.habits, max_rows=max_rows))


def _memory(choose: Choose, world: ListWorld) -> ListWorld:
    known = choose([0, 1, world.rows // 2, world.rows, world.rows + 1, 3 * world.rows + 40])
    return attrs.evolve(world, known_rows=known, is_unit_known=choose([False, True]))


def _memory_of_cap(choose: Choose, world: ListWorld) -> ListWorld:
    true = world.pages.cap or world.page_size
    known = choose([1, 2, max(1, true - 1), true, true + 1, 2 * true])
    return attrs.evolve(_memory(choose, world), known_cap=known)


def _change(moves: tuple[Move, ...], burst: Burst, *places: Place) -> Oddity:
    def change(choose: Choose, world: ListWorld) -> ListWorld:
        drift = choose([0.02, 0.1, 0.4])
        return attrs.evolve(
            world, drift=drift, moves=moves, burst=burst, places=places or ("anywhere",)
        )

    return change


CHANGES: Mapping[str, Oddity] = {
    "rows come and go": _change(("insert", "delete"), "one"),
    "only growth": _change(("insert",), "pages"),
    "only shrinkage": _change(("delete",), "pages"),
    "bursts": _change(("insert", "delete"), "pages"),
    "changes at the place": _change(("insert", "delete"), "pages", "before", "after", "end"),
    "insertions in front": _change(("insert",), "one", "front"),
    "bursts beyond memory": _change(("insert", "insert", "delete"), "memory", "anywhere", "before"),
    "touched rows": _change(("touch", "insert", "delete"), "one", "anywhere", "before"),
    "touched pages": _change(("touch",), "pages", "anywhere", "before"),
    "touched pages and deletions": _change(
        ("touch", "touch", "insert", "delete"), "pages", "anywhere", "before", "end"
    ),
}

GROUPS: Groups = {
    "scale": {"full size": _full_size},
    "cut": {
        "cap": _cap,
        "late cap": _late_cap,
        "pages of one row": _pages(cap=1),
        "pages end by weight": _weights,
        "rows fill pages alone": _lone_rows,
    },
    "offsets": {
        "offsets count pages": _pages(unit="pages"),
        "offsets count from one": _pages(first=1),
        "pages count from one": _pages(unit="pages", first=1),
    },
    "past the end": {
        "last page past the end": _pages(past_end="last_page"),
        "last rows past the end": _pages(past_end="last_rows"),
        "errors past the end": _pages(past_end="error"),
    },
    "start": {"starting offset": _start, "offset past the end": _start_past_the_end},
    "count": {
        "count of the page": _count("page"),
        "no count": _count("missing"),
        "count one too high": _count("plus_one"),
        "count one too low": _count("minus_one"),
        "count off by some": _count("off"),
        "count stops": _count("capped"),
        "count lags": _count("lagging"),
        "huge count": _count("huge"),
    },
    "ids": {"empty ids": _fields(ids="empty"), "missing ids": _fields(ids="missing")},
    "most": {"max_records": _max_rows},
    "reader": {
        "crashes": _habits(crashes=0.05),
        "cancellations": _habits(cancels=0.05),
        "heavy pages": _habits(heavy=0.1),
    },
    "answers": {"empty answers": _fields(empties=0.03), "stray answers": _fields(strays=0.03)},
    "errors": {"stray errors": _fields(errors=0.1)},
    "check": {"full check": _fields(full_check=True)},
    "memory": {"remembered count": _memory, "remembered cap": _memory_of_cap},
}
CHANGING: Groups = {**GROUPS, "changes": CHANGES}
STILL: Groups = {name: group for name, group in GROUPS.items() if name != "answers"}


@attrs.frozen
class OddList:
    """A world with the names of what is odd about it."""

    oddities: frozenset[str]
    world: ListWorld


def draw_list(
    choose: Choose,
    promise: str,
    broken: Collection[str] | None = None,
    always: Collection[str] = (),
) -> OddList:
    """Return a world for *promise*, without what is known to break it."""
    groups = STILL if promise == "calm" else CHANGING
    size = choose([range(1, 9), range(1, 61)])
    rows = choose([range(31), range(151)])
    broken = BROKEN_TODAY[promise] if broken is None else broken
    names = draw_oddities(choose, groups, broken, always)
    habits = attrs.evolve(ListWorld(rows=0, page_size=1).habits, concurrency=choose([1, 2, 4, 8]))
    plain = ListWorld(rows=choose(rows), page_size=choose(size), habits=habits)
    if promise != "calm" and not names & CHANGES.keys():
        plain = CHANGES["rows come and go"](choose, plain)
    return OddList(names, _possible(with_oddities(choose, plain, groups, names)))


def _possible(world: ListWorld) -> ListWorld:
    """Leave out what no reader can cope with."""
    if world.burst == "memory":
        # Otherwise thousands of pages are read, all alike.
        pages = attrs.evolve(world.pages, cap=None, budget=None)
        world = attrs.evolve(world, page_size=max(300, world.page_size), pages=pages, late_cap=None)
    budget = world.pages.budget
    is_tiny = world.pages.cap == 1 or (budget is not None and budget < 100)
    # Where offsets count pages, those that end early are made smaller, to a row each if need be.
    is_tiny |= budget is not None and world.pages.unit == "pages"
    if world.rows > 1000 and is_tiny:
        # Lists of thousands of tiny pages take long and show no more than short ones.
        rows = world.rows % 150
        world = attrs.evolve(world, rows=rows, page_size=40, start=world.start % (rows + 1))
    if world.pages.unit == "pages":
        # A page that ends later than others leaves rows that no number of a page reaches.
        past_end = world.pages.past_end
        past_end = "last_page" if past_end == "last_rows" else past_end
        pages = attrs.evolve(world.pages, past_end=past_end)
        return attrs.evolve(world, late_cap=None, pages=pages)
    return world


def faults(promise: str, outcome: ListOutcome) -> Iterator[str]:
    """Walk over the ways in which *outcome* breaks *promise*."""
    world, run = outcome.world, outcome.run
    if promise == "kept":
        if run.is_sure and outcome.lost:
            yield f"{len(outcome.lost)} rows lost, {run.verdict}"
        if run.error == "refused" and world.pages.past_end != "error" and not world.errors:
            yield "an offset before the list was asked for"
        if run.is_sure and not outcome.is_in_order:
            yield "rows out of order"
        if outcome.doubled and (run.is_sure or world.overlaps):
            yield f"{len(outcome.doubled)} rows doubled, {run.verdict}"
    elif promise == "offset":
        clamps = world.pages.past_end in ("last_page", "last_rows")
        # Single rows cannot overlap, and where nothing is counted no page says where it stands.
        is_shown = world.overlaps and (not clamps or world.count in ("total", "minus_one"))
        if outcome.strangers and is_shown:
            yield f"{len(outcome.strangers)} rows from before the offset"
    elif promise == "calm":
        yield from _false_alarms(outcome)
    else:
        if run.error == "endless":
            yield f"more than {outcome.allowed} requests, the least are {outcome.least}"
        if run.slowest > MAX_SECONDS:
            yield f"a step of {run.slowest * 1000:.0f} ms"


def _false_alarms(outcome: ListOutcome) -> Iterator[str]:
    world, run = outcome.world, outcome.run
    lost = bool(outcome.lost) and not (world.errors and run.error == "refused")
    if lost or outcome.doubled or not outcome.is_in_order:
        yield f"{len(outcome.lost)} lost, {len(outcome.doubled)} doubled, {run.verdict}"
    may_end = world.errors if run.error == "refused" else world.count in ("off", "huge")
    if run.error and not (may_end and run.error != "endless"):
        yield f"ended with an error: {run.error} {run.reasons}"
    if world.is_honest and run.verdict is Verdict.CHANGED:
        yield f"CHANGED: {run.reasons}"
    low = world.overlaps and world.late_cap is None and world.count in ("capped", "minus_one")
    low = low and not world.habits.heavy
    if (world.is_honest or low) and run.verdict is Verdict.INCOMPLETE:
        yield f"INCOMPLETE: {run.reasons}"
