"""Rows decoded a slice at a time: how far a slice goes, and what becomes of bad records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enkash_async import BadRecord, DecodeError, SearchReport
from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._decoding.rows import Rows
from enkash_async._decoding.slice_decoder import AT_ONCE_BYTES, STEP, SliceDecoder
from enkash_async._wire.splitting import ListText

BAD = b"bad"


def rows_of(*records: bytes | int, indices: Sequence[int] | None = None) -> Rows:
    raws = [msgspec.Raw(one if isinstance(one, bytes) else str(one).encode()) for one in records]
    return Rows(raws, range(len(raws)) if indices is None else indices, row=100)


def decode_many(raws: Sequence[msgspec.Raw]) -> tuple[list[int], DecodeError | None]:
    records: list[int] = []
    for raw in raws:
        if bytes(raw) == BAD:
            return records, DecodeError("field", "is bad")
        records.append(int(bytes(raw)))
    return records, None


def decoder_of(
    report: SearchReport, on_bad_record: OnBadRecord | None = None, **options: Any
) -> SliceDecoder[list[int]]:
    return SliceDecoder(decode_many, list, report, on_bad_record, **options)


def slices_of(decoder: SliceDecoder[list[int]], rows: Rows) -> list[list[int]]:
    slices: list[list[int]] = []
    place = 0
    while place < len(rows):
        records, place = decoder.decode(rows, place)
        slices.append(records)
    return slices


def test_a_slice_ends_with_the_rows_or_with_its_time() -> None:
    rows = rows_of(*range(3 * STEP + 1))
    assert slices_of(decoder_of(SearchReport(), seconds=60), rows) == [list(range(3 * STEP + 1))]
    short = slices_of(decoder_of(SearchReport(), seconds=1e-9), rows)
    assert list(map(len, short)) == [STEP, STEP, STEP, 1]
    assert [one for slice_ in short for one in slice_] == list(range(3 * STEP + 1))


def test_only_the_rows_asked_for_are_decoded() -> None:
    rows = rows_of(*range(10), indices=[2, 3, 7])
    assert decoder_of(SearchReport()).decode(rows, 1) == ([3, 7], 3)
    assert [rows.row_at(place) for place in range(3)] == [102, 103, 107]


@pytest.mark.parametrize(
    ("records", "slices", "aside"),
    [
        ((1, 2, BAD, 4), [[1, 2], [4]], [2]),
        ((BAD, 2), [[2]], [0]),
        ((1, BAD), [[1], []], [1]),
        ((BAD, BAD), [[]], [0, 1]),
        ((1, BAD, BAD, 4, BAD), [[1], [4], []], [1, 2, 4]),
    ],
)
def test_a_bad_record_is_set_aside_after_all_records_before_it(
    records: tuple[bytes | int, ...], slices: list[list[int]], aside: list[int]
) -> None:
    report, bad = SearchReport(), list[BadRecord]()
    rows = rows_of(*records)
    assert slices_of(decoder_of(report, bad.append, seconds=60), rows) == slices
    assert [(one.offset, one.index, one.raw) for one in bad] == [
        (100 + index, index, BAD) for index in aside
    ]
    assert {one.reason for one in bad} == {"field: is bad"}
    assert report.bad_records == len(aside)
    rows.leave_out_aside()
    assert len(rows) == len(records) - len(aside)


def test_a_bad_record_is_an_error_where_nobody_takes_it() -> None:
    decoder, rows = decoder_of(SearchReport()), rows_of(1, BAD, 3)
    assert decoder.decode(rows, 0) == ([1], 1)
    for _ in range(2):
        with pytest.raises(DecodeError, match="field: is bad") as caught:
            decoder.decode(rows, 1)
        assert (caught.value.offset, caught.value.index) == (101, 1)


def test_a_bad_record_is_told_once_however_often_it_is_decoded() -> None:
    report, bad = SearchReport(), list[BadRecord]()
    decoder, rows = decoder_of(report, bad.append, seconds=60), rows_of(BAD, 2)
    assert decoder.decode(rows, 0) == decoder.decode(rows, 0) == ([2], 2)
    assert len(bad) == report.bad_records == 1


def test_a_callback_that_raises_is_called_again_with_the_same_record() -> None:
    calls: list[int] = []

    def fail_once(record: BadRecord) -> None:
        calls.append(record.index)
        if len(calls) == 2:
            raise LookupError

    decoder, rows = decoder_of(SearchReport(), fail_once, seconds=60), rows_of(BAD, BAD, 3)
    with pytest.raises(LookupError):
        decoder.decode(rows, 0)
    assert decoder.decode(rows, 0) == ([3], 3)
    assert calls == [0, 1, 1]


def test_what_is_made_of_a_slice_counts_as_a_stall_too() -> None:
    report = SearchReport()
    decoder: SliceDecoder[int] = SliceDecoder(decode_many, len, report, None)
    assert decoder.decode(rows_of(1, 2, 3), 0) == (3, 3)
    assert report.seconds_decoding == report.longest_stall > 0


# Rows that lie in texts


def in_texts(rows: Rows, *ends: int) -> Rows:
    """Return *rows* with a text from each of the *ends* to the next."""
    rows.texts = [
        ListText(start, stop, b"[" + b",".join(map(bytes, rows.records[start:stop])) + b"]")
        for start, stop in pairwise(ends)
    ]
    return rows


class Lists:
    """Decodes lists, and notes which."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def decode(self, text: bytes, raws: Sequence[msgspec.Raw]) -> list[int] | None:
        self.read.append(len(raws))
        assert text == b"[" + b",".join(map(bytes, raws)) + b"]"
        records, error = decode_many(raws)
        return None if error else records


