"""Rows of a page to records, a slice at a time, and what becomes of bad ones. No I/O.

Decoding a page of 5,000 records takes tens of milliseconds, in which nothing else could run. So
whoever reads decodes a slice, hands out what came of it, and lets other tasks run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import attrs
import msgspec

from enkash_async._wire.sealed import scrubbed
from enkash_async.errors import DecodeError
from enkash_async.report import SearchReport

R = TypeVar("R")
S = TypeVar("S")

SLICE_SECONDS = 0.0007
"""How long records are decoded before other tasks of the event loop get their turn."""

STEP = 20
"""Records decoded between two looks at the clock."""

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


class Rows(msgspec.Struct, eq=False):
    """New rows of a page: those of its *records* that stand at *indices*, undecoded.

    *row* is the place in the list of the first record of the page.
    """

    records: Sequence[msgspec.Raw]
    indices: Sequence[int]
    row: int
    aside: set[int] = msgspec.field(default_factory=set[int])
    """Indices of records that could not be read and were handed to the caller as such."""

    def __len__(self) -> int:
        return len(self.indices)

    def row_at(self, place: int) -> int:
        """Return the place in the list of the new row at *place* among the new ones."""
        return self.row + self.indices[place]

    def leave_out_aside(self) -> None:
        """Forget the rows that were set aside."""
        if self.aside:
            self.indices = [index for index in self.indices if index not in self.aside]


class SliceDecoder(Generic[S]):
    """Decodes the rows of one search, and makes of the records of each slice what *into* makes.

    A bad record goes to *on_bad_record*, or its error is raised where there is none. Either
    happens when it is the first of a slice, so after all records before it. What *seconds* bound
    is decoding; what *into* takes comes on top, and both count as a stall in the *report*.
    """

    def __init__(
        self,
        decode_many: DecodeMany[R],
        into: Callable[[list[R]], S],
        report: SearchReport,
        on_bad_record: OnBadRecord | None,
        *,
        seconds: float = SLICE_SECONDS,
    ) -> None:
        self._decode_many: DecodeMany[Any] = decode_many
        self._into: Callable[[list[Any]], S] = into
        self._report = report
        self._on_bad_record = on_bad_record
        self._seconds = seconds

    def decode(self, rows: Rows, place: int) -> tuple[S, int]:
        """Return the next slice of *rows*, from *place* on, and the place after it.

        It ends before a bad record, and holds nothing if all it could hold were set aside.
        """
        started = time.perf_counter()
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
        made = self._into(records)
        took = time.perf_counter() - started
        self._report.seconds_decoding += took
        self._report.longest_stall = max(self._report.longest_stall, took)
        return made, place

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
