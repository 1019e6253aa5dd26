"""What can be asked of customers can be asked of any list: the same suite over both."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import attrs
import msgspec
import pytest

from enkash_async import (
    BearerToken,
    Customer,
    CustomerFilter,
    CustomerSearch,
    IncompleteSearchError,
    RecordNotFoundError,
    Verdict,
)
from enkash_async._search.endpoint import ListEndpoint
from enkash_async._search.list_resource import ListResource
from enkash_async._search.search import Search
from enkash_async.customers import CUSTOMERS
from enkash_async.events import RequestEnded, SearchEnded, SearchStarted
from enkash_async.sandbox import SandboxSettings, open_sandbox
from tests.support.events import Heard
from tests.support.second_list import SUPPLIERS, Depot, SessionWithSuppliers, Supplier
from tests.support.supply_service import open_supply_service

pytestmark = pytest.mark.anyio

ROWS = 230


@attrs.frozen(kw_only=True)
class Listed:
    """A list that is being served, and what is known of it."""

    session: SessionWithSuppliers
    resource: ListResource[Any, Any]
    endpoint: ListEndpoint[Any, Any]
    search_class: type[Search[Any]]
    rows: list[dict[str, Any]]
    """As they stand on the wire, in the order of the service, which is that of time."""
    heard: Heard

    @property
    def ids(self) -> list[str]:
        return [row[self.endpoint.identity] for row in self.rows]

    def filter(self, **criteria: Any) -> Any:
        return self.endpoint.criteria(**criteria)

    def since(self, place: int) -> Any:
        """Return the filter for the records from the one at *place* on."""
        assert self.endpoint.time is not None
        text = self.rows[place][self.endpoint.time.field]
        moment = datetime.fromisoformat(text)
        return self.filter(
            **{self.endpoint.time.begin: moment.replace(tzinfo=moment.tzinfo or UTC)}
        )

    def id_of(self, record: Any) -> str:
        name = {"customers": "customer_id", "suppliers": "supplier_key"}[self.endpoint.noun]
        id_: str = getattr(record, name)
        return id_

    async def ids_of(self, search: AsyncIterator[Any]) -> list[str]:
        return [self.id_of(record) async for record in search]


def session_with(base_url: str, heard: Heard, token: str = "t") -> SessionWithSuppliers:
    return SessionWithSuppliers(base_url, BearerToken(token), page_size=40, hooks=heard.hooks)


@asynccontextmanager
async def serving_customers(rows: int, without_time: int) -> AsyncGenerator[Listed, None]:
    heard = Heard()
    settings = SandboxSettings(rows=rows, rows_without_created_on=without_time)
    async with (
        open_sandbox(settings) as sandbox,
        session_with(sandbox.base_url, heard, sandbox.token) as session,
    ):
        yield Listed(
            session=session,
            resource=session.customers,
            endpoint=CUSTOMERS,
            search_class=CustomerSearch,
            rows=sandbox.records(),
            heard=heard,
        )


@asynccontextmanager
async def serving_suppliers(rows: int, without_time: int) -> AsyncGenerator[Listed, None]:
    heard = Heard()
    async with (
        open_supply_service(rows, without_time=without_time) as service,
        session_with(service.base_url, heard) as session,
    ):
        yield Listed(
            session=session,
            resource=session.suppliers,
            endpoint=SUPPLIERS,
            search_class=Search,
            rows=service.rows,
            heard=heard,
        )


LISTS = {"customers": serving_customers, "suppliers": serving_suppliers}


@pytest.fixture(params=LISTS)
async def listed(request: pytest.FixtureRequest) -> AsyncIterator[Listed]:
    async with LISTS[request.param](ROWS, 0) as listed:
        yield listed


@pytest.fixture(params=LISTS)
async def partly_timeless(request: pytest.FixtureRequest) -> AsyncIterator[Listed]:
    """A list, seven records of which have no time."""
    async with LISTS[request.param](ROWS, 7) as listed:
        yield listed


# Every record once


async def test_a_search_reads_every_record_in_order(listed: Listed) -> None:
    search = listed.resource.search()
    assert type(search) is listed.search_class
    records = [record async for record in search]
    assert {type(record) for record in records} == {listed.endpoint.record}
    assert [listed.id_of(record) for record in records] == listed.ids
    assert search.report.verdict is Verdict.COMPLETE
    assert search.total == search.report.records_delivered == ROWS
    assert repr(search) == f"<{listed.search_class.__name__} ended, {ROWS} records delivered>"


async def test_a_crawl_reads_every_record_in_the_order_of_time(listed: Listed) -> None:
    crawl = listed.resource.crawl()
    assert type(crawl) is listed.search_class
    assert await listed.ids_of(crawl) == listed.ids
    assert crawl.report.verdict is Verdict.COMPLETE


async def test_pages_hold_the_same_records_as_the_search(listed: Listed) -> None:
    pages = [page async for page in listed.resource.search().pages()]
    assert [listed.id_of(record) for page in pages for record in page] == listed.ids
    assert {page.total for page in pages} == {ROWS}
    assert [page.offset for page in pages][:2] == [0, 40]


async def test_raw_pages_hold_the_bytes_of_the_service(listed: Listed) -> None:
    decode = msgspec.json.decode
    rows = [decode(raw) async for page in listed.resource.search().raw_pages() for raw in page]
    assert [row[listed.endpoint.identity] for row in rows] == listed.ids


async def test_the_first_page_is_awaited_and_stays_to_be_read(listed: Listed) -> None:
    search = listed.resource.search()
    assert [listed.id_of(record) for record in await search] == listed.ids[:40]
    assert await listed.ids_of(search) == listed.ids


async def test_windows_divide_the_list(listed: Listed) -> None:
    windows = await listed.resource.windows(max_records=50)
    ids = [one for window in windows for one in await listed.ids_of(listed.resource.search(window))]
    assert ids == listed.ids
    assert max([await listed.resource.count(window) for window in windows]) <= 50


@pytest.mark.parametrize("method", ["search", "crawl"])
@pytest.mark.parametrize("stop", [0, 1, 39, 40, 130])
async def test_another_search_goes_on_where_one_stopped(
    listed: Listed, method: str, stop: int
) -> None:
    start: Callable[..., Search[Any]] = getattr(listed.resource, method)
    search = start()
    first = [listed.id_of(await anext(search)) for _ in range(stop)]
    rest = await listed.ids_of(start(resume=str(search.resume_token)))
    assert first + rest == listed.ids


# Some of them


async def test_a_filter_by_time_matches_what_it_says(listed: Listed) -> None:
    late = listed.since(150)
    assert await listed.ids_of(listed.resource.search(late)) == listed.ids[150:]
    assert await listed.ids_of(listed.resource.crawl(late)) == listed.ids[150:]
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


# What is told, and refused


async def test_events_say_which_list(listed: Listed) -> None:
    await listed.ids_of(listed.resource.search())
    await listed.ids_of(listed.resource.crawl())
    started, ended = listed.heard.of(SearchStarted), listed.heard.of(SearchEnded)
    assert [(event.resource, event.method) for event in started] == [
        (listed.endpoint.noun, "search"),
        (listed.endpoint.noun, "crawl"),
    ]
    assert {event.resource for event in ended} == {listed.endpoint.noun}
    operations = {event.operation for event in listed.heard.of(RequestEnded)}
    assert operations == {listed.endpoint.path}


async def test_the_filter_of_another_list_is_refused(listed: Listed) -> None:
    @attrs.frozen
    class Other:
        pass

    other: Any = Other()
    with pytest.raises(TypeError, match=rf"must be a {listed.endpoint.criteria.__name__}, not Oth"):
        listed.resource.search(other)


@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_a_token_of_another_list_is_refused(listed: Listed, method: str) -> None:
    moved = attrs.evolve(listed.endpoint, path="/elsewhere")
    elsewhere = listed.session._list(partial(ListResource, moved))
    token = getattr(elsewhere, method)().resume_token
    with pytest.raises(ValueError, match="belongs to another search"):
        getattr(listed.resource, method)(resume=token)


async def test_a_filter_in_the_future_is_refused_by_the_name_of_its_field(listed: Listed) -> None:
    time = listed.endpoint.time
    assert time is not None
    future = listed.filter(**{time.begin: datetime.now(UTC) + timedelta(days=1)})
    with pytest.raises(ValueError, match=f"{time.begin} lies in the future"):
        listed.resource.crawl(future)


async def test_records_without_a_time_are_told(partly_timeless: Listed) -> None:
    listed = partly_timeless
    assert listed.endpoint.time is not None
    told = f"7 of {ROWS} {listed.endpoint.noun} are in no window: they have no"
    with pytest.raises(IncompleteSearchError, match=f"{told} {listed.endpoint.time.field}"):
        await listed.resource.windows()
    crawl = listed.resource.crawl()
    assert len(await listed.ids_of(crawl)) == ROWS - 7
    assert crawl.report.verdict is Verdict.INCOMPLETE


async def test_no_page_is_larger_than_the_list_allows(listed: Listed) -> None:
    small = attrs.evolve(listed.endpoint, max_limit=30)
    resource = listed.session._list(partial(ListResource, small))
    with pytest.raises(ValueError, match="page_size must be at most 30"):
        resource.search(page_size=31)
    search = resource.search()
    assert len(await search) == 30
    assert await listed.ids_of(search) == listed.ids


async def test_a_list_without_a_time_is_searched_and_not_crawled(listed: Listed) -> None:
    timeless = attrs.evolve(listed.endpoint, time=None)
    resource = listed.session._list(partial(ListResource, timeless))
    assert await listed.ids_of(resource.search()) == listed.ids
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} have no time"):
        resource.crawl()
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} have no time"):
        await resource.windows()


async def test_a_list_without_ids_in_its_filter_has_no_get(listed: Listed) -> None:
    resource = listed.session._list(partial(ListResource, attrs.evolve(listed.endpoint, ids=None)))
    with pytest.raises(TypeError, match=f"{listed.endpoint.noun} cannot be asked for by id"):
        await resource.get(listed.ids[0])


# What is different about the second one


async def test_nested_records_are_decoded_by_their_declaration() -> None:
    async with serving_suppliers(3, 0) as listed:
        [_, second, _] = await listed.resource.search()
    assert isinstance(second, Supplier)
    [depot] = second.depots
    assert (depot.depot_code, depot.opened_at) == ("D1", second.registered_at)
    assert isinstance(depot, Depot)
    assert (second.trade_name, str(second.credit), second.labels) == (
        "Supplier 1",
        "1.25",
        ("new",),
    )


async def test_each_list_has_its_own_records_and_its_own_searches() -> None:
    async with serving_customers(3, 0) as listed:
        assert isinstance(await anext(listed.session.customers.search()), Customer)
        assert listed.session.customers is listed.session.customers
        with pytest.raises(TypeError, match="must be a SupplierFilter, not CustomerFilter"):
            await listed.session.suppliers.count(CustomerFilter())  # type: ignore[arg-type]
