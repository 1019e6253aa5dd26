"""Offset and limit, as the settings have the server understand them. No I/O."""

from enkash_async.sandbox.settings import SandboxSettings


def effective_limit(limit: int, settings: SandboxSettings) -> int:
    """Return the largest number of rows that a request for *limit* rows gets."""
    return limit if settings.page_cap is None else min(limit, settings.page_cap)


def first_row(offset: int, limit: int, total: int, settings: SandboxSettings) -> int:
    """Return how many of *total* rows stand before the page; *limit* is the effective one."""
    if settings.ignore_offset:
        return 0
    # Counting from 1, an offset of 0 is as good as 1.
    steps = max(offset - settings.first_offset, 0)
    row = steps * limit if settings.offset_unit == "pages" else steps
    if row >= total > 0 and limit > 0 and settings.past_end == "last_page":
        return (total - 1) // limit * limit
    return row
