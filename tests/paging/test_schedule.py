"""The pages wanted: how many, how large, and smaller ones in their place."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.findings import Findings
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.place import Place
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount
from enkash_async._paging.schedule import Schedule
from enkash_async.resume import ListPoint


@attrs.frozen
class Plan:
    """A schedule with the parts it asks."""

    schedule: Schedule
    count: RecordsCount
    sizes: PageSizes
    reach: Reach
    place: Place

    def rows(self, max_pages: int, *, whole_pages: bool = False) -> list[tuple[int, int]]:
        """Return row and limit of the pages wanted."""
        self.schedule.extend(max_pages, whole_pages=whole_pages)
        return [(request.row, request.limit) for request in self.schedule.first(max_pages)]


def plan_of(
    point: ListPoint | None = None,
    *,
    page_size: int = 10,
    unit: OffsetUnit = "rows",
    max_rows: int | None = None,
    taken: int = 3,
    foreseen: int | None = None,
    cap: int | None = None,
    is_unit_proven: bool = False,
) -> Plan:
    """Return a plan after *taken* full pages were taken, with at most 8 on trial."""
    point = point or ListPoint(row=100, delivered=100, edge=("r99",))
    place, count = Place(0, point, max_rows), RecordsCount(Findings())
    sizes = PageSizes(page_size)
    page_cap = PageCap(unit, point, foreseen=cap)
    reach = Reach(Addressing(unit), page_cap, sizes, max_new=page_size)
    schedule = Schedule(
        place,
        count,
        reach,
        foreseen=foreseen,
        unproven_pages=8,
        is_unit_proven=is_unit_proven,
    )
    for _ in range(taken):
        schedule.note_fitted()
        schedule.note_full(may_be_all=False)
    return Plan(schedule, count, sizes, reach, place)


@pytest.mark.parametrize(
    ("taken", "foreseen", "is_unit_proven", "pages"),
    [
        # The first page goes alone, and as many as may be wasted until the second fits.
        (0, None, False, 1),
        (1, None, False, 8),
        (2, None, False, 32),
        (0, None, True, 1),
        (1, None, True, 32),
        # A count from before says how many there are; it is no reason to waste more.
        (0, 10_000, False, 8),
        (0, 10_000, True, 8),
        (1, 10_000, False, 8),
        (1, 10_000, True, 32),
    ],
)
def test_the_first_pages_are_as_many_as_may_be_wasted(
    taken: int, foreseen: int | None, is_unit_proven: bool, pages: int
) -> None:
    plan = plan_of(taken=taken, foreseen=foreseen, is_unit_proven=is_unit_proven)

    assert len(plan.rows(32)) == pages


@pytest.mark.parametrize(("taken", "pages"), [(1, 1), (2, 8)])
def test_a_first_page_that_may_be_all_is_followed_by_one(taken: int, pages: int) -> None:
    plan = plan_of(taken=taken)
    plan.schedule.note_full(may_be_all=True)

    assert len(plan.rows(8)) == pages


@pytest.mark.parametrize(
    ("total", "rows"),
    [
        (100, [(99, 11)]),
        (109, [(99, 11)]),
        # A full page, which no other is longer than, and the one after it.
        (110, [(99, 11), (109, 11)]),
        (111, [(99, 11), (109, 11)]),
        # A page that is longer than the last, in which there is room for a row more.
        (120, [(98, 12), (109, 12)]),
        (125, [(99, 11), (109, 11), (119, 11)]),
        (140, [(98, 12), (109, 11), (119, 11), (129, 12)]),
    ],
)
def test_a_last_page_that_would_be_full_has_room_for_a_row_more_or_another_page_goes_with_it(
    total: int, rows: list[tuple[int, int]]
) -> None:
    counted, remembered = plan_of(), plan_of(ListPoint(row=90), taken=0, foreseen=total)
    counted.count.note(total, 10)

    assert counted.rows(8) == rows
    assert remembered.rows(8) == [(90, 10), *rows]


@pytest.mark.parametrize(
    ("halvings", "cap", "max_rows", "unit"),
    [
        # Where that many rows do not come, or not in one page, or are not wanted.
        (1, None, None, "rows"),
        (0, 11, None, "rows"),
        (0, None, 40, "rows"),
        (0, None, None, "pages"),
    ],
)
def test_no_page_is_longer_where_it_cannot_be(
    halvings: int, cap: int | None, max_rows: int | None, unit: OffsetUnit
) -> None:
    plan = plan_of(unit=unit, max_rows=max_rows, cap=cap)
    for _ in range(halvings):
        plan.sizes.shrink(11)
    stride = plan.reach.stride
    plan.count.note(100 + 4 * stride, 10)

    assert max(limit for _, limit in plan.rows(8)) <= stride + 1


def test_pages_that_were_foreseen_overlap_before_the_first_has_come() -> None:
    plan = plan_of(ListPoint(row=0), taken=0, foreseen=25)

    assert plan.rows(8) == [(0, 10), (9, 11), (19, 11)]


@pytest.mark.parametrize(
    ("cap", "rows"),
    [
        # The first page is asked for whole, so that a cap that is gone shows.
        (4, [(0, 10), (3, 4), (6, 4), (9, 4)]),
        (10, [(0, 10), (9, 10), (18, 10)]),
        (12, [(0, 10), (8, 12), (19, 11)]),
    ],
)
def test_a_cap_that_was_foreseen_is_planned_with(cap: int, rows: list[tuple[int, int]]) -> None:
    plan = plan_of(ListPoint(row=0), taken=0, foreseen=60, cap=cap)

    assert plan.rows(8)[: len(rows)] == rows


@pytest.mark.parametrize(
    ("first", "left"), [(10, [(9, 11), (19, 11)]), (9, []), (12, [(9, 11), (19, 11)]), (30, [])]
)
def test_what_does_not_lead_on_from_the_first_page_is_planned_anew(
    first: int, left: list[tuple[int, int]]
) -> None:
    plan = plan_of(ListPoint(row=0), taken=0, foreseen=25)
    plan.rows(8)
    plan.schedule.drop_head()
    plan.place.end_row, plan.place.edge = first, "edge"
    plan.schedule.note_fitted()

    assert limits(plan.schedule.first(8)) == left


def test_pages_overlap_by_one_row() -> None:
    assert plan_of().rows(3) == [(99, 11), (109, 11), (119, 11)]


def test_the_first_page_overlaps_nothing() -> None:
    assert plan_of(ListPoint(row=0), taken=0).rows(3) == [(0, 10)]


def test_no_more_rows_are_planned_than_are_counted() -> None:
    plan = plan_of()
    plan.count.note(115, 10)

    assert plan.rows(4) == [(99, 11), (109, 11)]


@pytest.mark.parametrize(
    ("max_rows", "whole_pages", "rows"),
    [
        (125, False, [(99, 11), (109, 11), (119, 6)]),
        (125, True, [(99, 11), (109, 11), (119, 11)]),
        # At least one new row, for the page was asked for because some are left.
        (100, False, [(99, 2)]),
    ],
)
def test_no_more_rows_are_planned_than_the_caller_wants(
    max_rows: int, whole_pages: bool, rows: list[tuple[int, int]]
) -> None:
    assert plan_of(max_rows=max_rows).rows(4, whole_pages=whole_pages) == rows


@pytest.mark.parametrize(
    ("unit", "row", "page_rows", "page_size", "first", "purpose"),
    [
        ("rows", 2, 1, 1, (1, 2), Purpose.NEXT),
        ("pages", 3, 2, 1, (2, 2), Purpose.NEXT),
        # Pages of two rows end at the row before, so that the next begins after it.
        ("pages", 2, 2, 1, (2, 2), Purpose.LOOSE),
        ("pages", 7, 1, 10, (7, 1), Purpose.LOOSE),
    ],
)
def test_pages_too_small_to_overlap_are_marked(
    unit: OffsetUnit,
    row: int,
    page_rows: int,
    page_size: int,
    first: tuple[int, int],
    purpose: Purpose,
) -> None:
    point = ListPoint(row=row, delivered=row, edge=("edge",), page_rows=page_rows)
    plan = plan_of(point, unit=unit, page_size=page_size)

    assert plan.rows(1) == [first]
    assert plan.schedule.head.purpose is purpose


# Smaller pages in the place of others


def limits(requests: Sequence[PageRequest]) -> list[tuple[int, int]]:
    return [(request.row, request.limit) for request in requests]


def test_a_page_that_is_cut_leaves_the_rest_in_its_place() -> None:
    plan = plan_of()
    first, second = plan.schedule, plan.rows(2)
    plan.sizes.shrink(11, 2)
    sent = plan.schedule.refit(first.head)

    assert second == [(99, 11), (109, 11)]
    assert (sent.row, sent.offset, sent.limit) == (99, 99, 6)
    assert limits(plan.schedule.first(9)) == [(99, 6), (104, 6), (109, 11)]


def test_the_last_page_is_cut_and_planning_goes_on_after_it() -> None:
    plan = plan_of()
    plan.rows(1)
    plan.sizes.shrink(11, 2)
    plan.schedule.refit(plan.schedule.head)

    assert plan.rows(3) == [(99, 6), (104, 6), (109, 6)]


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        (92, [(97, 6), (99, 11)]),
        (94, [(94, 6), (99, 6), (99, 11)]),
        (99, [(99, 6), (104, 6), (99, 11)]),
    ],
)
def test_of_a_page_that_holds_the_edge_no_part_ends_before_it(
    row: int, parts: list[tuple[int, int]]
) -> None:
    plan = plan_of()
    plan.rows(1)
    plan.schedule.put_first(PageRequest(row, row, 11))
    plan.sizes.shrink(11, 2)
    plan.schedule.refit(plan.schedule.head)

    assert limits(plan.schedule.first(9)) == parts


def test_pages_that_end_before_the_edge_are_not_wanted_once_a_longer_one_came() -> None:
    plan = plan_of()
    plan.rows(2)
    for row in (90, 80):
        plan.schedule.put_first(PageRequest(row, row, 5))
    plan.schedule.note_fitted()

    assert limits(plan.schedule.first(9)) == [(99, 11), (109, 11)]


@pytest.mark.parametrize(
    ("purpose", "parts"),
    [
        (Purpose.PROBE, [(50, 6), (99, 11)]),
        (Purpose.PEEK, [(50, 6), (99, 11)]),
        (Purpose.REREAD, [(50, 6), (55, 6), (99, 11)]),
        (Purpose.NEXT, [(50, 6), (55, 6), (99, 11)]),
    ],
)
def test_what_asks_a_question_needs_no_rest(purpose: Purpose, parts: list[tuple[int, int]]) -> None:
    plan = plan_of()
    plan.rows(1)
    plan.schedule.put_first(PageRequest(50, 50, 11, purpose=purpose))
    plan.sizes.shrink(11, 2)
    sent = plan.schedule.refit(plan.schedule.head)

    assert limits(plan.schedule.first(9)) == parts
    assert {request.purpose for request in plan.schedule.first(len(parts) - 1)} == {purpose}
    assert plan.schedule.holds(sent)


def test_a_page_that_fits_or_is_no_longer_wanted_is_sent_as_it_is() -> None:
    plan = plan_of()
    plan.rows(2)
    head = plan.schedule.head
    assert plan.schedule.refit(head) is head
    plan.schedule.forget()
    plan.sizes.shrink(11, 2)
    assert plan.schedule.refit(head) is head


def test_where_offsets_count_pages_their_size_stays() -> None:
    plan = plan_of(ListPoint(row=0), unit="pages")
    plan.rows(1)

    assert plan.reach.shrink(10, 2) is None
    assert plan.schedule.refit(plan.schedule.head) is plan.schedule.head
