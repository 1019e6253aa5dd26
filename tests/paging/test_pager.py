"""The pager against a list that changes while it is read, see `tests.models.changing_list`."""

from __future__ import annotations

import math
import os
import random

import attrs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, ListPoint, ResumeToken
from tests.models.changing_list import Count, Service, World, run
from tests.paging.pages import ids_from, page_of

# The thorough profile: ENKASH_EXAMPLES=50000 pytest tests/paging/test_pager.py
EXAMPLES = int(os.environ.get("ENKASH_EXAMPLES", "200"))

many_examples = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

ROWS = st.one_of(st.integers(0, 30), st.integers(0, 150))
SIZES = st.one_of(st.integers(1, 8), st.integers(1, 60))
SEEDS = st.integers(0, 2**32)


@st.composite
def worlds(draw: st.DrawFn, drift: bool, crashes: bool = False) -> World:
    unit: OffsetUnit = draw(st.sampled_from(["rows", "rows", "pages"]))
    count: Count = draw(st.sampled_from(["total", "total", "page", "missing", "plus_one"]))
    # A cap of one row looks like the end of the list, so a deletion in just that moment is lost
    # on the pager where no count tells.
    least = 1 if count == "total" and not drift else 2
    cap = draw(st.none() | st.integers(least, 10))
    return World(
        rows=draw(ROWS),
        page_size=draw(SIZES),
        cap=cap,
        late_cap=None if unit == "pages" or cap == 1 else draw(st.none() | st.integers(2, 5)),
        count=count,
        unit=unit,
        drift=draw(st.sampled_from([0.02, 0.1, 0.4])) if drift else 0.0,
        clamps=draw(st.booleans()),
        bursts=draw(st.booleans()),
        concurrency=draw(st.sampled_from([1, 2, 4, 8])),
        crashes=crashes,
        cancels=draw(st.booleans()),
        heavy=draw(st.sampled_from([0.0, 0.05, 0.3])),
    )


@many_examples
@given(worlds(drift=False), SEEDS)
def test_a_list_that_stays_the_same_is_delivered_as_it_is(world: World, seed: int) -> None:
    outcome = run(world, seed)

    assert outcome.delivered == outcome.stayed
    if world.is_honest:
        assert outcome.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("page_size", [3, 10, 100])
@pytest.mark.parametrize("pages", [3, 4, 10, 25])
@pytest.mark.parametrize("rest", [-1, 0, 1])
def test_a_list_is_read_in_the_fewest_requests_that_its_length_allows(
    pages: int, page_size: int, rest: int
) -> None:
    rows = pages * page_size + rest
    pager = Pager(page_size=page_size, addressing=Addressing())
    requests, delivered = 0, 0
    while not pager.ended:
        [request] = pager.wanted(1)
        page = page_of(
            *ids_from(request.offset, min(request.limit, rows - request.offset)), total=rows
        )
        new = pager.accept(page).count(page)
        requests, delivered = requests + 1, delivered + new
        assert new <= page_size

    assert (requests, delivered) == (math.ceil(rows / page_size), rows)
    assert pager.verdict() == (Verdict.COMPLETE, [])


@many_examples
@given(worlds(drift=True), SEEDS)
def test_a_row_that_stays_is_delivered_once_or_the_verdict_says_otherwise(
    world: World, seed: int
) -> None:
    outcome = run(world, seed)

    if outcome.verdict in (Verdict.COMPLETE, Verdict.CHANGED):
        stayed = set(outcome.stayed)
        assert [row for row in outcome.delivered if row in stayed] == outcome.stayed


@many_examples
@given(worlds(drift=True, crashes=True), SEEDS)
def test_the_same_holds_for_one_that_is_stopped_and_resumed(world: World, seed: int) -> None:
    outcome = run(world, seed)

    if outcome.verdict in (Verdict.COMPLETE, Verdict.CHANGED):
        stayed = set(outcome.stayed)
        assert [row for row in outcome.delivered if row in stayed] == outcome.stayed


@many_examples
@given(worlds(drift=False), st.sampled_from([0.05, 0.5]), SEEDS)
def test_a_full_check_notices_every_change_of_the_order(
    world: World, swaps: float, seed: int
) -> None:
    world = attrs.evolve(world, swaps=swaps, full_check=True, count="total")
    outcome = run(world, seed)

    assert len(set(outcome.delivered)) == len(outcome.delivered)
    if outcome.verdict in (Verdict.COMPLETE, Verdict.CHANGED):
        assert sorted(outcome.delivered) == sorted(outcome.stayed)


