"""Which lane reads a record. No I/O.

Two kinds of lane are derived from the declaration of a record: `struct_lane`, which is fast, and
`reference_lane`, which is strict and names the field that cannot be read. What the fast one
refuses goes to the reference. The tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from enkash_async._decoding.reader_source import Times
from enkash_async._decoding.struct_lane import ReadMany, struct_lane
from enkash_async.errors import DecodeError

R = TypeVar("R")

_REFUSALS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What stands for "cannot be read"; Decimal raises the third for an exponent beyond all bounds."""

RESCUES_TO_SWITCH = 50
"""Records that only a further struct lane could read before that is the one to be tried first."""

LANES: tuple[Times, ...] = ("aware", "iso", "any")
"""The struct lanes, the fastest first. What one reads, those after it read, too."""


LARGE = 64 * 1024
"""Bytes of a record up to which it cannot hold too many values to be read in one go."""

MAX_VALUES = 20_000


def has_too_many_values(raw: bytes | msgspec.Raw) -> bool:
    """Say whether making objects of all values in *raw* would hold up the event loop."""
    return len(raw) > LARGE and bytes(raw).count(b",") > MAX_VALUES


class RecordDecoder(Generic[R]):
    """Decodes records of one class. Any number of tasks may share it.

    It learns how the service writes times, since reading each record first in vain is slow. If
    *keep_unknown*, records hold what they do not declare, and take about five times as long.
    """

    def __init__(
        self, record: type[R], naive_timezone: tzinfo, *, keep_unknown: bool = False
    ) -> None:
        self.record = record
        self.naive_timezone = naive_timezone
        self._keep_unknown = keep_unknown
        self._lane = 0
        """The place among the struct lanes of that which is tried first."""
        self._first = self._struct_lane(0)
        self._rescues = [0] * len(LANES)

    def _struct_lane(self, lane: int) -> ReadMany[R]:
        # Made when it is needed, which takes a while: most services need the first one only.
        record: Any = self.record
        return self._kept(struct_lane(record, self.naive_timezone, LANES[lane]))

    @cached_property
    def _reference(self) -> ReadMany[R]:
        # Not at the top: cattrs takes a while to import, and most programs never come here.
        from enkash_async._decoding.reference_lane import reference_lane

        read = reference_lane(self.record, self.naive_timezone)
        return self._kept(lambda raws, text=None: [*map(read, raws)])

    def _kept(self, lane: ReadMany[R]) -> ReadMany[R]:
        """Return *lane*, or what keeps unknown fields beside those that it reads."""
        if not self._keep_unknown:
            return lane
        # Not at the top: most programs keep nothing.
        from enkash_async._decoding.keeping import keeping

        return keeping(self.record, lane)

    def decode_many(
        self, raws: Sequence[bytes | msgspec.Raw]
    ) -> tuple[list[R], DecodeError | None]:
        """Return the records in *raws* as far as the first that cannot be read, and its error."""
        records = self._decode_at_once(raws)
        return self._decode_one_by_one(raws) if records is None else (records, None)

    def decode_list(self, text: bytes, raws: Sequence[bytes | msgspec.Raw]) -> list[R] | None:
        """Return the records of *text*, a JSON list of *raws*; None for `decode_many` to read them.

        That is so if one of them cannot be read, or is large.
        """
        return self._decode_at_once(raws, text)

    def _decode_at_once(
        self, raws: Sequence[bytes | msgspec.Raw], text: bytes | None = None
    ) -> list[R] | None:
        if max(map(len, raws), default=0) > LARGE:
            return None
        try:
            return self._first(raws, text)
        except _REFUSALS:
            return None

    def _decode_one_by_one(
        self, raws: Sequence[bytes | msgspec.Raw]
    ) -> tuple[list[R], DecodeError | None]:
        records: list[R] = []
        for raw in raws:
            try:
                records.append(self.decode(raw))
            except DecodeError as error:
                return records, error
        return records, None

    def decode(self, raw: bytes | msgspec.Raw) -> R:
        """Return the record in *raw*; DecodeError names the field that cannot be read."""
        if has_too_many_values(raw):
            raise DecodeError("$", f"holds more than {MAX_VALUES:,} values")
        try:
            return self._first((raw,))[0]
        except _REFUSALS:
            return self._decode_otherwise(raw)

    def _decode_otherwise(self, raw: bytes | msgspec.Raw) -> R:
        for lane in range(self._lane + 1, len(LANES)):
            try:
                [record] = self._struct_lane(lane)((raw,))
            except _REFUSALS:
                continue
            self._note_rescue(lane)
            return record
        return self.decode_by_reference(raw)

    def _note_rescue(self, lane: int) -> None:
        self._rescues[lane] += 1
        if self._rescues[lane] == RESCUES_TO_SWITCH:
            # It reads what those before it read, too, a little slower.
            self._lane, self._first = lane, self._struct_lane(lane)

    def decode_by_reference(self, raw: bytes | msgspec.Raw) -> R:
        """Do what `decode` does, in the reference lane only."""
        return self._reference((raw,))[0]
