"""Undecoded records as dicts and JSON. No I/O."""

from __future__ import annotations

import json as standard
from collections.abc import Callable
from typing import Any, cast

import msgspec

from enkash_async._wire.broken_texts import decode_despite_broken_texts
from enkash_async._wire.numbers import from_digits

_exact = msgspec.json.Decoder(dict[str, Any], float_hook=from_digits).decode
_in_json = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode


def as_dict(raw: bytes, *, json: bool = False) -> dict[str, Any]:
    """Return what *raw*, a JSON object, holds: numbers with a fraction as Decimal.

    With *json* these are text, so that they keep their digits. ValueError if it is not sound.
    """
    decode = _in_json if json else _exact
    try:
        return decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found = _with_long_numbers(bytes(raw), str if json else from_digits)
        if found is None:
            raise ValueError("an undecoded record is no sound JSON object") from error
        return found


def _with_long_numbers(raw: bytes, hook: Callable[[str], Any]) -> dict[str, Any] | None:
    """Return an object that msgspec refuses for thousands of digits, None if for more than that."""
    try:
        raw.decode()
        found = decode_despite_broken_texts(raw, hook, long_hook=hook)
        standard.dumps(found, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def as_raw(raw: bytes) -> msgspec.Raw:
    """Return *raw*, a JSON object, to be put into other JSON as it is, in one line."""
    as_dict(raw)
    return msgspec.Raw(in_one_line(raw))


def in_one_line(raw: bytes) -> bytes:
    """Return *raw*, which is sound JSON, without line breaks."""
    # In sound JSON they stand between its parts alone, where a blank will do.
    if b"\n" in raw or b"\r" in raw:
        return raw.replace(b"\r", b" ").replace(b"\n", b" ")
    return raw
