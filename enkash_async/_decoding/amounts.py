"""Amounts of money, which are made from the digits of the wire and never from a float. No I/O."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def amount(value: object) -> Decimal:
    """Return the finite amount that *value* stands for: text, an int or a Decimal.

    ValueError for all else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    try:
        return finite(Decimal(value))
    except InvalidOperation:
        raise ValueError("expected a number, got other text") from None


def finite(number: Decimal) -> Decimal:
    """Return *number*; ValueError for NaN and the infinities."""
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number


def from_digits(digits: str) -> Decimal:
    """Return the number written as *digits* in JSON, NaN if its exponent is beyond all bounds."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        # Refused later, as not finite, so that the error names the field.
        return Decimal("NaN")
