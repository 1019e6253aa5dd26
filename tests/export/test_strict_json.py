"""Which records are lines of strict JSON, and which are refused, by a reason without a value."""

from __future__ import annotations

import json

import msgspec
import pytest

from enkash_async.export.strict_json import LONG, lines_of

GOOD = b'{"a":1.10}'


def deep(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


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
        (b'{"b":"' + b"x" * LONG + b'","a":' + deep(80) + b"}", "nested deeper"),
    ]
]


@pytest.mark.parametrize(("record", "line"), SOUND)
def test_a_sound_record_is_one_line_of_its_bytes(record: bytes, line: bytes) -> None:
    assert lines_of([GOOD, record, GOOD]) == (b"\n".join([GOOD, line, GOOD, b""]), [])
    assert lines_of([record])[0].count(b"\n") == 1


@pytest.mark.parametrize(("record", "reason"), REFUSED)
def test_what_is_no_line_is_left_out_and_named(record: bytes, reason: str) -> None:
    lines, [(index, why)] = lines_of([GOOD, record, GOOD])

    assert lines == GOOD + b"\n" + GOOD + b"\n"
    assert index == 1
    assert reason in why


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
