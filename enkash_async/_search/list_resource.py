"""What can be asked of any list of the service: search, crawl, windows, count and get."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import attrs

from enkash_async._arguments import boolean, int32_at_least, wrong_type
from enkash_async._decoding.bad_record import BadRecord, OnBadRecord
from enkash_async._paging.page_sizes import KnownSize
from enkash_async._paging.pager import Pager
from enkash_async._paging.planner import Planner
from enkash_async._search.arguments import ListArguments, check_max_records, end_of_time
from enkash_async._search.endpoint import ListEndpoint
from enkash_async._search.extra import JsonBody, QueryString
from enkash_async._search.one_record import Came, find
from enkash_async._search.page_fetcher import PageFetcher
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.query import Direction, Query
from enkash_async._search.row_stream import Fetches, RowStream
from enkash_async._search.search import Search, answered
from enkash_async._search.settings import SearchSettings
from enkash_async._search.start import Start, start_of
from enkash_async._wire.criteria import Criteria
from enkash_async._wire.fields import identity_reader, time_reader
from enkash_async.errors import (
    ArgumentTypeError,
    IncompleteSearchError,
    InvalidArgumentError,
    RecordNotFoundError,
)
from enkash_async.events import Method
from enkash_async.report import SearchReport
from enkash_async.resume import MAX_COUNT, CrawlPoint, ListPoint, ResumeToken

if TYPE_CHECKING:
    from enkash_async._search.method import Choice

F = TypeVar("F", bound=Criteria)
R = TypeVar("R")


NOT_COUNTED = "how many there are shows only when search() has read them all"

NOT_DIVIDED = "without a count nothing proves that parts are the whole, so read it with search()"


class ListResource(Generic[F, R]):
    """A list of the service, as an open session offers it.

    A class derived from it may name the *search_class* that its searches are of.
    """

    search_class: ClassVar[type[Search[Any]]] = Search

    def __init__(self, endpoint: ListEndpoint[F, R], settings: SearchSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._addressing = attrs.evolve(settings.addressing, max_limit=endpoint.max_limit)
        self._identify = identity_reader(endpoint.identity.wire_name)
        self._decoder = settings.decoders.decoder_for(endpoint.record)
        self._known_size = KnownSize()
        self._arguments = ListArguments(endpoint, settings, self)

    @property
    def endpoint(self) -> ListEndpoint[F, R]:
        """Return what the list is, as data."""
        return self._endpoint

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._endpoint.path}>"

    def search(
        self,
        filter: F | None = None,
        *,
        order_by: str | None = None,
        direction: Direction | str | None = None,
        offset: int = 0,
        page_size: int | None = None,
        max_records: int | None = None,
        strict: bool = False,
        full_check: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Any,
    ) -> Search[R]:
        """Return a search, which sends nothing before it is awaited or iterated.

        *fields* are those of the filter, which may stand beside one and come before its own.
        *offset* and *max_records* count records; *page_size* is how many to ask for at once.
        Give an *order_by* that does not change and is different for each record if the list may
        change while it is read. *full_check* compares every record with all before it rather
        than with those of the last pages, and their number with the service's count; without a
        count the verdict is INCOMPLETE. *strict* raises IncompleteSearchError on any verdict
        but COMPLETE. *on_bad_record* is called with each record that cannot be read, instead of
        a DecodeError; TypeError if it is no plain function. *resume* goes on from `resume_token`
        of an earlier search, which must have asked for the same. *extra_body* and *extra_query*
        are sent in addition, as they are.
        """
        criteria = self._arguments.criteria(filter, fields, "search")
        query = self._arguments.query(
            criteria, extra_body, extra_query, order_by=order_by, direction=direction
        )
        size = self._arguments.page_size(page_size)
        boolean("full_check", full_check)
        int32_at_least(0, "offset", offset)
        check_max_records(max_records)
        fingerprint = partial(query.fingerprint, "search", offset)
        start = start_of(ListPoint(row=offset), fingerprint, resume)
        pager = Pager(
            page_size=size,
            addressing=self._addressing,
            start=offset,
            max_rows=max_records,
            resume=start.point,
            full_check=full_check,
            sizes=self._settings.page_sizes(size, known=self._known_size),
            remembered=self._settings.remembered.of(query.list_key),
            unproven_pages=self._settings.max_concurrency,
        )
        return self._search(
            "search", pager, query, start, max_records, strict=strict, on_bad_record=on_bad_record
        )

    def crawl(
        self,
        filter: F | None = None,
        *,
        page_size: int | None = None,
        max_records: int | None = None,
        window_pages: int | None = None,
        strict: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Any,
    ) -> Search[R]:
        """Return a search for all records until now, exact while data change.

        Time is cut into windows of a few pages, which are fetched concurrently and handed over in
        the order of time, each with its records in the order of the service. Their counts prove
        them whole: it needs no order and no meaning of offsets, and the cost grows in proportion
        to the number of records. Records that are in no window, because they have no time, are
        told by the report. "Now" is when the first request is sent, by the clock of this machine.
        *window_pages* is how many pages a window may hold, 16 unless given: with 1 the service
        counts about 6 rows for each that comes instead of 9 to 17, and is asked more often. The
        other parameters are those of `search`. TypeError if the list has no time to cut.
        """
        # Not at the top: programs that only search need not load so many modules.
        from enkash_async._paging.crawl.crawl import Crawl
        from enkash_async._paging.crawl.cutter import MAX_WINDOW_PAGES

        time = self._arguments.time()
        criteria = self._arguments.criteria(filter, fields, "crawl")
        query = self._arguments.query(criteria, extra_body, extra_query)
        size = self._arguments.page_size(page_size)
        check_max_records(max_records)
        if window_pages is not None:
            int32_at_least(1, "window_pages", window_pages)
        start = start_of(CrawlPoint(), partial(query.fingerprint, "crawl"), resume)
        crawl = Crawl(
            page_size=size,
            addressing=self._addressing,
            begin=getattr(criteria, time.begin),
            until=end_of_time(criteria, time),
            read_times=time_reader(time.field, self._settings.decoders.naive_timezone),
            noun=self._endpoint.noun,
            time_field=time.field,
            resume=start.point,
            sizes=self._settings.page_sizes(size, known=self._known_size),
            max_pages=MAX_WINDOW_PAGES if window_pages is None else window_pages,
            unproven_pages=self._settings.max_concurrency,
        )
        return self._search(
            "crawl", crawl, query, start, max_records, strict=strict, on_bad_record=on_bad_record
        )

    def _search(
        self,
        method: Method,
        planner: Planner,
        query: Query,
        start: Start[Any],
        max_records: int | None,
        *,
        strict: bool,
        on_bad_record: OnBadRecord | None,
    ) -> Search[R]:
        boolean("strict", strict)
        settings, report = self._settings, SearchReport(unfinished=True)
        watch = settings.telemetry.search(self._endpoint.noun, method)

        def begin() -> Fetches:
            """Return what fetches by the session as it is open now."""
            connected = settings.connect()
            fetcher = PageFetcher(connected.caller, query, self._identify, report, watch)
            prefetch = Prefetch(
                planner,
                fetcher.fetch,
                connected.owner,
                connected.budget,
                max_pages=settings.max_pages,
                timeout=connected.caller.timeout,
                watch=watch,
            )
            return Fetches(connected.loop, fetcher, prefetch)

        stream = RowStream(
            planner,
            begin,
            report,
            start,
            max_records=max_records,
            strict=strict,
            watch=watch,
        )
        return self.search_class(stream, self._decoder, report, on_bad_record)

    async def windows(
        self,
        filter: F | None = None,
        *,
        max_records: int = 50_000,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Any,
    ) -> list[F]:
        """Return filters that divide the records until now among parallel readers.

        Each matches at most *max_records* records, unless more have their time within two
        seconds, or four where no cut between them adds up; together they match every record once,
        as their counts prove. Give each to `crawl` or `search`, in any process. Divide
        `max_concurrency` among the processes: they share no limit. IncompleteSearchError if
        records have no time, the counts do not add up, or records go each of the three times that
        they are counted; TypeError if the list has no time to cut. *extra_body* and *extra_query*
        go with each count, as in `search`; the filters do not hold them.
        """
        from enkash_async._search.partitions import Partitions

        time = self._arguments.time()
        criteria = self._arguments.criteria(filter, fields, "windows")
        int32_at_least(1, "max_records", max_records)
        count = partial(
            self._total, advice=NOT_DIVIDED, extra_body=extra_body, extra_query=extra_query
        )
        parts = Partitions(self._endpoint, time, criteria, count)
        return await parts.cut(end_of_time(criteria, time), max_records)

    async def count(
        self,
        filter: F | None = None,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Any,
    ) -> int:
        """Return how many records match *filter*, by one request for one record.

        Where that record is all that is counted, one more request for two tells whether it is, or,
        with a third, whether the service counts the records of each page: then, without a count,
        and where more records came than are counted, IncompleteSearchError. So little shows no
        other error of the count; a search does, since it compares the count with what comes.
        *extra_body* and *extra_query* are those of `search`.
        """
        criteria = self._arguments.criteria(filter, fields, "count")
        return await self._total(criteria, extra_body=extra_body, extra_query=extra_query)

    async def _choose_method(
        self,
        filter: F | None = None,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Any,
    ) -> Choice:
        """Return which of `crawl` and `search` is to read the list: up to sixteen requests."""
        from enkash_async._search.method import choose_method

        criteria = self._arguments.criteria(filter, fields, "search")
        count = partial(self._total, extra_body=extra_body, extra_query=extra_query)
        return await choose_method(self._endpoint, criteria, count)

    async def _total(self, criteria: F, *, advice: str = NOT_COUNTED, **extra: Any) -> int:
        # As many as were asked for may be the count of the page, or of a list that grew meanwhile.
        for page_size in (1, 2, 1):
            total, rows, search = await self._counted(criteria, page_size, advice, **extra)
            if total != page_size or rows != page_size:
                return total
        no_total = IncompleteSearchError(
            f"the service counts the records of each page, not all that match; {advice}"
        )
        raise answered(no_total, search)

    async def _counted(
        self, filter: F, page_size: int, advice: str, **extra: Any
    ) -> tuple[int, int, Search[R]]:
        """Return the count that came with a page, how many records it held, and its search."""
        # A record that cannot be read counts like any other.
        bad = list[BadRecord]()
        search = self.search(filter, page_size=page_size, on_bad_record=bad.append, **extra)
        page = await search
        rows = len(page) + len(bad)
        if page.total is None:
            no_count = IncompleteSearchError(
                "the service sent no recordsCount that is a count (a whole number from 0 to"
                f" {MAX_COUNT:,}); {advice}"
            )
            raise answered(no_count, search)
        if page.total < rows:
            too_few = IncompleteSearchError(
                f"recordsCount is {page.total} in an answer that held more records, so it does not"
                f" count all that match; {advice}"
            )
            raise answered(too_few, search)
        return page.total, rows, search

    async def get(
        self,
        record_id: str,
        /,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
    ) -> R:
        """Return the record with this id; RecordNotFoundError if there is none.

        One search by ids; DecodeError if that record cannot be read. TypeError if the list cannot
        be searched by them. *extra_body* and *extra_query* are those of `search`.
        """
        found = await self._find(record_id, extra_body=extra_body, extra_query=extra_query)
        return found.decoded(self._decoder)

    async def _get_raw(self, record_id: str) -> bytes:
        """Return the bytes of the record with this id, though it may be one that `get` refuses."""
        return (await self._find(record_id)).raw

    async def _find(self, record_id: str, **extra: Any) -> Came[R]:
        endpoint = self._endpoint
        if endpoint.ids is None:
            raise ArgumentTypeError(f"{endpoint.noun} cannot be asked for by id; use search()")
        name = endpoint.identity.name
        if not isinstance(record_id, str):
            raise wrong_type(name, "a str", record_id)
        if not record_id:
            raise InvalidArgumentError(f"{name} must not be empty")
        wanted = endpoint.criteria(**{endpoint.ids: [record_id]})
        search = self.search(wanted, page_size=2, **extra)
        found = await find(search, record_id, self._identify, self._decoder)
        if found is None:
            text = f"no {endpoint.singular} has the id {record_id!r}"
            raise answered(RecordNotFoundError(text, 200), search)
        return found
