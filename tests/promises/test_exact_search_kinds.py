"""Single worlds in which `search` might lose or double a row, or raise a false alarm."""

from __future__ import annotations

import random
from itertools import product

import attrs
import pytest

from enkash_async._paging.addressing import OffsetUnit
from enkash_async._paging.planner import Planner
from enkash_async.report import Verdict
from tests.models.answers import HUGE, Answer, Ask, Count, Pages, PastEnd
from tests.models.listed_world import (
    ListOutcome,
    ListService,
    ListWorld,
    Place,
    Script,
    run,
)
from tests.models.odd_lists import MAX_SECONDS
from tests.models.planners import Driven, ask_of, open_pager
from tests.models.reading import Habits, Outcome, Reader

EIGHT = Habits(concurrency=8)


def open_list(world: ListWorld, token: str | None) -> Planner:
    return open_pager(world.pages, world.page_size, token, start=0, max_rows=None, full_check=False)


def assert_kept(outcome: ListOutcome) -> None:
    """Check that what stayed came once, or that the verdict does not claim it."""
    assert outcome.doubled == []
    assert not outcome.run.is_sure or outcome.lost == []
    assert outcome.is_in_order


def once(row: int, change: Script) -> Script:
    """Return a script that makes *change* once, when reading has come to *row*."""
    done: list[bool] = []

    def script(service: ListService, ask: Ask) -> None:
        if not done and service.reached is not None and service.index(service.reached) >= row:
            done.append(True)
            change(service, ask)

    return script


# Lost or doubled


@pytest.mark.parametrize("burst", [5000, 9000])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_burst_beyond_memory_before_the_last_row_delivered(burst: int, concurrency: int) -> None:
    def insert(service: ListService, ask: Ask) -> None:
        service.insert(service.index(service.reached), burst)

    world = ListWorld(rows=9000, page_size=1000, habits=Habits(concurrency=concurrency))
    outcome = run(world, 0, once(2000, insert))

    assert_kept(outcome)
    assert outcome.run.verdict is Verdict.CHANGED


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_count_that_stops_where_pages_end_by_their_weight(concurrency: int) -> None:
    world = ListWorld(
        rows=400,
        page_size=40,
        pages=Pages(budget=60),
        heaviest=6,
        count="capped",
        capped_at=100,
        habits=Habits(concurrency=concurrency),
    )
    outcome = run(world, 0)

    assert outcome.lost == []
    assert outcome.run.is_sure


@pytest.mark.parametrize("capped_at", [30, 33, 36])
def test_a_token_of_a_list_of_uneven_pages_says_nothing_of_their_length(capped_at: int) -> None:
    for stop in range(20, 29):
        world = ListWorld(
            rows=58,
            page_size=12,
            pages=Pages(budget=20),
            heaviest=3,
            count="capped",
            capped_at=capped_at,
            habits=Habits(crash_after=(stop,)),
        )
        assert_kept(run(world, 0))


def test_one_row_that_fills_a_page_alone_where_nothing_is_counted() -> None:
    def grow(service: ListService, ask: Ask) -> None:
        if service.requests == 1:
            service.rows[10] = attrs.evolve(service.rows[10], weight=5)

    world = ListWorld(rows=30, page_size=5, pages=Pages(budget=5), count="missing")
    assert_kept(run(world, 0, grow))


@pytest.mark.parametrize("full_check", [False, True])
@pytest.mark.parametrize(("rows", "page_size", "budget"), [(6, 2, 5), (12, 10, 12), (31, 10, 16)])
def test_rows_that_go_just_before_the_end_is_looked_for_where_the_last_fills_a_page_alone(
    rows: int, page_size: int, budget: int, full_check: bool
) -> None:
    world = ListWorld(
        rows=rows, page_size=page_size, pages=Pages(budget=budget), full_check=full_check
    )
    for number, gone, heavy in product(range(2, 14), (1, 2, 3), (2, 3)):

        def script(
            service: ListService, ask: Ask, at: int = number, gone: int = gone, heavy: int = heavy
        ) -> None:
            if service.requests == 1:
                tail = [attrs.evolve(row, weight=budget - 1) for row in service.rows[-heavy:]]
                service.rows[-heavy:] = tail
            if service.requests == at:
                service.delete(0, gone)

        assert_kept(run(world, 0, script))


