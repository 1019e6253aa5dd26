"""Undecoded records to JSON Lines: one object a line, whatever bytes came. No I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from enkash_async._decoding.raw_forms import in_one_line
from enkash_async.errors import DecodeError

MAX_BYTES = 1024 * 1024
"""Of a record that msgspec refuses and another parser is asked about, which takes longer."""


class _Object(msgspec.Struct):
    """Any object; its fields are read over."""


_objects = msgspec.json.Decoder(_Object)


def sound_lines(
    raws: Sequence[bytes | msgspec.Raw],
) -> tuple[list[bytes | msgspec.Raw], DecodeError | None]:
    """Return *raws* in a line each, as far as the first that is no JSON object, and its error.

    Their bytes are untouched, but for line breaks between fields, which become blanks.
    """
    lines = b"\n".join(raws)
    if lines.isascii() and b"\r" not in lines and lines.count(b"\n") == len(raws) - 1:
        try:
            objects = _objects.decode_lines(lines)
        except (msgspec.MsgspecError, RecursionError):
            return _one_by_one(raws)
        if len(objects) == len(raws):
            return list(raws), None
    return _one_by_one(raws)


def ended(lines: Sequence[bytes | msgspec.Raw]) -> bytes:
    """Return *lines* with a line break after each."""
    return b"\n".join([*lines, b""])


def _one_by_one(
    raws: Sequence[bytes | msgspec.Raw],
) -> tuple[list[bytes | msgspec.Raw], DecodeError | None]:
    lines = list[bytes | msgspec.Raw]()
    for raw in raws:
        text = bytes(raw)
        if not _is_object(text):
            return lines, DecodeError("$", "is no sound JSON object")
        lines.append(in_one_line(text))
    return lines, None


def _is_object(text: bytes) -> bool:
    try:
        if not text.isascii():
            # msgspec reads over a text without a look at its encoding.
            text.decode()
        _objects.decode(text)
    except msgspec.ValidationError:
        return False
    except (msgspec.MsgspecError, RecursionError):
        return len(text) <= MAX_BYTES and _is_object_to_python(text)
    except UnicodeDecodeError:
        return False
    return True


def _is_object_to_python(text: bytes) -> bool:
    """Say whether Python reads *text* as an object: half a character that is escaped, too."""
    try:
        return isinstance(json.loads(text, parse_int=str, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
