"""Who hears of events: the hooks of a session, and the log. A hook cannot break anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from enkash_async._clock import now as clock
from enkash_async._telemetry import log
from enkash_async._telemetry.bursts import Bursts
from enkash_async.events import (
    Event,
    Hooks,
    PageFetched,
    RequestEnded,
    RetryPlanned,
    SearchEnded,
    SearchStarted,
)
from enkash_async.report import SearchReport, Verdict

_HOOK_NAMES: Mapping[type[Event], str] = {
    SearchStarted: "on_search_start",
    RequestEnded: "on_request",
    RetryPlanned: "on_retry",
    PageFetched: "on_page",
    SearchEnded: "on_search_end",
}


MAX_WARNED_OF = 100
"""Names of undeclared fields after which a session warns no more."""


FAR = 0.1
"""Rows that were read twice, as a part of all, from which on repairs are worth a warning."""


def is_worth_a_warning(report: SearchReport) -> bool:
    """Say whether something may be missing, or took far more reading than there is to read."""
    if report.verdict is not Verdict.CHANGED:
        return report.verdict is Verdict.INCOMPLETE
    return report.rows_reread + report.duplicates_dropped > FAR * report.records_delivered


class Listeners:
    """All who hear of the events of a session."""

    def __init__(self, hooks: Sequence[Hooks]) -> None:
        self._hooks: dict[type[Event], list[Callable[[Any], object]]] = {
            kind: [hook for given in hooks if (hook := getattr(given, name)) is not None]
            for kind, name in _HOOK_NAMES.items()
        }
        self._failed: set[int] = set()
        self._bursts = Bursts()
        self._warned_of: set[tuple[str, str]] = set()

    def may_hear(self, kind: type[Event], *, is_login: bool = False) -> bool:
        """Say whether anybody would notice an event of this *kind*."""
        level = log.level_of(kind, is_login=is_login)
        return bool(self._hooks[kind]) or log.is_enabled(level)

    def tell(self, event: Event, *, is_login: bool = False) -> None:
        """Call all who want to hear of *event*."""
        level = log.level_of(type(event), is_login=is_login)
        if log.is_enabled(level):
            held_back = self._held_back_before(type(event).__name__, level)
            if held_back is not None:
                self._call(partial(log.write, level=level, held_back=held_back), event)
        for hook in self._hooks[type(event)]:
            self._call(hook, event)

    def _held_back_before(self, kind: str, level: int) -> int | None:
        return self._bursts.held_back_before(kind, clock()) if log.is_bounded(level) else 0

    def tell_pause(self, seconds: float) -> None:
        """Log that no request is sent for so many *seconds*."""
        if log.is_enabled(log.LEVELS["info"]):
            held_back = self._held_back_before("pause", log.LEVELS["info"])
            if held_back is not None:
                log.tell_pause(seconds, held_back)

    def warn_of_end(self, resource: str, search_id: int, report: SearchReport) -> None:
        """Log that a search was read to an end that proves less than a reader may expect."""
        if is_worth_a_warning(report):
            log.warn_of_end(resource, search_id, report)

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