@pytest.mark.parametrize("past_end", ["empty", "last_page", "error"])
@pytest.mark.parametrize("count", ["total", "page", "missing"])
def test_all_rows_come_where_offsets_count_pages_that_end_by_their_weight(
    count: Count, past_end: PastEnd
) -> None:
    for rows, page_size, (budget, heaviest) in product(
        (3, 8, 30, 60), (4, 12, 30), ((3, 2), (5, 6), (12, 4), (30, 20))
    ):
        pages = Pages(unit="pages", budget=budget, past_end=past_end)
        world = ListWorld(
            rows=rows, page_size=page_size, pages=pages, count=count, heaviest=heaviest
        )
        outcome = run(world, 0)

        assert outcome.run.delivered == outcome.stayed
        assert outcome.run.error == ""


@pytest.mark.parametrize("count", ["total", "page", "missing"])
def test_all_rows_come_where_offsets_count_pages_as_asked_for_and_each_holds_one_row(
    count: Count,
) -> None:
    def grow(service: ListService, ask: Ask) -> None:
        if service.requests == 1:
            service.rows = [attrs.evolve(row, weight=2) for row in service.rows]

    for rows in range(1, 9):
        pages = Pages(unit="pages", budget=2)
        outcome = run(ListWorld(rows=rows, page_size=10, pages=pages, count=count), 0, grow)

        assert outcome.run.delivered == outcome.stayed
        assert rows == 1 or outcome.run.verdict is Verdict.INCOMPLETE


def test_offsets_that_count_pages_with_a_cap_and_a_starting_offset() -> None:
    for start in range(1, 40):
        for cap in range(3, 10):
            pages = Pages(unit="pages", cap=cap)
            outcome = run(ListWorld(rows=50, page_size=10, pages=pages, start=start), 0)
            assert_kept(outcome)
            assert outcome.strangers == []


def test_the_offset_is_of_the_list_at_the_page_taken_first_where_its_size_was_not_known() -> None:
    def delete(service: ListService, ask: Ask) -> None:
        if service.requests == 2:
            service.delete(3)

    world = ListWorld(rows=50, page_size=20, pages=Pages(unit="pages"), start=42)
    outcome = run(world, 0, delete)

    # The last page was shorter than asked for, and taken when it was asked for again.
    assert outcome.run.delivered == [f"old{number}" for number in range(43, 50)]
    assert (outcome.lost, outcome.strangers) == ([], [])


def test_insertions_in_front_of_a_starting_offset() -> None:
    for many in range(1, 20):

        def insert(service: ListService, ask: Ask, many: int = many) -> None:
            service.insert(0, many)

        outcome = run(ListWorld(rows=60, page_size=10, start=30), 0, once(38, insert))
        assert_kept(outcome)
        assert outcome.strangers == []


def test_a_deletion_just_before_the_end_after_a_starting_offset() -> None:
    def delete(service: ListService, ask: Ask) -> None:
        service.delete(55)

    for start in range(40, 55):
        outcome = run(ListWorld(rows=60, page_size=16, start=start), 0, once(59, delete))
        assert_kept(outcome)
        assert outcome.strangers == []


@pytest.mark.parametrize("past_end", ["last_page", "last_rows"])
@pytest.mark.parametrize("start", [30, 31, 45])
def test_an_offset_past_the_end_that_is_answered_with_the_last_page(
    past_end: str, start: int
) -> None:
    pages = Pages(past_end=past_end)  # type: ignore[arg-type]
    outcome = run(ListWorld(rows=30, page_size=8, pages=pages, start=start), 0)

    assert outcome.run.delivered == []
    assert outcome.run.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("places", [("anywhere",), ("before",), ("anywhere", "before")])
