"""No answer holds the event loop for long, however it is made.

Time is CPU time of this thread, and bounds are many times what is needed, so that a busy machine
does not matter. What is held back is time in which the loop would stand still for seconds.
"""

from __future__ import annotations

import time

import pytest

from enkash_async import EnKashError
from enkash_async._wire.page import payload_steps
from enkash_async._wire.response import Response
from tests.support.answers import page_payload

SIZE = 8 * 1024 * 1024
STRETCH = 0.25
"""Seconds of CPU between two turns of the loop. What made the loop stand still took 5 and more."""

BEGIN = b'{"payload":{"data":['
ROW = b'{"customerId": "KC1", "a": [1, 2], "b": {"c": "d"}}'
BOMBS: dict[str, bytes] = {
    "objects that open": BEGIN + b"{" * SIZE,
    "lists that open": BEGIN + b"[" * SIZE,
    "lists that open and close": BEGIN + b"[" * (SIZE // 2) + b"]" * (SIZE // 2) + b"]}}",
    "lists that open elsewhere": b'{"meta":' + b"[" * SIZE,
    "an error that opens": b'{"errorResponse":' + b'{"a":' * (SIZE // 5),
    "quotes only": BEGIN + b'"' * SIZE,
    "short texts": BEGIN + b'"",' * (SIZE // 3),
    "short lists": BEGIN + b"[]," * (SIZE // 3) + b"0]}}",
    "short objects, one unsound": BEGIN + b"{}," * (SIZE // 3) + b"NaN]}}",
    "commas": BEGIN + b"," * SIZE,
    "a text without an end": BEGIN + b'{"a":"' + b"x" * SIZE,
    "backslashes": BEGIN + b'{"a":"' + b"\\" * SIZE,
    "escapes": BEGIN + b'{"a":"' + b"\\n" * (SIZE // 2) + b'\n"}]}}',
    "one huge text": BEGIN + b'{"a":"' + b"x" * SIZE + b'","b":NaN}]}}',
    "one huge record": BEGIN + b'{"a":[' + b"[{}]," * (SIZE // 5) + b"NaN]}]}}",
    "lists of that name": b'{"data":[' * (SIZE // 9),
    "texts of that name": b'{"x":"' + b'\\"data\\":[' * (SIZE // 10) + b'","y":NaN}',
    "separators that are none": BEGIN
    + b'{"customerId":"x","l":['
    + b'{"customerId":1},' * (SIZE // 17)
    + b"NaN]}]}}",
    "blanks": b" " * SIZE,
    "html": b"<html>" + b"x" * SIZE,
    "NUL": b"\0" * SIZE,
    "many records": BEGIN + b", ".join([ROW] * (SIZE // len(ROW))) + b"]}}",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("status", [200, 500])
def test_no_answer_holds_the_loop(body: bytes, status: int) -> None:
    pieces = [body[place : place + 65536] for place in range(0, len(body), 65536)]
    steps = payload_steps(Response(status, {}, pieces).without("a secret"))
    began = time.thread_time()
    longest = 0.0
    try:
        while True:
            turn = time.thread_time()
            try:
                next(steps)
            finally:
                longest = max(longest, time.thread_time() - turn)
    except (StopIteration, EnKashError):
        pass

    assert longest < STRETCH
    assert time.thread_time() - began < 10


def test_what_is_too_long_to_be_gone_through_is_final() -> None:
    steps = payload_steps(Response(200, {}, BOMBS["objects that open"]))
    with pytest.raises(EnKashError, match="too intricate to look for the records") as caught:
        for _ in steps:
            pass
    assert caught.value.final


def test_a_page_of_5000_large_records_is_not_too_long() -> None:
    contact = b'{"name":"x","a":[{},{}]}'
    row = b'{"customerId":"KC","contacts":[' + b",".join([contact] * 20) + b"]}"
    body = BEGIN + b",".join([row] * 4999 + [b'{"a":NaN}']) + b"]}}"
    assert len(page_payload(Response(200, {}, body)).records) == 5000
