"""The rows of a search in batches: in order, as many as asked for, with a place to go on from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from enkash_async import ConnectError, IncompleteSearchError, SearchReport, Timeout, Verdict
from enkash_async._paging.history import NewRows
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.row_stream import Batch, Fetches, RowStream
from enkash_async._search.start import Start
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async.events import Outcome
from enkash_async.resume import ListPoint
from tests.support.events import Heard
from tests.support.planned import FakePlanner, Gate

pytestmark = pytest.mark.anyio

Make = Callable[..., RowStream]


def start(row: int = 0, delivered: int = 0) -> Start[ListPoint]:
    return Start(ListPoint(row=row, delivered=delivered), lambda: "f")


@pytest.fixture
async def owner() -> AsyncIterator[TaskOwner]:
    owner = TaskOwner()
    yield owner
    await owner.aclose()


@pytest.fixture
def planner() -> FakePlanner:
    return FakePlanner(pages=4)


@pytest.fixture
def gate() -> Gate:
    gate = Gate()
    gate.open()
    return gate


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def make(owner: TaskOwner, planner: FakePlanner, gate: Gate, heard: Heard) -> Make:
    def make(
        place: Start[ListPoint] | None = None,
        *,
        max_records: int | None = None,
        strict: bool = False,
        gate: Gate = gate,
    ) -> RowStream:
        watch = Telemetry([heard.hooks]).search("things", "search")
        prefetch = Prefetch(planner, gate.fetch, owner, ByteBudget(10**6), 2, Timeout(), watch)
        fetcher: Any = None
        stream = RowStream(
            planner,
            lambda: Fetches(asyncio.get_running_loop(), fetcher, prefetch),
            SearchReport(),
            place or start(),
            max_records=max_records,
            strict=strict,
            watch=watch,
        )
        stream.begin()
        return stream

    return make


def rows_of(batch: Batch) -> list[int]:
    """Return the rows of a batch, which the records say themselves."""
    return [int(bytes(batch.rows.records[index])) for index in batch.rows.indices]


async def read(stream: RowStream) -> list[list[int]]:
    """Read *stream* to its end; return the rows of each batch."""
    batches: list[list[int]] = []
    while (batch := await stream.next_batch(read_on=True)) is not None:
        batch.done = len(batch.rows)
        batches.append(rows_of(batch))
    return batches


# Which rows


async def test_every_row_comes_once_and_nothing_after_the_last(make: Make) -> None:
    stream = make()
    assert await read(stream) == [list(range(row, row + 10)) for row in range(0, 40, 10)]
    assert await stream.next_batch(read_on=True) is None
    assert stream.report().verdict is Verdict.COMPLETE


async def test_only_what_is_new_in_a_page_comes(make: Make, planner: FakePlanner) -> None:
    planner.news = {
        0: NewRows(0, 8),
        10: NewRows(10, 10),
        20: NewRows(20, 6, frozenset({7, 8})),
        30: NewRows(30, 9),
    }
    # A page without anything new is no batch.
    assert await read(make()) == [[8, 9], [26, 29], [39]]


@pytest.mark.parametrize(
    ("max_records", "delivered", "sizes"),
    [
        (1, 0, [1]),
        (10, 0, [10]),
        (11, 0, [10, 1]),
        (40, 0, [10, 10, 10, 10]),
        (99, 0, [10, 10, 10, 10]),
        (25, 20, [5]),
        (20, 20, []),
        (20, 30, []),
    ],
)
async def test_no_more_records_come_than_asked_for_with_those_of_before(
    make: Make, max_records: int, delivered: int, sizes: list[int]
) -> None:
    stream = make(start(delivered=delivered), max_records=max_records)
    assert list(map(len, await read(stream))) == sizes


async def test_nothing_is_fetched_where_nothing_is_left_to_read(make: Make, gate: Gate) -> None:
    assert await read(make(start(delivered=5), max_records=5)) == []
    assert gate.started == []


@pytest.mark.parametrize(("read_on", "started"), [(False, [0]), (True, [0, 10, 20])])
async def test_pages_after_a_batch_are_fetched_if_its_reader_reads_on(
    make: Make, gate: Gate, read_on: bool, started: list[int]
) -> None:
    await make().next_batch(read_on=read_on)
    await anyio.wait_all_tasks_blocked()
    assert gate.started == started


# Where to go on


async def test_a_search_that_was_not_read_goes_on_where_it_began(make: Make) -> None:
    begin = start(row=7, delivered=3)
    assert make(begin).token() == begin.token_at(begin.point)


@pytest.mark.parametrize(
    ("news", "max_records", "done", "row", "delivered"),
    [
        (NewRows(0, 0), None, 0, 0, 0),
        (NewRows(0, 0), None, 1, 1, 1),
        (NewRows(0, 0), None, 9, 9, 9),
        # All of the page is used: the plan says where its last row stands.
        (NewRows(0, 0), None, 10, 10, 10),
        (NewRows(0, 4), None, 0, 4, 4),
        (NewRows(0, 4), None, 2, 6, 6),
        # Rows that were known are not counted among those that are left.
        (NewRows(0, 0, frozenset({1, 8})), None, 0, 0, 2),
        (NewRows(0, 0, frozenset({1, 8})), None, 2, 3, 4),
        # Nor is it one of them at which the next record stands.
        (NewRows(0, 0, frozenset({1, 8})), None, 1, 2, 3),
        (NewRows(0, 0, frozenset({1, 8})), None, 7, 9, 9),
        (NewRows(0, 0, frozenset({1, 8})), None, 8, 10, 10),
        # New rows beyond those asked for are left, too.
        (NewRows(0, 0), 3, 2, 2, 2),
        (NewRows(0, 0), 3, 3, 3, 3),
        (NewRows(0, 0, frozenset({1})), 3, 3, 4, 4),
    ],
)
async def test_the_token_stands_before_the_row_that_its_reader_gets_next(
    make: Make,
    planner: FakePlanner,
    news: NewRows,
    max_records: int | None,
    done: int,
    row: int,
    delivered: int,
) -> None:
    planner.news = {0: news}
    stream = make(max_records=max_records)
    batch = await stream.next_batch(read_on=False)
    assert batch is not None
    batch.done = done
    token = stream.token()
    assert (token.row, token.delivered, token.fingerprint) == (row, delivered, "f")


# How it ends


async def test_strict_raises_what_is_not_complete(make: Make, planner: FakePlanner) -> None:
    planner.judgement = Verdict.CHANGED, ["it moved"]
    stream = make(strict=True)
    with pytest.raises(IncompleteSearchError, match="it moved"):
        await read(stream)
    assert stream.report().reasons == ["it moved"]


async def test_a_list_that_changed_is_a_success_otherwise(make: Make, planner: FakePlanner) -> None:
    planner.judgement = Verdict.CHANGED, ["it moved"]
    stream = make()
    assert len(await read(stream)) == 4
    assert stream.report().verdict is Verdict.CHANGED


@pytest.mark.parametrize(("shortage", "raises"), [(1, False), (2, True)])
async def test_a_list_that_lacks_many_rows_never_looks_like_a_success(
    make: Make, planner: FakePlanner, shortage: int, raises: bool
) -> None:
    planner.findings.total_at_end = 40 + shortage
    planner.findings.shortage = shortage
    planner.judgement = Verdict.INCOMPLETE, ["too few"]
    stream = make()
    if raises:
        with pytest.raises(IncompleteSearchError, match="too few"):
            await read(stream)
    else:
        await read(stream)
    assert stream.report().missing == [(40, 39 + shortage)]


async def test_a_search_cut_at_its_limit_lacks_nothing(make: Make, planner: FakePlanner) -> None:
    planner.findings.shortage = 5
    assert list(map(len, await read(make(max_records=15)))) == [10, 5]


async def test_what_the_plan_found_stands_in_the_report(make: Make, planner: FakePlanner) -> None:
    found: dict[str, Any] = {
        **{"total_at_start": 41, "total_at_end": 40, "rows_overlapping": 3},
        **{"duplicates_dropped": 2, "rows_reread": 9, "repairs": 1},
    }
    stream = make()
    for name, value in found.items():
        setattr(planner.findings, name, value)
    report = stream.report()
    assert {name: getattr(report, name) for name in found} == found
    assert report.missing == []


async def test_an_error_is_told_where_it_stands_and_nothing_more_is_fetched(
    make: Make, gate: Gate
) -> None:
    gate.fail(10, ConnectError("no"))
    stream = make()
    batch = await stream.next_batch(read_on=True)
    assert batch is not None
    batch.done = 10
    with pytest.raises(ConnectError) as caught:
        await stream.next_batch(read_on=True)
    stream.note_place(caught.value)
    assert caught.value.offset == 10
    assert caught.value.resume_token == stream.token()
    assert caught.value.report is stream.report()
    with pytest.raises(RuntimeError, match="closed"):
        await stream.next_batch(read_on=True)


async def test_the_place_that_an_error_has_stays(make: Make) -> None:
    error = ConnectError("no")
    error.offset = 3
    make().note_place(error)
    assert error.offset == 3


async def test_an_interrupted_stream_reads_on(make: Make) -> None:
    gate = Gate()
    stream = make(gate=gate)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(read, stream)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    stream.interrupt(anyio.get_cancelled_exc_class()())
    await anyio.wait_all_tasks_blocked()
    assert gate.cancelled == [10]
    gate.open()
    await gate.let_come(0)
    assert len(await read(stream)) == 4


@pytest.mark.parametrize(("leave", "outcome"), [("close", Outcome.CLOSED), ("drop", "abandoned")])
async def test_a_stream_that_is_left_says_how(
    make: Make, heard: Heard, leave: str, outcome: Outcome
) -> None:
    stream = make()
    await stream.next_batch(read_on=True)
    if leave == "close":
        await stream.aclose()
    else:
        stream.discard()
    assert heard.end().outcome == outcome
    with pytest.raises(RuntimeError, match="closed"):
        await stream.next_batch(read_on=True)


async def test_its_repr_shows_how_far_it_is(make: Make) -> None:
    stream = make(max_records=35)
    assert repr(stream) == "<RowStream open before row 0, 35 rows left>"
    await stream.next_batch(read_on=False)
    assert repr(stream) == "<RowStream open before row 10, 25 rows left>"
    await read(stream)
    assert repr(stream) == "<RowStream ended before row 40, 0 rows left>"