def paced(decoder: SliceDecoder[list[int]]) -> SliceDecoder[list[int]]:
    """Return *decoder* when it has seen how fast records are decoded."""
    decoder.decode(rows_of(*[1] * STEP), 0)
    return decoder


@pytest.mark.parametrize(
    ("wanted", "slices", "read"),
    [
        (range(10), [[*range(4)], [*range(4, 8)], [8, 9]], [4, 4]),
        # The first row is that with which the page before ended.
        (range(1, 10), [[1, 2, 3], [*range(4, 8)], [8, 9]], [4, 4]),
        # Of the first text too little is wanted, of the second not its last.
        (range(2, 7), [[2, 3, 4, 5, 6]], []),
        # Rows that are wanted here and there are no range.
        ([*range(10)], [[*range(10)]], []),
    ],
)
def test_rows_in_one_text_are_one_slice(
    wanted: Sequence[int], slices: list[list[int]], read: list[int]
) -> None:
    lists = Lists()
    decoder = paced(decoder_of(SearchReport(), decode_list=lists.decode, seconds=60))
    assert slices_of(decoder, in_texts(rows_of(*range(10), indices=wanted), 0, 4, 8)) == slices
    assert lists.read == read


def test_no_text_is_read_before_it_is_known_how_long_that_takes() -> None:
    lists = Lists()
    decoder = decoder_of(SearchReport(), decode_list=lists.decode, seconds=60)
    rows = in_texts(rows_of(*range(2 * STEP)), 0, STEP, 2 * STEP)
    assert decoder.decode(rows, 0) == ([*range(2 * STEP)], 2 * STEP)
    assert lists.read == []
    assert decoder.decode(rows, 0) == ([*range(STEP)], STEP)
    assert lists.read == [STEP]


def test_a_text_that_takes_long_is_followed_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)

    def decode_slowly(text: bytes, raws: Sequence[msgspec.Raw]) -> list[int]:
        nonlocal now
        now += 1.0
        return decode_many(raws)[0]

    decoder = decoder_of(SearchReport(), decode_list=decode_slowly, seconds=0.1)
    rows = in_texts(rows_of(*range(60)), 0, 20, 40, 60)
    slices = slices_of(paced(decoder), rows)
    # Steps take no time here, so that all that is left is one slice.
    assert slices == [[*range(20)], [*range(20, 60)]]


def test_a_large_text_is_read_in_steps() -> None:
    lists = Lists()
    decoder = paced(decoder_of(SearchReport(), decode_list=lists.decode, seconds=60))
    rows = in_texts(rows_of(b"7" + b" " * AT_ONCE_BYTES, 8), 0, 2)
    assert slices_of(decoder, rows) == [[7, 8]]
    assert lists.read == []


def test_a_text_with_a_bad_record_is_tried_once_and_then_read_in_steps() -> None:
    lists, bad = Lists(), list[BadRecord]()
    decoder = decoder_of(SearchReport(), bad.append, decode_list=lists.decode, seconds=60)
    rows = in_texts(rows_of(0, 1, BAD, 3, 4, 5), 0, 4, 6)
    assert slices_of(paced(decoder), rows) == [[0, 1], [3, 4, 5]]
    assert [one.index for one in bad] == [2]
    assert lists.read == [4]


@given(st.data(), st.integers(1, 60))
def test_texts_change_nothing_but_how_far_a_slice_goes(data: st.DataObject, count: int) -> None:
    places = st.integers(0, count)
    first, last = sorted(data.draw(st.tuples(places, places)))
    wanted: Sequence[int] = range(first, last)
    if data.draw(st.booleans()):
        wanted = sorted(data.draw(st.sets(st.sampled_from(range(count)))))
    bad_ones = data.draw(st.sets(st.sampled_from(range(count)), max_size=4))
    records = [BAD if index in bad_ones else index for index in range(count)]
    ends = sorted(data.draw(st.sets(places, max_size=8)))
    seconds = data.draw(st.sampled_from([1e-9, 60]))
    found: list[Any] = []
    for texts in ([], ends):
        report, bad = SearchReport(), list[BadRecord]()
        rows = in_texts(rows_of(*records, indices=wanted), *texts)
        decode_list = Lists().decode
        decoder = decoder_of(report, bad.append, decode_list=decode_list, seconds=seconds)
        slices = slices_of(paced(decoder), rows)
        rows.leave_out_aside()
        found.append(([one for part in slices for one in part], bad, [*rows.indices]))
    assert found[0] == found[1]
    assert found[0][0] == [index for index in wanted if index not in bad_ones]
