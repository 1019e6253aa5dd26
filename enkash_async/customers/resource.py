"""What a caller can ask of customers."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import attrs

from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._http.call import Caller
from enkash_async._paging.addressing import MAX_LIMIT, Addressing
from enkash_async._paging.crawl.crawl import Crawl
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async._paging.planner import Planner
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.page_fetcher import PageFetcher
from enkash_async._search.partitions import shards
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.query import Direction, Query
from enkash_async._search.row_stream import RowStream
from enkash_async._search.search import CustomerSearch, OnBadRecord
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async._wire.criteria import enum_member
from enkash_async._wire.fields import identity_reader, time_reader
from enkash_async.customers.filters import CustomerFilter
from enkash_async.customers.records import Customer
from enkash_async.errors import IncompleteSearchError, RecordNotFoundError
from enkash_async.events import Method
from enkash_async.report import SearchReport
from enkash_async.resume import CrawlPoint, ListPoint, ResumeToken


@attrs.frozen(kw_only=True)
class SearchSettings:
    """What the session decides for every search."""

    caller: Caller
    owner: TaskOwner
    budget: ByteBudget
    addressing: Addressing
    decoder: RecordDecoder[Customer]
    naive_timezone: tzinfo
    max_concurrency: int
    page_size: int
    telemetry: Telemetry
    adaptive: bool


CUSTOMERS: ListEndpoint[CustomerFilter, Customer] = ListEndpoint(
    noun="customers",
    # The operation searchCustomer (enkash-old.apidog.io/api-8993801).
    path="/api/v0/customer/search",
    record=Customer,
    criteria=CustomerFilter,
    identity="customerId",
    time=TimeRange(field="createdOn", begin="created_on_from", end="created_on_to"),
)


class Customers:
    """The customers of the account, as `session.customers`."""

    def __init__(self, settings: SearchSettings) -> None:
        self._settings = settings
        self._identify = identity_reader(CUSTOMERS.identity)

    def search(
        self,
        filter: CustomerFilter | None = None,
        *,
        order_by: str | None = None,
        direction: Direction | str | None = None,
        offset: int = 0,
        page_size: int | None = None,
        max_records: int | None = None,
        ordered: bool = True,
        strict: bool = False,
        full_check: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
    ) -> CustomerSearch:
        """Return a search, which sends nothing before it is awaited or iterated.

        *offset* and *max_records* count records; *page_size*, 1 to 5000, is how many to ask for
        at once. Give an *order_by* that does not change and is different for each customer, such
        as "createdOn", if the list may change while it is read; names are the service's, which
        does not document which it accepts. With `ordered=False` pages are handed over as they
        land. *full_check* compares every record with all before it rather than with those of the
        last pages, at about 150 bytes of memory a record: then no order, however unstable, makes
        a record come twice or go missing unnoticed. *strict* raises IncompleteSearchError on any
        verdict but COMPLETE. *on_bad_record* is called with each record that cannot be read,
        instead of a DecodeError. *resume* goes on from `resume_token` of an earlier search, which
        must have asked for the same.
        """
        criteria = _checked_filter(filter)
        way = None if direction is None else enum_member(Direction, direction, "direction")
        _check_order_by(order_by)
        size = self._settings.page_size if page_size is None else checked_page_size(page_size)
        _check_count("offset", offset, least=0)
        if max_records is not None:
            _check_count("max_records", max_records, least=1)
        query = Query(endpoint=CUSTOMERS, criteria=criteria, order_by=order_by, direction=way)
        token = ResumeToken(
            fingerprint=query.fingerprint("search", offset), point=ListPoint(row=offset)
        )
        start = token if resume is None else _checked_resume(resume, token)
        pager = Pager(
            page_size=size,
            addressing=self._settings.addressing,
            start=offset,
            max_rows=max_records,
            resume=start.point_of(ListPoint),
            full_check=full_check,
            sizes=PageSizes(size, adaptive=self._settings.adaptive),
        )
        return self._search(
            "search",
            pager,
            query,
            start,
            max_records=max_records,
            ordered=ordered,
            strict=strict,
            on_bad_record=on_bad_record,
        )

    def crawl(
        self,
        filter: CustomerFilter | None = None,
        *,
        page_size: int | None = None,
        max_records: int | None = None,
        strict: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
    ) -> CustomerSearch:
        """Return a search for all customers created until now, exact while data change.

        Time is cut into windows of `createdOn` that hold a page each, which are fetched
        concurrently and handed over in the order of creation, each with its records in the order
        of the service. It needs no order and no meaning of offsets; the cost grows in proportion
        to the number of customers. Customers that are in no window, because they have no
        `createdOn`, are told by the report. The clock of this machine decides what "now" is.
        The parameters are those of `search`.
        """
        settings = self._settings
        criteria = _checked_filter(filter)
        size = settings.page_size if page_size is None else checked_page_size(page_size)
        if max_records is not None:
            _check_count("max_records", max_records, least=1)
        query = Query(endpoint=CUSTOMERS, criteria=criteria)
        token = ResumeToken(fingerprint=query.fingerprint("crawl"), point=CrawlPoint())
        start = token if resume is None else _checked_resume(resume, token)
        crawl = Crawl(
            page_size=size,
            addressing=settings.addressing,
            begin=criteria.created_on_from,
            until=_until(criteria),
            read_times=time_reader("createdOn", settings.naive_timezone),
            resume=start.point_of(CrawlPoint),
            sizes=PageSizes(size, adaptive=settings.adaptive),
        )
        return self._search(
            "crawl",
            crawl,
            query,
            start,
            max_records=max_records,
            ordered=True,
            strict=strict,
            on_bad_record=on_bad_record,
        )

    def _search(
        self,
        method: Method,
        planner: Planner,
        query: Query,
        start: ResumeToken,
        *,
        max_records: int | None,
        ordered: bool,
        strict: bool,
        on_bad_record: OnBadRecord | None,
    ) -> CustomerSearch:
        settings = self._settings
        report = SearchReport()
        watch = settings.telemetry.search(CUSTOMERS.noun, method)
        fetcher = PageFetcher(settings.caller, query, self._identify, report, watch)
        prefetch = Prefetch(
            planner,
            fetcher.fetch,
            settings.owner,
            settings.budget,
            # As many waiting as in flight, so that one slow page does not stop the rest.
            max_pages=2 * settings.max_concurrency,
            patience=settings.caller.timeout.progress,
            needs_ids=not ordered,
            watch=watch,
        )
        stream = RowStream(
            planner,
            prefetch,
            report,
            start,
            max_records=max_records,
            ordered=ordered,
            strict=strict,
            watch=watch,
        )
        return CustomerSearch(stream, settings.decoder, report, on_bad_record)

    async def windows(
        self,
        filter: CustomerFilter | None = None,
        *,
        max_records: int = 50_000,
    ) -> list[CustomerFilter]:
        """Return filters that divide the customers created until now among parallel readers.

        Each matches at most *max_records* customers, unless more were created within one or two
        seconds; together they match every customer once, as their counts prove. Give each to
        `crawl` or `search`, in any process. Divide `max_concurrency` among the processes: they
        share no limit. IncompleteSearchError if customers have no `createdOn`, or the counts do
        not add up.
        """
        criteria = _checked_filter(filter)
        _check_count("max_records", max_records, least=1)
        return await shards(self.count, criteria, _until(criteria), max_records)

    async def count(self, filter: CustomerFilter | None = None) -> int:
        """Return the service's `recordsCount` for *filter*, by one request for one record.

        IncompleteSearchError if the service sends none. Whether it counts all matches is the
        service's affair; a search tells, since it compares the count with what comes.
        """
        page = await self.search(filter, page_size=1)
        if page.total is None:
            raise IncompleteSearchError(
                "the service sent no recordsCount; count the records of a search instead"
            )
        return page.total

    async def get(self, customer_id: str) -> Customer:
        """Return the customer with this id; RecordNotFoundError if there is none.

        One search by `customerIds`, since the service documents no other way to get one.
        """
        page = await self.search(CustomerFilter(customer_ids=[customer_id]), page_size=2)
        for customer in page:
            if customer.customer_id == customer_id:
                return customer
        raise RecordNotFoundError(f"no customer has the id {customer_id!r}", 200)


def checked_page_size(page_size: int) -> int:
    """Return *page_size*, or raise an error that names the bounds."""
    _check_count("page_size", page_size, least=1)
    if page_size > MAX_LIMIT:
        raise ValueError(f"page_size must be at most {MAX_LIMIT}, the service's largest limit")
    return page_size


def _check_count(name: str, value: int, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value < 2**31:
        raise ValueError(f"{name} must be at least {least} and fit into 32 bits, not {value}")


def _checked_filter(given: CustomerFilter | None) -> CustomerFilter:
    if given is None:
        return CustomerFilter()
    if not isinstance(given, CustomerFilter):
        raise TypeError(f"filter must be a CustomerFilter, not {type(given).__name__}")
    return given


def _check_order_by(order_by: str | None) -> None:
    if order_by is not None and (not isinstance(order_by, str) or not order_by):
        raise ValueError('order_by must be the name of a field on the wire, such as "createdOn"')


def _checked_resume(resume: ResumeToken | str, start: ResumeToken) -> ResumeToken:
    token = ResumeToken.parse(resume) if isinstance(resume, str) else resume
    if token.fingerprint != start.fingerprint:
        raise ValueError(
            "this resume token belongs to another search: filter, order_by, direction and offset"
            " must be those of the search it came from"
        )
    return token


def _until(criteria: CustomerFilter) -> datetime:
    now = datetime.now(UTC)
    if criteria.created_on_from is not None and criteria.created_on_from > now:
        raise ValueError("created_on_from lies in the future, as the clock of this machine goes")
    return now if criteria.created_on_to is None else min(now, criteria.created_on_to)
