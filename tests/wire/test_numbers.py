"""A number beside the records is what it spells in any notation, within bounds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from enkash_async._wire.numbers import from_digits, number, whole_number
from tests.support.answers import answer, page_payload


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((0, 0), (12, 12), ("12", 12), ("012", 12), (Decimal("12.0"), 12), ("12.0", 12)),
        *((Decimal("1.2E1"), 12), ("1.2e1", 12), ("120E-1", 12), (2**63 - 1, 2**63 - 1)),
        *((str(2**63 - 1), 2**63 - 1), (Decimal("9223372036854775807.0"), 2**63 - 1)),
        *((2**63, None), (str(2**63), None), (Decimal(2**63), None), (10**4000, None)),
        *((-1, None), ("-1", None), (Decimal("-0.5"), None), ("+1", None), (True, None)),
        *((False, None), (None, None), ("", None), (" 1 ", None), ("1_0", None), ("many", None)),
        *(("12.5", None), (Decimal("0.5"), None), ("NaN", None), (Decimal("NaN"), None)),
        *((Decimal("Infinity"), None), ("1e999", None), (Decimal("1E+1000000"), None)),
        *((Decimal("1E-1000000"), None), ("\u0661", None), ("9" * 5000, None)),
        *(([], None), ({}, None), (b"1", None)),
        *((12.0, 12), (12.5, None), (float("inf"), None), (float("nan"), None), (1e300, None)),
    ],
)
def test_a_whole_number(value: object, read: int | None) -> None:
    assert whole_number(value) == read


@pytest.mark.parametrize(
    ("value", "read"), [("86399", 86399), (Decimal("0.5"), Decimal("0.5")), ("x", None), (-1, None)]
)
def test_any_number(value: object, read: object) -> None:
    assert number(value) == read


def test_an_exponent_beyond_all_bounds_is_no_number() -> None:
    assert from_digits("1e9999999999999999999").is_nan()


@pytest.mark.parametrize(
    ("count", "read"),
    [
        *((b"12", 12), (b'"12"', 12), (b"12.0", 12), (b'"12.0"', 12), (b"1.2E1", 12), (b"-0", 0)),
        *((b"2147483647", 2**31 - 1), (b"2147483648", None), (b"9223372036854775808", None)),
        *((b"18446744073709551616", None), (b"9" * 4000, None), (b"1e400", None)),
        *((b"-1", None), (b"null", None), (b"true", None), (b"[]", None), (b'"\\ud800"', None)),
        (b"1e9999999999999999999", None),
    ],
)
def test_a_count_is_a_whole_number_or_unknown(count: bytes, read: int | None) -> None:
    body = b'{"payload":{"data":[{}],"recordsCount":%b}}' % count
    assert page_payload(answer(body)).count == read
