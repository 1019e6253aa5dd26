"""Pages for the tests of single parts of the pager."""

from __future__ import annotations

import msgspec

from enkash_async._paging.raw_page import RawPage


def page_of(*ids: str, total: int | None = None) -> RawPage:
    """Return a page whose records are nothing but their ids."""
    records = [msgspec.Raw(record_id.encode()) for record_id in ids]
    return RawPage(records, total, identify=lambda raw: bytes(raw).decode())


def ids_from(first: int, count: int) -> list[str]:
    """Return the ids of *count* rows of a list, from row *first* on."""
    return [f"r{row}" for row in range(first, first + count)]
