"""What can be asked of customers can be asked of any list: the same suite over both."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any

import anyio
import msgspec
import pytest

from enkash_async import BadRecord, DecodeError, RecordNotFoundError, Verdict
from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._search.search import Search
from enkash_async.events import Outcome, RequestEnded
from enkash_async.sandbox import Fault, FaultScript, SearchCall, faults
from tests.decoding.alike import plain
from tests.support.any_list import (
    DECODED,
    KINDS,
    PAGE_SIZE,
    ROWS,
    VIEWS,
    Kind,
    Listed,
    View,
    serving,
)

pytestmark = pytest.mark.anyio

PAGES = -(-ROWS // PAGE_SIZE)

EACH_METHOD = pytest.mark.parametrize("method", ["search", "crawl"])


@pytest.fixture(params=KINDS)
async def listed(request: pytest.FixtureRequest) -> AsyncIterator[Listed]:
    async with serving(request.param) as listed:
        yield listed


async def read_into(ids: list[str], listed: Listed, search: Search[Any]) -> None:
    """Add the ids of all records to *ids*, which keeps those that came before an error."""
    async for record in search:
        ids.append(listed.id_of(record))  # noqa: PERF401


# Every record once


@EACH_METHOD
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
async def test_every_view_reads_every_record_in_order(
    listed: Listed, method: str, view: View
) -> None:
    search = listed.starter(method)()
    assert type(search) is listed.kind.search_class
    assert await view(listed, search) == listed.ids
    assert search.report.verdict is Verdict.COMPLETE
    assert search.total == search.report.records_delivered == ROWS
    name = listed.kind.search_class.__name__
    assert repr(search) == f"<{name} ended, {ROWS} records delivered>"


async def test_records_are_of_the_class_of_the_list(listed: Listed) -> None:
    assert {type(one) async for one in listed.resource.search()} == {listed.endpoint.record}


async def test_pages_say_where_they_stand(listed: Listed) -> None:
    pages = [page async for page in listed.resource.search().pages()]
    assert [page.offset for page in pages] == [PAGE_SIZE * number for number in range(PAGES)]
    assert {page.total for page in pages} == {ROWS}


async def test_arrow_batches_hold_what_the_records_hold(listed: Listed) -> None:
    records = [record async for record in listed.resource.search()]
    batches = [batch async for batch in listed.resource.search().arrow_batches()]
    record: Any = listed.endpoint.record
    schema = schema_of(record)
    assert all(batch.schema.equals(schema) for batch in batches)
    assert [row for batch in batches for row in batch.to_pylist()] == [
        plain(record) for record in records
    ]


async def test_the_first_page_is_awaited_and_stays_to_be_read(listed: Listed) -> None:
    search = listed.resource.search()
    assert [listed.id_of(record) for record in await search] == listed.ids[:PAGE_SIZE]
    assert await listed.ids_of(search) == listed.ids


async def test_windows_divide_the_list(listed: Listed) -> None:
    windows = await listed.resource.windows(max_records=50)
    ids = [one for window in windows for one in await listed.ids_of(listed.resource.search(window))]
    assert ids == listed.ids
    assert max([await listed.resource.count(window) for window in windows]) <= 50


@EACH_METHOD
@pytest.mark.parametrize("stop", [0, 1, 39, 40, 130])
async def test_another_search_goes_on_where_one_stopped(
    listed: Listed, method: str, stop: int
) -> None:
    start = listed.starter(method)
    search = start()
    first = [listed.id_of(await anext(search)) for _ in range(stop)]
    rest = await listed.ids_of(start(resume=str(search.resume_token)))
    assert first + rest == listed.ids


@EACH_METHOD
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
async def test_another_search_goes_on_in_any_view(listed: Listed, method: str, view: View) -> None:
    start = listed.starter(method)
    search = start()
    first = [listed.id_of(record) for record in await anext(search.pages())]
    rest = await view(listed, start(resume=search.resume_token))
    assert first + rest == listed.ids


async def test_rows_that_come_and_go_are_told_and_cost_no_other(listed: Listed) -> None:
    before = listed.ids
    listed.sandbox.faults = FaultScript(
        [
            Fault(faults.DeleteRows(5, "start"), requests=(3,)),
            Fault(faults.InsertRows(3, "start"), requests=(4,)),
        ]
    )
    search = listed.resource.search()
    ids = await listed.ids_of(search)
    assert search.report.verdict is Verdict.CHANGED
    assert len(ids) == len(set(ids))
    assert [id_ for id_ in ids if id_ in listed.ids] == [id_ for id_ in before if id_ in listed.ids]


# Records that cannot be read


@pytest.mark.parametrize("view", DECODED.values(), ids=DECODED)
async def test_a_bad_record_is_set_aside(listed: Listed, view: View) -> None:
    listed.sandbox.faults = FaultScript([Fault(faults.BadRecord(), requests=(2,))])
    bad = list[BadRecord]()
    search = listed.resource.search(on_bad_record=bad.append)
    ids = await view(listed, search)
    [one] = bad
    place = listed.ids.index(listed.id_in(one.raw))
    assert one.offset == place
    assert listed.time.field in one.reason
    assert ids == listed.ids[:place] + listed.ids[place + 1 :]
    assert (search.report.bad_records, search.report.verdict) == (1, Verdict.COMPLETE)


async def test_a_bad_record_is_an_error_after_those_before_it(listed: Listed) -> None:
    listed.sandbox.faults = FaultScript([Fault(faults.BadRecord(), requests=(2,))])
    search, ids = listed.resource.search(), list[str]()
    with pytest.raises(DecodeError) as caught:
        await read_into(ids, listed, search)
    assert caught.value.path == listed.time.field
    assert ids == listed.ids[: len(ids)]
    assert PAGE_SIZE <= len(ids) < ROWS
    assert (
        await listed.ids_of(listed.resource.search(resume=search.resume_token))
        == (listed.ids[len(ids) :])
    )


# What the identity means to each part


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_object_whose_identity_has_another_spelling_is_no_record(kind: Kind) -> None:
    identity = kind.endpoint.identity.wire_name
    other = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", identity)
    with pytest.raises(DecodeError, match=rf"no {identity}; it has {other} \(for {identity}\)"):
        RecordDecoder(kind.endpoint.record, UTC).decode(msgspec.json.encode({other: "x"}))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_identity_alone_is_in_each_row_of_arrow(kind: Kind) -> None:
    record: Any = kind.endpoint.record
    assert [column.name for column in schema_of(record) if not column.nullable] == [
        kind.endpoint.identity.name
    ]


# Some of them


@EACH_METHOD
async def test_a_filter_by_time_matches_what_it_says(listed: Listed, method: str) -> None:
    late = listed.since(150)
    assert await listed.ids_of(listed.starter(method)(late)) == listed.ids[150:]
    assert await listed.resource.count(late) == ROWS - 150


async def test_a_filter_by_ids_matches_those(listed: Listed) -> None:
    some = listed.filter(**{str(listed.endpoint.ids): listed.ids[3:9]})
    assert await listed.ids_of(listed.resource.search(some)) == listed.ids[3:9]


async def test_one_record_is_got_by_its_id(listed: Listed) -> None:
    assert listed.id_of(await listed.resource.get(listed.ids[17])) == listed.ids[17]
    with pytest.raises(RecordNotFoundError, match=f"no {listed.endpoint.singular} has the id 'x'"):
        await listed.resource.get("x")


async def test_the_service_counts(listed: Listed) -> None:
    assert await listed.resource.count() == ROWS


async def test_records_come_in_the_order_that_is_asked_for(listed: Listed) -> None:
    newest = listed.resource.search(order_by=listed.time.field, direction="DESC")
    assert await listed.ids_of(newest) == listed.ids[::-1]


# Readers that leave


class Hold:
    """Holds up every search but the first, until it is opened."""

    def __init__(self, listed: Listed) -> None:
        self.opened, self.reached = anyio.Event(), anyio.Event()
        listed.sandbox.on_search = self._hold

    async def _hold(self, call: SearchCall) -> None:
        if call.number:
            self.reached.set()
            await self.opened.wait()


@EACH_METHOD
async def test_a_reader_who_was_cancelled_reads_on(listed: Listed, method: str) -> None:
    hold, ids = Hold(listed), list[str]()
    search = listed.starter(method)()

    async def read() -> None:
        async for record in search:
            ids.append(listed.id_of(record))

    async with anyio.create_task_group() as group:
        group.start_soon(read_into, ids, listed, search)
        await hold.reached.wait()
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert len(ids) < ROWS
    hold.opened.set()
    await read_into(ids, listed, search)
    assert ids == listed.ids


@EACH_METHOD
async def test_leaving_the_block_ends_what_is_in_flight(listed: Listed, method: str) -> None:
    hold = Hold(listed)
    async with listed.starter(method)() as search, anyio.create_task_group() as group:
        group.start_soon(listed.ids_of, search)
        await hold.reached.wait()
        group.cancel_scope.cancel()
    end = listed.heard.end()
    assert (end.resource, end.method, end.outcome) == (
        listed.endpoint.noun,
        method,
        Outcome.CANCELLED,
    )
    broken_off = [one for one in listed.heard.of(RequestEnded) if one.error == "CancelledError"]
    assert broken_off
    assert {one.resource for one in broken_off} == {listed.endpoint.noun}
    hold.opened.set()
    assert await listed.ids_of(listed.resource.search()) == listed.ids
