"""The generated reader of a record: its text, what a traceback shows of it, what it may fill."""

from __future__ import annotations

import gc
import linecache
import sys
import textwrap
import traceback
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
import msgspec
import pytest

from enkash_async._decoding import record_class
from enkash_async._decoding.reader_source import source_in_place, source_moving
from enkash_async._decoding.record_class import has_struct_storage
from enkash_async._decoding.struct_lane import struct_lane
from enkash_async._wire.keys import wire


class Status(StrEnum):
    OPEN = "OPEN"


@record_class.record
class Address:
    city: str | None = None


@record_class.record
class Reminder:
    hour: int | None = None


@record_class.record
class Invoice:
    """A record with a field of each kind."""

    customer_id: str | None = wire(identity=True)
    branch_codes: tuple[str, ...] = ()
    status: Status | str | None = None
    due: datetime | None = None
    net_amount: Decimal | None = None
    address: Address | None = None
    reminders: tuple[Reminder, ...] = ()


@record_class.record
class Inner:
    due: datetime | None = None
    status: Status | str | None = None


@record_class.record
class Outer:
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()


@record_class.record
class Outermost:
    outer: Outer | None = None


@attrs.frozen(weakref_slot=False)
class AttrsInvoice:
    """The same as an ordinary attrs class."""

    customer_id: str | None = wire(identity=True)
    branch_codes: tuple[str, ...] = ()
    status: Status | str | None = None
    due: datetime | None = None
    net_amount: Decimal | None = None
    address: Address | None = None
    reminders: tuple[Reminder, ...] = ()


INVOICES = pytest.mark.parametrize(
    ("record", "source_of"), [(Invoice, source_in_place), (AttrsInvoice, source_moving)]
)


def reader(record: Any = Invoice, times: Any = "iso") -> Any:
    read_many = struct_lane(record, UTC, times)
    return lambda raw: read_many([raw])[0]


@INVOICES
def test_the_text_is_the_example_of_the_docstring(record: Any, source_of: Any) -> None:
    documentation = textwrap.dedent(f"    {source_of.__doc__}")
    source = source_of(record, "iso", from_bytes=True)

    assert textwrap.indent(source, "    ") in documentation


@INVOICES
def test_times_in_any_notation_and_nested_records_have_texts_of_their_own(
    record: Any, source_of: Any
) -> None:
    for times in ("aware", "any"):
        assert "value.replace" not in source_of(record, times, from_bytes=True)
    assert not source_of(Address, "iso", from_bytes=False).startswith("def read(raws)")


@pytest.mark.parametrize(
    ("record", "raw", "line"),
    [
        (Invoice, b'{"netAmount": "NaN"}', "    record.net_amount = amount(value)\n"),
        (AttrsInvoice, b'{"netAmount": "NaN"}', "    value = amount(value)\n"),
        (Invoice, b'{"customerId": 1}', "records = [*map(decode, raws)]"),
        (AttrsInvoice, b'{"customerId": 1}', "for raw, struct in zip(raws, structs):"),
    ],
)
def test_a_traceback_shows_the_line_that_failed(record: Any, raw: bytes, line: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)) as caught:
        reader(record)(raw)
    # What tools do before they print, lest they show a file as it was.
    linecache.checkcache()
    shown = "".join(traceback.format_exception(caught.value))

    assert line in shown
    assert f"reader of tests.decoding.test_struct_lane.{record.__name__}, iso times" in shown


def test_a_traceback_shows_the_line_of_a_nested_record() -> None:
    with pytest.raises(ValueError, match="time") as caught:
        reader(made("Outer", made("Inner", datetime)), "any")(b'{"field": {"field": "x"}}')
    shown = "".join(traceback.format_exception(caught.value))

    assert "record.field = None if value is None else read_field(value)" in shown
    assert "record.field = None if value is None else instant(value)" in shown


def made(name: str, kind: Any) -> Any:
    fields = {"field": attrs.field(type=kind | None, default=None)}
    return attrs.make_class(name, fields, frozen=True, slots=True, weakref_slot=False)


