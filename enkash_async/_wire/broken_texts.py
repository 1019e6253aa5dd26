"""JSON in which only texts are broken: halves of characters, bytes that are no UTF-8. No I/O."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

MOST_DIGITS = 640
"""Digits of a whole number that any setting of Python makes an int of."""


def decode_despite_broken_texts(
    raw: bytes, float_hook: Callable[[str], Any], long_hook: Callable[[str], Any] = Decimal
) -> Any:
    """Return the JSON in *raw*, with half a character for each half and for each wrong byte.

    *float_hook* makes the numbers with a fraction or an exponent, *long_hook* whole ones of too
    many digits for an int. ValueError if more is broken. Slow, and for what msgspec refuses only.
    """
    text = raw.decode("utf-8", "surrogateescape")

    def whole(digits: str) -> Any:
        # Python refuses to make an int of more than 4,300 digits, or fewer if it is told to.
        return int(digits) if len(digits) <= MOST_DIGITS else long_hook(digits)

    return json.loads(text, parse_int=whole, parse_float=float_hook, parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def mended(value: Any) -> Any:
    """Return decoded JSON, of a bounded depth, with a question mark for each half character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    inside: Any = value
    if isinstance(value, list):
        return [mended(item) for item in inside]
    if isinstance(value, dict):
        return {mended(name): mended(item) for name, item in inside.items()}
    return inside