def test_rows_that_are_touched_take_no_others_with_them(places: tuple[Place, ...]) -> None:
    world = ListWorld(
        rows=12_000,
        page_size=700,
        drift=0.4,
        moves=("touch", "touch", "delete"),
        burst="pages",
        places=places,
        habits=Habits(concurrency=4),
    )
    for seed in range(25):
        assert_kept(run(world, seed))


def test_an_answer_to_another_request_ends_nothing_where_its_length_fits_the_count() -> None:
    strays: list[Ask] = []

    class Confused(ListService):
        def answer(self, ask: Ask) -> Answer:
            if ask.offset == 19 and not strays:
                strays.append(ask)
                self.insert(20)
                return super().answer(Ask(8, 6))
            return super().answer(ask)

    world = ListWorld(rows=24, page_size=6, start=8)
    service = Confused(world, random.Random(0))
    reader = Reader(
        service,
        Habits(),
        lambda token: open_pager(world.pages, 6, token, start=8, max_rows=None, full_check=False),
        random.Random(0),
        lambda _: 30,
    )
    outcome = reader.read()

    assert strays
    assert [key for key in outcome.delivered if key.startswith("old")] == [
        f"old{number}" for number in range(8, 24)
    ]
    assert outcome.verdict is Verdict.CHANGED


@pytest.mark.parametrize("page_size", [10, 25])
@pytest.mark.parametrize("unread", [1, 7, 60])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_rows_that_are_touched_together_fill_pages_of_their_own_and_hide_no_others(
    page_size: int, unread: int, concurrency: int
) -> None:
    for many in (2, 5, page_size, 2 * page_size, 30):
        for first in (0, 3):

            def touch(service: ListService, ask: Ask, first: int = first, many: int = many) -> None:
                service.touch(first, many)

            world = ListWorld(
                rows=3 * page_size + unread,
                page_size=page_size,
                habits=Habits(concurrency=concurrency),
            )
            outcome = run(world, 0, once(2 * page_size, touch))

            assert_kept(outcome)
            assert outcome.lost == [] or many > 2 * page_size
            assert outcome.run.requests <= outcome.least + 12 + 2 * concurrency


def test_a_place_changed_by_as_much_as_the_list_grew_is_found_at_once() -> None:
    def insert(service: ListService, ask: Ask) -> None:
        service.insert(0, 3)

    calm = run(ListWorld(rows=300, page_size=20), 0)
    outcome = run(ListWorld(rows=300, page_size=20), 0, once(100, insert))

    assert outcome.lost == []
    assert outcome.run.verdict is Verdict.CHANGED
    assert outcome.run.requests <= calm.run.requests + 1


@pytest.mark.parametrize("touched", range(4))
def test_one_row_moved_to_the_end_is_all_that_is_left_of_those_delivered(touched: int) -> None:
    def change(service: ListService, ask: Ask) -> None:
        service.touch(touched)
        service.delete(0, 3)

    outcome = run(ListWorld(rows=8, page_size=4), 0, once(3, change))

    assert_kept(outcome)
    # Of the row that moved nothing tells what it has passed.
    assert outcome.run.verdict is Verdict.INCOMPLETE
    assert outcome.lost == []


def come_and_go() -> Script:
    """Return a script that inserts three rows before they are read, and deletes them after that."""
    come = once(8, lambda service, ask: service.insert(9, 3))
    go = once(11, lambda service, ask: service.delete(9, 3))

    def change(service: ListService, ask: Ask) -> None:
        come(service, ask)
        go(service, ask)

    return change


@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_a_list_that_is_as_long_as_before_again_has_changed_all_the_same(concurrency: int) -> None:
    # Pages of four, by number: the one after row 12 may share no row with those before it.
    habits = Habits(concurrency=concurrency, heavy=0.3)
    world = ListWorld(rows=12, page_size=4, pages=Pages(unit="pages"), habits=habits)
    for seed in range(40):
        assert_kept(run(world, seed, come_and_go()))