def test_classes_of_one_name_keep_their_own_lines() -> None:
    files = dict[str, str]()
    for kind in (Decimal, datetime, Decimal):
        read: Any = struct_lane(made("Same", kind), UTC, "iso")
        name = read.__code__.co_filename
        files.setdefault(name, "".join(linecache.getlines(name)))

    first, second = files.values()
    assert "is_finite" in first
    assert "tzinfo" in second


@INVOICES
@pytest.mark.parametrize("times", ["aware", "iso", "any"])
def test_what_is_read_is_a_record_like_any_other(record: Any, source_of: Any, times: Any) -> None:
    raw = b"""{"customerId": "KC1", "branchCodes": ["A"], "status": "OPEN", "due":
        "2019-08-24T14:15:22Z", "netAmount": 0.10, "address": {}, "reminders": [{"hour": 3}, {}]}"""
    expected = record(
        *("KC1", ("A",), Status.OPEN, datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)),
        *(Decimal("0.10"), Address(), (Reminder(3), Reminder())),
    )
    invoice = reader(record, times)(raw)

    assert type(invoice) is record
    assert [type(item) for item in invoice.reminders] == [Reminder, Reminder]
    assert type(invoice.address) is Address
    assert (invoice, hash(invoice), repr(invoice)) == (expected, hash(expected), repr(expected))
    assert sys.getsizeof(invoice) == sys.getsizeof(expected)
    assert gc.is_tracked(invoice) is gc.is_tracked(expected) is not has_struct_storage(record)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        invoice.customer_id = "KC2"


@pytest.mark.parametrize(
    ("raw", "put_right"),
    [
        (b'{"due": "2019-08-24T14:15:22"}', {"due": datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)}),
        (b'{"branchCodes": null}', {"branch_codes": ()}),
        (b'{"reminders": null}', {"reminders": ()}),
    ],
)
def test_what_would_have_to_be_put_right_is_left_to_the_second_lane(
    raw: bytes, put_right: dict[str, Any]
) -> None:
    with pytest.raises(msgspec.ValidationError):
        reader(times="aware")(raw)
    assert reader(times="iso")(raw) == Invoice(**put_right)


def test_records_within_records_are_put_right_in_the_same_function() -> None:
    moment = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)
    text = b'{"due": "2019-08-24T14:15:22", "status": "OPEN"}'
    raw = b'{"outer": {"inner": %b, "inners": [%b, {"status": "new"}]}}' % (text, text)
    read = reader(Outermost)(raw)

    inner = Inner(moment, Status.OPEN)
    assert read == Outermost(Outer(inner, (inner, Inner(status="new"))))
    assert [type(one) for one in (read.outer, *read.outer.inners)] == [Outer, Inner, Inner]


@INVOICES
def test_what_shows_a_struct_on_its_way_shows_no_field(record: Any, source_of: Any) -> None:
    with pytest.raises(ValueError, match="expected a number") as caught:
        reader(record)(b'{"customerId": "KC1", "netAmount": "NaN"}')
    seen = list[str]()
    frame = caught.value.__traceback__
    while frame is not None:
        seen += [repr(frame.tb_frame.f_locals.get(name)) for name in ("record", "struct")]
        frame = frame.tb_next

    assert any("InvoiceStruct object" in text for text in seen)
    assert "KC1" not in "".join(seen)


@attrs.frozen
class WithWeakReferences:
    name: str | None = None


@attrs.frozen(slots=False)
class WithDict:
    name: str | None = None


@attrs.frozen(weakref_slot=False)
class Base:
    city: str | None = None


@attrs.frozen(weakref_slot=False)
class Derived(Base):
    street: str | None = None


@pytest.mark.parametrize("record", [WithWeakReferences, WithDict, Derived])
def test_a_record_of_another_layout_is_refused_before_anything_is_read(record: Any) -> None:
    with pytest.raises(TypeError, match=f"{record.__name__} must have slots for its fields"):
        reader(record)
