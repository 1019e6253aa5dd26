"""A record becomes a dict or JSON without a loss, and text never unnoticed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import Customer, CustomerReminder, HiddenFieldsWarning, Page, ReminderType
from enkash_async._decoding import forms
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._wire.keys import wire_name
from tests.decoding.drawing import CUSTOMERS
from tests.decoding.made_up import RECORDS, values_of
from tests.support.second_list import Branch, BranchKind, Supplier

IST = timezone(timedelta(hours=5, minutes=30))
CUSTOMER = Customer(
    customer_id="KC1",
    legal_name="Kaveri Traders",
    net_amount=Decimal("12345678901234567.10"),
    created_on=datetime(2026, 1, 1, 5, 30, tzinfo=IST),
    branch_codes=("MUM1",),
    customer_reminders=(CustomerReminder(reminder_type=ReminderType.ONCE),),
)
SUPPLIER = Supplier(
    code="S1",
    open_balance=Decimal("0.10"),
    branches=(Branch(kind=BranchKind.DEPOT), Branch(kind="SHOP")),
)

# As a dict


@pytest.mark.parametrize("record", [CUSTOMER, SUPPLIER])
@pytest.mark.parametrize("wire", [False, True])
def test_a_dict_has_every_field_under_the_names_asked_for(record: Any, wire: bool) -> None:
    fields = attrs.fields(type(record))
    names = [wire_name(field) if wire else field.name for field in fields]

    assert list(record.to_dict(wire=wire)) == list(record.to_dict(wire=wire, json=True)) == names


@pytest.mark.parametrize(
    ("record", "name", "value", "in_json"),
    [
        (CUSTOMER, "net_amount", CUSTOMER.net_amount, "12345678901234567.10"),
        (CUSTOMER, "created_on", CUSTOMER.created_on, "2026-01-01T00:00:00Z"),
        (CUSTOMER, "modified_on", None, None),
        (CUSTOMER, "branch_codes", ["MUM1"], ["MUM1"]),
        (CUSTOMER, "warnings", [], []),
        (CUSTOMER, "legal_name", "Kaveri Traders", "Kaveri Traders"),
        (SUPPLIER, "open_balance", Decimal("0.10"), "0.10"),
        (Supplier(open_balance=Decimal("1E+3")), "open_balance", Decimal("1E+3"), "1E+3"),
    ],
)
def test_the_value_of_a_field(record: Any, name: str, value: Any, in_json: Any) -> None:
    assert record.to_dict()[name] == value
    assert record.to_dict(json=True)[name] == in_json
    assert json.loads(record.to_json())[name] == in_json


def test_records_inside_are_dicts_and_members_plain_text_in_json() -> None:
    [reminder] = CUSTOMER.to_dict()["customer_reminders"]
    depot, shop = SUPPLIER.to_dict(wire=True, json=True)["branches"]

    assert reminder["reminder_type"] is ReminderType.ONCE
    assert [type(branch["kind"]) for branch in (depot, shop)] == [str, str]
    assert (depot["kind"], shop["kind"]) == ("DEPOT", "SHOP")
    assert "openedOn" in depot


# Back from JSON


@settings(max_examples=40, deadline=None)
@given(st.one_of(CUSTOMERS, *map(values_of, RECORDS)))
def test_json_of_the_wire_names_reads_as_the_same_record(record: Any) -> None:
    text = forms.as_json(forms.as_dict(record, wire=True, json=True))
    kind: Any = type(record)
    if getattr(record, "customer_id", "") is None:
        # Whether it is a record at all is judged by its names, which is tested elsewhere.
        record = attrs.evolve(record, customer_id="KC1")
        text = record.to_json(wire=True)

    [read], error = RecordDecoder(kind, UTC).decode_many([text.encode()])

    assert error is None
    assert read == record
    assert "\n" not in text


def test_whole_numbers_of_any_size_stay_whole() -> None:
    assert json.loads(Customer(id=2**70).to_json())["id"] == 2**70


# As text


def write_csv(record: Any) -> None:
    csv.writer(io.StringIO()).writerow([record])


def print_to_a_file(record: Any) -> None:
    print(record, file=io.StringIO())


TEXTS: list[Callable[[Any], object]] = [
    lambda record: json.dumps(record, default=str),
    write_csv,
    print_to_a_file,
    str,
    lambda record: "%s" % record,  # noqa: UP031
    lambda record: f"{record}",
    lambda record: f"{record!s}",
    lambda record: "{}".format(record),  # noqa: UP032
]
FOR_PEOPLE: list[Callable[[Any], str]] = [
    repr,
    lambda record: f"{record!r}",
    lambda record: "%r" % record,  # noqa: UP031
]


@pytest.mark.parametrize("record", [CUSTOMER, SUPPLIER, CustomerReminder()])
@pytest.mark.parametrize("write", TEXTS)
def test_a_text_that_lacks_fields_is_warned_of(record: Any, write: Callable[[Any], object]) -> None:
    if not forms.hidden_fields(record):
        write(record)
        assert str(record) == f"{record}" == repr(record)
        return
    with pytest.warns(HiddenFieldsWarning, match=r"lacks \d+ of its fields: to_dict\(\)") as caught:
        write(record)
    # In whose program it is: json and csv have none of theirs above a text.
    assert {warning.filename for warning in caught} <= {__file__, json.encoder.__file__}


@pytest.mark.parametrize("write", TEXTS)
def test_so_is_the_text_of_a_page(write: Callable[[Any], object]) -> None:
    with pytest.warns(HiddenFieldsWarning, match="the text of a Page lacks"):
        write(Page((CUSTOMER,), 0, 1))
    assert str(Page((), 0, 0)) == f"{Page((), 0, 0)}" == repr(Page((), 0, 0))


@pytest.mark.parametrize("record", [CUSTOMER, SUPPLIER, Page((CUSTOMER,), 0, 1)])
@pytest.mark.parametrize("show", FOR_PEOPLE)
def test_what_is_for_people_is_silent(record: Any, show: Callable[[Any], str]) -> None:
    assert show(record) == repr(record)


def test_a_record_takes_no_format() -> None:
    for value in (CUSTOMER, CustomerReminder(), Page((CUSTOMER,), 0, 1)):
        with pytest.raises(TypeError, match=r"takes no format such as '>10': format a field of it"):
            format(value, ">10")


def test_json_without_a_default_refuses_a_record() -> None:
    with pytest.raises(TypeError):
        json.dumps(CUSTOMER)


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (CUSTOMER, ", … 20 more fields hidden)"),
        (SUPPLIER, ", … 3 more fields hidden)"),
        (Branch(), ", … 1 more field hidden)"),
        (CustomerReminder(), "stage=None)"),
    ],
)
def test_a_repr_says_how_many_fields_it_hides(record: Any, end: str) -> None:
    assert repr(record).startswith(f"{type(record).__name__}(")
    assert repr(record).endswith(end)
    assert "Kaveri" not in repr(record)


# Pages


def page(count: int = 5, **more: Any) -> Page[Customer]:
    return Page((CUSTOMER,) * count, 40, 400, **more)


def test_a_page_leaves_with_its_records() -> None:
    found = page().to_dict(wire=True, json=True)

    assert found.pop("records") == [CUSTOMER.to_dict(wire=True, json=True)] * 5
    assert found == {"offset": 40, "total": 400, "next_offset": 45, "has_more": True}
    assert json.loads(page().to_json(wire=True)) == page().to_dict(wire=True, json=True)


def test_undecoded_records_keep_their_bytes_in_json() -> None:
    raw: Page[bytes] = Page((b'{"a": 1.10,\r\n"b": 100000000000000000000.5}',), 0, 1)

    assert raw.to_dict()["records"] == [
        {"a": Decimal("1.10"), "b": Decimal("1e20") + Decimal(".5")}
    ]
    assert raw.to_dict(json=True)["records"] == [{"a": "1.10", "b": "100000000000000000000.5"}]
    assert raw.to_json().startswith('{"records":[{"a": 1.10,  "b": 100000000000000000000.5}]')
    for bad in (b'{"a": NaN}', b"null", b'{"a": "\xff"}'):
        with pytest.raises(ValueError, match="no sound JSON"):
            Page((bad,), 0, 1).to_json()


@pytest.mark.parametrize(
    ("count", "ends"), [(0, "()"), (3, "hidden))"), (4, ", … 1 more)"), (1000, ", … 997 more)")]
)
def test_the_repr_of_a_page_is_bounded(count: int, ends: str) -> None:
    shown = repr(page(count))

    assert shown.startswith("Page(records=(")
    assert f"{ends}, offset=40, total=400, next_offset={40 + count}, has_more=" in shown
    assert shown.count("Customer(") == min(count, 3)
    assert "Kaveri" not in shown


def test_undecoded_records_are_not_shown() -> None:
    raw = Page((b'{"legalName": "Kaveri"}',), 0, 1)

    assert "Kaveri" not in repr(raw) + raw._repr_html_()
    assert "<23 bytes>" in repr(raw)


def test_a_notebook_shows_a_table_with_the_same_privacy() -> None:
    odd = attrs.evolve(CUSTOMER, state="<b>&", company_id="C" * 1000)
    html = Page((odd,) * 30, 0, None)._repr_html_()

    assert html.startswith("<table><tr><th>active</th><th>company_id</th>")
    assert html.count("<tr>") == 21
    assert "&lt;b&gt;&amp;" in html
    assert "C" * 201 not in html
    assert "Kaveri" not in html
    for note in ("rows 0 to 29 of an unknown number", "… 10 more", "… 20 more fields hidden"):
        assert f"<div>{note}</div>" in html
    assert "no rows of 0" in Page((), 0, 0)._repr_html_()


@pytest.mark.parametrize(
    ("records", "total", "next_offset", "has_more"),
    [(5, 400, 45, True), (5, 45, 45, False), (5, None, 45, True), (0, 0, 40, False)],
)
def test_where_a_page_made_by_hand_ends(
    records: int, total: int | None, next_offset: int, has_more: bool
) -> None:
    made = Page((CUSTOMER,) * records, 40, total)
    assert (made.next_offset, made.has_more) == (next_offset, has_more)
