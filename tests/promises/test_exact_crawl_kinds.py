"""Single worlds in which `crawl` might lose or double a customer, or never end."""

from __future__ import annotations

import random
from datetime import timedelta

import attrs
import pytest

from enkash_async.report import Verdict
from tests.models.answers import HUGE, Answer, Ask, Pages
from tests.models.crawled_world import (
    UNTIL,
    CrawlOutcome,
    CrawlService,
    CrawlWorld,
    Grain,
    Order,
    Spread,
    run,
)
from tests.models.odd_lists import MAX_SECONDS
from tests.models.planners import Driven, ask_of, open_crawl, with_doubts
from tests.models.reading import Habits

FOUR = Habits(concurrency=4)


def assert_kept(outcome: CrawlOutcome) -> None:
    """Check that what stayed came once, or that the verdict does not claim it."""
    assert not outcome.run.is_sure or outcome.lost == []
    assert outcome.doubled == []


# Resumed


IMPORT = CrawlWorld(
    rows=60,
    page_size=10,
    spread="seconds",
    crowd=0.8,
    whole_seconds=True,
    span=timedelta(seconds=20),
    includes=(False, False),
    order="falling",
)


def test_a_crawl_of_an_import_resumed_anywhere_loses_nothing() -> None:
    for place in range(1, 60):
        outcome = run(attrs.evolve(IMPORT, habits=Habits(crash_after=(place,))), 1)
        assert (outcome.lost, outcome.doubled) == ([], [])


@pytest.mark.parametrize("includes", [(True, True), (True, False), (False, True)], ids=str)
@pytest.mark.parametrize("order", ["rising", "falling"])
def test_a_crawl_resumed_anywhere_twice_doubles_nothing(
    includes: tuple[bool, bool], order: Order
) -> None:
    for place in range(1, 60, 3):
        world = attrs.evolve(
            IMPORT,
            includes=includes,
            order=order,
            whole_seconds=False,
            habits=Habits(crash_after=(place, place + 4)),
        )
        outcome = run(world, 1)
        assert (outcome.lost, outcome.doubled) == ([], [])


@pytest.mark.parametrize("hours", [5.5, -12])
def test_times_read_in_a_wrong_zone_lose_and_double_nothing(hours: float) -> None:
    world = CrawlWorld(rows=300, page_size=5, zone=timedelta(hours=hours))
    for place in (7, 40, 170, 290):
        outcome = run(attrs.evolve(world, habits=Habits(concurrency=8, crash_after=(place,))), 1)
        assert (outcome.lost, outcome.doubled) == ([], [])
        assert outcome.run.verdict is Verdict.COMPLETE


def test_a_crawl_of_one_customer_that_goes_on_is_complete_where_errors_stand_past_the_end() -> None:
    world = CrawlWorld(rows=1, page_size=20, pages=Pages(past_end="error"))
    outcome = run(attrs.evolve(world, habits=Habits(crash_after=(1,))), 1)
    assert outcome.run.delivered == outcome.stayed
    assert outcome.run.verdict is Verdict.COMPLETE


def test_doubts_of_a_token_are_in_the_next_one_too() -> None:
    world = CrawlWorld(rows=100, page_size=20)
    service = CrawlService(world, random.Random(0))
    token: str | None = None
    for resumption in range(3):
        driven = Driven(open_crawl(world.pages, world.page_size, token, begin=None, until=UNTIL))
        while not driven.planner.ended:
            request = driven.wanted(1)[0]
            answer = service.answer(ask_of(request))
            handed = driven.accept(driven.arrive(request, answer), answer, None)
            handed.take(handed.left)
            if handed.done and resumption < 2:
                break
        if resumption < 2:
            token = driven.token()
        if token is not None and resumption == 0:
            token = with_doubts(token)
    assert driven.verdict()[0] is Verdict.INCOMPLETE


def test_each_token_can_be_read_again_where_the_order_and_the_filter_are_wrong() -> None:
    world = CrawlWorld(
        rows=44,
        page_size=11,
        ignores=("end",),
        order="unstable",
        pages=Pages(unit="pages"),
        drift=0.1,
        habits=Habits(crashes=0.05),
    )
    # Its token once held a negative number of rows, and was refused as damaged.
    outcome = run(world, 102912)
    assert outcome.run.crashes > 0


# Filters


def test_bounds_off_by_a_part_of_a_second() -> None:
    for seed in range(60):
        for off_by in ((0.999, -0.999), (-0.5, 0.5), (0.6, -0.6), (-0.9, 0.9)):
            world = CrawlWorld(
                rows=150,
                page_size=12,
                spread="seconds",
                crowd=0.8,
                off_by=off_by,
                habits=FOUR,
            )
            assert_kept(run(world, seed))


