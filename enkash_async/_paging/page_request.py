"""What is asked for at once: a stretch of rows, why, and within which window. No I/O."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

import attrs


class Purpose(Enum):
    """Why a page is asked for, which decides what its rows are taken for."""

    NEXT = auto()
    """The next in line: it begins with the last row of the page before, which proves its place."""
    LOOSE = auto()
    """The next in line, but too small to overlap the page before: nothing proves its place."""
    REREAD = auto()
    """Around the place where the last row delivered was seen, to find that row again."""
    PROBE = auto()
    """At the first offset, or the one after it: shows whether offsets count rows or pages."""
    PEEK = auto()
    """After the row that seems to be the last: shows whether it is."""
    CHECK = auto()
    """Around the edge, or at the first row, after an error: shows what the error is about."""
    BEFORE = auto()
    """Before the caller's offset: shows whether the page at that offset stands there."""


@attrs.frozen
class Window:
    """A stretch of time, both ends included, to which a request is narrowed."""

    begin: datetime
    end: datetime


@attrs.frozen(eq=False)
class PageRequest:
    """A page to fetch: *offset* and *limit* as on the wire; *row* is where it should begin.

    With a *window* it is a page of the records created within. Two requests for the same rows are
    two requests: each has a place of its own in the plan.
    """

    row: int
    offset: int
    limit: int
    window: Window | None = None
    purpose: Purpose = Purpose.NEXT