@many_examples
@given(worlds(drift=True), SEEDS)
def test_rows_that_come_and_go_are_not_taken_for_a_changed_order(world: World, seed: int) -> None:
    outcome = run(world, seed)
    # Where pages do not overlap, what is said of them is in doubt in any case.
    assert not outcome.moved or not world.overlaps


@pytest.mark.parametrize(
    ("rows", "page_size", "concurrency", "clamps", "count", "seed"),
    [
        (30, 8, 1, False, "page", 14527978),
        (30, 6, 8, True, "missing", 2001990144),
        (36, 6, 8, False, "page", 3285935120),
    ],
)
def test_a_page_older_than_the_one_read_again_before_it_says_nothing_of_the_order(
    rows: int, page_size: int, concurrency: int, clamps: bool, count: Count, seed: int
) -> None:
    # Many rows were inserted after it had come, between rows that it holds side by side.
    world = World(
        rows=rows,
        page_size=page_size,
        concurrency=concurrency,
        clamps=clamps,
        count=count,
        drift=0.4,
        bursts=True,
    )
    assert not run(world, seed).moved


@many_examples
@given(
    rows=ROWS,
    page_size=st.integers(2, 60),
    count=st.sampled_from(["total", "page", "missing", "plus_one", "minus_one"]),
    seed=SEEDS,
)
def test_a_list_that_stays_the_same_costs_at_most_two_requests_more_than_the_plain_way(
    rows: int, page_size: int, count: Count, seed: int
) -> None:
    outcome = run(World(rows=rows, page_size=page_size, count=count), seed)

    plain = max(1, math.ceil(rows / page_size))
    assert outcome.requests <= plain + 2


def test_most_lists_that_change_are_still_read_to_their_end() -> None:
    worlds = [
        World(rows=2000, page_size=100, drift=0.3, concurrency=concurrency)
        for concurrency in (1, 8)
    ]
    verdicts = [run(world, seed).verdict for world in worlds for seed in range(20)]

    assert verdicts == [Verdict.CHANGED] * 40


# What single pages show


def pager(unit: OffsetUnit = "rows", first: int = 0, page_size: int = 10) -> Pager:
    return Pager(page_size=page_size, addressing=Addressing(unit, first))


def read_all(reader: Pager, service: Service, rows: list[str] | None = None) -> list[str]:
    """Return the rows of the list, which are in *rows* too where an error ends it."""
    rows = [] if rows is None else rows
    while not reader.ended:
        page = service.answer(reader.wanted(1)[0])
        new_rows = reader.accept(page)
        rows += [page.ids[index] for index in new_rows.indices(page)]
    return rows


@pytest.mark.parametrize("rows", [11, 25, 200])
@pytest.mark.parametrize("page_size", [1, 2, 10])
def test_offsets_that_count_pages_are_noticed_and_the_setting_is_named(
    rows: int, page_size: int
) -> None:
    service = Service(World(rows=rows, page_size=page_size, unit="pages"), random.Random(0))
    with pytest.raises(IncompleteSearchError, match='offset_unit="pages"'):
        read_all(pager("rows", page_size=page_size), service)


@pytest.mark.parametrize("rows", [11, 25, 200])
def test_offsets_that_count_rows_are_noticed_and_the_setting_is_named(rows: int) -> None:
    service = Service(World(rows=rows, page_size=10), random.Random(0))
    with pytest.raises(IncompleteSearchError, match='offset_unit="rows"'):
        read_all(pager("pages"), service)


@pytest.mark.parametrize("unit", ["rows", "pages"])
def test_an_offset_that_is_ignored_ends_with_an_error(unit: OffsetUnit) -> None:
    class Deaf(Service):
        def answer(self, request: PageRequest) -> RawPage:
            return super().answer(Addressing().request(0, 10, overlaps=False))

    service = Deaf(World(rows=25, page_size=10), random.Random(0))
    with pytest.raises(IncompleteSearchError, match="ignores offsets"):
        read_all(pager(unit), service)


@pytest.mark.parametrize("count", ["total", "missing"])
@pytest.mark.parametrize("page_size", [500, 1000, 5000])
def test_a_list_in_another_order_at_each_request_ends_after_few_of_them(
    page_size: int, count: Count
) -> None:
    class Shuffled(Service):
        def answer(self, request: PageRequest) -> RawPage:
            self.chance.shuffle(self.rows)
            return super().answer(request)

    # More rows than are remembered: those forgotten look new when they come again.
    world = World(rows=5000, page_size=page_size, count=count)
    service = Shuffled(world, random.Random(0))
    reader, rows = pager(page_size=page_size), list[str]()
    with pytest.raises(IncompleteSearchError, match="answer each request in another order"):
        read_all(reader, service, rows)

    assert service.requests <= 60
    # What the error stopped at is not passed over by who goes on.
    assert reader.point().delivered == len(rows)