IGNORED = [("begin", "end"), ("begin",), ("end",)]


@pytest.mark.parametrize("ignores", IGNORED, ids=str)
@pytest.mark.parametrize("order", ["rising", "falling"])
@pytest.mark.parametrize(("rows", "page_size"), [(300, 20), (84, 5)])
def test_a_filter_that_is_ignored_ends_soon(
    ignores: tuple[str, ...], order: Order, rows: int, page_size: int
) -> None:
    world = CrawlWorld(rows=rows, page_size=page_size, order=order, habits=FOUR)
    outcome = run(attrs.evolve(world, ignores=ignores), 0)  # type: ignore[arg-type]

    assert outcome.run.error != "endless"
    assert outcome.run.requests <= 6 * outcome.least + 30
    assert outcome.doubled == []
    assert not outcome.run.is_sure or outcome.lost == []


NEWEST_FIRST = CrawlWorld(rows=51, page_size=2, order="falling", ignores=("begin",), crowd=0.8)


@pytest.mark.parametrize(
    ("world", "seed"),
    [
        # Found out late, by an error, after which it goes on from the token.
        (
            attrs.evolve(
                NEWEST_FIRST,
                rows=90,
                crowd=0.4,
                spread="instant",
                habits=Habits(concurrency=4, crash_after=(48, 57), goes_on=3, max_rows=60),
            ),
            347,
        ),
        # The last page of a crowd holds a row of another time, or the window after it the crowd.
        *(
            (
                attrs.evolve(
                    NEWEST_FIRST,
                    spread="office",
                    whole_seconds=True,
                    habits=Habits(crash_after=crash_after, max_rows=most),
                ),
                seed,
            )
            for seed, crash_after, most in ((998, (35, 39), 70), (1421, (13,), 60))
        ),
    ],
    ids=["found out late", "a stray at the end of a crowd", "a crowd that comes again"],
)
def test_rows_of_other_times_never_pass_for_a_list_that_is_proven(
    world: CrawlWorld, seed: int
) -> None:
    assert run(world, seed).run.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("grain", ["minute", "date"])
@pytest.mark.parametrize("rounds_rows", [True, False])
def test_a_filter_that_looks_at_less_than_the_second_doubles_nothing(
    grain: Grain, rounds_rows: bool
) -> None:
    for seed in range(12):
        world = CrawlWorld(
            rows=150,
            page_size=12,
            span=timedelta(minutes=10),
            grain=grain,
            rounds_rows=rounds_rows,
            habits=FOUR,
        )
        outcome = run(world, seed)
        assert outcome.run.error != "endless"
        assert_kept(outcome)


@pytest.mark.parametrize("timeless", [5, 60])
def test_customers_without_time_that_match_each_window(timeless: int) -> None:
    world = CrawlWorld(rows=300, page_size=20, timeless=timeless, timeless_match=True, habits=FOUR)
    outcome = run(world, 0)

    assert outcome.run.error != "endless"
    assert_kept(outcome)


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_rows_without_a_readable_time_do_not_come_with_each_window(order: Order) -> None:
    for seed in range(8):
        world = CrawlWorld(
            rows=9,
            page_size=4,
            timeless=7,
            timeless_match=True,
            order=order,
            drift=0.3,
            habits=Habits(concurrency=8),
        )
        assert_kept(run(world, seed))


# Errors and single rows


@pytest.mark.parametrize("rows", [30, 60, 200])
@pytest.mark.parametrize("crowd", [0.0, 0.9])
def test_rows_that_go_are_no_error_where_one_answers_for_what_is_past_the_end(
    rows: int, crowd: float
) -> None:
    for seed in range(5):
        world = CrawlWorld(
            rows=rows,
            page_size=12,
            spread="instant",
            crowd=crowd,
            pages=Pages(past_end="error"),
            drift=0.3,
            moves=("delete", "delete_near"),
            habits=FOUR,
        )
        outcome = run(world, seed)
        assert_kept(outcome)
        assert outcome.run.error == ""


def test_a_stray_among_single_rows_is_known_by_its_time() -> None:
    for seed in range(40):
        world = CrawlWorld(rows=20, page_size=10, pages=Pages(cap=1), strays=0.05, habits=FOUR)
        assert_kept(run(world, seed))


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_window_as_full_as_the_cap_lets_through_may_hold_one_more(cap: int) -> None:
    for seed in range(8):
        world = CrawlWorld(
            rows=25, page_size=13, pages=Pages(cap=cap), count="minus_one", habits=FOUR
        )
        assert_kept(run(world, seed))


