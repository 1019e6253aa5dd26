"""Pages of timed rows, for the tests of single parts of a crawl."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.page_request import Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(seconds: float) -> datetime:
    """Return the instant so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def window(begin: float, end: float) -> Window:
    """Return the window between two instants, in seconds after noon."""
    return Window(at(begin), at(end))


def seconds(asked: Window) -> tuple[float, float]:
    """Return the ends of a window in seconds after noon."""
    return (asked.begin - NOON).total_seconds(), (asked.end - NOON).total_seconds()


def page_at(*moments: float | None, total: int | None = None) -> RawPage:
    """Return a page of rows created so many seconds after noon, None for no time."""
    records = [msgspec.Raw(b"" if moment is None else str(moment).encode()) for moment in moments]
    return RawPage(records, total, identify=lambda raw: bytes(raw).decode())


def read_times(records: Sequence[msgspec.Raw]) -> Sequence[datetime | None]:
    return [at(float(bytes(raw))) if bytes(raw) else None for raw in records]


def cutter_of(page_size: int, max_pages: int = 16) -> Cutter:
    return Cutter(PageSizes(page_size), Addressing(), read_times, max_pages)
