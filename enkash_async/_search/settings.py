"""What a session hands to all its lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Protocol, TypeVar

import msgspec

from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._http.call import Caller
from enkash_async._paging.addressing import Addressing
from enkash_async._paging.page_sizes import KnownSize, PageSizes
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.remembered_lists import RememberedLists
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry.telemetry import Telemetry

R = TypeVar("R")


class Decoders:
    """The decoders of a session, one for each class of records, since they learn."""

    def __init__(self, naive_timezone: tzinfo, *, keep_unknown: bool = False) -> None:
        self.naive_timezone = naive_timezone
        self._keep_unknown = keep_unknown
        self._known: dict[type, RecordDecoder[Any]] = {}

    def decoder_for(self, record: type[R]) -> RecordDecoder[R]:
        """Return the decoder of a class of records, which is made when it is first asked for."""
        if record not in self._known:
            self._known[record] = RecordDecoder(
                record, self.naive_timezone, keep_unknown=self._keep_unknown
            )
        return self._known[record]


class MakesPageSizes(Protocol):
    """Makes the page sizes of one search, given the largest, and what is known of its list."""

    def __call__(self, max_size: int, *, known: KnownSize) -> PageSizes: ...


class Connected(msgspec.Struct, frozen=True, eq=False):
    """What a search is read by: a session that is open in this event loop."""

    loop: asyncio.AbstractEventLoop
    caller: Caller
    owner: TaskOwner
    budget: ByteBudget


class SearchSettings(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What all searches of a session share, and what it decides for them."""

    connect: Callable[[], Connected]
    """Finds the session open, when a search is first read; RuntimeError where it is not."""
    addressing: Addressing
    decoders: Decoders
    telemetry: Telemetry
    page_size: int
    max_concurrency: int
    """Requests in flight, over all searches."""
    remembered: RememberedLists
    page_sizes: MakesPageSizes

    @property
    def max_pages(self) -> int:
        """Return how many pages of one search may be in flight or wait for their reader."""
        # As many waiting as in flight, so that one slow page does not stop the rest.
        return 2 * self.max_concurrency