@pytest.mark.parametrize("rows", [8, 40, 400])
@pytest.mark.parametrize("came", [1, 2, 5])
def test_the_last_row_before_a_token_moves_to_the_end(came: int, rows: int) -> None:
    def touch(service: ListService, ask: Ask) -> None:
        service.touch(0, came)

    world = ListWorld(rows=rows, page_size=20, habits=Habits(crash_after=(came,)))
    outcome = run(world, 0, once(came - 1, touch))

    assert_kept(outcome)
    assert outcome.run.verdict is not Verdict.COMPLETE


@pytest.mark.parametrize(("rows", "page_size"), [(4, 15), (12, 15), (60, 60)])
def test_a_token_before_a_row_that_was_delivered_goes_on_after_that(
    rows: int, page_size: int
) -> None:
    def insert(service: ListService, ask: Ask) -> None:
        if service.requests in (2, 4):
            # So that the second reader gets two rows and then the one that the first had.
            service.insert(0)

    world = ListWorld(rows=rows, page_size=page_size, habits=Habits(crash_after=(1, 3)))
    outcome = run(world, 0, insert)

    assert_kept(outcome)
    assert outcome.lost == []
    assert outcome.run.verdict is Verdict.CHANGED
    assert outcome.run.requests <= 8


@pytest.mark.parametrize("page_size", [100, 120, 300])
@pytest.mark.parametrize("grown", [1, 2, 9])
def test_what_a_list_grows_by_at_its_end_is_no_cap(page_size: int, grown: int) -> None:
    limits: list[int] = []

    def grow(service: ListService, ask: Ask) -> None:
        limits.append(ask.limit)
        if service.requests > 1:
            service.insert(len(service.rows), grown)
        if service.requests == 2:
            service.delete(5, 3)

    outcome = run(ListWorld(rows=100, page_size=page_size), 0, grow)

    assert_kept(outcome)
    assert outcome.run.verdict is Verdict.CHANGED
    assert outcome.run.requests <= 8
    assert min(limits) >= 100


def test_rows_that_come_or_go_while_an_offset_past_the_end_is_looked_into_are_seen() -> None:
    def change(service: ListService, ask: Ask) -> None:
        # The page before the offset looks like the one at it, once rows have moved up.
        if service.requests in (1, 3, 5):
            service.insert(0)
        elif service.requests == 6:
            service.delete(0)

    world = ListWorld(rows=35, page_size=2, start=30, count="capped", capped_at=1)
    outcome = run(world, 0, change)

    assert_kept(outcome)


def test_a_peek_says_nothing_once_the_edge_has_moved() -> None:
    def insert(service: ListService, ask: Ask) -> None:
        if service.requests == 1:
            service.rows[3] = attrs.evolve(service.rows[3], weight=7)
        elif service.requests == 3:
            service.insert(0)

    world = ListWorld(rows=18, page_size=7, pages=Pages(budget=7), heaviest=2, count="missing")
    assert_kept(run(world, 0, insert))


def test_an_empty_id_is_no_id() -> None:
    outcome = run(ListWorld(rows=50, page_size=10, ids="empty", full_check=True), 0)
    assert (outcome.lost, outcome.run.verdict) == ([], Verdict.COMPLETE)


@pytest.mark.parametrize("past_end", ["empty", "last_page"])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_count_one_too_low_together_with_a_cap(past_end: str, concurrency: int) -> None:
    for cap in range(2, 9):
        for rows in range(20):
            world = ListWorld(
                rows=rows,
                page_size=10,
                pages=Pages(cap=cap, past_end=past_end),  # type: ignore[arg-type]
                count="minus_one",
                habits=Habits(concurrency=concurrency),
            )
            assert run(world, 0).lost == []


def test_a_count_one_too_low_where_pages_end_by_their_weight() -> None:
    for rows in range(3, 30):
        pages = Pages(budget=4)
        world = ListWorld(rows=rows, page_size=8, pages=pages, heaviest=2, count="minus_one")
        assert run(world, 0).lost == []


def test_a_full_check_where_nothing_is_counted() -> None:
    world = ListWorld(rows=60, page_size=8, count="missing", swaps=0.3, full_check=True)
    for seed in range(60):
        outcome = run(world, seed)
        assert not outcome.run.is_sure or outcome.lost == []


