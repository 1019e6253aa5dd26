"""Which records are lines of strict JSON, and which are refused, by a reason without a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from enkash_async import BadRecord
from enkash_async._decoding.lines import LONG, MAX_BYTES, lines_of, sound_lines
from enkash_async.export import BadRow, export
from enkash_async.sandbox import Sandbox, SearchCall
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

GOOD = b'{"a":1.10}'


def deep(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


LONG_AND_DEEP = b'{"b":"' + b"x" * LONG + b'","a":%b}'

SOUND = [
    pytest.param(*case)
    for case in [
        (b'{"a": "\\n"}', b'{"a": "\\n"}'),
        (b'{\r\n  "b": [1, 2.50]\n}', b'{    "b": [1, 2.50] }'),
        (b'{"a":"\\ud83d\\ude00"}', b'{"a":"\\ud83d\\ude00"}'),
        ('{"a":"Śrī \u2028"}'.encode(), '{"a":"Śrī \u2028"}'.encode()),
        (b"{}", b"{}"),
        # JSON sets no bounds to a number.
        (b'{"a":1e400}', b'{"a":1e400}'),
        (b'{"a":\n1e-99999999999999999999}', b'{"a": 1e-99999999999999999999}'),
        (b'{"a":' + b"9" * 5001 + b"}", b'{"a":' + b"9" * 5001 + b"}"),
        (b'{"a":\n' + b"9" * 400 + b"}", b'{"a": ' + b"9" * 400 + b"}"),
        (b'{"a":"' + b"x" * LONG + b'"}', b'{"a":"' + b"x" * LONG + b'"}'),
        (LONG_AND_DEEP % deep(62)[5:-1], LONG_AND_DEEP % deep(62)[5:-1]),
        (b'{"b":' + b"[[]," * 200 + b"0" + b"]" * 200 + b"}",) * 2,
    ]
]

REFUSED = [
    pytest.param(*case)
    for case in [
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":"\xff"}', "no UTF-8, at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "no UTF-8"),
        (b"null", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"12", "no JSON object"),
        (b"", "no strict JSON"),
        (b'{"a":"x\ny"}', "no strict JSON"),
        (b'{"a":"\\ud800"}', "holds half a character"),
        (b'{"a":"\\ude00"}', "holds half a character"),
        (b'{"\\ud800":1}', "holds half a character"),
        (b'{"a":1}{"b":2}', "no strict JSON"),
        (b'{"a":1}\n{"b":2}', "no strict JSON"),
        (b'{"a":01}', "no strict JSON"),
        (b'{"a":1,}', "no strict JSON"),
        (deep(2100), "nested deeper"),
        (LONG_AND_DEEP % deep(80)[5:-1], "nested deeper"),
        (LONG_AND_DEEP % deep(64)[5:-1], "nested deeper"),
        (b'{"c":' + b"9" * 5001 + b',"b":' + deep(80) + b"}", "nested deeper"),
        (b'{"a":"\\ud800"' + b" " * MAX_BYTES + b"}", "1,048,576 bytes"),
    ]
]


@pytest.mark.parametrize(("record", "line"), SOUND)
def test_a_sound_record_is_one_line_of_its_bytes(record: bytes, line: bytes) -> None:
    assert lines_of([GOOD, record, GOOD]) == (b"\n".join([GOOD, line, GOOD, b""]), [])
    assert lines_of([record])[0].count(b"\n") == 1
    assert sound_lines([GOOD, msgspec.Raw(record), GOOD]) == ([GOOD, line, GOOD], None)


@pytest.mark.parametrize(("record", "reason"), REFUSED)
def test_what_is_no_line_is_left_out_and_named(record: bytes, reason: str) -> None:
    lines, [(index, why)] = lines_of([GOOD, record, GOOD])

    assert lines == GOOD + b"\n" + GOOD + b"\n"
    assert index == 1
    assert reason in why

    good, error = sound_lines([GOOD, msgspec.Raw(record), GOOD])
    assert (good, error and error.reason) == ([GOOD], why)


@pytest.mark.parametrize(
    "records",
    [[b'{"a":', b"{}}", b"{} {}"], [b"{}", b"", b"{}{}"], [b'{"a":1', b'"b":2}', b"{},{}"]],
)
def test_no_line_makes_up_for_another_one(records: list[bytes]) -> None:
    assert {index for index, _ in lines_of(records)[1]} >= {1, 2}
    assert sound_lines(records)[1] is not None


def as_parsed(records: list[bytes]) -> bool:
    """Say whether a search would say of them that they are parsed."""
    try:
        rows = msgspec.json.decode(b"[" + b",".join(records) + b"]", type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return False
    return [bytes(row) for row in rows] == records


@pytest.mark.parametrize("record", [case.values[0] for case in REFUSED + SOUND])
def test_what_is_parsed_before_is_refused_all_the_same(record: bytes) -> None:
    records = [GOOD, record, GOOD]
    if as_parsed(records):
        assert lines_of(records, are_parsed=True) == lines_of(records)
    else:
        assert record not in [GOOD, b"{}"]


def test_nothing_makes_no_line() -> None:
    assert lines_of([]) == (b"", [])
    assert json.loads(lines_of([GOOD])[0]) == {"a": 1.1}


AGREE = [case.values[0] for case in REFUSED + SOUND]
FORMS = ["c.jsonl", "c.csv"]


@pytest.mark.parametrize("record", AGREE)
async def test_a_search_and_an_export_agree_on_which_records_are_bad(
    sandbox: Sandbox, tmp_path: Path, record: Any
) -> None:
    """Of whatever comes beside two good records, in whatever answer it lies."""
    records = [b'{"customerId":"K1"}', record, b'{"customerId":"K2"}']
    body = b'{"errorResponse":null,"payload":{"data":[%b],"recordsCount":3}}'

    async def answer(call: SearchCall) -> web.Response:
        data = b",".join(records[call.offset : call.offset + call.limit])
        return web.Response(body=body % data, content_type="application/json")

    sandbox.on_search = answer
    bad = list[BadRecord]()
    async with session_for(sandbox) as session:
        search = session.customers.search(on_bad_record=bad.append)
        lines = b"".join([chunk async for chunk in search.json_lines()])
        raws = [raw async for page in session.customers.search().raw_pages() for raw in page]
        assert lines_of(raws)[0] == lines
        for name in FORMS:
            told = list[BadRow]()
            path = tmp_path / name
            result = await export(
                session.customers, path, method="search", on_bad_record=told.append
            )
            assert [(one.raw, f"$: {one.reason}") for one in told] == [
                (one.raw, one.reason) for one in bad
            ]
            assert result.records == lines.count(b"\n")
            assert name != "c.jsonl" or path.read_bytes() == lines
