"""One search watched, from its first request to its end, of whatever kind."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import TypeVar

from enkash_async._clock import now as clock
from enkash_async._telemetry.call_watch import CallWatch
from enkash_async._telemetry.facts import NO_ERROR, ErrorFacts, facts_of
from enkash_async._telemetry.listeners import Listeners
from enkash_async.events import Method, Outcome, PageFetched, SearchEnded, SearchStarted
from enkash_async.report import SearchReport

T = TypeVar("T")

_numbers = itertools.count(1)


class SearchWatch:
    """Watches one search of *resource*. It tells of one start and one end, or of neither.

    From its start to its end it is one of those *under_way* in the session, which ends them when
    it is closed.
    """

    def __init__(
        self, listeners: Listeners, under_way: set[SearchWatch], resource: str, method: Method
    ) -> None:
        self._listeners = listeners
        self._under_way = under_way
        self._resource = resource
        self._method: Method = method
        self._search_id = next(_numbers)
        self._started = 0.0
        self._context: Context | None = None
        self._report: Callable[[], SearchReport] | None = None
        """The way to the search's report while it runs: before and after, nothing is told."""
        self._leaves_as: Outcome | None = None
        """The outcome if nobody reads on; None where that depends on how the search is left."""
        # Not the exception itself: it refers to the caller's frames, and so to the search.
        self._interruption = NO_ERROR

    def note_reader(self, report: Callable[[], SearchReport], *, first_page: bool) -> None:
        """Note that a task reads, which begins the search if it is the first time."""
        self._leaves_as = Outcome.FIRST_PAGE if first_page else None
        self._interruption = NO_ERROR
        if self._context is not None:
            return
        self._context = copy_context()
        self._started = clock()
        self._report = report
        self._under_way.add(self)
        if self._listeners.may_hear(SearchStarted):
            event = SearchStarted(
                search_id=self._search_id, resource=self._resource, method=self._method
            )
            # A variable that a hook sets here is seen by the tasks and hooks of this search: `run`.
            self._context.run(self._listeners.tell, event)

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call *function* in the context of the search, which a task that it starts inherits."""
        if self._context is None:
            return function(*arguments)
        # A copy, since a context cannot be entered twice, as an eager task would.
        return self._context.copy().run(function, *arguments)

    def call(self, operation: str) -> CallWatch:
        """Return the watch of one request of the search."""
        return CallWatch(self._listeners, operation, self._search_id, self._resource)

    def tell_page(
        self, row: int, offset: int, limit: int, rows: int, nbytes: int, started: float
    ) -> None:
        """Tell of a page that came, the fetch of which *started* then."""
        if self._listeners.may_hear(PageFetched):
            event = PageFetched(
                search_id=self._search_id,
                resource=self._resource,
                row=row,
                offset=offset,
                limit=limit,
                rows=rows,
                bytes_received=nbytes,
                seconds=clock() - started,
            )
            self._listeners.tell(event)

    def warn_of_undeclared(self, names: Iterable[str]) -> None:
        """Warn of fields of these *names*, which this version does not know, once a session."""
        self._listeners.warn_of_undeclared(self._resource, names)

    def note_interruption(self, error: BaseException) -> None:
        """Note that reading was broken off; it may go on, and the search has not ended."""
        self._leaves_as = Outcome.FAILED if isinstance(error, Exception) else Outcome.CANCELLED
        self._interruption = facts_of(error)

    def tell_completed(self) -> None:
        """Tell that the search was read to its end."""
        self._end(Outcome.COMPLETED, NO_ERROR)

    def tell_failed(self, error: Exception) -> None:
        """Tell that *error* ended the search."""
        self._end(Outcome.FAILED, facts_of(error))

    def tell_left(self, outcome: Outcome) -> None:
        """Tell that the search was left before its end, with *outcome* unless more is known."""
        self._end(self._leaves_as or outcome, self._interruption)

    def _end(self, outcome: Outcome, facts: ErrorFacts) -> None:
        if self._report is None:
            return
        report, self._report = self._report, None
        self._under_way.discard(self)
        if outcome is Outcome.COMPLETED:
            self._listeners.warn_of_end(self._resource, self._search_id, report())
        if self._listeners.may_hear(SearchEnded):
            event = SearchEnded(
                search_id=self._search_id,
                resource=self._resource,
                method=self._method,
                outcome=outcome,
                seconds=clock() - self._started,
                error=facts.error,
                error_type=facts.error_type,
                status=facts.status,
                request_id=facts.request_id,
                client_request_id=facts.client_request_id,
                report=copy.deepcopy(report()),
            )
            self.run(self._listeners.tell, event)
