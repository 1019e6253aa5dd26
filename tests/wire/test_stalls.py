"""No answer holds the event loop for long, however it is made.

Time is CPU time of this thread without collections of garbage, and its measure is one pass of the
JSON parser over as many bytes on the same machine at the same time, so that neither a slow machine
nor a busy one matters. What is held back is time in which the loop would stand still for seconds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator

import msgspec
import pytest

from enkash_async import EnKashError
from enkash_async._wire.page import payload_steps
from enkash_async._wire.response import Response
from tests.support.answers import page_payload

SIZE = 8 * 1024 * 1024
STRETCH = 5
"""Passes over an answer between two turns of the loop. What made the loop stand still took 40."""
WHOLE = 100
"""Passes over an answer from its first byte to the last turn."""

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


@pytest.fixture(autouse=True)
def no_collections() -> Iterator[None]:
    """Collect no garbage: a collection goes through all that the other tests left behind."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def cpu_of(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def turns_of(steps: Generator[None, None, object]) -> list[float]:
    """Return the CPU time of each turn, to the end or the error."""
    turns: list[float] = []

    def turn() -> None:
        began = time.thread_time()
        try:
            next(steps)
        finally:
            turns.append(time.thread_time() - began)

    try:
        while True:
            turn()
    except (StopIteration, EnKashError):
        return turns


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("status", [200, 500])
def test_no_answer_holds_the_loop(body: bytes, status: int) -> None:
    pieces = [body[place : place + 65536] for place in range(0, len(body), 65536)]
    for tries_left in (2, 1, 0):
        one_pass = cpu_of(lambda: msgspec.json.decode(BOMBS["many records"]))
        turns = turns_of(payload_steps(Response(status, {}, pieces).without("a secret")))
        # Once may be the machine's; a turn that is too long is so each time.
        if max(turns) < STRETCH * one_pass or not tries_left:
            break

    assert max(turns) < STRETCH * one_pass
    assert sum(turns) < WHOLE * one_pass


def test_what_is_too_long_to_be_gone_through_is_final() -> None:
    steps = payload_steps(Response(200, {}, BOMBS["objects that open"]))
    with pytest.raises(EnKashError, match="too intricate to look for the records") as caught:
        for _ in steps:
            pass
    assert caught.value.final


@pytest.mark.parametrize(("item", "rows"), [(b"{}", 400_000), (b"null", 1_000_001)])
def test_a_sound_answer_of_many_small_values_is_read(item: bytes, rows: int) -> None:
    body = BEGIN + b",".join([item] * rows) + b'],"recordsCount":%d}}' % rows
    payload = page_payload(Response(200, {}, body))
    assert (len(payload.records), payload.count) == (rows, rows)
    assert payload.records[-1] == msgspec.Raw(item)


def test_a_sound_answer_beyond_all_bounds_is_not_called_unsound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("enkash_async._wire.salvage.MAX_MARKS", 1_000)
    monkeypatch.setattr("enkash_async._wire.salvage.MAX_SOUND_MARKS", 2_000)
    body = BEGIN + b",".join([b"{}"] * 300_000) + b"]}}"
    with pytest.raises(
        EnKashError, match="the answer holds millions of values, and is too"
    ) as caught:
        page_payload(Response(200, {}, body))
    assert caught.value.final


def test_a_page_of_5000_large_records_is_not_too_long() -> None:
    contact = b'{"name":"x","a":[{},{}]}'
    row = b'{"customerId":"KC","contacts":[' + b",".join([contact] * 20) + b"]}"
    body = BEGIN + b",".join([row] * 4999 + [b'{"a":NaN}']) + b"]}}"
    assert len(page_payload(Response(200, {}, body)).records) == 5000
