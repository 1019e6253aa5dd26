"""The watches of a session: one for each search, and one for each login."""

from __future__ import annotations

from collections.abc import Sequence

from enkash_async._telemetry.call_watch import CallWatch
from enkash_async._telemetry.listeners import Listeners
from enkash_async._telemetry.search_watch import SearchWatch
from enkash_async.events import Hooks, Method, Outcome


class Telemetry:
    """Hands out the watches that tell *hooks*, and the log, what happens in a session."""

    def __init__(self, hooks: Sequence[Hooks]) -> None:
        self._listeners = Listeners(hooks)
        self._under_way: set[SearchWatch] = set()

    def search(self, resource: str, method: Method) -> SearchWatch:
        """Return the watch of a search of *resource* that may begin."""
        return SearchWatch(self._listeners, self._under_way, resource, method)

    def login(self, operation: str) -> CallWatch:
        """Return the watch of a login, which serves all searches."""
        return CallWatch(self._listeners, operation, None, None)

    def close(self) -> None:
        """End all searches that have not ended: nothing more will come of them."""
        for search in list(self._under_way):
            search.tell_left(Outcome.CLOSED)

    def forget(self) -> None:
        """Say nothing of the searches that have not ended: they go on in another process."""
        self._under_way.clear()