# Errors that come now and then


class Failing(ListService):
    """Answers some requests, by their numbers, with an error that comes once."""

    failing: frozenset[int] = frozenset()

    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        return Answer(is_error=True) if self.requests in self.failing else answer


def read_with_errors(world: ListWorld, *numbers: int) -> Outcome:
    service = Failing(world, random.Random(0))
    service.failing = frozenset(numbers)
    size, start = world.page_size, world.start

    def open_planner(token: str | None) -> Planner:
        return open_pager(world.pages, size, token, start=start, max_rows=None, full_check=False)

    return Reader(service, Habits(), open_planner, random.Random(0), lambda _: 300).read()


LISTS_WITH_ERRORS = {
    "a starting offset": ListWorld(rows=4, page_size=10, start=3),
    "a starting offset and no count": ListWorld(rows=4, page_size=10, start=3, count="missing"),
    "a starting offset far on": ListWorld(rows=40, page_size=10, start=39, pages=Pages(cap=10)),
    "a starting offset within pages": ListWorld(rows=105, page_size=25, start=71),
    "one row": ListWorld(rows=1, page_size=10, count="missing"),
    "lone rows": ListWorld(
        rows=12, page_size=5, pages=Pages(budget=4), heaviest=4, count="missing"
    ),
    "pages end by weight": ListWorld(rows=60, page_size=10, pages=Pages(budget=20), heaviest=6),
    "offsets count pages": ListWorld(rows=60, page_size=13, pages=Pages(unit="pages")),
    "offsets count pages after a starting offset": ListWorld(
        rows=60, page_size=13, pages=Pages(unit="pages"), start=31
    ),
    "errors past the end": ListWorld(rows=40, page_size=10, pages=Pages(past_end="error")),
    "pages of two": ListWorld(rows=5, page_size=10, pages=Pages(unit="pages", cap=2)),
    "pages of one": ListWorld(rows=5, page_size=10, pages=Pages(cap=1)),
}


@pytest.mark.parametrize("world", LISTS_WITH_ERRORS.values(), ids=LISTS_WITH_ERRORS)
@pytest.mark.parametrize("errors", [(0,), (0, 1), (0, 1, 3)])
def test_an_error_that_comes_once_ends_nothing_and_changes_nothing(
    world: ListWorld, errors: tuple[int, ...]
) -> None:
    calm = read_with_errors(world)
    due = [f"old{number}" for number in range(world.start, world.rows)]
    assert calm.delivered == due

    for number in range(1, calm.requests + 3):
        outcome = read_with_errors(world, *(number + one for one in errors))
        if len(errors) == 1:
            assert outcome.delivered == due or outcome.error == "refused"
        # If others come with it, it is no change either, and no end where more is counted.
        may_go_back = world.pages.unit == "pages" and len(errors) > 2
        assert outcome.verdict is not Verdict.CHANGED or may_go_back
        is_counted_out = outcome.verdict is Verdict.COMPLETE and world.count == "total"
        assert outcome.delivered == due or not is_counted_out


@pytest.mark.parametrize("came", [3, 6, 9])
@pytest.mark.parametrize("gone", [1, 3, 6])
def test_an_error_right_after_a_token_ends_no_list_of_which_more_was_counted(
    came: int, gone: int
) -> None:
    def delete(service: ListService, ask: Ask) -> None:
        service.delete(0, gone)

    pages = Pages(unit="pages", past_end="error")
    world = ListWorld(rows=10, page_size=3, pages=pages, habits=Habits(crash_after=(came,)))
    assert_kept(run(world, 0, once(came - 1, delete)))


@pytest.mark.parametrize("count", ["total", "missing", "page"])
def test_an_offset_past_the_end_is_one_where_the_error_comes_again(count: str) -> None:
    pages = Pages(past_end="error")
    world = ListWorld(rows=7, page_size=10, pages=pages, start=9, count=count)  # type: ignore[arg-type]
    outcome = run(world, 0)

    assert (outcome.run.delivered, outcome.run.error) == ([], "")
    # The last one shows that no row follows those on the first page.
    assert outcome.run.requests == 4
    is_counted = count != "missing"
    assert outcome.run.verdict is (Verdict.COMPLETE if is_counted else Verdict.INCOMPLETE)


