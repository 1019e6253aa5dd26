"""Nothing is read that is nested deeper than a bound of our own. No I/O.

Parsers that call themselves stop at a limit which is another on each version of Python, and at
none that a program has raised far enough. Here no function calls itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from enkash_async._patterns import Pattern

T = TypeVar("T")

check_json = msgspec.json.Decoder(msgspec.Raw).decode

MAX_DEPTH = 100
"""Levels of an answer that are read. The service's own has at most six."""

MAX_ERROR_DEPTH = 32
"""Levels of what becomes Python objects: others walk through these by functions that recurse."""

MAX_BRACKETS = 50_000
"""Brackets that are looked at in one go, which takes about ten milliseconds."""

_WINDOW = 256 * 1024

_NEXT_BRACKET = Pattern(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)


class TooDeepError(Exception):
    """JSON is nested too deep, and has too many brackets to be cut down."""


def decoded(text: bytes, decode: Callable[[bytes], T], depth: int = MAX_DEPTH) -> T:
    """Return what *decode* makes of JSON, or of the upper levels of one that is nested deeper.

    Raises what *decode* raises, or TooDeepError.
    """
    try:
        return decode(text)
    except RecursionError:
        shallow = pruned(text, depth)
    return decode(shallow)


def is_sound_json(text: bytes) -> bool:
    """Say whether *text* is JSON that can be read; nothing is made of it."""
    try:
        check_json(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _has_many_brackets(text: bytes) -> bool:
    found = 0
    for place in range(0, len(text), _WINDOW):
        end = place + _WINDOW
        found += text.count(b"[", place, end) + text.count(b"{", place, end)
        if found > MAX_BRACKETS:
            return True
    return False


def pruned(text: bytes, depth: int = MAX_DEPTH) -> bytes:
    """Return JSON without what is nested deeper than *depth*: lists and objects there are empty.

    What is no JSON is none afterwards either. TooDeepError if that would take too long.
    """
    if _has_many_brackets(text):
        raise TooDeepError
    parts: list[bytes] = []
    level, place, kept_to, begin = 0, 0, 0, 0
    while (found := _NEXT_BRACKET.match(text, place)) is not None:
        place = found.end()
        if found[1] in b"[{":
            level += 1
            if level == depth + 1:
                begin = place
        else:
            level -= 1
            if level == depth:
                parts.append(text[kept_to:begin])
                kept_to = place - 1
    if level > depth:
        # Without an end, so that no parser shall find one.
        return b"".join([*parts, text[kept_to:begin]])
    return b"".join([*parts, text[kept_to:]]) if parts else text
