"""One request watched, attempt by attempt: times, bytes, and how each attempt ended."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from enkash_async._clock import now as clock
from enkash_async._telemetry.facts import facts_of
from enkash_async._telemetry.listeners import Listeners
from enkash_async.events import RequestEnded, RetryPlanned


class CallWatch:
    """Watches one request: enter it for each attempt, and it tells of the attempt at the exit.

    *search_id* and *resource* are None for a login, which serves all searches.
    """

    def __init__(
        self, listeners: Listeners, operation: str, search_id: int | None, resource: str | None
    ) -> None:
        self._listeners = listeners
        self._operation = operation
        self._search_id = search_id
        self._resource = resource
        self._attempt = 0
        self._began = 0.0
        self._sent: float | None = None
        self._answered: float | None = None
        self._status: int | None = None
        self._nbytes = 0
        self._client_request_id: str | None = None
        self._place: Mapping[str, str] = {}

    @property
    def _is_login(self) -> bool:
        return self._search_id is None

    def __enter__(self) -> None:
        self._attempt += 1
        # What is left of the attempt before.
        self._sent = self._answered = self._status = self._client_request_id = None
        self._nbytes = 0
        self._began = clock()

    def note_sent(
        self, client_request_id: str | None, parameters: Mapping[str, str] | None = None
    ) -> None:
        """Note that all waiting is over, and the request goes out under this id.

        Its *parameters* say which page it asks for.
        """
        self._sent = clock()
        self._client_request_id = client_request_id
        self._place = parameters or {}

    def note_answer(self, status: int, nbytes: int) -> None:
        """Note that an answer was read to its end."""
        self._answered = clock()
        self._status, self._nbytes = status, nbytes

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # GeneratorExit: the coroutine is thrown away unfinished, and hooks run in an event loop.
        is_heard = self._listeners.may_hear(RequestEnded, is_login=self._is_login)
        if is_heard and not isinstance(error, GeneratorExit):
            self._listeners.tell(self._ended(error), is_login=self._is_login)

    def _ended(self, error: BaseException | None) -> RequestEnded:
        now = clock() if self._answered is None else self._answered
        sent, facts = self._sent, facts_of(error)
        status = facts.status if self._answered is None else self._status
        return RequestEnded(
            search_id=self._search_id,
            resource=self._resource,
            operation=self._operation,
            offset=self._number("offset"),
            limit=self._number("limit"),
            attempt=self._attempt,
            # Without a request sent, a status is that of the login that failed.
            status=None if sent is None else status,
            error=facts.error,
            error_type=facts.error_type,
            request_id=facts.request_id,
            client_request_id=self._client_request_id,
            bytes_received=self._nbytes,
            seconds_waiting=(now if sent is None else sent) - self._began,
            seconds=None if sent is None else now - sent,
        )

    def _number(self, name: str) -> int | None:
        return None if self._sent is None or name not in self._place else int(self._place[name])

    def tell_pause(self, seconds: float) -> None:
        """Tell that no request of the session is sent for so many *seconds*."""
        self._listeners.tell_pause(seconds)

    def tell_retry(self, delay: float, error: BaseException) -> None:
        """Tell that there will be another attempt, because of *error*."""
        if not self._listeners.may_hear(RetryPlanned):
            return
        facts = facts_of(error)
        event = RetryPlanned(
            search_id=self._search_id,
            resource=self._resource,
            operation=self._operation,
            attempt=self._attempt,
            delay=delay,
            status=facts.status,
            error=facts.error,
            error_type=facts.error_type,
        )
        self._listeners.tell(event)
