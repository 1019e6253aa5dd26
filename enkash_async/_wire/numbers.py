"""Numbers as they may be written beside the records. No I/O."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from enkash_async._arguments import INT32_MAX
from enkash_async._patterns import Pattern

_NUMBER = Pattern(r"\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?", re.ASCII)

_BOUND = 2**63

_BEYOND_BOUNDS = Decimal("NaN1")
"""A NaN that no number and no text of JSON becomes."""


def from_digits(digits: str) -> Decimal:
    """Return the number written as *digits* in JSON.

    Where its exponent is beyond all bounds, that is a NaN of which `is_beyond_bounds` is true.
    """
    try:
        return Decimal(digits)
    except InvalidOperation:
        # Refused later, as not finite, so that the error names the field.
        return _BEYOND_BOUNDS


def is_beyond_bounds(number: Decimal) -> bool:
    """Say whether *number* stands for one that is finite, but too large or small to be held."""
    return number.is_nan() and number.as_tuple() == _BEYOND_BOUNDS.as_tuple()


def number(value: object) -> Decimal | None:
    """Return the number that *value* is or spells, from 0 to below 2**63; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value if _NUMBER.fullmatch(value) else None
    # An int of any size, before it is made a Decimal.
    if isinstance(value, int) and not 0 <= value < _BOUND:
        return None
    if not isinstance(value, (str, int, float, Decimal)):
        return None
    found = Decimal(value)
    return found if found.is_finite() and 0 <= found < _BOUND else None


def whole_number(value: object) -> int | None:
    """Return the whole number that *value* is or spells, also as `12.0`, from 0 to 2**63 - 1.

    None for all else.
    """
    found = number(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def row_count(value: object) -> int | None:
    """Return the number of rows that *value* is or spells; None for all else, and beyond bounds."""
    found = whole_number(value)
    return found if found is not None and found <= INT32_MAX else None
