"""Customers in time with the oddities that `crawl` has to cope with, and what is broken. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import attrs

from enkash_async.report import Verdict
from tests.models.answers import HUGE, Count
from tests.models.crawled_world import BEGIN, CrawlOutcome, CrawlWorld, Move, Spread
from tests.models.odd_lists import MAX_SECONDS
from tests.models.oddities import AND, Choose, Groups, Oddity, draw_oddities, with_oddities
from tests.models.reading import Habits

WRONG_COUNTS = ("count one too low", "count one too high", "count stops", "count lags")
WRONG_ANSWERS = ("empty answers", "stray answers")
WRONG_FILTERS = (
    "filter by minute",
    "bounds by minute",
    "filter by date",
    "bounds by date",
    "filter ignored",
    "begin ignored",
    "end ignored",
    "customers without time match",
    "many customers without time match",
)
BOUNDS = ("bounds exclude their ends", "bounds off by a part of a second")
SINGLE_ROWS = ("pages of one row",)
CANNOT_BE_CUT = (
    "short span",
    "crowd in an instant",
    "crowds in a few seconds",
    "crowd in one second",
    "cap",
    "pages of one row",
)


def _together(*kinds: Collection[str]) -> Iterator[str]:
    """Walk over the pairs of oddities of two different kinds."""
    for one, other in combinations(kinds, 2):
        yield from (AND.join(pair) for pair in product(one, other))


BEYOND: Mapping[str, frozenset[str]] = {
    # Two assumptions broken at once, or one where nothing but counts proves a window.
    "kept": frozenset(
        {
            *_together(WRONG_COUNTS, WRONG_ANSWERS, WRONG_FILTERS, SINGLE_ROWS),
            *_together(WRONG_COUNTS, ["unstable order", "cap"]),
            # Days, or minutes, at the bounds of windows are in none; as many deletions hide that.
            *_together(WRONG_FILTERS, BOUNDS),
            # Read anew as one list, a resumed crawl no longer knows all that was delivered.
            *_together(["crashes"], WRONG_FILTERS),
            # Single rows prove nothing, and wrong answers come for the rest.
            *_together(["errors for rows", "stray errors"], SINGLE_ROWS),
            # A window that cannot be cut is read as `search` does it.
            "crowd in an instant & short span & stray answers",
            *_together(["unstable order"], CANNOT_BE_CUT),
        }
    ),
    "calm": frozenset[str](),
    # Nobody can count the customers created meanwhile by a filter that is wrong.
    "grows": frozenset(
        {"filter by date", "bounds by date", "filter by minute", "bounds by minute"}
    ),
    "ends": frozenset[str](),
}
"""By promise, the oddities that lie beyond it: docs/guarantees.md says what follows from each."""

FRACTIONS = (-0.999, -0.5, -0.001, 0.0, 0.001, 0.5, 0.999)
MINUTE = timedelta(minutes=1)


def _fields(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, **fields)


def _pages(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, pages=attrs.evolve(world.pages, **fields))


def _habits(**fields: Any) -> Oddity:
    return lambda choose, world: attrs.evolve(world, habits=attrs.evolve(world.habits, **fields))


def _spread(spread: Spread) -> Oddity:
    def spread_out(choose: Choose, world: CrawlWorld) -> CrawlWorld:
        crowd = choose([0.3, 0.6, 0.9, 1.0]) if spread in _CROWDED else 0.0
        return attrs.evolve(world, spread=spread, crowd=crowd, whole_seconds=choose([False, True]))

    return spread_out


_CROWDED = ("instant", "seconds", "one_second")


def _short_span(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, span=choose([10 * MINUTE, MINUTE, MINUTE / 10]))


def _fractions(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, off_by=(choose(FRACTIONS), choose(FRACTIONS)))


def _exclusive(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, includes=choose([(True, False), (False, True), (False, False)]))


def _cap(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    cap = choose(range(2, max(3, world.page_size + 1)))
    return attrs.evolve(world, pages=attrs.evolve(world.pages, cap=cap))


def _zone(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, zone=MINUTE * choose([330, -60, 345, -720, 840]))


def _begin(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, begin=BEGIN + world.span * choose([0.1, 0.5, 0.9]))


def _count(style: Count) -> Oddity:
    return lambda choose, world: attrs.evolve(
        world,
        count=style,
        capped_at=choose(range(max(1, world.rows))),
        huge=choose(range(len(HUGE))),
    )


def _miscounted(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    return attrs.evolve(world, miscounted=choose(range(12)))


def _max_rows(choose: Choose, world: CrawlWorld) -> CrawlWorld:
    most = choose([1, 2, world.page_size, world.page_size + 1, max(1, world.rows - 1)])
    return attrs.evolve(world, habits=attrs.evolve(world.habits, max_rows=most))


def _change(*moves: Move) -> Oddity:
    return lambda choose, world: attrs.evolve(world, drift=choose([0.02, 0.1, 0.3]), moves=moves)


CHANGES: Mapping[str, Oddity] = {
    "customers come and go": _change("insert", "delete"),
    "only growth": _change("insert"),
    "only deletions": _change("delete", "delete_near"),
    "insertions in the past": _change("insert_in_the_past", "delete", "insert"),
    "insertions after the newest": _change("insert_after_the_newest", "delete"),
}

GROUPS: Groups = {
    "spread": {
        "rising": _spread("rising"),
        "office hours": _spread("office"),
        "crowd in an instant": _spread("instant"),
        "crowds in a few seconds": _spread("seconds"),
        "crowd in one second": _spread("one_second"),
    },
    "span": {"short span": _short_span},
    "bounds": {"bounds exclude their ends": _exclusive},
    "fractions": {"bounds off by a part of a second": _fractions},
    "grain": {
        "bounds to the second": _fields(grain="second"),
        "bounds only to the second": _fields(grain="second", rounds_rows=False),
    },
    "zone": {"times in a wrong zone": _zone},
    "wrong filter": {
        "filter by minute": _fields(grain="minute"),
        "bounds by minute": _fields(grain="minute", rounds_rows=False),
        "filter by date": _fields(grain="date"),
        "bounds by date": _fields(grain="date", rounds_rows=False),
        "filter ignored": _fields(ignores=("begin", "end")),
        "begin ignored": _fields(ignores=("begin",)),
        "end ignored": _fields(ignores=("end",)),
    },
    "outside": {
        "customers without time": _fields(timeless=7),
        "customers without time match": _fields(timeless=7, timeless_match=True),
        "many customers without time match": _fields(timeless=60, timeless_match=True),
        "customers of the future": _fields(future=5),
    },
    "begin": {"begins late": _begin},
    "order": {
        "newest first": _fields(order="falling"),
        "shuffled": _fields(order="shuffled"),
        "unstable order": _fields(order="unstable"),
    },
    "cut": {"cap": _cap, "pages of one row": _pages(cap=1)},
    "offsets": {
        "offsets count pages": _pages(unit="pages"),
        "offsets count from one": _pages(first=1),
    },
    "past the end": {
        "last page past the end": _pages(past_end="last_page"),
        "errors past the end": _pages(past_end="error"),
    },
    "count": {
        "count of the page": _count("page"),
        "no count": _count("missing"),
        "count one too high": _count("plus_one"),
        "count one too low": _count("minus_one"),
        "count stops": _count("capped"),
        "count lags": _count("lagging"),
        "huge count": _count("huge"),
        "one window miscounted": _miscounted,
    },
    "most": {"max_records": _max_rows},
    "reader": {
        "crashes": _habits(crashes=0.05),
        "cancellations": _habits(cancels=0.05),
        "heavy pages": _habits(heavy=0.1),
    },
    "answers": {"empty answers": _fields(empties=0.03), "stray answers": _fields(strays=0.03)},
    "errors": {"stray errors": _fields(errors=0.1), "errors for rows": _fields(errors=1.0)},
}
EARLY: Groups = {"early": {"changes before the first request": _fields(changes_early=True)}}
CHANGING: Groups = {**GROUPS, **EARLY, "changes": CHANGES}
WRONG = ("answers", "errors")
STILL: Groups = {name: group for name, group in GROUPS.items() if name not in WRONG}
GROUPS_OF: Mapping[str, Groups] = {
    "kept": CHANGING,
    "calm": STILL,
    "grows": {
        **{name: group for name, group in STILL.items() if name not in ("outside", "count")},
        **EARLY,
    },
    "ends": CHANGING,
}


@attrs.frozen
class OddCrawl:
    """A world with the names of what is odd about it."""

    oddities: frozenset[str]
    world: CrawlWorld


def draw_crawl(
    choose: Choose,
    promise: str,
    broken: Collection[str] | None = None,
    always: Collection[str] = (),
) -> OddCrawl:
    """Return a world for *promise*, without what is known to break it."""
    broken = BEYOND[promise] if broken is None else broken
    groups = GROUPS_OF[promise]
    names = draw_oddities(choose, groups, broken, always)
    rows = choose([range(31), range(151)])
    size = choose([range(2, 13), range(12, 61)])
    plain = CrawlWorld(
        rows=choose(rows),
        page_size=choose(size),
        habits=Habits(concurrency=choose([1, 2, 4, 8])),
    )
    if promise == "grows":
        plain = CHANGES["only growth"](choose, plain)
    elif promise != "calm" and not names & CHANGES.keys():
        plain = CHANGES["customers come and go"](choose, plain)
    return OddCrawl(names, with_oddities(choose, plain, groups, names))


def faults(promise: str, outcome: CrawlOutcome) -> Iterator[str]:
    """Walk over the ways in which *outcome* breaks *promise*."""
    world, run = outcome.world, outcome.run
    if promise == "kept":
        if run.is_sure and outcome.lost:
            yield f"{len(outcome.lost)} customers lost, {run.verdict}"
        if outcome.doubled and (run.is_sure or world.order != "unstable"):
            yield f"{len(outcome.doubled)} customers doubled, {run.verdict}"
    elif promise == "grows":
        unseen = [reason for reason in run.reasons if "in no window" in reason]
        if run.verdict is Verdict.INCOMPLETE and unseen:
            yield f"INCOMPLETE: {unseen}"
    elif promise == "calm":
        stopped = world.habits.max_rows is not None
        if world.is_honest and not stopped and run.verdict is not Verdict.COMPLETE:
            yield f"{run.verdict} {run.error}: {run.reasons}"
        shuffles = world.order == "unstable"
        counts = world.count in ("total", "page", "missing", "lagging")
        if world.filters and counts and outcome.lost and not run.error and not shuffles:
            yield f"{len(outcome.lost)} lost, {run.verdict}"
        if run.error == "refused":
            yield "an error past the end ended it"
    else:
        if run.error == "endless":
            yield f"more than {outcome.allowed} requests, the least are {outcome.least}"
        if run.slowest > MAX_SECONDS:
            yield f"a step of {run.slowest * 1000:.0f} ms"
