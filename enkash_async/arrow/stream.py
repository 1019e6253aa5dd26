"""Customers as an Arrow stream: the object that DuckDB, Polars, pandas and pyarrow read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from enkash_async._arguments import keywords_named, wrong_type
from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._decoding.arrow.untyped import pa
from enkash_async.arrow.reading import BatchReading
from enkash_async.customers.records import Customer
from enkash_async.customers.search import CustomerSearch
from enkash_async.report import SearchReport

if TYPE_CHECKING:
    from enkash_async._decoding.arrow.kinds import RecordBatch, Schema
    from enkash_async.session import EnKashSession

    OpenSession = Callable[[], AbstractAsyncContextManager[EnKashSession]]
    StartSearch = Callable[[EnKashSession], CustomerSearch]


def every_customer(session: EnKashSession) -> CustomerSearch:
    """Return a search for all customers, in the order in which they were created."""
    return session.customers.search(order_by="createdOn")


@keywords_named
class CustomerStream:
    """Customers for tools that read the Arrow C stream, such as DuckDB, Polars, pandas and pyarrow.

        customers = CustomerStream(EnKashSession.from_env)
        duckdb.sql("SELECT state, sum(net_amount) FROM customers GROUP BY state")

    *open_session* is called for each reading and returns a session that is not open yet; *start*
    returns the search to be read: all customers unless given, in order of creation. With *flat*
    lists are JSON text.

    Nothing is sent before a tool asks for the first batch. Each reading has a thread, an event loop
    and a session of its own, so that it makes no difference whether a loop runs; a tool that reads
    the stream twice reads the service twice. A tool that ends early stops the fetches. An error is
    raised by the tool, in its own class with the SDK's text; `error` is the original. An
    INCOMPLETE reading is an IncompleteSearchError, after the last batch.
    """

    def __init__(
        self, open_session: OpenSession, start: StartSearch = every_customer, *, flat: bool = False
    ) -> None:
        for name, given, wanted in (
            ("open_session", open_session, "a session, such as EnKashSession.from_env"),
            ("start", start, "a search of the session that it is given"),
        ):
            if not callable(given):
                raise wrong_type(name, f"a function that returns {wanted}", given)
        self._open_session = open_session
        self._start = start
        self._flat = flat
        self._latest: BatchReading[EnKashSession] | None = None
        self.error: BaseException | None = None
        """What ended the latest reading before its end; None if nothing did."""

    @property
    def schema(self) -> Schema:
        """Return the schema of every batch; nothing is sent."""
        return layout(flat=self._flat)

    @property
    def report(self) -> SearchReport | None:
        """Return the account of the latest reading so far; None before its first batch."""
        return None if self._latest is None else self._latest.report

    def batches(self) -> Iterator[RecordBatch]:
        """Read the customers, one batch a page. Leaving the loop early stops what is in flight."""
        self.error = None
        reading = self._latest = BatchReading(
            self._open_session, lambda session: [self._start(session)], self._batches_of
        )
        try:
            yield from reading
        except Exception as error:
            self.error = error
            raise

    def _batches_of(self, search: Any) -> AsyncIterator[RecordBatch]:
        batches: AsyncIterator[RecordBatch] = (
            search.arrow_batches(flat=True) if self._flat else search.arrow_batches()
        )
        return batches

    def __arrow_c_schema__(self) -> object:
        # Without it DuckDB asks for streams to learn the schema, and each would be a reading.
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        # A generator does nothing before its first step: the tool may look and go.
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<CustomerStream {self.report or 'not read yet'}>"


def layout(*, flat: bool) -> Schema:
    """Return the schema of customers, with lists as JSON text if *flat*."""
    of: Any = schema_of
    schema: Schema = of(Customer, flat=True) if flat else of(Customer)
    return schema
