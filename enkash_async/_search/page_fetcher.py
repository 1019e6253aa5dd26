"""Pages fetched, each by one call, and what they cost put into the report."""

from __future__ import annotations

import msgspec

from enkash_async._clock import now as clock
from enkash_async._decoding.names import undeclared_names
from enkash_async._http.call import Call, Caller
from enkash_async._http.costs import Costs
from enkash_async._http.operation import Operation
from enkash_async._paging.raw_page import Identify, RawPage
from enkash_async._search.page_ticket import PageTicket, Refit, Shrink
from enkash_async._search.query import Query
from enkash_async._telemetry.search_watch import SearchWatch
from enkash_async._wire.page import payload_steps
from enkash_async.report import SearchReport

MAX_UNDECLARED = 100
"""Names of undeclared fields that a report counts at most."""


class PageFetcher:
    """Fetches pages of one query and keeps account of it in *report*."""

    def __init__(
        self,
        caller: Caller,
        query: Query,
        identify: Identify,
        report: SearchReport,
        watch: SearchWatch,
    ) -> None:
        self._caller = caller
        self._query = query
        self._identify = identify
        self._operation = Operation(query.endpoint.path)
        self._report = report
        self._costs = Costs(report, caller.throttle)
        self._watch = watch
        self.client_request_id: str | None = None
        """Of the request that was answered last."""

    async def fetch(self, refit: Refit, shrink: Shrink) -> RawPage:
        """Return the page; raise the error of the last attempt.

        What is sent is the request that *refit* returns at the time. *shrink* is called when a
        smaller one might have come, and says how small pages are from now on, if that helps.
        """
        started = clock()
        ticket = PageTicket(self._query, refit, shrink)
        watch = self._watch.call(self._operation.path)
        call = Call(self._caller, self._operation, ticket, payload_steps, self._costs, watch)
        payload = await call.run()
        self.client_request_id = call.client_request_id
        rows, request = len(payload.records), ticket.request
        self._report.pages += 1
        self._report.rows_received += rows
        if rows:
            self._note_undeclared(payload.records[0])
        self._watch.tell_page(
            request.row, request.offset, request.limit, rows, call.bytes_received, started
        )
        return RawPage(
            payload.records,
            payload.count,
            call.bytes_received,
            identify=self._identify,
            asked=request.limit,
            are_parsed=payload.are_parsed,
        )

    def _note_undeclared(self, record: msgspec.Raw) -> None:
        """Count the fields of one record a page that nobody declared: the service may change."""
        names = undeclared_names(self._query.endpoint.record, record)
        if names:
            counts = self._report.undeclared_fields
            for name in names:
                if name in counts or len(counts) < MAX_UNDECLARED:
                    counts[name] = counts.get(name, 0) + 1
            self._watch.warn_of_undeclared(names)