@pytest.mark.parametrize("errors", [2, 3, 4])
@pytest.mark.parametrize("page_size", [5, 20])
@pytest.mark.parametrize("cap", [None, 10])
@pytest.mark.parametrize("unit", ["rows", "pages"])
@pytest.mark.parametrize(
    ("count", "capped_at"),
    [("capped", 3), ("capped", 32), ("capped", 70), ("page", 0), ("missing", 0), ("total", 0)],
)
def test_no_list_ends_before_an_offset_by_errors_where_its_count_stops(
    count: Count,
    capped_at: int,
    unit: OffsetUnit,
    cap: int | None,
    page_size: int,
    errors: int,
) -> None:
    pages = Pages(unit=unit, cap=cap)
    for start, first in product((68, 70, 72), range(1, 6)):
        world = ListWorld(
            rows=73, page_size=page_size, start=start, pages=pages, count=count, capped_at=capped_at
        )
        outcome = read_with_errors(world, *range(first, first + errors))

        is_said = outcome.verdict in (None, Verdict.INCOMPLETE)
        # After the edge, two errors are the end where no count says otherwise.
        is_named = outcome.delivered != [] and count != "total"
        assert is_said or len(outcome.delivered) == 73 - start or is_named
        assert outcome.requests <= 30


def test_a_list_that_changes_around_the_offset_is_not_taken_for_one_that_ends_before() -> None:
    def turn(service: ListService, ask: Ask) -> None:
        if service.requests % 2:
            service.insert(0, 2)
        else:
            service.delete(0, 2)

    outcome = run(ListWorld(rows=49, page_size=24, start=40, count="capped", capped_at=3), 0, turn)

    assert outcome.run.verdict is Verdict.INCOMPLETE


# Too many requests


@pytest.mark.parametrize("past_end", ["empty", "last_page", "last_rows", "error"])
def test_a_row_alone_where_the_count_ends_is_not_asked_for_without_end(past_end: str) -> None:
    pages = Pages(cap=1, past_end=past_end)  # type: ignore[arg-type]
    # A reader that goes on from a token at the last row counted has yet to learn the cap.
    world = ListWorld(
        rows=6, page_size=5, pages=pages, count="minus_one", habits=Habits(crash_after=(5,))
    )
    outcome = run(world, 0)

    assert outcome.run.delivered == outcome.stayed
    assert outcome.run.requests <= 16


@pytest.mark.parametrize("page_size", [3, 4])
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("rows", [12, 30])
def test_a_page_that_ends_with_the_edge_is_not_asked_for_without_end(
    page_size: int, concurrency: int, rows: int
) -> None:
    # Where offsets count pages, those around the place may all begin or end just there.
    habits = Habits(concurrency=concurrency)
    world = ListWorld(rows=rows, page_size=page_size, pages=Pages(unit="pages"), habits=habits)
    for number in range(3, 9):
        for gone in range(3, 7):

            def delete(service: ListService, ask: Ask, at: int = number, gone: int = gone) -> None:
                if service.requests == at:
                    service.delete(1, gone)

            outcome = run(world, 0, delete)

            assert_kept(outcome)
            assert outcome.run.requests <= 2 * rows


LISTS_THAT_END_WITH_A_ROW_ALONE = {
    "the one row from an offset on": ListWorld(
        rows=38, page_size=6, pages=Pages(budget=5, past_end="last_rows"), heaviest=2, start=37
    ),
    "few rows": ListWorld(
        rows=4, page_size=3, pages=Pages(budget=4, past_end="last_rows"), heaviest=2
    ),
    "many rows": ListWorld(
        rows=36, page_size=6, pages=Pages(cap=6, budget=14, past_end="last_page"), heaviest=6
    ),
}


