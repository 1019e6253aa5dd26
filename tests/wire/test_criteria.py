"""Filters of any list: how their fields are written, and when two ask for the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enkash_async._wire.criteria import (
    Criteria,
    amount,
    check_range,
    criterion,
    flag,
    instant,
    int32,
    member_of,
    text,
    texts,
)

IST = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2019, 8, 24, 14, 15, 22, 500_000, tzinfo=UTC)


class Level(StrEnum):
    HIGH = "HIGH"
    LOW = "LOW"


def day_month_year(moment: datetime) -> str:
    return moment.astimezone(IST).strftime("%d-%m-%Y %H:%M:%S")


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@attrs.frozen(kw_only=True)
class InvoiceFilter(Criteria):
    """A filter that no service has."""

    amount: Any = criterion(amount)
    due_from: Any = criterion(instant)
    due_on: Any = criterion(instant, written=day_month_year)
    paid_on: Any = criterion(instant, written=milliseconds, name="paid")
    is_open: Any = criterion(flag, written=lambda value: "Y" if value else "N")
    level: Any = criterion(member_of(Level), shown=True)
    page: Any = criterion(int32)
    states: Any = criterion(texts)
    name: Any = criterion(text)


def filter_of(**fields: Any) -> InvoiceFilter:
    return InvoiceFilter(**fields)


@pytest.mark.parametrize(
    ("fields", "wire"),
    [
        ({}, {}),
        ({"due_from": MOMENT}, {"dueFrom": "2019-08-24T14:15:22.500Z"}),
        ({"due_on": MOMENT}, {"dueOn": "24-08-2019 19:45:22"}),
        ({"due_on": MOMENT.astimezone(IST)}, {"dueOn": "24-08-2019 19:45:22"}),
        ({"paid_on": MOMENT}, {"paid": 1566656122500}),
        ({"paid_on": None}, {}),
        ({"is_open": False}, {"isOpen": "N"}),
        ({"level": "LOW"}, {"level": "LOW"}),
        ({"states": iter(["b", "a"])}, {"states": ["b", "a"]}),
        ({"amount": 3, "page": 0}, {"amount": Decimal(3), "page": 0}),
    ],
)
def test_a_field_is_written_as_it_was_declared(fields: dict[str, Any], wire: Any) -> None:
    assert filter_of(**fields).as_wire() == wire


def test_what_is_kept_is_the_value_and_not_how_it_is_written() -> None:
    criteria = filter_of(due_on=MOMENT, paid_on=MOMENT, is_open=True)

    assert (criteria.due_on, criteria.paid_on, criteria.is_open) == (MOMENT, MOMENT, True)
    assert attrs.evolve(criteria, due_on=None).as_wire() == {"paid": 1566656122500, "isOpen": "Y"}


def test_another_notation_is_checked_like_any_other() -> None:
    with pytest.raises(ValueError, match="due_on must be aware"):
        filter_of(due_on=MOMENT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="paid_on must be a time in ISO 8601 with its zone"):
        filter_of(paid_on="24-08-2019")
    with pytest.raises(
        TypeError, match="paid_on must be a datetime with a zone, or the ISO text of one, not int"
    ):
        filter_of(paid_on=24)
    with pytest.raises(TypeError, match="is_open must be a bool"):
        filter_of(is_open="Y")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "half \ud800", "can be written as UTF-8"),
        ("name", "two\nlines", "without control characters"),
        *(
            ("name", f"a{control}", "control")
            for control in ("\0", "\t", "\r", "\x1b", "\x7f", "\x9b")
        ),
        ("states", ["a", "\ud800"], "can be written as UTF-8"),
        ("states", ["a", "b\0"], "without control characters"),
        ("amount", Decimal("1E+1000000"), "at most 100 digits"),
        ("amount", Decimal("1E-1000000"), "at most 100 digits"),
        ("amount", Decimal("1E+100"), "at most 100 digits"),
        ("amount", 10**4000, "at most 100 digits"),
        ("amount", 10**100, "at most 100 digits"),
        ("amount", Decimal("NaN"), "finite"),
        ("amount", Decimal("-Infinity"), "finite"),
        ("page", 10**4000, "32 bits"),
    ],
)
def test_what_no_request_can_hold_is_refused_by_the_name_of_its_field(
    field: str, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field} .*{reason}"):
        filter_of(**{field: value})


@pytest.mark.parametrize("value", ["ग्राहक", "a b", "é😀", "", "a\u200db", "x" * 10_000])
def test_any_other_text_may_be_asked_for(value: str) -> None:
    assert filter_of(name=value).as_wire() == {"name": value}


@pytest.mark.parametrize("value", [10**100 - 1, Decimal("1E+99"), Decimal("1E-100"), Decimal("-0")])
def test_an_amount_may_have_many_digits(value: Any) -> None:
    assert filter_of(amount=value).as_wire() == {"amount": value}


def test_only_what_is_shown_is_in_the_repr() -> None:
    assert repr(filter_of(level="LOW", name="planted-secret", paid_on=MOMENT)) == (
        "InvoiceFilter(level=<Level.LOW: 'LOW'>)"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"name": None}),
        ({"due_from": MOMENT}, {"due_from": MOMENT.astimezone(IST)}),
        ({"due_on": MOMENT}, {"due_on": MOMENT.astimezone(IST)}),
        ({"paid_on": MOMENT}, {"paid_on": MOMENT.astimezone(IST)}),
        ({"states": ["a", "b"]}, {"states": ("b", "a")}),
        ({"states": ["a", "b"]}, {"states": {"a", "b"}}),
        ({"amount": 100}, {"amount": Decimal("1.00E+2")}),
        ({"amount": Decimal("0.10")}, {"amount": Decimal("0.1")}),
        ({"amount": Decimal("-0.00")}, {"amount": 0}),
        ({"amount": 10**99}, {"amount": Decimal("1E+99")}),
        ({"level": "LOW"}, {"level": Level.LOW}),
    ],
)
def test_filters_that_ask_for_the_same_have_one_canonical_form(one: Any, other: Any) -> None:
    assert filter_of(**one).canonical() == filter_of(**other).canonical()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"is_open": False}),
        ({"name": "a"}, {"name": "A"}),
        ({"due_from": MOMENT}, {"due_from": MOMENT + timedelta(microseconds=1)}),
        ({"due_from": MOMENT}, {"due_on": MOMENT}),
        ({"states": ["a"]}, {"states": ["a", "a"]}),
        ({"amount": Decimal("0.1")}, {"amount": Decimal("0.100001")}),
        ({"amount": Decimal("1." + "0" * 40 + "1")}, {"amount": Decimal(1)}),
        ({"amount": Decimal("1" * 100 + "." + "1" * 100)}, {"amount": Decimal("1" * 100)}),
        ({"amount": 10**40 + 1}, {"amount": 10**40}),
    ],
)
def test_filters_that_ask_for_something_else_have_another(one: Any, other: Any) -> None:
    assert filter_of(**one).canonical() != filter_of(**other).canonical()


@given(
    st.builds(
        filter_of,
        amount=st.none() | st.decimals(-(10**30), 10**30, places=9),
        due_on=st.none() | st.datetimes(datetime(1900, 1, 1), timezones=st.just(IST)),
        states=st.none() | st.lists(st.text("ab"), min_size=1, max_size=3),
        level=st.none() | st.sampled_from(Level),
    )
)
def test_a_canonical_form_can_be_written_as_json_and_read_back(criteria: InvoiceFilter) -> None:
    canonical = criteria.canonical()

    assert msgspec.json.decode(msgspec.json.encode(canonical)) == canonical


@pytest.mark.parametrize(("low", "high"), [(None, None), (1, None), (None, 1), (1, 1), (1, 2)])
def test_a_range_may_be_open_and_may_be_one_value(low: Any, high: Any) -> None:
    check_range("low", low, "high", high)


def test_a_range_the_wrong_way_round_names_both_ends() -> None:
    with pytest.raises(ValueError, match="low must not lie after high"):
        check_range("low", 2, "high", 1)
