"""How a modelled service cuts its rows into pages, and what it says about their number. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import attrs
import msgspec

Unit = Literal["rows", "pages"]
PastEnd = Literal["empty", "last_page", "last_rows", "error"]
Count = Literal[
    "total", "page", "missing", "plus_one", "minus_one", "off", "capped", "lagging", "huge"
]

LAG = 5
"""So many answers ago a lagging count was right."""

HUGE = (10**9, 1_800_000_000_000, 10**16, 2**63)
"""Counts that no list has: one of them is a time in milliseconds, put into the wrong field."""


@attrs.frozen(eq=False)
class Row:
    """A record of the list. *key* is the model's own name for it, *weight* its share of a page."""

    key: str
    raw: msgspec.Raw
    weight: int = 1
    created: datetime | None = None


def new_row(
    key: str,
    *,
    customer_id: str | None = None,
    created: datetime | None = None,
    weight: int = 1,
    has_id: bool = True,
    written: datetime | None = None,
) -> Row:
    """Return a row as the service writes it; the id is *key* unless another is given.

    *created* is the time by which it is found, and what it says of it, unless that is *written*.
    """
    record: dict[str, object] = {"legalName": key}
    if has_id:
        record["customerId"] = key if customer_id is None else customer_id
    if created is not None:
        record["createdOn"] = written or created
    return Row(key, msgspec.Raw(msgspec.json.encode(record)), weight, created)


@attrs.frozen
class Ask:
    """What one request asks for, as it stands on the wire."""

    offset: int
    limit: int
    begin: datetime | None = None
    end: datetime | None = None


@attrs.frozen(eq=False)
class Answer:
    """The rows of one page and its `recordsCount`; *is_error* where an error came instead."""

    rows: Sequence[Row] = ()
    count: int | None = None
    is_error: bool = False


@attrs.frozen(kw_only=True)
class Pages:
    """How offsets and limits are understood."""

    unit: Unit = "rows"
    first: Literal[0, 1] = 0
    cap: int | None = None
    budget: int | None = None
    """The weight at which a page ends, as where a service fills a number of bytes."""
    past_end: PastEnd = "empty"

    def cut(self, rows: Sequence[Row], ask: Ask, cap: int | None = None) -> Sequence[Row] | None:
        """Return the page that *ask* is for; None where the service answers with an error."""
        limit = min(limit for limit in (ask.limit, self.cap, cap) if limit is not None)
        steps = max(0, ask.offset - self.first)
        row = steps * limit if self.unit == "pages" else steps
        if row >= len(rows) > 0 or (row and not rows):
            if self.past_end == "error":
                return None
            if self.past_end == "last_page" and rows:
                row = (len(rows) - 1) // limit * limit
            elif self.past_end == "last_rows":
                row = max(0, len(rows) - limit)
        return self._within_budget(rows[row : row + limit])

    def _within_budget(self, page: Sequence[Row]) -> Sequence[Row]:
        if self.budget is None:
            return page
        weight = 0
        for index, row in enumerate(page):
            weight += row.weight
            if weight > self.budget and index:
                return page[:index]
        return page

    def least(self, rows: Sequence[Row], page_size: int) -> int:
        """Return the number of pages that hold *rows* where each overlaps the one before."""
        requests, place = 1, 0
        while True:
            page = self.cut(rows, Ask(place + self.first, page_size))
            if self.unit == "pages" or not page:
                size = min(page_size, self.cap or page_size)
                return max(1, -(-len(rows) // max(1, size - 1)))
            place += len(page)
            if place >= len(rows):
                return requests
            requests += 1
            place -= len(page) > 1


@attrs.define
class Counter:
    """Says how many rows there are, rightly or not."""

    style: Count = "total"
    capped_at: int = 0
    off_by: int = 0
    _seen: list[int] = attrs.field(factory=list[int])

    def count(self, total: int, of_page: int) -> int | None:
        """Return the count to stand beside a page of *of_page* rows of *total*."""
        self._seen.append(total)
        match self.style:
            case "total":
                return total
            case "page":
                return of_page
            case "missing":
                return None
            case "plus_one":
                return total + 1
            case "minus_one":
                return max(0, total - 1)
            case "off":
                return max(0, total + self.off_by)
            case "capped":
                return min(total, self.capped_at)
            case "lagging":
                return self._seen[max(0, len(self._seen) - 1 - LAG)]
            case "huge":
                return HUGE[self.off_by % len(HUGE)]
