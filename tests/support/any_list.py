"""Lists that the sandbox serves and a session reads, so that one test can be about each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import attrs
import msgspec

from enkash_async import BearerToken, CustomerSearch, RetryPolicy
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.list_resource import ListResource
from enkash_async._search.search import Search
from enkash_async.customers import CUSTOMERS
from enkash_async.events import Hooks
from enkash_async.sandbox import Sandbox, SandboxSettings
from enkash_async.sandbox.data.customers.table import CUSTOMERS as CUSTOMER_TABLE
from enkash_async.sandbox.service.opening import open_tables
from tests.support.events import Heard
from tests.support.second_list import SUPPLIERS, SessionWithSuppliers
from tests.support.second_table import SUPPLIERS as SUPPLIER_TABLE

ROWS = 230
PAGE_SIZE = 40


@attrs.frozen(kw_only=True)
class Kind:
    """One of the lists, and what a test cannot take from its declaration."""

    endpoint: ListEndpoint[Any, Any]
    resource: Callable[[SessionWithSuppliers], ListResource[Any, Any]]
    search_class: type[Search[Any]]


KINDS: Mapping[str, Kind] = {
    "customers": Kind(
        endpoint=CUSTOMERS,
        resource=lambda session: session.customers,
        search_class=CustomerSearch,
    ),
    "suppliers": Kind(
        endpoint=SUPPLIERS,
        resource=lambda session: session.suppliers,
        search_class=Search,
    ),
}


@attrs.frozen(kw_only=True)
class Listed:
    """A list that is being served, and what is known of it."""

    kind: Kind
    sandbox: Sandbox
    session: SessionWithSuppliers
    heard: Heard

    @property
    def endpoint(self) -> ListEndpoint[Any, Any]:
        return self.kind.endpoint

    @property
    def resource(self) -> ListResource[Any, Any]:
        return self.kind.resource(self.session)

    @property
    def time(self) -> TimeRange:
        assert self.endpoint.time is not None
        return self.endpoint.time

    @property
    def ids(self) -> list[str]:
        """The ids in the order of the service, which is that of time."""
        return self.sandbox.list_at(self.endpoint.path).ids()

    def starter(self, method: str) -> Callable[..., Search[Any]]:
        """Return `search` or `crawl` of the list."""
        start: Callable[..., Search[Any]] = getattr(self.resource, method)
        return start

    def filter(self, **criteria: Any) -> Any:
        return self.endpoint.criteria(**criteria)

    def since(self, place: int) -> Any:
        """Return the filter for the records from the one at *place* on."""
        row = self.sandbox.list_at(self.endpoint.path).records()[place]
        return self.filter(**{self.time.begin: datetime.fromisoformat(row[self.time.field])})

    def id_of(self, record: Any) -> str:
        id_: str = getattr(record, self.endpoint.identity.name)
        return id_

    def id_in(self, raw: bytes) -> str:
        """Return the id in a record as it stands on the wire."""
        id_: str = msgspec.json.decode(raw)[self.endpoint.identity.wire_name]
        return id_

    async def ids_of(self, search: AsyncIterator[Any]) -> list[str]:
        return [self.id_of(record) async for record in search]


@asynccontextmanager
async def serving(
    name: str, *, hooks: Hooks | None = None, **knobs: Any
) -> AsyncGenerator[Listed, None]:
    """Serve both lists, and open a session to read the one of this *name*."""
    heard = Heard()
    settings = SandboxSettings(**{"rows": ROWS, **knobs})
    async with (
        open_tables(settings, [CUSTOMER_TABLE, SUPPLIER_TABLE]) as sandbox,
        SessionWithSuppliers(
            sandbox.base_url,
            BearerToken(sandbox.token),
            page_size=PAGE_SIZE,
            retry=RetryPolicy(first_delay=0),
            hooks=hooks or heard.hooks,
        ) as session,
    ):
        yield Listed(kind=KINDS[name], sandbox=sandbox, session=session, heard=heard)


# The views of a search: each reads it to its end and returns the ids of the records.


async def read_records(listed: Listed, search: Search[Any]) -> list[str]:
    return await listed.ids_of(search)


async def read_pages(listed: Listed, search: Search[Any]) -> list[str]:
    return [listed.id_of(record) async for page in search.pages() for record in page]


async def read_raw_pages(listed: Listed, search: Search[Any]) -> list[str]:
    return [listed.id_in(raw) async for page in search.raw_pages() for raw in page]


async def read_arrow_batches(listed: Listed, search: Search[Any]) -> list[str]:
    ids = list[str]()
    async for batch in search.arrow_batches():
        ids += [str(id_) for id_ in batch.column(listed.endpoint.identity.name).to_pylist()]
    return ids


async def read_flat_batches(listed: Listed, search: Search[Any]) -> list[str]:
    ids = list[str]()
    async for batch in search.arrow_batches(flat=True):
        ids += [str(id_) for id_ in batch.column(listed.endpoint.identity.name).to_pylist()]
    return ids


async def read_json_lines(listed: Listed, search: Search[Any]) -> list[str]:
    text = b"".join([lines async for lines in search.json_lines()])
    return [listed.id_in(line) for line in text.splitlines()]


View = Callable[[Listed, Search[Any]], Awaitable[list[str]]]

DECODED: Mapping[str, View] = {
    "records": read_records,
    "pages": read_pages,
    "Arrow batches": read_arrow_batches,
}
VIEWS: Mapping[str, View] = {
    **DECODED,
    "raw pages": read_raw_pages,
    "JSON lines": read_json_lines,
    "flat Arrow batches": read_flat_batches,
}