@pytest.mark.parametrize("cap", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("left_out", [1, 2, 9])
def test_a_count_that_stops_where_a_capped_page_ends_is_not_believed(
    cap: int, left_out: int
) -> None:
    """Such a page lacks the room that would show one more row."""
    for rows in range(20, 50, 3):
        counted = rows - left_out
        world = CrawlWorld(
            rows=rows, page_size=cap, pages=Pages(cap=cap), count="capped", capped_at=counted
        )
        if counted > cap:
            assert_kept(run(world, 0))


# Answers that are wrong once


class Lagging(CrawlService):
    """Answers one window with nothing, and has one customer deleted who is elsewhere."""

    emptied: Ask | None = None

    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        if self.emptied is None and ask.end is not None and 1 < len(answer.rows) < ask.limit:
            self.emptied = ask
            within = {row.key for row in answer.rows}
            self.delete(next(i for i, row in enumerate(self.rows) if row.key not in within))
            return Answer((), 0)
        return answer


def test_a_shortfall_does_not_pass_for_a_change() -> None:
    world = CrawlWorld(rows=200, page_size=20)
    service = Lagging(world, random.Random(0))
    driven = Driven(open_crawl(world.pages, world.page_size, None, begin=None, until=UNTIL))
    came: set[str] = set()
    while not driven.planner.ended:
        request = driven.wanted(1)[0]
        answer = service.answer(ask_of(request))
        handed = driven.accept(driven.arrive(request, answer), answer, None)
        came.update(handed.take(handed.left))
    lost = {row.key for row in service.rows} - came
    assert not lost or driven.planner.verdict()[0] is Verdict.INCOMPLETE


@pytest.mark.parametrize("rows", [1, 2])
def test_a_crawl_of_nothing_where_something_is_counted_counts_once_more(rows: int) -> None:
    world = CrawlWorld(rows=rows, page_size=20)
    whole: list[Ask] = []

    class Blind(CrawlService):
        """It finds nothing in the whole time, twice over, and all that is counted as new."""

        def answer(self, ask: Ask) -> Answer:
            answer = super().answer(ask)
            if ask.end is None:
                return answer
            if ask.begin is not None and ask.begin >= UNTIL:
                return super().answer(attrs.evolve(ask, begin=None))
            whole.append(ask)
            return Answer((), 0) if len(whole) <= 2 else answer

    service = Blind(world, random.Random(0))
    driven = Driven(open_crawl(world.pages, world.page_size, None, begin=None, until=UNTIL))
    while not driven.planner.ended:
        request = driven.wanted(1)[0]
        answer = service.answer(ask_of(request))
        driven.accept(driven.arrive(request, answer), answer, None)

    assert driven.planner.verdict()[0] is Verdict.INCOMPLETE


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_answer_that_belongs_to_another_window(concurrency: int) -> None:
    for seed in range(150):
        world = CrawlWorld(
            rows=150,
            page_size=12,
            strays=0.05,
            drift=0.1,
            habits=Habits(concurrency=concurrency),
        )
        assert_kept(run(world, seed))


@pytest.mark.parametrize("errors", [0.2, 1.0])
def test_an_error_for_rows_that_are_counted_ends_no_window(errors: float) -> None:
    for seed in range(20):
        world = CrawlWorld(rows=150, page_size=12, errors=errors, habits=FOUR)
        outcome = run(world, seed)
        assert (outcome.lost, outcome.doubled) == ([], [])
        assert outcome.run.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("rows", [33, 43])
def test_an_error_that_comes_once_ends_no_window_of_which_more_is_there_than_counted(
    rows: int,
) -> None:
    pages = Pages(unit="pages")
    world = CrawlWorld(rows=rows, page_size=10, count="capped", capped_at=rows - 1, pages=pages)
    for failing in range(1, run(world, 0).run.requests + 3):
        assert_kept(run(attrs.evolve(world, failing=failing), 0))


# Requests and time


@pytest.mark.parametrize("huge", range(len(HUGE)))
def test_a_count_that_no_list_has_freezes_nothing(huge: int) -> None:
    outcome = run(CrawlWorld(rows=50, page_size=10, count="huge", huge=huge, habits=FOUR), 0)

    assert outcome.run.slowest < MAX_SECONDS
    assert outcome.run.error != "endless"
    assert not outcome.run.is_sure


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_crawl_that_gets_nowhere_ends_with_a_sentence(seed: int) -> None:
    # Single rows say too little to tell that the filter looks at the date only.
    world = CrawlWorld(
        rows=40, page_size=10, grain="date", rounds_rows=False, pages=Pages(cap=1), drift=0.02
    )
    outcome = run(world, seed)

    assert outcome.run.error == "incomplete"
    assert "more than 440 requests for windows of time were answered" in outcome.run.reasons[0]
    # Six times the least and 200, one more, and those that only count.
    assert outcome.run.requests <= 440 + 1 + 3


def test_one_window_miscounted_does_not_make_all_windows_small() -> None:
    world = CrawlWorld(rows=1000, page_size=50, spread="rising", habits=FOUR)
    plain = run(world, 0)
    for miscounted in range(8):
        outcome = run(attrs.evolve(world, miscounted=miscounted), 0)
        assert outcome.run.requests <= plain.run.requests + 20


@pytest.mark.parametrize(
    "order",
    ["rising", "falling"],
)
def test_ten_pages_cost_little_more_than_the_least_whatever_the_order(order: Order) -> None:
    outcome = run(CrawlWorld(rows=1000, page_size=100, order=order, habits=FOUR), 0)

    assert outcome.run.verdict is Verdict.COMPLETE
    # The aim is a quarter more than the least; this is what the oldest first cost once.
    assert outcome.run.requests <= 4 * outcome.least


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize(
    ("spread", "crowd", "most"), [("one_second", 0.9, 3), ("seconds", 0.8, 3), ("instant", 0.5, 2)]
)
def test_an_import_of_a_few_seconds_is_found_in_a_few_cuts(
    spread: Spread, crowd: float, most: int, order: Order
) -> None:
    world = CrawlWorld(
        rows=1500, page_size=50, spread=spread, crowd=crowd, order=order, habits=FOUR
    )
    outcome = run(world, 0)

    assert outcome.run.verdict is Verdict.COMPLETE, outcome.run.reasons
    assert outcome.run.requests <= most * outcome.least


def test_a_window_that_lost_rows_is_cut_where_its_rows_are() -> None:
    def delete_one(service: CrawlService, ask: Ask) -> None:
        if service.requests > 2:
            service.delete(service.requests * 37 % len(service.rows))

    outcome = run(CrawlWorld(rows=300, page_size=40, habits=FOUR), 0, delete_one)

    assert (outcome.lost, outcome.doubled) == ([], [])
    assert outcome.run.verdict is Verdict.CHANGED
    # A deletion with each request: no window of several pages can be proven.
    assert outcome.run.requests <= 60


@pytest.mark.parametrize("came", [1, 50, 120, 260])
def test_a_resumed_crawl_asks_at_once_for_the_first_rows_that_are_new(came: int) -> None:
    world = CrawlWorld(rows=1000, page_size=20)
    service = CrawlService(world, random.Random(0))
    driven = Driven(open_crawl(world.pages, world.page_size, None, begin=None, until=UNTIL))
    delivered: set[str] = set()
    while len(delivered) < came:
        request = driven.wanted(1)[0]
        answer = service.answer(ask_of(request))
        handed = driven.accept(driven.arrive(request, answer), answer, None)
        delivered.update(handed.take(came - len(delivered)))
    resumed = open_crawl(world.pages, world.page_size, driven.token(), begin=None, until=UNTIL)

    first_ones = [service.answer(ask_of(request)) for request in resumed.wanted(8)]

    rows = [row.key for answer in first_ones for row in answer.rows]
    assert f"c{came}" in rows


def test_pages_of_one_row_that_count_themselves_are_not_the_whole() -> None:
    world = CrawlWorld(rows=30, page_size=10, pages=Pages(cap=1), count="page")
    assert_kept(run(world, 0))


@pytest.mark.parametrize("spread", ["even", "rising", "office", "instant", "seconds", "one_second"])
@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize("includes", [(True, True), (True, False), (False, False)], ids=str)
def test_customers_that_stay_the_same_are_complete(
    spread: Spread, order: Order, includes: tuple[bool, bool]
) -> None:
    for seed in range(3):
        world = CrawlWorld(
            rows=150,
            page_size=20,
            spread=spread,
            crowd=0.6,
            order=order,
            includes=includes,
            habits=FOUR,
        )
        outcome = run(world, seed)
        assert (outcome.lost, outcome.doubled) == ([], [])
        assert outcome.run.verdict is Verdict.COMPLETE, outcome.run.reasons
