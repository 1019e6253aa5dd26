"""A page that is not sound JSON is cut where its records begin and end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enkash_async._wire.page import payload_steps
from enkash_async._wire.response import Response
from enkash_async.errors import ResponseError
from tests.support.answers import page_payload

TEXT = st.text(max_size=8) | st.sampled_from(
    ['"', "\\", '\\"', "},{", "]}", '"data":[', "é😀", "[", "{"]
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
RECORD = st.dictionaries(TEXT, VALUE, max_size=4)
UNSOUND = st.sampled_from(
    [
        b'{"a":NaN}',
        b'{"a":"\n\t"}',
        b'{"a":"\\x"}',
        b'{"a":"]}\x01,{["}',
        b'{"a":[1,],}',
        b"{'a':1}",
        b'{"a":07}',
        b"None",
        b'{"a"}',
    ]
)
BLANK = st.sampled_from([b"", b" ", b"\n  ", b"\t\r\n"])
BEFORE = b'{"errorResponse":null,"meta":{"data":[{"a":1}]},"payload":{"data":['
BEHIND = b'],"recordsCount":7},"response_code":0}'


@given(
    records=st.lists(RECORD | VALUE, max_size=6).map(
        lambda values: [json.dumps(value).encode() for value in values]
    ),
    unsound=st.lists(UNSOUND, min_size=1, max_size=3),
    blank=BLANK,
    data=st.data(),
)
def test_each_item_comes_as_it_stood(
    records: list[bytes], unsound: list[bytes], blank: bytes, data: st.DataObject
) -> None:
    items = data.draw(st.permutations([*records, *unsound]))
    body = BEFORE + b",".join(blank + item + blank for item in items) + BEHIND
    payload = page_payload(Response(200, {}, body))
    assert [bytes(record) for record in payload.records] == items
    assert payload.count == 7


@pytest.mark.parametrize(
    "middle",
    [
        b'{"a":"b},{"c":1}',  # a quote that is not closed
        b'{"a":[1,2}',
        b'{"a":1}}',
        b'{"a":1',
        b"\x00],",
    ],
)
def test_what_cannot_be_told_apart_is_no_page(middle: bytes) -> None:
    body = BEFORE + b'{"a":1},' + middle + b',{"a":2}' + BEHIND
    with pytest.raises(ResponseError, match=r"not sound JSON|in the middle of its JSON"):
        page_payload(Response(200, {}, body))


@pytest.mark.parametrize(
    "body",
    [
        BEFORE + b'{"a":NaN}],"recordsCount":7},"response_code":NaN}',
        BEFORE + b'{"a":NaN}],"recordsCount":7}',
        b'{"other":{"data":[{"a":NaN}]}}',
        b'{"payload":[{"data":[NaN]}]}',
    ],
)
def test_what_is_unsound_beside_the_records_is_no_page(body: bytes) -> None:
    with pytest.raises(ResponseError, match=r"not sound JSON|in the middle of its JSON"):
        page_payload(Response(200, {}, body))


def test_the_items_of_another_list_are_not_taken_for_the_pages() -> None:
    body = b'{"meta":{"data":[{"a":NaN}]},"payload":{"data":[0]}}'
    with pytest.raises(ResponseError, match="not sound JSON"):
        page_payload(Response(200, {}, body))


def test_an_error_is_one_whatever_its_records_are() -> None:
    body = BEFORE + b'{"a":NaN}],"recordsCount":7},"response_code":500,"response_message":"no"}'
    with pytest.raises(ResponseError):
        page_payload(Response(200, {}, body))


def test_a_large_page_leaves_turns_to_others() -> None:
    rows = [b'{"customerId":"%d","netAmount":7}' % number for number in range(5000)]
    rows[9] = rows[3000] = b'{"customerId":NaN}'
    steps = payload_steps(Response(200, {}, BEFORE + b",".join(rows) + BEHIND))
    pauses, payload = 0, None
    while payload is None:
        try:
            next(steps)
        except StopIteration as end:
            payload = end.value
        else:
            pauses += 1
    assert [bytes(record) for record in payload.records] == rows
    assert pauses >= 80


def test_a_comma_behind_the_last_record_is_not_a_record() -> None:
    payload: Any = page_payload(Response(200, {}, BEFORE + b'{"a":1},' + BEHIND))
    assert [bytes(record) for record in payload.records] == [b'{"a":1}']


@pytest.mark.parametrize("blank", [b"\x0b", b"\x0c", b"\x00", b"\xa0"])
def test_what_json_does_not_take_for_white_space_stays_with_its_record(blank: bytes) -> None:
    payload: Any = page_payload(Response(200, {}, BEFORE + b'{"a":1},%b{"a":2}' % blank + BEHIND))
    assert [bytes(record) for record in payload.records] == [b'{"a":1}', blank + b'{"a":2}']


def test_lists_that_do_not_end_are_looked_at_a_few_times_only() -> None:
    body = b'{"data":[x' * 20_000
    with pytest.raises(ResponseError, match=r"not sound JSON|in the middle of its JSON"):
        page_payload(Response(200, {}, body))
