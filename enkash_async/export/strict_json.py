"""Records as lines that any JSON reader takes, and those that are none. No I/O.

What came through the checks of a search may still hold bytes that are no UTF-8, numbers beyond all
bounds, or, where an answer had to be salvaged, anything at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import NoReturn, cast

import msgspec

from enkash_async._decoding.raw_forms import in_one_line

LONG = 4096
"""Bytes of a record from which it may hold a number or a depth that readers refuse."""

MAX_DEPTH = 64
"""Lists and objects within each other that all readers take."""


class _Object(msgspec.Struct, gc=False):
    """Any JSON object, of which nothing is kept."""


_objects_in_lines = msgspec.json.Decoder(_Object).decode_lines
# Of numbers, only how they are written: there is no bound to them in JSON.
_value = msgspec.json.Decoder(float_hook=str).decode
_first_byte = itemgetter(0)
_OF_AN_OBJECT = frozenset(b"{")

Refused = tuple[int, str]
"""The place of a record among those given, and why it is none."""


def lines_of(records: Sequence[bytes], *, are_parsed: bool = False) -> tuple[bytes, list[Refused]]:
    """Return *records* as JSON Lines, and which of them are no strict JSON objects.

    The bytes of the others stay as they are, but for line breaks between their tokens, which become
    blanks. Where they *are_parsed*, msgspec has gone through each of them.
    """
    lines = b"\n".join([*records, b""])
    if _are_plain(lines, records) and (are_parsed or _are_objects(lines, records)):
        return lines, []
    good, refused = list[bytes](), list[Refused]()
    for index, record in enumerate(records):
        reason = why_refused(record)
        if reason is None:
            good.append(one_line(record))
        else:
            refused.append((index, reason))
    return b"\n".join([*good, b""]), refused


def _are_plain(lines: bytes, records: Sequence[bytes]) -> bool:
    """Say whether each record, if it is JSON, is a line and an object: no if in doubt."""
    # All of a page at once: to look at each record takes longer than to copy them.
    together = b"".join(records)
    if b"\n" in together or b"\r" in together:
        return False
    if not all(records) or set(map(_first_byte, records)) - _OF_AN_OBJECT:
        return False
    if max(map(len, records), default=0) >= LONG:
        return False
    return lines.isascii() or _is_utf8(lines)


def _is_utf8(lines: bytes) -> bool:
    # A line break is no part of a longer character, so that each line is sound if all are.
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_objects(lines: bytes, records: Sequence[bytes]) -> bool:
    try:
        return len(_objects_in_lines(lines)) == len(records)
    except (msgspec.MsgspecError, RecursionError):
        return False


def one_line(record: bytes) -> bytes:
    """Return a sound *record* without line breaks."""
    return in_one_line(record.strip())


def why_refused(record: bytes) -> str | None:
    """Return why *record* is no strict JSON object, None if it is one. No value is quoted."""
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        return f"holds bytes that are no UTF-8, at byte {error.start}"
    try:
        value: object = _value(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        # It refuses halves of characters, and whole numbers of thousands of digits.
        return _reason(text)
    except RecursionError:
        return f"is nested deeper than {MAX_DEPTH} times"
    if not isinstance(value, dict):
        return "is no JSON object"
    if len(record) >= LONG:
        return _reason_of_long(text, cast("object", value))
    return None


def _reason_of_long(text: str, value: object) -> str | None:
    if _is_deeper(value, MAX_DEPTH):
        return f"is nested deeper than {MAX_DEPTH} times"
    return _reason(text)


def _reason(text: str) -> str | None:
    """Return what the standard library's reader has against *text*."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "holds half a character"
    except json.JSONDecodeError as error:
        return f"is no strict JSON: {error.msg}, at character {error.pos}"
    except ValueError as error:
        # Its text may begin with a name of JSON's, and never quotes a value.
        return f"is no strict JSON: {error}"
    except RecursionError:
        return f"is nested deeper than {MAX_DEPTH} times"
    return None if isinstance(value, dict) else "is no JSON object"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _is_deeper(value: object, depth: int) -> bool:
    level: list[object] = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)  # type: ignore[attr-defined]
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
