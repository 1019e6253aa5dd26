"""What is asked for at once: a stretch of rows, within a window of time or not. No I/O."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class Window:
    """A stretch of `createdOn`, both ends included, to which a request is narrowed."""

    begin: datetime
    end: datetime


@attrs.frozen(eq=False)
class PageRequest:
    """A page to fetch: *offset* and *limit* as on the wire; *row* is where it should begin.

    With a *window* it is a page of the customers created within.
    """

    row: int
    offset: int
    limit: int
    window: Window | None = None
