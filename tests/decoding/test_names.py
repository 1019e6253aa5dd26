"""An object whose names are not those of a record is no record of nothing but None."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import msgspec
import pytest

from enkash_async import Customer, DecodeError
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async._decoding.declaration import fields_of, identity_of
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.names import compared_names, undeclared_names, why_foreign
from enkash_async._wire.fields import identity_reader, time_reader
from tests.decoding.alike import FastLane, ReferenceLane
from tests.decoding.test_decoding import EXAMPLE

LANES = pytest.mark.parametrize("lane", [RecordDecoder, ReferenceLane])
LANES_OF_ONE = pytest.mark.parametrize("lane", [FastLane, ReferenceLane])


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


SPELLINGS: dict[str, Any] = {
    "snake case": snake,
    "Pascal case": lambda name: name[0].upper() + name[1:],
    "upper case": str.upper,
    "lower case": str.lower,
    "kebab case": lambda name: snake(name).replace("_", "-"),
    "constants": lambda name: snake(name).upper(),
    "a prefix": lambda name: f"customer.{name}",
    "another language": lambda name: f"kunde{len(name)}{name[0]}",
}


@LANES
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_record_in_another_spelling_is_a_bad_record(lane: Any, spell: Any) -> None:
    raw = json.dumps({spell(name): value for name, value in EXAMPLE.items()}).encode()

    with pytest.raises(DecodeError, match="of the 31 fields of a Customer, and no customerId") as e:
        lane(Customer, UTC).decode(raw)
    assert e.value.path == "$"
    assert RowReader(Customer, UTC).read([msgspec.Raw(raw)]) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "is an empty object"),
        (
            {"customer_id": "KC1", "legal_name": "x", "state": "y"},
            "has 1 of the 31 fields of a Customer, and no customerId; it has"
            " customer_id (for customerId), legal_name (for legalName)",
        ),
        (
            {"data": [], "recordsCount": 0},
            "has 0 of the 31 fields of a Customer, and no customerId; it has data, recordsCount",
        ),
        # Names that may be data are not shown.
        (
            {"planted@example.com": 1, "planted secret": 2, "p" * 41: 3, "": 4, "x": 5},
            "has 0 of the 31 fields of a Customer, and no customerId; it has x, 4 others",
        ),
        (
            {f"field{number}": number for number in range(7)},
            "has 0 of the 31 fields of a Customer, and no customerId; it has field0, field1,"
            " field2, field3, field4, 2 others",
        ),
        # No record either, though all its other names are right.
        (
            {**{name: None for name in EXAMPLE if name != "customerId"}, "customerID": "KC1"},
            "has 30 of the 31 fields of a Customer, and no customerId; it has"
            " customerID (for customerId)",
        ),
    ],
)
@LANES
def test_the_error_says_what_was_found(lane: Any, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        lane(Customer, UTC).decode(json.dumps(fields).encode())
    assert (caught.value.path, caught.value.reason) == ("$", reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"customerId": "KC1"},
        {"customerId": "KC1", "a": 1, "b": 2, "c": 3, "d": 4, "e": 5},
        {"customerId": None, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5},
        {"customerId": "KC1", "customer_id": "KC2", "CustomerId": "KC3"},
        {"legalName": "x"},
        {"legalName": "x", "a": 1, "b": 2, "c": 3},
        {"id": 1},
    ],
)
@LANES_OF_ONE
def test_what_may_be_a_record_is_one(lane: Any, fields: dict[str, Any]) -> None:
    customer = lane(Customer, UTC).decode(json.dumps(fields).encode())
    assert customer.customer_id == fields.get("customerId")


def test_a_record_that_declares_no_identity_may_be_anything() -> None:
    contact: Any = next(field for field in fields_of(Customer) if field.is_record).kind
    assert identity_of(contact) is None
    assert why_foreign(contact, ["x"]) is None
    assert RecordDecoder(contact, UTC).decode(b'{"x": 1}') == contact()


def test_names_are_compared_with_those_declared() -> None:
    names = compared_names(Customer, ["customerId", "legal_name", "LegalName", "x", "_"])

    assert names.known == ("customerId",)
    assert names.undeclared == ("legal_name", "LegalName", "x", "_")
    assert names.respelled == {"legal_name": "legalName", "LegalName": "legalName"}


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b'{"customerId": "KC1", "gstin": 1, "kyc_level": {"x": 1}}', ("gstin", "kyc_level")),
        (b'{"customerId": "KC1"}', ()),
        (b'{"planted@example.com": 1}', ()),
        (b"null", ()),
        (b"{", ()),
        (b'{"\xff": 1}', ()),
        (b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}", ()),
    ],
)
def test_names_that_nobody_declared_are_found(raw: bytes, names: tuple[str, ...]) -> None:
    found = undeclared_names(Customer, raw)
    assert found == names or len(raw) > 20_000


# What stands twice, or is broken where nobody looks.


@LANES_OF_ONE
def test_of_a_field_that_stands_twice_the_last_counts(lane: Any) -> None:
    raw = b'{"customerId":"KC1","createdOn":0,"customerId":"KC2","createdOn":"2019-08-24"}'
    customer = lane(Customer, UTC).decode(raw)

    assert customer.customer_id == "KC2"
    assert identity_reader("customerId")(msgspec.Raw(raw)) == "KC2"
    assert time_reader("createdOn", UTC)([msgspec.Raw(raw)]) == [customer.created_on]
    batch = RowReader(Customer, UTC).read([msgspec.Raw(raw)])
    assert batch is None or batch.column("customer_id")[0].as_py() == "KC2"


@pytest.mark.parametrize(
    "text", [b'"a\\ud800"', b'"\\udc00\\ud800b"', b'"\xff"', b'"\xed\xa0\x80"']
)
@LANES
def test_half_a_character_costs_a_record_only_where_the_field_is_declared(
    lane: Any, text: bytes
) -> None:
    decoder = lane(Customer, UTC)

    assert decoder.decode(b'{"customerId":"KC1","x":%b}' % text) == Customer(customer_id="KC1")
    for name in ("legalName", "branchCodes[0]", "customerReminders[0].reminderType"):
        field, _, nested = name.partition("[0]")
        value = text if field == "legalName" else b"[%b]" % text
        if nested:
            value = b'[{"reminderType":%b}]' % text
        with pytest.raises(DecodeError) as caught:
            decoder.decode(b'{"customerId":"KC1","%b":%b}' % (field.encode(), value))
        assert caught.value.path == name
        assert caught.value.reason == "holds half a character, or is not UTF-8"


@LANES
@pytest.mark.parametrize("number", ["12.0", "1.2E1", "120e-1", "12"])
def test_a_whole_number_may_be_written_with_a_point(lane: Any, number: str) -> None:
    raw = '{"customerId":"KC1","id":%s,"customerReminders":[{"reminderInterval":%s}]}'
    customer = lane(Customer, UTC).decode((raw % (number, number)).encode())

    assert customer.id == 12
    assert type(customer.id) is int
    assert customer.customer_reminders[0].reminder_interval == 12


@pytest.mark.parametrize("item", ["{}", '{"name":1}', '"x"', "null"])
@pytest.mark.parametrize("name", ["customerKeyContacts", "branchCodes", "x"])
def test_a_record_of_very_many_values_is_a_bad_record(item: str, name: str) -> None:
    def raw(count: int) -> bytes:
        items = ",".join([item] * count)
        return f'{{"customerId":"KC1","{name}":[{items}],"legalName":"{"x" * 70_000}"}}'.encode()

    decoder = RecordDecoder(Customer, UTC)
    good, bad = raw(1), raw(30_000)
    with pytest.raises(DecodeError, match="holds more than 20,000 values") as caught:
        decoder.decode(bad)
    assert caught.value.path == "$"
    assert RowReader(Customer, UTC).read([msgspec.Raw(bad)]) is None
    if name == "x":
        assert decoder.decode_many([good, bad, good])[0] == [decoder.decode(good)]


@LANES
@pytest.mark.parametrize("depth", [1, 31, 32, 33, 99, 100, 101, 500, 999, 3000, 20_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_costs_a_record_only_where_the_field_is_declared(
    lane: Any, depth: int, opening: str
) -> None:
    deep = "[" * depth + "]" * depth if opening == "[" else opening * depth + "1" + "}" * depth
    decoder = lane(Customer, UTC)

    assert decoder.decode(f'{{"customerId":"KC1","x":{deep}}}'.encode()).customer_id == "KC1"
    with pytest.raises(DecodeError) as caught:
        decoder.decode(f'{{"customerId":"KC1","legalName":{deep}}}'.encode())
    assert caught.value.path == "legalName"
    assert (
        identity_reader("customerId")(msgspec.Raw(f'{{"x":{deep},"customerId":"KC1"}}'.encode()))
        == "KC1"
    )
