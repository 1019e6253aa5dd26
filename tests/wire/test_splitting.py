"""A large answer read in pieces is the answer read as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async._wire import splitting as _splitting
from enkash_async._wire.page import payload_steps
from enkash_async._wire.response import Response
from enkash_async._wire.splitting import split_records
from enkash_async.errors import EnKashError
from tests.support.answers import page_payload

TRAPS = st.sampled_from(
    [
        '},{"customerId":',
        '"},{"customerId":"',
        '\\"data\\":[',
        '"data":[',
        "]}",
        "\\",
        '\\"',
        "é😀",
        "",
    ]
)
TEXT = TRAPS | st.text(max_size=12) | st.builds("".join, st.lists(TRAPS, max_size=4))
ITEM = st.fixed_dictionaries(
    {"customerId": TEXT},
    optional={
        "note": TEXT | st.none() | st.integers(),
        "data": st.lists(st.builds(lambda text: {"customerId": text}, TEXT), max_size=3),
    },
)
OTHER: st.SearchStrategy[Any] = (
    st.fixed_dictionaries({"note": TEXT}) | st.just({}) | st.none() | st.integers()
)
ENVELOPE = st.fixed_dictionaries(
    {"payload": st.fixed_dictionaries({"data": st.lists(ITEM | OTHER, max_size=30)})},
    optional={
        "errorResponse": st.none() | st.fixed_dictionaries({"data": st.lists(ITEM, max_size=9)}),
        "meta": st.fixed_dictionaries({"data": st.lists(ITEM, max_size=9)}),
        "response_message": TEXT,
    },
)


def outcome(*pieces: bytes) -> Any:
    try:
        payload = page_payload(Response(200, {}, pieces))
    except EnKashError as error:
        return type(error), str(error)
    records = [json.loads(bytes(record)) for record in payload.records]
    end = 0
    for text in getattr(payload.records, "texts", ()):
        assert end <= text.start < text.stop <= len(records)
        assert json.loads(text.text) == records[text.start : text.stop]
        end = text.stop
    return records, payload.count


def written(envelope: dict[str, Any], order: list[str], compact: bool) -> bytes:
    keys = sorted(envelope, key=lambda key: (order.index(key) if key in order else 9, key))
    separators = (",", ":") if compact else (", ", ": ")
    ordered = {key: envelope[key] for key in keys}
    return json.dumps(ordered, separators=separators, ensure_ascii=False).encode()


@given(
    ENVELOPE,
    st.permutations(["errorResponse", "meta", "payload", "response_message"]),
    st.booleans(),
    st.integers(1, 60),
    st.integers(0, 40),
    st.integers(1, 100),
)
@settings(max_examples=400, deadline=None)
def test_pieces_hold_what_the_whole_holds(
    envelope: dict[str, Any], order: list[str], compact: bool, piece: int, cut_off: int, chunk: int
) -> None:
    body = written(envelope, order, compact)
    body = body[: len(body) - cut_off] if cut_off < 20 else body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_splitting, "PIECE", 10**9)
        whole = outcome(body)
        patch.setattr(_splitting, "PIECE", piece)
        assert outcome(body) == whole
        assert outcome(*[body[i : i + chunk] for i in range(0, len(body), chunk)]) == whole


LOOKALIKE = {"customerId": '"},{"customerId":"'}
TWICE: dict[str, bytes] = {
    "the wrong list": written(
        {
            "meta": {"data": [LOOKALIKE] * 2},
            "errorResponse": None,
            "payload": {"data": [LOOKALIKE]},
        },
        ["meta"],
        compact=True,
    ),
    "payload": b'{"payload":{"data":[%b]},"payload":{"data":[{"customerId":"LAST"}]}}',
    "payload, then null": b'{"payload":{"data":[%b]},"payload":null}',
    "data": b'{"payload":{"data":[%b],"data":[{"customerId":"LAST"}]}}',
    "data, the same": b'{"payload":{"data":[%b],"data":[%b]}}',
    "data, then null": b'{"payload":{"data":[%b],"data":null,"recordsCount":0}}',
    "data within a record": b'{"payload":{"data":[{"customerId":"KC0","data":[%b]}]}}',
    "errorResponse": b'{"errorResponse":{"errorMessage":"no"},"payload":{"data":[%b]},'
    b'"errorResponse":null}',
}


@pytest.mark.parametrize("piece", [1, 16, 40, 200])
@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_of_what_stands_twice_the_last_counts_in_pieces_as_in_the_whole(
    body: bytes, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = b",".join(b'{"customerId":"KC%d"}' % number for number in range(20))
    body = body.replace(b"%b", records)
    monkeypatch.setattr(_splitting, "PIECE", 10**9)
    whole = outcome(body)
    monkeypatch.setattr(_splitting, "PIECE", piece)

    assert outcome(body) == whole
    if b"LAST" in body:
        assert whole == ([{"customerId": "LAST"}], None)


def large_answer(records: int) -> bytes:
    data = [{"customerId": f"C{n}", "contacts": [{"name": "x" * 80}] * 3} for n in range(records)]
    return json.dumps(
        {"errorResponse": None, "payload": {"data": data, "recordsCount": records}},
        separators=(",", ":"),
    ).encode()


@pytest.mark.parametrize("chunk", [100, 5_000, 65_536, 10**9])
def test_a_large_answer_is_read_in_many_pieces_however_it_came(chunk: int) -> None:
    body = large_answer(10_000)
    chunks = [body[begin : begin + chunk] for begin in range(0, len(body), chunk)]
    steps = payload_steps(Response(200, {}, chunks))

    pauses = sum(1 for _ in steps)

    assert pauses > len(body) // _splitting.PIECE - 2
    assert len(page_payload(Response(200, {}, body)).records) == 10_000


@pytest.mark.parametrize("chunk", [65_536, 10**9])
def test_it_is_whatever_stands_before_the_list(chunk: int) -> None:
    meta = b'{"meta":"%b",' % (b"x" * (_splitting.PIECE * 5 // 4))
    body = meta + large_answer(10_000)[1:]
    chunks = [body[begin : begin + chunk] for begin in range(0, len(body), chunk)]

    pauses = sum(1 for _ in payload_steps(Response(200, {}, chunks)))

    assert pauses > (len(body) - len(meta)) // _splitting.PIECE - 2


def test_a_small_answer_is_read_at_once() -> None:
    steps = split_records([large_answer(100)])
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value is None


def test_records_that_look_like_separators_are_not_cut() -> None:
    # Each record holds what a separator looks like, inside a list of its own.
    record = json.dumps(
        {"customerId": "C", "contacts": [{"customerId": "K"}] * 9}, separators=(",", ":")
    ).encode()
    body = b'{"payload":{"data":[' + b",".join([record] * 20_000) + b"]}}"

    payload = page_payload(Response(200, {}, body))

    assert len(payload.records) == 20_000
    assert {bytes(raw) for raw in payload.records} == {record}
