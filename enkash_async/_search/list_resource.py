"""What can be asked of any list of the service: search, crawl, windows, count and get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar, cast

import attrs
import msgspec

from enkash_async._arguments import boolean, int32_at_least, named, parameters_of, wrong_type
from enkash_async._decoding.slice_decoder import BadRecord, OnBadRecord, error_of
from enkash_async._paging.page_sizes import KnownSize
from enkash_async._paging.pager import Pager
from enkash_async._paging.planner import Planner
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.extra import Extra, JsonBody, QueryString, checked_extra
from enkash_async._search.ordering import ordered_by
from enkash_async._search.page_fetcher import PageFetcher
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.query import Direction, Query
from enkash_async._search.row_stream import NotBegun, RowStream
from enkash_async._search.search import Search, answered
from enkash_async._search.settings import SearchSettings
from enkash_async._search.start import Start, start_of
from enkash_async._wire.criteria import Criteria, enum_member
from enkash_async._wire.fields import hash_of, identity_reader, time_reader
from enkash_async._wire.keys import wire_name
from enkash_async.errors import (
    ArgumentTypeError,
    IncompleteSearchError,
    InvalidArgumentError,
    RecordNotFoundError,
)
from enkash_async.events import Method
from enkash_async.report import SearchReport
from enkash_async.resume import MAX_COUNT, CrawlPoint, ListPoint, ResumeToken

F = TypeVar("F", bound=Criteria)
R = TypeVar("R")

QUERY_NAMES = {"order_by": "orderBy", "direction": "direction"}


class ListResource(Generic[F, R]):
    """A list of the service, as an open session offers it.

    A class derived from it may name the *search_class* that its searches are of.
    """

    search_class: ClassVar[type[Search[Any]]] = Search

    def __init__(self, endpoint: ListEndpoint[F, R], settings: SearchSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._addressing = attrs.evolve(settings.addressing, max_limit=endpoint.max_limit)
        self._identify = identity_reader(endpoint.identity)
        self._decoder = settings.decoders.decoder_for(endpoint.record)
        self._known_size = KnownSize()
        criteria: type[attrs.AttrsInstance] = cast("Any", endpoint.criteria)
        self._fields = {field.name: wire_name(field) for field in attrs.fields(criteria)}
        """The fields of the filter: their Python names, and those on the wire."""
        self._whole = Query(endpoint=endpoint, criteria=endpoint.criteria())
        """What asks for all records, in the service's own order."""

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
        query = self._query(
            self._criteria(filter, fields, "search"),
            self._extra(extra_body, extra_query, order_by=order_by, direction=direction),
            order_by=self._order_by(order_by),
            direction=None if direction is None else enum_member(Direction, direction, "direction"),
        )
        size = self._page_size(page_size)
        boolean("full_check", full_check)
        int32_at_least(0, "offset", offset)
        _check_max_records(max_records)
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
            trial_pages=self._settings.max_concurrency,
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
        from enkash_async._paging.crawl.cutter import MOST as MOST_PAGES

        time, criteria = self._time(), self._criteria(filter, fields, "crawl")
        query = self._query(criteria, self._extra(extra_body, extra_query))
        size = self._page_size(page_size)
        _check_max_records(max_records)
        if window_pages is not None:
            int32_at_least(1, "window_pages", window_pages)
        start = start_of(CrawlPoint(), partial(query.fingerprint, "crawl"), resume)
        crawl = Crawl(
            page_size=size,
            addressing=self._addressing,
            begin=getattr(criteria, time.begin),
            until=_until(criteria, time),
            read_times=time_reader(time.field, self._settings.decoders.naive_timezone),
            noun=self._endpoint.noun,
            time_field=time.field,
            resume=start.point,
            sizes=self._settings.page_sizes(size, known=self._known_size),
            max_pages=MOST_PAGES if window_pages is None else window_pages,
            trial_pages=self._settings.max_concurrency,
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
        stream = RowStream(
            planner,
            NotBegun(),
            report,
            start,
            max_records=max_records,
            strict=strict,
            watch=watch,
        )

        def begin() -> asyncio.AbstractEventLoop:
            """Fetch from now on, by the session as it is open now; return its event loop."""
            connected = settings.connect()
            fetcher = PageFetcher(connected.caller, query, self._identify, report, watch)
            stream.last_request_id = lambda: fetcher.client_request_id
            stream.prefetch = Prefetch(
                planner,
                fetcher.fetch,
                connected.owner,
                connected.budget,
                max_pages=settings.max_pages,
                patience=connected.caller.timeout.progress,
                watch=watch,
            )
            return connected.loop

        return self.search_class(stream, self._decoder, report, on_bad_record, begin)

    async def windows(
        self, filter: F | None = None, *, max_records: int = 50_000, **fields: Any
    ) -> list[F]:
        """Return filters that divide the records until now among parallel readers.

        Each matches at most *max_records* records, unless more have their time within one or two
        seconds; together they match every record once, as their counts prove. Give each to
        `crawl` or `search`, in any process. Divide `max_concurrency` among the processes: they
        share no limit. IncompleteSearchError if records have no time, or the counts do not add
        up; TypeError if the list has no time to cut.
        """
        from enkash_async._search.partitions import Partitions

        time, criteria = self._time(), self._criteria(filter, fields, "windows")
        int32_at_least(1, "max_records", max_records)
        parts = Partitions(self._endpoint, time, criteria, self.count)
        return await parts.cut(_until(criteria, time), max_records)

    async def count(self, filter: F | None = None, **fields: Any) -> int:
        """Return how many records match *filter*, by one request for one record.

        Where that record is all that is counted, one more request for two tells whether it is,
        or whether the service counts the records of each page: then, and without a count,
        IncompleteSearchError. So little shows no other error of the count; a search does, since
        it compares the count with what comes.
        """
        criteria = self._criteria(filter, fields, "count")
        total = await self._count(criteria, 1)
        if total == 1:
            total = await self._count(criteria, 2)
        return total

    async def _count(self, filter: F | None, page_size: int) -> int:
        # A record that cannot be read counts like any other.
        bad = list[BadRecord]()
        search = self.search(filter, page_size=page_size, on_bad_record=bad.append)
        page = await search
        rows = len(page) + len(bad)
        if page.total is None:
            no_count = IncompleteSearchError(
                "the service sent no recordsCount that is a count, which is a whole number from 0"
                f" to {MAX_COUNT:,}; count the records of a search instead"
            )
            raise answered(no_count, search)
        if rows > 1 and page.total == rows == page_size:
            no_total = IncompleteSearchError(
                "the service counts the records of each page, not all that match; count the"
                " records of a search instead"
            )
            raise answered(no_total, search)
        return page.total

    async def get(self, record_id: str, /) -> R:
        """Return the record with this id; RecordNotFoundError if there is none.

        One search by ids; DecodeError if that record cannot be read. TypeError if the list cannot
        be searched by them.
        """
        endpoint = self._endpoint
        if endpoint.ids is None:
            raise ArgumentTypeError(f"{endpoint.noun} cannot be asked for by id; use search()")
        name = _python_name(endpoint)
        if not isinstance(record_id, str):
            raise wrong_type(name, "a str", record_id)
        if not record_id:
            raise InvalidArgumentError(f"{name} must not be empty")
        wanted = endpoint.criteria(**{endpoint.ids: [record_id]})
        bad = list[BadRecord]()
        search = self.search(wanted, page_size=2, on_bad_record=bad.append)
        for record in await search:
            if getattr(record, name) == record_id:
                return record
        for one in bad:
            # One whose id cannot be read may be it.
            if self._identify(msgspec.Raw(one.raw)) in (record_id, hash_of(one.raw)):
                raise answered(error_of(one), search)
        not_found = RecordNotFoundError(f"no {endpoint.singular} has the id {record_id!r}", 200)
        raise answered(not_found, search)

    # What is asked for, checked

    def _criteria(self, given: F | None, fields: Mapping[str, Any], method: str) -> F:
        """Return the filter *given* with *fields* in place of its own, days made instants.

        What is no field, *method* was given in vain: it would have taken its own parameters.
        """
        kind = self._endpoint.criteria
        if given is not None and not isinstance(given, kind):
            raise wrong_type("filter", f"a {kind.__name__}", given)
        if given is None and not fields:
            return cast("F", self._whole.criteria)
        if unknown := [name for name in fields if name not in self._fields]:
            raise self._unknown(unknown[0], method)
        criteria = kind(**fields) if given is None else attrs.evolve(cast("Any", given), **fields)
        made: F = criteria.with_days_in(self._settings.decoders.naive_timezone)
        return made

    def _unknown(self, name: str, method: str) -> ArgumentTypeError:
        if name in parameters_of(self.search):
            return ArgumentTypeError(f"{method}() takes no {name}; search() does")
        known = {*self._fields, *parameters_of(getattr(self, method))}
        return ArgumentTypeError(
            f"{self._endpoint.noun} cannot be searched by {named(name, known)}"
        )

    def _query(
        self,
        criteria: F,
        extra: Extra,
        *,
        order_by: str | None = None,
        direction: Direction | None = None,
    ) -> Query:
        whole = self._whole
        asks_for_less = criteria is not whole.criteria or extra is not whole.extra
        if asks_for_less or order_by is not None or direction is not None:
            return Query(
                endpoint=self._endpoint,
                criteria=criteria,
                order_by=order_by,
                direction=direction,
                extra=extra,
            )
        # Asked for most often. Its body and its fingerprint are made once.
        return whole

    def _extra(self, body: JsonBody | None, query: QueryString | None, **order: object) -> Extra:
        taken = {QUERY_NAMES[name] for name, value in order.items() if value is not None}
        return checked_extra(body, query, {*self._fields.values()}, taken)

    def _order_by(self, given: str | None) -> str | None:
        if given is None:
            return None
        time = self._endpoint.time
        example = self._endpoint.identity if time is None else time.field
        return ordered_by(given, self._endpoint.record, example)

    def _page_size(self, given: int | None) -> int:
        max_limit = self._endpoint.max_limit
        if given is None:
            return min(self._settings.page_size, max_limit)
        return checked_page_size(given, max_limit)

    def _time(self) -> TimeRange:
        time = self._endpoint.time
        if time is None:
            raise ArgumentTypeError(
                f"{self._endpoint.noun} have no time by which they can be cut into windows; use"
                " search()"
            )
        return time


def checked_page_size(page_size: int, max_limit: int) -> int:
    """Return *page_size*, or raise an error that names the bounds."""
    int32_at_least(1, "page_size", page_size)
    if page_size > max_limit:
        raise InvalidArgumentError(
            f"page_size must be at most {max_limit}, the service's largest limit"
        )
    return page_size


def _check_max_records(max_records: int | None) -> None:
    if max_records is not None:
        int32_at_least(1, "max_records", max_records)


def _until(criteria: Criteria, time: TimeRange) -> Callable[[], datetime]:
    """Return a function that says where time ends: "now", but not before it is asked."""
    begin: datetime | None = getattr(criteria, time.begin)
    end: datetime | None = getattr(criteria, time.end)
    if begin is not None and begin > datetime.now(UTC):
        raise InvalidArgumentError(
            f"{time.begin} lies in the future, as the clock of this machine goes"
        )

    def until() -> datetime:
        now = datetime.now(UTC)
        return now if end is None else min(now, end)

    return until


def _python_name(endpoint: ListEndpoint[Any, Any]) -> str:
    record: type[attrs.AttrsInstance] = endpoint.record
    [field] = [one for one in attrs.fields(record) if wire_name(one) == endpoint.identity]
    name: str = field.name
    return name
