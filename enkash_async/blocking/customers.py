"""What can be asked of customers, and what is answered, without an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from enkash_async import customers as of_loop
from enkash_async._arguments import absent, keywords_named
from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._search.extra import JsonBody, QueryString
from enkash_async._search.page import Page
from enkash_async._search.query import Direction
from enkash_async._search.search import NOT_COPIED, OF_A_PAGE
from enkash_async.blocking.portal import Portal, Steps
from enkash_async.customers.filters import CustomerFields, CustomerFilter
from enkash_async.customers.records import Customer
from enkash_async.customers.resource import DirectionText, OrderBy
from enkash_async.errors import ArgumentTypeError
from enkash_async.report import SearchReport
from enkash_async.resume import ResumeToken

if TYPE_CHECKING:
    # Whoever asks for their frames has them installed, and with them their types.
    from pandas import DataFrame as PandasFrame  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    from polars import DataFrame as PolarsFrame  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    from enkash_async._decoding.arrow.kinds import RecordBatch, Table


@keywords_named
class Customers:
    """The customers of the account, as `session.customers`."""

    def __init__(self, portal: Portal, customers: of_loop.Customers) -> None:
        self._portal = portal
        self._customers = customers

    def __repr__(self) -> str:
        return f"{repr(self._customers)[:-1]}, blocking>"

    def search(
        self,
        filter: CustomerFilter | None = None,
        *,
        order_by: OrderBy | str | None = None,
        direction: DirectionText | Direction | str | None = None,
        offset: int = 0,
        page_size: int | None = None,
        max_records: int | None = None,
        strict: bool = False,
        full_check: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> CustomerSearch:
        """Return a search, as `enkash_async.Customers.search` says; it sends nothing yet.

        *on_bad_record* runs in the thread of the event loop.
        """
        search = self._customers.search(
            filter,
            order_by=order_by,
            direction=direction,
            offset=offset,
            page_size=page_size,
            max_records=max_records,
            strict=strict,
            full_check=full_check,
            on_bad_record=on_bad_record,
            resume=resume,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )
        return CustomerSearch(self._portal, search)

    def crawl(
        self,
        filter: CustomerFilter | None = None,
        *,
        page_size: int | None = None,
        max_records: int | None = None,
        window_pages: int | None = None,
        strict: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> CustomerSearch:
        """Return a search for all customers until now, as `enkash_async.Customers.crawl` says."""
        search = self._customers.crawl(
            filter,
            page_size=page_size,
            max_records=max_records,
            window_pages=window_pages,
            strict=strict,
            on_bad_record=on_bad_record,
            resume=resume,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )
        return CustomerSearch(self._portal, search)

    def windows(
        self,
        filter: CustomerFilter | None = None,
        *,
        max_records: int = 50_000,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> list[CustomerFilter]:
        """Return filters for parallel readers, as `enkash_async.Customers.windows` says."""
        return self._portal.run(
            self._customers.windows,
            filter,
            max_records=max_records,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )

    def count(
        self,
        filter: CustomerFilter | None = None,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> int:
        """Return how many customers match, by one request for one record."""
        return self._portal.run(
            self._customers.count, filter, extra_body=extra_body, extra_query=extra_query, **fields
        )

    def get(
        self,
        customer_id: str,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
    ) -> Customer:
        """Return the customer with this id; RecordNotFoundError if there is none."""
        return self._portal.run(
            self._customers.get, customer_id, extra_body=extra_body, extra_query=extra_query
        )


_INSTEAD = dict.fromkeys(OF_A_PAGE, "a page has it; `page = search.first_page()` is the first")


@keywords_named
class CustomerSearch:
    """The customers that match a filter, in the order of the service.

    `first_page()` gives the first page; a loop gives every record, `pages()`, `raw_pages()`,
    `json_lines()` and `arrow_batches()` the same rows by the page, and `to_arrow()` a table. One
    thread reads at a time. Leave a loop early by `with`, or drop the search, to stop its fetches.
    """

    def __init__(self, portal: Portal, search: of_loop.CustomerSearch) -> None:
        self._portal = portal
        self._search = search
        self._ready: list[Customer] = search._ready  # pyright: ignore[reportPrivateUsage]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise absent(self, name, _INSTEAD)

        def __getitem__(self, index: object) -> NoReturn:
            raise ArgumentTypeError(
                "a search has no records by number, but a page has; `page = search.first_page()` is"
                " the first"
            )

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`; None before the first page, or if none came."""
        return self._portal.ask(lambda: self._search.total)

    @property
    def report(self) -> SearchReport:
        """Return the account of this search so far; its verdict is final after the last record."""
        return self._portal.ask(lambda: self._search.report)

    @property
    def resume_token(self) -> ResumeToken:
        """Return where another search can go on, after the record handed over last."""
        return self._portal.ask(lambda: self._search.resume_token)

    def first_page(self) -> Page[Customer]:
        """Return the first page, without reading on; a loop that follows begins with it."""
        return self._portal.run(self._search.first_page)

    def __iter__(self) -> Iterator[Customer]:
        aiter(self._search)
        return self

    def __next__(self) -> Customer:
        # Records that are decoded are taken without a word to the other thread: none of its tasks
        # touches them unless this thread asks for more.
        if not self._ready and not self._portal.run(
            self._search._refill  # pyright: ignore[reportPrivateUsage]
        ):
            self._portal.run(_end, self._search)
            raise StopIteration
        return self._ready.pop()

    def pages(self) -> Iterator[Page[Customer]]:
        """Return the same records by the page, each page decoded as a whole."""
        return Steps(self._portal, self._search.pages())

    def raw_pages(self, *, cut_every: int | None = None) -> Iterator[Page[bytes]]:
        """Return the same rows as the JSON bytes of each record, undecoded.

        With *cut_every* pages are also cut where so many rows, or a multiple, have been delivered.
        """
        return Steps(self._portal, self._search.raw_pages(cut_every=cut_every))

    def json_lines(self) -> Iterator[bytes]:
        """Return the same rows as JSON Lines, a page at a time: an answer in NDJSON, or a file.

        Its `close()` stops the fetches, which WSGI servers call when the client is gone.
        """
        return Steps(self._portal, self._search.json_lines())

    def arrow_batches(self, *, flat: bool = False) -> Iterator[RecordBatch]:
        """Return the same records by the page as pyarrow's record batches (extra `[arrow]`).

        With *flat* lists are JSON text, as CSV and spreadsheets need it.
        """
        return Steps(self._portal, self._search.arrow_batches(flat=flat))

    def to_arrow(self, *, max_rows: int | None = None, flat: bool = False) -> Table:
        """Return all that is left to read, or at most *max_rows*, as one table of pyarrow."""
        return self._portal.run(self._search.to_arrow, max_rows=max_rows, flat=flat)

    def to_pandas(  # pyright: ignore[reportUnknownParameterType]
        self, *, max_rows: int | None = None, flat: bool = False
    ) -> PandasFrame:  # pyright: ignore[reportUnknownVariableType]
        """Return the same as a DataFrame of pandas, which has to be installed."""
        to_pandas: Any = self._search.to_pandas  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return self._portal.run(to_pandas, max_rows=max_rows, flat=flat)

    def to_polars(  # pyright: ignore[reportUnknownParameterType]
        self, *, max_rows: int | None = None, flat: bool = False
    ) -> PolarsFrame:  # pyright: ignore[reportUnknownVariableType]
        """Return the same as a DataFrame of polars, which has to be installed."""
        to_polars: Any = self._search.to_polars  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return self._portal.run(to_polars, max_rows=max_rows, flat=flat)

    def close(self) -> None:
        """Stop what is in flight and wait until it has stopped. May be called more than once."""
        if self._portal.is_open:
            self._portal.run(self._search.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_COPIED)

    def __repr__(self) -> str:
        return self._portal.ask(lambda: repr(self._search))


async def _end(search: of_loop.CustomerSearch) -> None:
    """Let the search itself come to its end, so that it knows that it was read."""
    async for _ in search:
        raise AssertionError("a record after the last")
