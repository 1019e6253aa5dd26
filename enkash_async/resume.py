"""Where a search stands, as a text that another process can go on from. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import msgspec

VERSION = 1


@attrs.frozen(kw_only=True)
class ResumePoint:
    """Where reading stands: *row* comes next, *edge* are the ids delivered last, newest last.

    *delivered* counts all rows so far; *changed* says that some came or went meanwhile,
    *unproven* that pages could not overlap; *total* is the count at the start, if the service
    counts all rows, and *page_rows* the most rows that a page has held.

    In a crawl all windows before *after* are done, and *until* is where the last one ends; the
    customers in *edge* were created until *edge_until*; *inside* is the place within a window
    that takes more than one page, and *outside* the number of customers that no window holds.
    """

    row: int
    delivered: int = 0
    edge: tuple[str, ...] = ()
    changed: bool = False
    unproven: bool = False
    page_rows: int = 0
    total: int | None = None
    after: datetime | None = None
    edge_until: datetime | None = None
    until: datetime | None = None
    inside: ResumePoint | None = None
    outside: int = 0


@attrs.frozen(kw_only=True)
class ResumeToken(ResumePoint):
    """Where a search stands, in a form that another process can go on from.

    `str()` gives JSON text and `parse()` takes it. It holds counts and customer ids, no
    credentials, and of the query a fingerprint only.
    """

    fingerprint: str
    version: int = VERSION

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> ResumeToken:
        """Return the token in *text*; ValueError says why it cannot be one."""
        try:
            value = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            value = {}
        if not isinstance(value.get("version"), int):
            raise ValueError("this is not the text of a resume token")
        if value["version"] > VERSION:
            raise ValueError(
                f"this resume token has format version {value['version']}; this release reads"
                f" versions up to {VERSION}. Upgrade enkash-async, or start the search anew"
            )
        try:
            token = msgspec.convert(value, cls)
        except msgspec.ValidationError as error:
            raise ValueError(f"this resume token is damaged: {error}") from None
        counts = (token.row, token.delivered, token.page_rows, token.total or 0, token.version - 1)
        if min(counts) < 0 or not value.keys() >= {"row", "delivered", "edge"}:
            raise ValueError("this resume token is damaged: a part is missing or negative")
        return token
