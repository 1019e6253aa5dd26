"""A page as it came: undecoded records, and their ids where somebody asks. No I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, tzinfo
from functools import cached_property
from hashlib import sha256

import msgspec

from enkash_async._wire.times import instant

PIECE = 200
"""Records whose ids are read at once: less than half a millisecond's work."""


class _Identity(msgspec.Struct):
    customerId: str | None = None  # noqa: N815 - as on the wire


_decode_identity = msgspec.json.Decoder(_Identity).decode


def record_id(raw: msgspec.Raw) -> str:
    """Return the record's `customerId`, or a hash of its whole text where it has none.

    Neighbouring pages are compared by it, so that a record without an id, or one that cannot be
    decoded, still has an identity. The text itself would take personal data into resume tokens.
    """
    try:
        identity = _decode_identity(raw).customerId
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        identity = None
    return identity if identity is not None else f"sha256:{sha256(raw).hexdigest()}"


class _Creation(msgspec.Struct):
    createdOn: str | int | None = None  # noqa: N815 - as on the wire


_decode_creation = msgspec.json.Decoder(_Creation).decode


def creation_times(page: RawPage, naive_timezone: tzinfo) -> list[datetime | None]:
    """Return when each record was created, None where that cannot be read."""
    # Where this is asked for the whole page, most were created in the same instant.
    known: dict[str | int | None, datetime | None] = {}
    times: list[datetime | None] = []
    for raw in page.records:
        written = _creation(raw)
        if written not in known:
            known[written] = _instant_or_none(written, naive_timezone)
        times.append(known[written])
    return times


def _creation(raw: msgspec.Raw) -> str | int | None:
    try:
        return _decode_creation(raw).createdOn
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _instant_or_none(written: str | int | None, naive_timezone: tzinfo) -> datetime | None:
    try:
        return instant(written, naive_timezone)
    except ValueError:
        return None


class RawPage:
    """Records of one answer in its order, with the `recordsCount` that stood beside them."""

    def __init__(
        self, records: Sequence[msgspec.Raw], total: int | None = None, size: int = 0
    ) -> None:
        self.records = records
        self.total = total
        self.size = size

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, most: int) -> RawPage:
        """Return a page of at most *most* of the records, evenly spread."""
        return RawPage(self.records[:: max(1, -(-len(self) // most))])

    # Reading the ids of a whole page costs a fifth of decoding it, so it is put off until pages
    # do not fit, which most searches never see; the two at the edges are always looked at.

    @cached_property
    def first_id(self) -> str:
        """Return the id of the first record."""
        return record_id(self.records[0])

    @cached_property
    def last_id(self) -> str:
        """Return the id of the last record."""
        return record_id(self.records[-1])

    def id_at(self, index: int) -> str:
        """Return the id of one record."""
        return self.first_id if index == 0 else record_id(self.records[index])

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of all records."""
        return [record_id(raw) for raw in self.records]

    def id_steps(self) -> Generator[None, None, None]:
        """Read the ids of all records, with a pause after each piece of the page."""
        ids: list[str] = []
        while len(ids) < len(self):
            ids += [record_id(raw) for raw in self.records[len(ids) : len(ids) + PIECE]]
            yield
        self.ids = ids
