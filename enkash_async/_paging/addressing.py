"""How a stretch of rows is put into `offset` and `limit`. No I/O.

The service does not say whether `offset` counts rows or pages, nor from which number
(enkash-old.apidog.io/api-8993801), so both are settings of the session.
"""

from __future__ import annotations

from typing import Literal

import attrs

from enkash_async._paging.page_request import PageRequest, Purpose

MAX_LIMIT = 5000
"""The largest `limit` the service documents (enkash-old.apidog.io/api-8993801)."""

TOO_FEW_TO_OVERLAP = 2
"""Rows so few that pages of them cannot overlap where offsets count pages."""

OffsetUnit = Literal["rows", "pages"]


@attrs.frozen
class Addressing:
    """What `offset` counts, rows or pages, and the number it gives to the first of them.

    *max_limit* is the largest `limit` of the list, whatever its rows are asked for.
    """

    unit: OffsetUnit = "rows"
    first: int = 0
    max_limit: int = attrs.field(default=MAX_LIMIT, eq=False)

    def request(
        self, row: int, limit: int, *, overlaps: bool, purpose: Purpose = Purpose.NEXT
    ) -> PageRequest:
        """Return a request for at most *limit* rows around *row*.

        The page begins at *row*, or with *overlaps* at the row before it. Where offsets count
        pages it may begin earlier and be somewhat shorter.
        """
        begin = max(0, row - 1) if overlaps and limit > 1 else row
        if self.unit == "rows":
            return PageRequest(begin, begin + self.first, limit, None, purpose)
        size = _page_size(begin, row, limit)
        if (number := begin // size) * size + size <= row:
            # Pages this small all end at the row before; the next one begins after it.
            number = row // size
        return PageRequest(number * size, number + self.first, size, None, purpose)


def _page_size(begin: int, row: int, limit: int) -> int:
    """Return the size, at most *limit*, of pages one of which holds rows from *begin* past *row*.

    Pages of one size never overlap, pages of different sizes do: with 1,000 rows read, page 1
    of size 999 begins with the last of them. Of the sizes, the one that brings most new rows.
    """

    def new_rows(size: int) -> int:
        return begin // size * size + size - row

    # Beyond half the limit there is nothing to win, and few tries find a good size.
    sizes = range(limit, max(0, limit // 2 - 1, limit - 256), -1)
    return max(sizes, key=new_rows)
