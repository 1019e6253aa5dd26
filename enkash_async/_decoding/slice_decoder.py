"""Rows of a page to records, a slice at a time, and what becomes of bad ones. No I/O.

Decoding a page of 5,000 records takes tens of milliseconds, in which nothing else could run. So
whoever reads decodes a slice, hands out what came of it, and lets other tasks run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from enkash_async._decoding.bad_record import BadRecord, OnBadRecord
from enkash_async._decoding.rows import Rows
from enkash_async._wire.sealed import scrubbed
from enkash_async._wire.splitting import ListText
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
