"""Amounts of money, which are made from the digits of the wire and never from a float. No I/O."""

from __future__ import annotations

import re
from decimal import Decimal

from enkash_async._patterns import Pattern
from enkash_async._wire.numbers import from_digits, is_beyond_bounds

_NUMBER = Pattern(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_MOST_DIGITS = 100
"""Digits of a whole number that is written with a point or an exponent."""


def amount(value: object) -> Decimal:
    """Return the finite amount that *value* stands for: an int, a Decimal, or text that spells one.

    ValueError for all else, such as "1_000" and digits of other scripts.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    if not isinstance(value, str):
        return finite(Decimal(value))
    if not _NUMBER.fullmatch(value):
        raise ValueError("expected a number, got other text")
    return finite(from_digits(value))


def whole(value: object) -> int:
    """Return the whole number that *value* is, `12.0` and `1.2E1` among them.

    ValueError for all else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and is_whole(value):
        return int(value)
    if not isinstance(value, Decimal):
        raise ValueError(f"expected a whole number, got {type(value).__name__}")
    if finite(value).adjusted() >= _MOST_DIGITS:
        raise ValueError(f"is a number of more than {_MOST_DIGITS} digits")
    raise ValueError("expected a whole number, got a fraction")


def is_whole(number: Decimal) -> bool:
    """Say whether *number* is a whole one of at most 100 digits."""
    # Not by its remainder alone: the digits of 1E+1000000 would fill a page.
    return (
        number.is_finite() and number.adjusted() < _MOST_DIGITS and number == number.to_integral()
    )


def finite(number: Decimal) -> Decimal:
    """Return *number*; ValueError for NaN, the infinities and what stands for other numbers."""
    if is_beyond_bounds(number):
        raise ValueError("a number whose exponent is beyond all bounds")
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number
