"""Who is told what happens in a session, and what is put into the events."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any

import attrs

from enkash_async._telemetry import log as _log
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import TOKEN_PATH, SendForm
from enkash_async.errors import APIError, EnKashError, ErrorType
from enkash_async.events import (
    Event,
    Hooks,
    Method,
    Outcome,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)
from enkash_async.report import SearchReport

_NAMES: Mapping[type[Event], str] = {
    SearchStarted: "on_search_start",
    RequestEnded: "on_request",
    RetryPlanned: "on_retry",
    PageFetched: "on_page",
    SearchEnded: "on_search_end",
}

_numbers = itertools.count(1)


class Telemetry:
    """Tells the hooks of a session, and the log, what happens. A hook cannot break anything."""

    def __init__(self, hooks: Sequence[Hooks]) -> None:
        self._listeners: dict[type[Event], list[Callable[[Any], object]]] = {
            kind: [hook for given in hooks if (hook := getattr(given, name)) is not None]
            for kind, name in _NAMES.items()
        }
        self._failed: set[int] = set()
        self._open: set[SearchWatch] = set()

    def hears(self, kind: type[Event]) -> bool:
        """Say whether anybody would notice an event of this *kind*."""
        return bool(self._listeners[kind]) or _log.is_enabled()

    def tell(self, event: Event) -> None:
        """Call all who want to hear of *event*."""
        if _log.is_enabled():
            self._call(_log.write, event)
        for hook in self._listeners[type(event)]:
            self._call(hook, event)

    def _call(self, hook: Callable[[Any], object], event: Event) -> None:
        try:
            hook(event)
        # Nobody can cancel a plain function: its CancelledError is of its own making, such as
        # the result of a cancelled future, and would pass for a cancellation of ours.
        except (Exception, asyncio.CancelledError) as error:
            self._report(hook, error)

    def _report(self, hook: Callable[[Any], object], error: BaseException) -> None:
        if id(hook) in self._failed:
            return
        self._failed.add(id(hook))
        name = getattr(hook, "__qualname__", type(hook).__qualname__)
        asyncio.get_running_loop().call_exception_handler(
            {
                "message": f"the hook {name} of an enkash_async session raised; the search goes"
                " on, and further exceptions of this hook are not reported",
                "exception": error,
            }
        )

    def search(self, resource: str, method: Method) -> SearchWatch:
        """Return the watch of a search of *resource* that may begin."""
        return SearchWatch(self, self._open, resource, method)

    def watched(self, send: SendForm) -> SendForm:
        """Return *send* such that each login is told of."""

        async def send_watched(path: str, body: bytes, headers: dict[str, str]) -> Response:
            sealed = Sealed((body, headers))
            del body, headers
            # Another path is an Auth's own affair, and may hold a secret.
            watch = CallWatch(self, None, path if path == TOKEN_PATH else "other")
            with watch:
                watch.sending()
                response = await send(path, *sealed.reveal())
                watch.answered(response)
            return response

        return send_watched

    def close(self) -> None:
        """End all searches that have not ended: nothing more will come of them."""
        for search in list(self._open):
            search.left(Outcome.CLOSED)


class SearchWatch:
    """Watches one search, from its first request until it ends in one way or another."""

    def __init__(
        self,
        telemetry: Telemetry,
        open_searches: set[SearchWatch],
        resource: str,
        method: Method,
    ) -> None:
        self._telemetry = telemetry
        self._open = open_searches
        self._resource = resource
        self._method: Method = method
        self._number = next(_numbers)
        self._started = 0.0
        self._context: Context | None = None
        self._report: Callable[[], SearchReport] | None = None
        """The way to the search's report while it runs: before and after, nothing is told."""
        self._leaves_as: Outcome | None = None
        # Not the exception itself: it refers to the caller's frames, and so to the search.
        self._interruption = _facts(None)

    def reading(self, report: Callable[[], SearchReport], *, first_page: bool) -> None:
        """Note that a task reads, which begins the search if it is the first time."""
        self._leaves_as = Outcome.FIRST_PAGE if first_page else None
        self._interruption = _facts(None)
        if self._context is not None:
            return
        self._context = copy_context()
        self._started = time.monotonic()
        self._report = report
        self._open.add(self)
        if self._telemetry.hears(SearchStarted):
            event = SearchStarted(
                search_id=self._number, resource=self._resource, method=self._method
            )
            self._context.run(self._telemetry.tell, event)

    def run(self, function: Callable[..., object], *arguments: object) -> None:
        """Call *function* in the context of the search, which a task that it starts inherits."""
        if self._context is None:
            function(*arguments)
        else:
            # A copy, since a context cannot be entered twice, as an eager task would.
            self._context.copy().run(function, *arguments)

    def call(self, operation: str) -> CallWatch:
        """Return the watch of one request of the search."""
        return CallWatch(self._telemetry, self._number, operation)

    def page_fetched(
        self, row: int, offset: int, limit: int, rows: int, size: int, started: float
    ) -> None:
        """Tell of a page that came, the fetch of which *started* then."""
        if self._telemetry.hears(PageFetched):
            event = PageFetched(
                search_id=self._number,
                row=row,
                offset=offset,
                limit=limit,
                rows=rows,
                bytes_received=size,
                seconds=time.monotonic() - started,
            )
            self._telemetry.tell(event)

    def interrupted(self, error: BaseException) -> None:
        """Note that reading was broken off; it may go on, and the search has not ended."""
        self._leaves_as = Outcome.FAILED if isinstance(error, Exception) else Outcome.CANCELLED
        self._interruption = _facts(error)

    def completed(self) -> None:
        """Tell that the search was read to its end."""
        self._end(Outcome.COMPLETED, _facts(None))

    def failed(self, error: Exception) -> None:
        """Tell that *error* ended the search."""
        self._end(Outcome.FAILED, _facts(error))

    def left(self, outcome: Outcome) -> None:
        """Tell that the search ended before its end, in this way unless more is known."""
        self._end(self._leaves_as or outcome, self._interruption)

    def _end(self, outcome: Outcome, facts: _Facts) -> None:
        if self._report is None:
            return
        report, self._report = self._report, None
        self._open.discard(self)
        if self._telemetry.hears(SearchEnded):
            event = SearchEnded(
                search_id=self._number,
                resource=self._resource,
                method=self._method,
                outcome=outcome,
                seconds=time.monotonic() - self._started,
                error=facts.error,
                error_type=facts.error_type,
                status=facts.status,
                request_id=facts.request_id,
                report=copy.deepcopy(report()),
            )
            self.run(self._telemetry.tell, event)


