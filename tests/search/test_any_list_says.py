"""What searches of any list tell, and what they refuse, names that list and its fields."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import attrs
import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from enkash_async import IncompleteSearchError, Verdict
from enkash_async._search.list_resource import ListResource
from enkash_async.events import Outcome, PageFetched, RequestEnded, RetryPlanned, SearchStarted
from enkash_async.otel import search_spans
from enkash_async.sandbox import Fault, FaultScript, faults
from tests.support.any_list import KINDS, PAGE_SIZE, ROWS, Listed, serving

pytestmark = pytest.mark.anyio

EACH_LIST = pytest.mark.parametrize("name", KINDS)
EACH_METHOD = pytest.mark.parametrize("method", ["search", "crawl"])
PAGES = -(-ROWS // PAGE_SIZE)


@pytest.fixture(params=KINDS)
async def listed(request: pytest.FixtureRequest) -> AsyncIterator[Listed]:
    async with serving(request.param) as listed:
        yield listed


# What is told


@EACH_METHOD
async def test_events_say_which_list(listed: Listed, method: str) -> None:
    noun, heard = listed.endpoint.noun, listed.heard
    listed.sandbox.faults = FaultScript([Fault(faults.Error("SYSTEM_ERROR"), requests=(1,))])
    search = listed.starter(method)()
    await listed.ids_of(search)
    [started] = heard.of(SearchStarted)
    assert (started.resource, started.method) == (noun, method)
    [retry] = heard.of(RetryPlanned)
    assert (retry.resource, retry.operation) == (noun, listed.endpoint.path)
    assert {one.resource for one in heard.of(PageFetched)} == {noun}
    requests = heard.of(RequestEnded)
    assert {(one.resource, one.operation) for one in requests} == {(noun, listed.endpoint.path)}
    end = heard.end()
    assert (end.resource, end.method, end.outcome) == (noun, method, Outcome.COMPLETED)
    assert end.report == search.report


@EACH_METHOD
@EACH_LIST
async def test_a_span_is_named_after_the_list(name: str, method: str) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with serving(name, hooks=search_spans(provider)) as listed:
        await listed.ids_of(listed.starter(method)())
    [span] = exporter.get_finished_spans()
    assert span.name == f"{name}.{method}"
    assert (span.attributes or {})["enkash.search.resource"] == name
    provider.shutdown()


async def test_the_report_adds_up(listed: Listed) -> None:
    search = listed.resource.search()
    await listed.ids_of(search)
    report = search.report
    assert report.total_at_start == report.total_at_end == report.records_delivered == ROWS
    assert (report.pages, report.rows_overlapping) == (PAGES, PAGES - 1)
    assert report.rows_received == ROWS + PAGES - 1
    assert str(report).startswith(f"COMPLETE: {ROWS} records of {ROWS} in {PAGES} pages")


@EACH_LIST
async def test_records_without_a_time_are_told(name: str) -> None:
    async with serving(name, rows_without_created_on=7) as listed:
        told = f"7 of {ROWS} {name} are in no window: they have no"
        with pytest.raises(IncompleteSearchError, match=f"{told} {listed.time.field}"):
            await listed.resource.windows()
        crawl = listed.resource.crawl()
        assert len(await listed.ids_of(crawl)) == ROWS - 7
        assert crawl.report.verdict is Verdict.INCOMPLETE
        assert crawl.report.reasons == [
            f"7 {name} are in no window: they have no {listed.time.field}, or one outside the"
            " time that was crawled"
        ]


@EACH_LIST
async def test_a_crawl_of_a_service_that_does_not_count_tells_it(name: str) -> None:
    async with serving(name, count_style="missing") as listed:
        crawl = listed.resource.crawl()
        assert await listed.ids_of(crawl) == listed.ids
        assert crawl.report.reasons == [
            f"the service sends no total, so {name} without {listed.time.field} cannot be noticed"
        ]


# What is refused


async def test_the_filter_of_another_list_is_refused(listed: Listed) -> None:
    @attrs.frozen
    class Other:
        pass

    other: Any = Other()
    with pytest.raises(TypeError, match=rf"must be a {listed.endpoint.criteria.__name__}, not Oth"):
        listed.resource.search(other)


async def test_an_order_by_nothing_is_refused(listed: Listed) -> None:
    with pytest.raises(ValueError, match=f'the name of a field, such as "{listed.time.field}"'):
        listed.resource.search(order_by="")


@EACH_METHOD
async def test_a_token_of_another_list_is_refused(listed: Listed, method: str) -> None:
    moved = msgspec.structs.replace(listed.endpoint, path="/elsewhere")
    elsewhere = listed.session._list(partial(ListResource, moved))
    token = getattr(elsewhere, method)().resume_token
    with pytest.raises(ValueError, match="belongs to another search"):
        getattr(listed.resource, method)(resume=token)


async def test_a_filter_in_the_future_is_refused_by_the_name_of_its_field(listed: Listed) -> None:
    future = listed.filter(**{listed.time.begin: datetime.now(UTC) + timedelta(days=1)})
    with pytest.raises(ValueError, match=f"{listed.time.begin} lies in the future"):
        listed.resource.crawl(future)


async def test_no_page_is_larger_than_the_list_allows(listed: Listed) -> None:
    small = msgspec.structs.replace(listed.endpoint, max_limit=30)
    resource = listed.session._list(partial(ListResource, small))
    with pytest.raises(ValueError, match="page_size must be at most 30"):
        resource.search(page_size=31)
    search = resource.search()
    assert len(await search) == 30
    assert await listed.ids_of(search) == listed.ids


async def test_a_record_that_declares_no_identity_is_refused(listed: Listed) -> None:
    @attrs.frozen(weakref_slot=False)
    class Nameless:
        name: str | None = None

    nameless = msgspec.structs.replace(listed.endpoint, record=Nameless)
    with pytest.raises(TypeError, match="Nameless declares no identity: pages are compared by"):
        listed.session._list(partial(ListResource, nameless))


async def test_a_list_without_a_time_is_searched_and_not_crawled(listed: Listed) -> None:
    timeless = msgspec.structs.replace(listed.endpoint, time=None)
    resource = listed.session._list(partial(ListResource, timeless))
    assert await listed.ids_of(resource.search()) == listed.ids
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} have no time"):
        resource.crawl()
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} have no time"):
        await resource.windows()


async def test_a_list_without_ids_in_its_filter_has_no_get(listed: Listed) -> None:
    resource = listed.session._list(
        partial(ListResource, msgspec.structs.replace(listed.endpoint, ids=None))
    )
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} cannot be asked for by id"):
        await resource.get(listed.ids[0])
