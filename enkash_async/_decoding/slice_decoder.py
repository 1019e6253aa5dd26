"""Rows of a page to records, a slice at a time, and what becomes of bad ones. No I/O.

Decoding a page of 5,000 records takes tens of milliseconds, in which nothing else could run. So
whoever reads decodes a slice, hands out what came of it, and lets other tasks run.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs
import msgspec

from enkash_async._wire.sealed import scrubbed
from enkash_async._wire.splitting import CutRecords, ListText
from enkash_async.errors import DecodeError
from enkash_async.report import SearchReport

R = TypeVar("R")
S = TypeVar("S")

SLICE_SECONDS = 0.0007
"""How long records are decoded before other tasks of the event loop get their turn."""

AT_ONCE = 1.5
"""A list is decoded as a whole if it should take so many times as long as a slice at most."""

AT_ONCE_BYTES = 512 * 1024
"""Of such a list, since its records may take longer than those before them."""

STEP = 20
"""Records decoded between two looks at the clock."""

DecodeList = Callable[[bytes, Sequence[msgspec.Raw]], list[R] | None]
"""Returns the records of a JSON list, given with its items; None if not all can be read at once."""

DecodeMany = Callable[[Sequence[msgspec.Raw]], tuple[list[R], DecodeError | None]]
"""Returns the records as far as the first that cannot be read, and its error."""


@attrs.frozen
class BadRecord:
    """A record that could not be structured: its bytes, why, and its place.

    *offset* is its row in the list, *index* its place in its page.
    """

    raw: bytes = attrs.field(repr=False)
    reason: str
    offset: int
    index: int


OnBadRecord = Callable[[BadRecord], None]


def error_of(bad: BadRecord) -> DecodeError:
    """Return the error that would have been raised for a *bad* record."""
    path, _, reason = bad.reason.partition(": ")
    return DecodeError(path, reason, bad.offset, bad.index)


_start_of = attrgetter("start")


class Rows(msgspec.Struct, eq=False):
    """New rows of a page: those of its *records* that stand at *indices*, undecoded.

    *row* is the place in the list of the first record of the page.
    """

    records: Sequence[msgspec.Raw]
    indices: Sequence[int]
    row: int
    texts: Sequence[ListText] = ()
    """Where many records lie together, and can be read together. Not all records do."""
    aside: set[int] = msgspec.field(default_factory=set[int])
    """Indices of records that could not be read and were handed to the caller as such."""

    def __post_init__(self) -> None:
        if isinstance(self.records, CutRecords):
            self.texts = self.records.texts

    def __len__(self) -> int:
        return len(self.indices)

    def row_at(self, place: int) -> int:
        """Return the place in the list of the new row at *place* among the new ones."""
        return self.row + self.indices[place]

    def text_at(self, place: int) -> ListText | None:
        """Return the text with the row at *place*, if it is worth reading from its beginning.

        All its records from that row on are new rows, and fewer than half stand before it: on most
        pages one, which the page before ended with.
        """
        if not isinstance(self.indices, range) or place >= len(self.indices):
            return None
        index = self.indices[place]
        at = bisect_right(self.texts, index, key=_start_of) - 1
        if at < 0:
            return None
        text = self.texts[at]
        is_wanted = text.stop <= self.indices.stop and 2 * index < text.start + text.stop
        return text if is_wanted else None

    def forget(self, text: ListText) -> None:
        """Have the records in *text* read one at a time."""
        self.texts = [other for other in self.texts if other is not text]

    def leave_out_aside(self) -> None:
        """Forget the rows that were set aside."""
        if self.aside:
            self.indices = [index for index in self.indices if index not in self.aside]


class SliceDecoder(Generic[S]):
    """Decodes the rows of one search, and makes of the records of each slice what *into* makes.

    A bad record goes to *on_bad_record*, or its error is raised where there is none. Either
    happens when it is the first of a slice, so after all records before it. What *seconds* bound
    is decoding; what *into* takes comes on top, and both count as a stall in the *report*.
    Rows that lie in a text are one slice if *decode_list* can read them, and by the pace of the
    slice before does not take much longer.
    """

    def __init__(
        self,
        decode_many: DecodeMany[R],
        into: Callable[[list[R]], S],
        report: SearchReport,
        on_bad_record: OnBadRecord | None,
        *,
        decode_list: DecodeList[R] | None = None,
        seconds: float = SLICE_SECONDS,
    ) -> None:
        self._decode_many: DecodeMany[Any] = decode_many
        self._decode_list: DecodeList[Any] | None = decode_list
        self._into: Callable[[list[Any]], S] = into
        self._report = report
        self._on_bad_record = on_bad_record
        self._seconds = seconds
        self._pace = math.inf
        """Seconds that each record of a slice took lately; unknown before the first."""

    def decode(self, rows: Rows, place: int) -> tuple[S, int]:
        """Return the next slice of *rows*, from *place* on, and the place after it.

        It ends before a bad record, and holds nothing if all it could hold were set aside.
        """
        started = time.perf_counter()
        records = self._decode_text(rows, place)
        if records is None:
            records, place = self._decode_steps(rows, place, started)
        else:
            place += len(records)
        if len(records) >= STEP:
            self._pace = (time.perf_counter() - started) / len(records)
        made = self._into(records)
        took = time.perf_counter() - started
        self._report.seconds_decoding += took
        self._report.longest_stall = max(self._report.longest_stall, took)
        return made, place

    def _decode_text(self, rows: Rows, place: int) -> list[Any] | None:
        """Return the records from *place* on that lie in one text, None to read them in steps."""
        if self._decode_list is None or (text := rows.text_at(place)) is None:
            return None
        if self._takes_long(text):
            return None
        records = self._decode_list(text.text, rows.records[text.start : text.stop])
        if records is None:
            rows.forget(text)
            return None
        return records[rows.indices[place] - text.start :]

    def _takes_long(self, text: ListText) -> bool:
        seconds = self._pace * (text.stop - text.start)
        return seconds > AT_ONCE * self._seconds or len(text.text) > AT_ONCE_BYTES

    def _decode_steps(self, rows: Rows, place: int, started: float) -> tuple[list[Any], int]:
        """Return the records from *place* on as far as time allows, and the place after them."""
        records, took = list[Any](), 0.0
        while took < self._seconds and place < len(rows.indices):
            step = rows.indices[place : place + STEP]
            good, error = self._decode_many([rows.records[index] for index in step])
            records += good
            place += len(good)
            if error is not None:
                if records:
                    break
                self._set_aside(error, rows, step[0])
                place += 1
            took = time.perf_counter() - started
        return records, place

    def _set_aside(self, error: DecodeError, rows: Rows, index: int) -> None:
        # Rows are decoded again where a page is begun anew, because its reader was cancelled.
        if index in rows.aside:
            return
        offset = rows.row + index
        if self._on_bad_record is None:
            scrubbed(error)
            raise DecodeError(error.path, error.reason, offset, index) from error.__cause__
        self._report.bad_records += 1
        reason = f"{error.path}: {error.reason}"
        self._on_bad_record(BadRecord(bytes(rows.records[index]), reason, offset, index))
        rows.aside.add(index)
