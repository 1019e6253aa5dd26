"""What can be asked of any list of the service: search, crawl, windows, count and get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

import attrs

from enkash_async._arguments import int32_at_least
from enkash_async._decoding.slice_decoder import OnBadRecord
from enkash_async._paging.crawl.crawl import Crawl
from enkash_async._paging.crawl.cutter import MOST as MOST_PAGES
from enkash_async._paging.pager import Pager
from enkash_async._paging.planner import Planner
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.page_fetcher import PageFetcher
from enkash_async._search.partitions import Partitions
from enkash_async._search.prefetch import Prefetch
from enkash_async._search.query import Direction, Query
from enkash_async._search.row_stream import RowStream
from enkash_async._search.search import Search
from enkash_async._search.settings import SearchSettings
from enkash_async._wire.criteria import Criteria, enum_member
from enkash_async._wire.fields import identity_reader, time_reader
from enkash_async._wire.keys import wire_name
from enkash_async.errors import IncompleteSearchError, RecordNotFoundError
from enkash_async.events import Method
from enkash_async.report import SearchReport
from enkash_async.resume import CrawlPoint, ListPoint, ResumeToken

F = TypeVar("F", bound=Criteria)
R = TypeVar("R")


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
    ) -> Search[R]:
        """Return a search, which sends nothing before it is awaited or iterated.

        *offset* and *max_records* count records; *page_size* is how many to ask for at once.
        Give an *order_by* that does not change and is different for each record if the list may
        change while it is read. *full_check* compares every record with all before it rather
        than with those of the last pages, and their number with the service's count; without a
        count the verdict is INCOMPLETE. *strict* raises IncompleteSearchError on any verdict
        but COMPLETE. *on_bad_record* is called with each record that cannot be read, instead of
        a DecodeError. *resume* goes on from `resume_token` of an earlier search, which must have
        asked for the same.
        """
        query = Query(
            endpoint=self._endpoint,
            criteria=self._criteria(filter),
            order_by=self._order_by(order_by),
            direction=None if direction is None else enum_member(Direction, direction, "direction"),
        )
        size = self._page_size(page_size)
        int32_at_least(0, "offset", offset)
        _check_max_records(max_records)
        start = _start(query.fingerprint("search", offset), ListPoint(row=offset), resume)
        pager = Pager(
            page_size=size,
            addressing=self._addressing,
            start=offset,
            max_rows=max_records,
            resume=start.point_of(ListPoint),
            full_check=full_check,
            sizes=self._settings.page_sizes(size),
            remembered=self._settings.remembered.of(query.list_key),
            trial_pages=self._settings.max_concurrency,
        )
        stream, report = self._stream("search", pager, query, start, max_records, strict=strict)
        return self.search_class(stream, self._decoder, report, on_bad_record)

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
        time, criteria = self._time(), self._criteria(filter)
        query = Query(endpoint=self._endpoint, criteria=criteria)
        size = self._page_size(page_size)
        _check_max_records(max_records)
        if window_pages is not None:
            int32_at_least(1, "window_pages", window_pages)
        start = _start(query.fingerprint("crawl"), CrawlPoint(), resume)
        crawl = Crawl(
            page_size=size,
            addressing=self._addressing,
            begin=getattr(criteria, time.begin),
            until=_until(criteria, time),
            read_times=time_reader(time.field, self._settings.decoders.naive_timezone),
            noun=self._endpoint.noun,
            time_field=time.field,
            resume=start.point_of(CrawlPoint),
            sizes=self._settings.page_sizes(size),
            max_pages=MOST_PAGES if window_pages is None else window_pages,
        )
        stream, report = self._stream("crawl", crawl, query, start, max_records, strict=strict)
        return self.search_class(stream, self._decoder, report, on_bad_record)

    def _stream(
        self,
        method: Method,
        planner: Planner,
        query: Query,
        start: ResumeToken,
        max_records: int | None,
        *,
        strict: bool,
    ) -> tuple[RowStream, SearchReport]:
        settings, report = self._settings, SearchReport()
        watch = settings.telemetry.search(self._endpoint.noun, method)
        fetcher = PageFetcher(settings.caller, query, self._identify, report, watch)
        prefetch = Prefetch(
            planner,
            fetcher.fetch,
            settings.owner,
            settings.budget,
            max_pages=settings.max_pages,
            patience=settings.caller.timeout.progress,
            watch=watch,
        )
        stream = RowStream(
            planner, prefetch, report, start, max_records=max_records, strict=strict, watch=watch
        )
        return stream, report

    async def windows(self, filter: F | None = None, *, max_records: int = 50_000) -> list[F]:
        """Return filters that divide the records until now among parallel readers.

        Each matches at most *max_records* records, unless more have their time within one or two
        seconds; together they match every record once, as their counts prove. Give each to
        `crawl` or `search`, in any process. Divide `max_concurrency` among the processes: they
        share no limit. IncompleteSearchError if records have no time, or the counts do not add
        up; TypeError if the list has no time to cut.
        """
        time, criteria = self._time(), self._criteria(filter)
        int32_at_least(1, "max_records", max_records)
        parts = Partitions(self._endpoint, time, criteria, self.count)
        return await parts.cut(_until(criteria, time), max_records)

    async def count(self, filter: F | None = None) -> int:
        """Return how many records match *filter*, by one request for one record.

        Where that record is all that is counted, one more request for two tells whether it is,
        or whether the service counts the records of each page: then, and if it sends no count,
        IncompleteSearchError. So little shows no other error of the count; a search does, since
        it compares the count with what comes.
        """
        total = await self._count(filter, 1)
        if total == 1:
            total = await self._count(filter, 2)
        return total

    async def _count(self, filter: F | None, page_size: int) -> int:
        page = await self.search(filter, page_size=page_size)
        if page.total is None:
            raise IncompleteSearchError(
                "the service sent no recordsCount; count the records of a search instead"
            )
        if len(page) > 1 and page.total == len(page) == page_size:
            raise IncompleteSearchError(
                "the service counts the records of each page, not all that match; count the"
                " records of a search instead"
            )
        return page.total

    async def get(self, record_id: str, /) -> R:
        """Return the record with this id; RecordNotFoundError if there is none.

        One search by ids. TypeError if the list cannot be searched by them.
        """
        endpoint = self._endpoint
        if endpoint.ids is None:
            raise TypeError(f"{endpoint.noun} cannot be asked for by id; use search()")
        wanted = endpoint.criteria(**{endpoint.ids: [record_id]})
        for record in await self.search(wanted, page_size=2):
            if getattr(record, _python_name(endpoint)) == record_id:
                return record
        raise RecordNotFoundError(f"no {endpoint.singular} has the id {record_id!r}", 200)

    # What is asked for, checked

    def _criteria(self, given: F | None) -> F:
        kind = self._endpoint.criteria
        if given is None:
            return kind()
        if not isinstance(given, kind):
            raise TypeError(f"filter must be a {kind.__name__}, not {type(given).__name__}")
        return given

    def _order_by(self, given: str | None) -> str | None:
        if given is not None and (not isinstance(given, str) or not given):
            time = self._endpoint.time
            example = self._endpoint.identity if time is None else time.field
            raise ValueError(
                f'order_by must be the name of a field on the wire, such as "{example}"'
            )
        return given

    def _page_size(self, given: int | None) -> int:
        max_limit = self._endpoint.max_limit
        if given is None:
            return min(self._settings.page_size, max_limit)
        return checked_page_size(given, max_limit)

    def _time(self) -> TimeRange:
        time = self._endpoint.time
        if time is None:
            raise TypeError(
                f"{self._endpoint.noun} have no time by which they can be cut into windows; use"
                " search()"
            )
        return time


def checked_page_size(page_size: int, max_limit: int) -> int:
    """Return *page_size*, or raise an error that names the bounds."""
    int32_at_least(1, "page_size", page_size)
    if page_size > max_limit:
        raise ValueError(f"page_size must be at most {max_limit}, the service's largest limit")
    return page_size


def _check_max_records(max_records: int | None) -> None:
    if max_records is not None:
        int32_at_least(1, "max_records", max_records)


def _start(
    fingerprint: str, point: ListPoint | CrawlPoint, resume: ResumeToken | str | None
) -> ResumeToken:
    """Return where a search begins: at *point*, or where the one to *resume* has come to."""
    start = ResumeToken(fingerprint=fingerprint, point=point)
    if resume is None:
        return start
    token = ResumeToken.parse(resume) if isinstance(resume, str) else resume
    if token.fingerprint != start.fingerprint:
        raise ValueError(
            "this resume token belongs to another search: filter, order_by, direction and offset"
            " must be those of the search it came from"
        )
    return token


def _until(criteria: Criteria, time: TimeRange) -> Callable[[], datetime]:
    """Return a function that says where time ends: "now", but not before it is asked."""
    begin: datetime | None = getattr(criteria, time.begin)
    end: datetime | None = getattr(criteria, time.end)
    if begin is not None and begin > datetime.now(UTC):
        raise ValueError(f"{time.begin} lies in the future, as the clock of this machine goes")

    def until() -> datetime:
        now = datetime.now(UTC)
        return now if end is None else min(now, end)

    return until


def _python_name(endpoint: ListEndpoint[Any, Any]) -> str:
    record: type[attrs.AttrsInstance] = endpoint.record
    [field] = [one for one in attrs.fields(record) if wire_name(one) == endpoint.identity]
    name: str = field.name
    return name
