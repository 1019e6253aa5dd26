"""Where a search stands, as a text that another process can go on from. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import attrs
import msgspec

from enkash_async.errors import InvalidArgumentError

__all__ = [
    "CrawlPoint",
    "ListPoint",
    "ResumeToken",
]

VERSION = 2

MAX_COUNT = 2**31 - 1
"""The largest number of rows that a token can hold; offsets on the wire have 32 bits too."""

# A day within what a datetime can hold, so that the seconds by which windows overlap fit as well.
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class ListPoint(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="list"):
    """Where the reading of a list stands: *row* comes next, *edge* holds the ids delivered last.

    The newest of them is the last. *ahead* holds the ids of rows that were delivered too and
    stand after the place, in the order of the list. *delivered* counts all rows so far; *changed*
    says that some came or went meanwhile, *moved* that some came again in another order,
    *unproven* that pages could not overlap; *total* is the count at the start, if the service
    counts all rows, and *counted* that beside the page read last; *page_rows* is the most rows
    that a page has held, or 0 where pages end anywhere.
    """

    row: Count
    delivered: Count = 0
    edge: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    changed: bool = False
    moved: bool = False
    unproven: bool = False
    page_rows: Count = 0
    total: Count | None = None
    counted: Count | None = None


class CrawlPoint(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="crawl"):
    """Where a crawl stands: all windows before *after* are done, and the last ends at *until*.

    *delivered* counts all rows so far. *edge* holds the ids of those that the next windows may
    hold too, which were created until *edge_until*. *inside* is the place within a window from
    *after* to *inside_until* that is read page by page; then *rest* is where the others begin, and
    None if there is no other. Where it is *finished*, all windows were read, and what came is still
    to be held against the counts. *outside* is the number of rows that no window holds;
    *changed*, *unproven* and *total* are those of a list.
    """

    delivered: Count = 0
    edge: tuple[str, ...] = ()
    changed: bool = False
    unproven: bool = False
    total: Count | None = None
    after: Instant | None = None
    edge_until: Instant | None = None
    until: Instant | None = None
    inside: ListPoint | None = None
    inside_until: Instant | None = None
    rest: Instant | None = None
    finished: bool = False
    outside: Count = 0

    @property
    def row(self) -> int:
        """Return the number of rows delivered, which is where the next one stands."""
        return self.delivered


P = TypeVar("P", ListPoint, CrawlPoint)


@attrs.frozen(kw_only=True)
class ResumeToken:
    """Where a search stands, in a form that another process can go on from.

    `str()` gives JSON text, which is what to store; `parse()` takes it, and `search(resume=...)`.
    It holds counts and ids of records, no credentials, and of the query a fingerprint only.
    """

    version: int = VERSION
    fingerprint: str
    point: ListPoint | CrawlPoint

    @property
    def delivered(self) -> int:
        """Return the number of records that were delivered before."""
        return self.point.delivered

    @property
    def row(self) -> int:
        """Return the place in the list at which the next record stands."""
        return self.point.row

    def point_of(self, kind: type[P]) -> P:
        """Return the point, which must be of this *kind*; ValueError if it is of the other."""
        if not isinstance(self.point, kind):
            other = "crawl" if kind is ListPoint else "search"
            raise InvalidArgumentError(
                f"this resume token belongs to another search: to a {other}()"
            )
        return self.point

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> ResumeToken:
        """Return the token in *text*; ValueError says why it cannot be one."""
        try:
            value = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            value = {}
        _check_version(value.get("version"))
        try:
            token = msgspec.convert(value, cls)
        except (msgspec.ValidationError, OverflowError, RecursionError) as error:
            raise InvalidArgumentError(f"this resume token is damaged: {error}") from None
        _check_parts(value, token)
        return token


def _check_version(version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidArgumentError("this is not the text of a resume token")
    if version == 1:
        raise InvalidArgumentError(
            "this resume token has format version 1, which was never released and is no longer"
            " read. Start the search anew, without resume="
        )
    if version > VERSION:
        raise InvalidArgumentError(
            f"this resume token has format version {version}; this release reads version"
            f" {VERSION}. Upgrade enkash-async, or start the search anew"
        )
    if version < VERSION:
        raise InvalidArgumentError(
            f"this resume token is damaged: there is no format version {version}"
        )


def _check_parts(value: Mapping[str, Any], token: ResumeToken) -> None:
    """Raise if a part is missing in the text, or parts do not go together."""
    written, point = value["point"], token.point
    is_whole = written.keys() >= set(point.__struct_fields__)
    if isinstance(point, CrawlPoint):
        if is_whole and point.inside is not None:
            is_whole = written["inside"].keys() >= set(point.inside.__struct_fields__)
        if not _is_in_order(point):
            raise InvalidArgumentError("this resume token is damaged: its times do not go together")
    if not is_whole:
        raise InvalidArgumentError("this resume token is damaged: a part is missing")


def _is_in_order(point: CrawlPoint) -> bool:
    """Say whether the times of *point* are possible and follow each other."""
    if point.finished and (point.after is None or point.after != point.until or point.inside):
        return False
    inner = [moment for moment in (point.edge_until, point.inside_until) if moment is not None]
    if (point.inside is None) != (point.inside_until is None):
        return False
    if point.inside is None and point.rest is not None:
        return False
    if point.after is None or point.until is None:
        # Nothing was delivered yet; then a crawl may have settled where it ends.
        is_begun = point.after is not None or bool(inner)
        return not is_begun and (point.until is None or EARLIEST <= point.until <= LATEST)
    if not EARLIEST <= point.after <= point.until <= LATEST:
        return False
    if point.rest is not None and not EARLIEST <= point.rest <= point.until:
        return False
    return all(point.after <= moment <= point.until for moment in inner)