@pytest.mark.parametrize("count", ["total", "missing", "page"])
@pytest.mark.parametrize(("errors", "is_raised"), [(1, False), (2, True)])
def test_an_error_for_the_page_in_line_is_raised_if_it_comes_again(
    count: Count, errors: int, is_raised: bool
) -> None:
    """The first may be older than the rows that stand there now."""
    service = Service(World(rows=40, page_size=10, count=count), random.Random(0))
    reader, rows, left = pager(), list[str](), errors
    while not reader.ended:
        request = reader.wanted(1)[0]
        if request.purpose is Purpose.NEXT and request.row == 19 and left:
            left -= 1
            if not reader.reads_as_empty(request):
                break
            reader.accept(RawPage.of_error())
            continue
        page = service.answer(request)
        rows += [page.ids[index] for index in reader.accept(page).indices(page)]

    assert not left
    assert reader.ended is not is_raised
    assert rows == service.rows[: 20 if is_raised else 40]
    assert is_raised or reader.verdict()[0] is Verdict.COMPLETE


@pytest.mark.parametrize("stopped_after", range(8))
def test_rows_in_another_order_are_told_of_though_the_search_is_resumed(stopped_after: int) -> None:
    class Swapping(Service):
        def answer(self, request: PageRequest) -> RawPage:
            rows = self.rows
            if self.requests == 1:
                # From here on, rows delivered are looked for on each page.
                del rows[2]
            if self.requests == 5:
                for read, unread in ((6, 34), (5, 35)):
                    rows[read], rows[unread] = rows[unread], rows[read]
            return super().answer(request)

    service = Swapping(World(rows=60, page_size=10), random.Random(0))
    reader, pages = pager(), 0
    while not reader.ended:
        if pages == stopped_after:
            text = str(ResumeToken(fingerprint="", point=reader.point()))
            point = ResumeToken.parse(text).point_of(ListPoint)
            reader = Pager(page_size=10, addressing=Addressing(), resume=point)
        reader.accept(service.answer(reader.wanted(1)[0]))
        pages += 1

    assert pages >= 8
    verdict, reasons = reader.verdict()
    assert verdict is Verdict.INCOMPLETE
    assert "another order" in reasons[0]


@given(
    st.sampled_from(["rows", "pages"]),
    st.integers(20, 1500),
    st.integers(1, 8000),
    st.integers(0, 700),
    st.integers(0, 100),
)
@example("pages", 1000, 3588, 47, 0)
@settings(deadline=None)
def test_a_resumed_search_finds_its_place_wherever_deletions_moved_it(
    unit: OffsetUnit, page_size: int, read: int, deleted: int, late: int
) -> None:
    service = Service(World(rows=9000, page_size=page_size, unit=unit), random.Random(0))
    listed = list(service.rows)
    point = ListPoint(row=read, delivered=read, edge=tuple(listed[max(0, read - 20) : read]))
    # As many were deleted as may be, but for the row delivered last.
    deleted = min(deleted, read - 1, 30 * page_size)
    del service.rows[:deleted]
    service.rows += [f"late{number}" for number in range(late)]
    reader = Pager(page_size=page_size, addressing=Addressing(unit, 0), resume=point)
    assert read_all(reader, service) == service.rows[read - deleted :]
    assert service.requests <= len(service.rows[read - deleted :]) / page_size * 1.5 + 90


def test_the_repr_shows_where_reading_stands() -> None:
    service = Service(World(rows=25, page_size=10), random.Random(0))
    reader = pager()
    shown = [repr(reader)]
    while not reader.ended:
        page = service.answer(reader.wanted(1)[0])
        shown.append(repr(reader))
        reader.accept(page)
    shown.append(repr(reader))

    assert shown == [
        "<Pager at row 0 of None, 0 delivered, 0 pages wanted>",
        "<Pager at row 0 of None, 0 delivered, 1 pages wanted, first for NEXT>",
        "<Pager at row 10 of 25, 10 delivered, 1 pages wanted, first for NEXT>",
        "<Pager at row 20 of 25, 20 delivered, 1 pages wanted, first for NEXT>",
        "<Pager at row 25 of 25, 25 delivered, ended>",
    ]


@pytest.mark.parametrize(("total", "told"), [(MAX_COUNT, MAX_COUNT), (MAX_COUNT + 1, None)])
def test_a_count_that_no_list_can_have_is_left_out_of_a_token(total: int, told: int | None) -> None:
    reader = pager()
    [request] = reader.wanted(1)
    reader.accept(page_of(*ids_from(0, request.limit), total=total))
    token = ResumeToken(fingerprint="", point=reader.point())

    assert token.point.total == told
    assert ResumeToken.parse(str(token)) == token
