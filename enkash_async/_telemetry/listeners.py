"""Who hears of events: the hooks of a session, and the log. A hook cannot break anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from enkash_async._telemetry import log
from enkash_async.events import (
    Event,
    Hooks,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)

_HOOK_NAMES: Mapping[type[Event], str] = {
    SearchStarted: "on_search_start",
    RequestEnded: "on_request",
    RetryPlanned: "on_retry",
    PageFetched: "on_page",
    SearchEnded: "on_search_end",
}


MAX_WARNED_OF = 100
"""Names of undeclared fields after which a session warns no more."""


class Listeners:
    """All who hear of the events of a session."""

    def __init__(self, hooks: Sequence[Hooks]) -> None:
        self._hooks: dict[type[Event], list[Callable[[Any], object]]] = {
            kind: [hook for given in hooks if (hook := getattr(given, name)) is not None]
            for kind, name in _HOOK_NAMES.items()
        }
        self._failed: set[int] = set()
        self._warned_of: set[tuple[str, str]] = set()

    def may_hear(self, kind: type[Event]) -> bool:
        """Say whether anybody would notice an event of this *kind*."""
        return bool(self._hooks[kind]) or log.is_enabled()

    def tell(self, event: Event) -> None:
        """Call all who want to hear of *event*."""
        if log.is_enabled():
            self._call(log.write, event)
        for hook in self._hooks[type(event)]:
            self._call(hook, event)

    def warn_of_undeclared(self, resource: str, names: Iterable[str]) -> None:
        """Log that records of *resource* have fields which nobody declared, once for each name."""
        new = [name for name in names if (resource, name) not in self._warned_of]
        if new and len(self._warned_of) < MAX_WARNED_OF:
            self._warned_of.update((resource, name) for name in new)
            log.warn_of_undeclared(resource, new)

    def _call(self, hook: Callable[[Any], object], event: Event) -> None:
        try:
            hook(event)
        # Nobody can cancel a plain function. A CancelledError out of one is its own, such as the
        # result of a cancelled future; let through, it would pass for a cancellation of the task.
        except (Exception, asyncio.CancelledError) as error:
            self._report(hook, error)

    def _report(self, hook: Callable[[Any], object], error: BaseException) -> None:
        """Hand the first exception of *hook* to the event loop, which logs it."""
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