@pytest.mark.parametrize(
    "world", LISTS_THAT_END_WITH_A_ROW_ALONE.values(), ids=LISTS_THAT_END_WITH_A_ROW_ALONE
)
def test_the_last_row_alone_where_pages_end_by_their_weight_and_come_past_the_end(
    world: ListWorld,
) -> None:
    outcome = run(world, 0)

    assert outcome.run.delivered == outcome.stayed
    assert outcome.run.verdict is Verdict.COMPLETE
    assert outcome.run.requests <= 2 * outcome.least + 2


@pytest.mark.parametrize("huge", range(len(HUGE)))
def test_a_count_that_no_list_has_freezes_nothing(huge: int) -> None:
    world = ListWorld(rows=100, page_size=10, count="huge", off_by=huge, habits=EIGHT)
    outcome = run(world, 0)

    assert outcome.lost == []
    assert outcome.run.slowest < MAX_SECONDS
    assert outcome.run.requests <= outcome.least + 10


@pytest.mark.parametrize("rows", [100, 105, 500])
def test_only_what_is_in_flight_is_asked_for_past_the_end_where_nothing_is_counted(
    rows: int,
) -> None:
    behind: list[int] = []

    def note(service: ListService, ask: Ask) -> None:
        behind.extend([ask.offset] * (ask.offset >= rows))

    for seed in range(10):
        behind.clear()
        run(ListWorld(rows=rows, page_size=10, count="missing", habits=EIGHT), seed, note)
        # One of the pages in flight holds the last rows, and one more proves the end.
        assert len(behind) <= EIGHT.concurrency


# False alarms


@pytest.mark.parametrize("count", ["total", "missing"])
def test_one_row_where_offsets_past_the_end_are_errors(count: str) -> None:
    pages = Pages(past_end="error")
    world = ListWorld(rows=1, page_size=10, pages=pages, count=count)  # type: ignore[arg-type]
    outcome = run(world, 0)

    assert (outcome.run.error, outcome.run.verdict) == ("", Verdict.COMPLETE)


def test_a_list_that_shrinks_below_the_place_reached_where_that_is_an_error() -> None:
    def shrink(service: ListService, ask: Ask) -> None:
        service.delete(4, 100)

    world = ListWorld(rows=60, page_size=10, pages=Pages(past_end="error"))
    outcome = run(world, 0, once(25, shrink))

    assert outcome.run.error == ""
    assert outcome.lost == []


@pytest.mark.parametrize("first", [0, 1])
def test_any_number_of_records_where_offsets_count_pages(first: int) -> None:
    pages = Pages(unit="pages", first=first)  # type: ignore[arg-type]
    for most in range(1, 101):
        world = ListWorld(rows=100, page_size=25, pages=pages, habits=Habits(max_rows=most))
        outcome = run(world, 0)
        assert outcome.run.delivered == outcome.stayed[:most]
        assert outcome.run.verdict is Verdict.COMPLETE


def test_a_token_taken_before_the_rows_of_a_page_can_be_gone_on_with() -> None:
    world = ListWorld(rows=25, page_size=10)
    service = ListService(world, random.Random(0))
    driven = Driven(open_list(world, None))
    token: str | None = None
    came: list[str] = []
    while token is None:
        request = driven.wanted(1)[0]
        answer = service.answer(ask_of(request))
        handed = driven.accept(driven.arrive(request, answer), answer, None)
        if came and handed.left:
            token = driven.token()
        elif not came:
            came += handed.take(10)
            # All but the last row delivered goes, and one is inserted in front.
            service.delete(0, 9)
            service.insert(0)
    assert all(request.offset >= 0 for request in Driven(open_list(world, token)).wanted(8))


def test_a_service_that_ignores_offsets_ends_with_an_error() -> None:
    class Deaf(ListService):
        def answer(self, ask: Ask) -> Answer:
            return super().answer(Ask(0, ask.limit))

    world = ListWorld(rows=50, page_size=10)
    service = Deaf(world, random.Random(0))

    reader = Reader(
        service, EIGHT, lambda token: open_list(world, token), random.Random(0), lambda _: 200
    )
    outcome = reader.read()
    assert outcome.error == "incomplete"