class CallWatch:
    """Watches one request: enter it for each attempt."""

    def __init__(self, telemetry: Telemetry, search: int | None, operation: str) -> None:
        self._telemetry = telemetry
        self._search = search
        self._operation = operation
        self._attempt = 0
        self._asked = 0.0
        self._sent: float | None = None
        self._answered: float | None = None
        self._response: Response | None = None

    def __enter__(self) -> None:
        self._attempt += 1
        self._sent = self._answered = self._response = None
        self._asked = time.monotonic()

    def sending(self) -> None:
        """Note that all waiting is over."""
        self._sent = time.monotonic()

    def answered(self, response: Response) -> None:
        """Note that an answer was read."""
        self._answered = time.monotonic()
        self._response = response

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A coroutine that is thrown away unfinished has no event loop to tell in.
        if self._telemetry.hears(RequestEnded) and not isinstance(error, GeneratorExit):
            self._telemetry.tell(self._ended(error))
        # Not kept any longer than the page, the bytes of which are counted.
        self._response = None

    def _ended(self, error: BaseException | None) -> RequestEnded:
        now = time.monotonic() if self._answered is None else self._answered
        sent, response, facts = self._sent, self._response, _facts(error)
        status = facts.status if response is None else response.status
        return RequestEnded(
            search_id=self._search,
            operation=self._operation,
            attempt=self._attempt,
            # Without a request sent, a status is that of the login that failed.
            status=None if sent is None else status,
            error=facts.error,
            error_type=facts.error_type,
            request_id=facts.request_id,
            bytes_received=0 if response is None else response.size,
            seconds_waiting=(now if sent is None else sent) - self._asked,
            seconds=None if sent is None else now - sent,
        )

    def retrying(self, delay: float, error: EnKashError) -> None:
        """Tell that there will be another attempt."""
        assert self._search is not None
        if self._telemetry.hears(RetryPlanned):
            facts = _facts(error)
            event = RetryPlanned(
                search_id=self._search,
                operation=self._operation,
                attempt=self._attempt,
                delay=delay,
                status=facts.status,
                error=facts.error,
                error_type=facts.error_type,
            )
            self._telemetry.tell(event)


@attrs.frozen
class _Facts:
    """What may be told of an error: never its text, nor a word that is not known."""

    error: str | None = None
    error_type: ErrorType | None = None
    status: int | None = None
    request_id: str | None = None


def _facts(error: BaseException | None) -> _Facts:
    if isinstance(error, EnKashError) and type(error).__name__.startswith("_"):
        # A signal between our parts; callers know the error that it stands for.
        error = error.__cause__ or error
    if not isinstance(error, EnKashError):
        return _Facts(None if error is None else type(error).__name__)
    name, status = type(error).__name__, getattr(error, "status", None)
    if not isinstance(error, APIError):
        return _Facts(name, None, status)
    known = error.error_type if isinstance(error.error_type, ErrorType) else None
    return _Facts(name, known, status, _checked_id(error.request_id))


_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


def _checked_id(request_id: str | None) -> str | None:
    """Return a request id that looks like one, rather than like text of any kind."""
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        return None
    return request_id
