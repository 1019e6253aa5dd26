"""Undecoded records as lines that any JSON reader takes, and those that are none. No I/O.

What came through the checks of a search may still hold bytes that are no UTF-8, halves of
characters, or, where an answer had to be salvaged, anything at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NoReturn

import msgspec

from enkash_async._decoding.raw_forms import in_one_line
from enkash_async.errors import DecodeError

LONG = 4096
"""Bytes of a record from which it is looked at for how deep it is nested."""

MAX_DEPTH = 64
"""Lists and objects within each other that all readers take."""

MAX_BYTES = 1024 * 1024
"""Of a record that msgspec refuses and another parser is asked about, which takes longer."""

_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} times"


class _Object(msgspec.Struct, gc=False):
    """Any JSON object; its fields are read over."""


_object = msgspec.json.Decoder(_Object)
# Of numbers, only how they are written: there is no bound to them in JSON.
_value = msgspec.json.Decoder(float_hook=str).decode
_first_byte, _last_byte = itemgetter(0), itemgetter(-1)
_BEGIN, _END = set(b"{"), set(b"}")

Refused = tuple[int, str]
"""The place of a record among those given, and why it is none."""


def lines_of(records: Sequence[bytes], *, are_parsed: bool = False) -> tuple[bytes, list[Refused]]:
    """Return *records* as JSON Lines, and which of them are no strict JSON objects.

    The bytes of the others stay as they are, but for line breaks between their tokens, which become
    blanks. Where they *are_parsed*, msgspec has gone through each of them.
    """
    lines = ended(records)
    if _are_lines(records, lines, are_parsed=are_parsed):
        return lines, []
    good, refused = list[bytes](), list[Refused]()
    for index, record in enumerate(records):
        reason = why_refused(record)
        if reason is None:
            good.append(one_line(record))
        else:
            refused.append((index, reason))
    return ended(good), refused


def sound_lines(raws: Sequence[bytes | msgspec.Raw]) -> tuple[list[bytes], DecodeError | None]:
    """Return *raws* in a line each, as far as the first that is none, and its error."""
    records = [*map(bytes, raws)]
    if _are_lines(records, ended(records)):
        return records, None
    lines = list[bytes]()
    for record in records:
        if (reason := why_refused(record)) is not None:
            return lines, DecodeError("$", reason)
        lines.append(one_line(record))
    return lines, None


def ended(lines: Sequence[bytes]) -> bytes:
    """Return *lines* with a line break after each."""
    return b"\n".join([*lines, b""])


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
        _object.decode(record)
        # Only what may be too deep is made a value of.
        value: Any = _value(record) if _may_be_deep(record) else None
    except RecursionError:
        return _TOO_DEEP
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        # It refuses halves of characters, and in a value whole numbers of thousands of digits.
        if len(record) > MAX_BYTES:
            return f"is no strict JSON, or not what can be told of more than {MAX_BYTES:,} bytes"
        return _reason(text)
    return _TOO_DEEP if value is not None and _is_deep(value) else None


def _are_lines(records: Sequence[bytes], lines: bytes, *, are_parsed: bool = False) -> bool:
    """Say whether each of *records* is a line as it is: no if in doubt."""
    # All at once: to look at each takes longer than to copy them.
    together = b"".join(records)
    if b"\n" in together or b"\r" in together or not all(records):
        return False
    # So begun and ended, no two lines are one object, whatever stands in them.
    if set(map(_first_byte, records)) != _BEGIN or set(map(_last_byte, records)) != _END:
        return not records
    if not (lines.isascii() or _is_utf8(lines)):
        return False
    if max(map(len, records)) >= LONG and any(map(_may_be_deep, records)):
        return False
    return are_parsed or _are_objects(lines, records)


def _is_utf8(lines: bytes) -> bool:
    # A line break is no part of a longer character, so that each line is sound if all are.
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_objects(lines: bytes, records: Sequence[bytes]) -> bool:
    try:
        return len(_object.decode_lines(lines)) == len(records)
    except (msgspec.MsgspecError, RecursionError):
        return False


def _may_be_deep(record: bytes) -> bool:
    return len(record) >= LONG and record.count(b"[") + record.count(b"{") > MAX_DEPTH


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inside = [one.values() if one.__class__ is dict else one for one in level]
        level = [one for ones in inside for one in ones if one.__class__ in (dict, list)]
        if not level:
            return False
    return True


def _reason(text: str) -> str | None:
    """Return what the standard library's reader has against *text*."""
    try:
        value: Any = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "holds half a character"
    except json.JSONDecodeError as error:
        return f"is no strict JSON: {error.msg}, at character {error.pos}"
    except ValueError as error:
        # Its text may begin with a name of JSON's, and never quotes a value.
        return f"is no strict JSON: {error}"
    except RecursionError:
        return _TOO_DEEP
    if value.__class__ is not dict:
        return "is no JSON object"
    return _TOO_DEEP if _may_be_deep(text.encode()) and _is_deep(value) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
