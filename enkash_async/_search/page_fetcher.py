"""Pages fetched, each by one call, and what they cost put into the report."""

from __future__ import annotations

import time

from enkash_async._http.call import Account, Call, Connection, Fitted, TooHeavy
from enkash_async._paging.raw_page import RawPage
from enkash_async._search.query import SEARCH_PATH, Query
from enkash_async._telemetry.telemetry import SearchWatch
from enkash_async.report import SearchReport


class PageFetcher:
    """Fetches pages of one query and keeps account of it in *report*."""

    def __init__(
        self, connection: Connection, query: Query, report: SearchReport, watch: SearchWatch
    ) -> None:
        self._connection = connection
        self._query = query
        self._account = Account(report, connection.throttle)
        self._watch = watch

    async def fetch(self, fitted: Fitted, too_heavy: TooHeavy) -> RawPage:
        """Return the page; raise the error of the last attempt.

        What is sent is the request that *fitted* returns at the time. *too_heavy* is called when
        a smaller one might have come, and says how small pages are from now on, if that helps.
        """
        report, started = self._account.report, time.monotonic()
        watch = self._watch.call(SEARCH_PATH)
        call = Call(self._connection, self._query, fitted, too_heavy, self._account, watch)
        payload = await call.run()
        rows = len(payload.records)
        report.pages += 1
        report.rows_received += rows
        self._watch.page_fetched(call.request, rows, call.bytes_received, started)
        return RawPage(payload.records, payload.count, call.bytes_received)
