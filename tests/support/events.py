"""Hooks that remember what they were told."""

from __future__ import annotations

from typing import TypeVar

from enkash_async.events import Event, Hooks, SearchEnded

E = TypeVar("E")


class Heard:
    """All events in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @property
    def hooks(self) -> Hooks:
        hear = self.events.append
        return Hooks(
            on_search_start=hear,
            on_request=hear,
            on_retry=hear,
            on_page=hear,
            on_search_end=hear,
        )

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def end(self) -> SearchEnded:
        """Return the one end that was told of."""
        [end] = self.of(SearchEnded)
        return end
