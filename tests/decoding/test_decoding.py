"""Both lanes read a record alike, and say which field cannot be read without its value."""

import traceback
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, localcontext
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import (
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    DecodeError,
    ReminderType,
)
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.reference_lane import reference_converter
from tests.decoding.alike import FastLane, ReferenceLane, outcome, spelled
from tests.decoding.drawing import (
    ANYTHING,
    CONTACT_TEXTS,
    CUSTOMERS,
    IST,
    MUTATED,
    REMINDER_TEXTS,
    TEXTS,
    customers,
    json_object,
)
from tests.decoding.made_up import Branch, Nest

many_examples = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

MOMENT = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)

LANES = pytest.mark.parametrize("lane", [RecordDecoder, ReferenceLane])
Lane = type[RecordDecoder[Customer]]


def decode(lane: Lane, zone: tzinfo = UTC, **fields: object) -> Customer:
    return lane(Customer, zone).decode(msgspec.json.encode(fields))


IN_UTC = RecordDecoder(Customer, UTC)
IN_IST = RecordDecoder(Customer, IST)
FAST = FastLane(Customer, UTC)
DECODERS = st.sampled_from([IN_UTC, IN_IST])
SEVERAL = st.lists(customers(st.nothing()) | MUTATED, max_size=3)


@many_examples
@given(customers(st.nothing(), has_id=True), DECODERS)
def test_both_lanes_read_any_valid_record_alike(
    text: str, decoder: RecordDecoder[Customer]
) -> None:
    raw = text.encode()

    assert spelled(decoder.decode(raw)) == spelled(decoder.decode_by_reference(raw))


@many_examples
@given(MUTATED, DECODERS)
def test_both_lanes_agree_on_any_record_and_on_whether_it_can_be_read(
    text: str, decoder: RecordDecoder[Customer]
) -> None:
    raw = text.encode()

    assert outcome(decoder.decode, raw) == outcome(decoder.decode_by_reference, raw)


@many_examples
@given(st.sampled_from([*TEXTS, "active", "id", "netAmount", "dsoMedian", "createdOn"]), ANYTHING)
def test_both_lanes_agree_on_any_value_of_a_field(name: str, token: str) -> None:
    raw = json_object({name: token}).encode()

    assert outcome(IN_IST.decode, raw) == outcome(IN_IST.decode_by_reference, raw)


@many_examples
@given(MUTATED)
def test_what_the_fast_lane_accepts_alone_is_what_the_reference_reads(text: str) -> None:
    raw = text.encode()
    try:
        fast = FAST.decode(raw)
    except FastLane.RefusedError:
        return
    assert spelled(fast) == spelled(IN_UTC.decode_by_reference(raw))


@settings(many_examples, max_examples=60)
@given(SEVERAL, DECODERS)
def test_several_are_read_as_each_of_them_is_up_to_the_first_that_cannot_be(
    texts: list[str], decoder: RecordDecoder[Customer]
) -> None:
    raws = [text.encode() for text in texts]
    records, error = decoder.decode_many(raws)

    assert [spelled(one) for one in records] == [outcome(decoder.decode, r) for r in raws][
        : len(records)
    ]
    if error is None:
        assert len(records) == len(raws)
    else:
        assert error.path == outcome(decoder.decode, raws[len(records)])


@settings(many_examples, max_examples=60)
@given(SEVERAL, DECODERS)
def test_a_list_is_read_as_its_items_are_or_not_at_all(
    texts: list[str], decoder: RecordDecoder[Customer]
) -> None:
    raws = [text.encode() for text in texts]
    read = decoder.decode_list(b"[" + b",".join(raws) + b"]", raws)
    records, error = decoder.decode_many(raws)

    if read is not None:
        assert error is None
        assert [spelled(one) for one in read] == [spelled(one) for one in records]


@pytest.mark.parametrize("keep_unknown", [False, True])
@pytest.mark.parametrize(
    ("record", "name"), [(Customer, b"customerId"), (Branch, b"season"), (Nest, b"season")]
)
def test_sound_records_are_read_as_a_list(record: Any, name: bytes, keep_unknown: bool) -> None:
    decoder = RecordDecoder(record, UTC, keep_unknown=keep_unknown)
    raws = [b'{"%b": "KC%d", "more": 1}' % (name, number) for number in range(3)]

    assert decoder.decode_list(b"[" + b",".join(raws) + b"]", raws) == decoder.decode_many(raws)[0]


def test_an_amount_beyond_all_bounds_is_refused_though_the_program_ignores_such() -> None:
    with localcontext() as context:
        context.clear_traps()
        for decode_one in (IN_UTC.decode, IN_UTC.decode_by_reference):
            assert outcome(decode_one, b'{"netAmount": 1e9999999999999999999}') == "netAmount"


@many_examples
@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_bytes_of_any_kind_are_a_record_or_a_decode_error(raw: bytes) -> None:
    assert outcome(IN_UTC.decode, raw) == outcome(IN_UTC.decode_by_reference, raw)


EXAMPLE: dict[str, Any] = {
    **dict.fromkeys(TEXTS, "string"),
    **{"active": True, "id": 0, "netAmount": 0, "dsoMedian": 0.5},
    **{"createdOn": "2019-08-24T14:15:22Z", "modifiedOn": "2019-08-24 14:15:22"},
    **{"branchCodes": ["string"], "warnings": ["string"]},
    "customerKeyContacts": [
        {
            **dict.fromkeys(CONTACT_TEXTS, "string"),
            **dict.fromkeys(("createdOn", "modifiedOn"), "2019-08-24T14:15:22Z"),
            **dict.fromkeys(("mail_enabled", "sms_enabled", "whatsapp_enabled"), True),
        }
    ],
    "customerReminders": [
        {
            **dict.fromkeys(REMINDER_TEXTS, "string"),
            **{"dueDateDifference": 0, "reminderInterval": 0, "reminderType": "ONCE"},
        }
    ],
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        dict.fromkeys(EXAMPLE),
        {"createdOn": "2019-08-24T14:15:22+0530"},
        {"netAmount": "12345678901234567.89"},
        {"aFieldOfTomorrow": {"deep": [1, None]}},
    ],
)
def test_ordinary_records_do_not_need_the_reference(changes: dict[str, Any]) -> None:
    raw = msgspec.json.encode(EXAMPLE | changes)

    assert isinstance(FAST.decode(raw), Customer)


@LANES
def test_every_documented_field_arrives(lane: Lane) -> None:
    contact = CustomerKeyContact(
        created_by="string",
        created_on=MOMENT,
        customer_id="string",
        customer_name="string",
        deleted="string",
        email="string",
        key_contact_person_id="string",
        mail_enabled=True,
        mobile="string",
        modified_by="string",
        modified_on=MOMENT,
        name="string",
        sms_enabled=True,
        whatsapp_enabled=True,
    )
    reminder = CustomerReminder(
        customer_id="string",
        customer_reminder_id="string",
        due_date_difference=0,
        reminder_interval=0,
        reminder_time="string",
        reminder_type=ReminderType.ONCE,
        stage="string",
    )

    assert decode(lane, **EXAMPLE) == Customer(
        account_number="string",
        active=True,
        address="string",
        assigned_agent="string",
        bank_name="string",
        branch_codes=("string",),
        company_id="string",
        contact_email="string",
        contact_number="string",
        created_by="string",
        created_by_name="string",
        created_on=MOMENT,
        customer_id="string",
        customer_key_contacts=(contact,),
        customer_logo="string",
        customer_reminders=(reminder,),
        dso_median=Decimal("0.5"),
        id=0,
        ifsc="string",
        legal_name="string",
        modified_by="string",
        modified_by_name="string",
        modified_on=MOMENT,
        net_amount=Decimal(0),
        pan_or_gstin="string",
        parent_company_id="string",
        parent_legal_name="string",
        pin_code="string",
        state="string",
        unique_ref_no="string",
        warnings=("string",),
    )


@LANES
@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(EXAMPLE)])
def test_absent_and_null_are_none_and_lists_are_empty(lane: Lane, nothing: dict[str, Any]) -> None:
    assert decode(lane, **(nothing | {"customerId": "KC1"})) == Customer(customer_id="KC1")
    assert decode(lane, **(nothing | {"customerId": None})) == Customer()


@LANES
def test_unknown_fields_are_ignored(lane: Lane) -> None:
    assert decode(lane, customerId="KC1", customer_id="KC2", more={"a": [1]}) == Customer(
        customer_id="KC1"
    )


@LANES
@pytest.mark.parametrize(
    "digits",
    [
        *("12345678901234567.89", "0.10", "0.1", "-5.00", "100", "12345678901234567890123456789"),
        *("0.1234567890123456789012345678901234567890", "1E+3", "1E-10"),
    ],
)
@pytest.mark.parametrize("notation", ["{}", '"{}"'])
def test_money_keeps_the_digits_of_the_wire(lane: Lane, digits: str, notation: str) -> None:
    raw = f'{{"netAmount":{notation.format(digits)}}}'.encode()

    amount = lane(Customer, UTC).decode(raw).net_amount

    assert isinstance(amount, Decimal)
    assert str(amount) == digits


@LANES
@pytest.mark.parametrize("zone", [UTC, IST])
@pytest.mark.parametrize("text", ["2019-08-24T14:15:22", "2019-08-24 14:15:22", "2019-08-24 14:15"])
def test_a_date_without_a_zone_is_in_the_zone_given(lane: Lane, zone: tzinfo, text: str) -> None:
    contact = {"modifiedOn": text}
    customer = decode(lane, zone, createdOn=text, customerKeyContacts=[contact])
    expected = datetime.fromisoformat(text).replace(tzinfo=zone)

    assert customer.created_on == expected
    assert customer.customer_key_contacts[0].modified_on == expected


@LANES
@pytest.mark.parametrize(
    "value",
    [
        *("2019-08-24T14:15:22Z", "2019-08-24T19:45:22+0530", "2019-08-24 19:45:22+05:30"),
        *(1566656122000, 1566656122, 1566656122.0, "1566656122", "20190824141522Z"),
    ],
)
def test_a_date_with_a_zone_is_that_instant(lane: Lane, value: object) -> None:
    assert decode(lane, IST, createdOn=value).created_on == MOMENT


@LANES
@pytest.mark.parametrize(
    ("text", "kind"), [("ONCE", ReminderType), ("RECURRING", ReminderType), ("DAILY", str)]
)
def test_an_unknown_reminder_type_is_kept_as_text(lane: Lane, text: str, kind: type) -> None:
    [reminder] = decode(lane, customerReminders=[{"reminderType": text}]).customer_reminders

    assert reminder.reminder_type == text
    assert type(reminder.reminder_type) is kind


@LANES
def test_decoded_records_are_as_good_as_made_ones(lane: Lane) -> None:
    decoded = decode(lane, customerId="KC1", branchCodes=["A"], createdOn="2019-08-24T14:15:22Z")
    made = Customer(customer_id="KC1", branch_codes=("A",), created_on=MOMENT)

    assert type(decoded) is Customer
    assert (decoded, hash(decoded), repr(decoded)) == (made, hash(made), repr(made))
    assert attrs.evolve(decoded, customer_id="KC2").branch_codes == ("A",)


@LANES
def test_a_raw_slice_of_a_page_is_read_like_bytes(lane: Lane) -> None:
    [raw] = msgspec.json.decode(b'[{"customerId": "KC1"}]', type=list[msgspec.Raw])

    assert lane(Customer, UTC).decode(raw) == Customer(customer_id="KC1")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"legalName": 1}, "legalName"),
    ({"customerId": True}, "customerId"),
    ({"active": 0}, "active"),
    ({"active": "true"}, "active"),
    ({"id": "1"}, "id"),
    ({"id": 1.9}, "id"),
    ({"id": 1e300}, "id"),
    ({"id": True}, "id"),
    ({"netAmount": "a lot"}, "netAmount"),
    ({"netAmount": True}, "netAmount"),
    ({"netAmount": "NaN"}, "netAmount"),
    ({"dsoMedian": []}, "dsoMedian"),
    ({"createdOn": "yesterday"}, "createdOn"),
    ({"createdOn": "201908241415"}, "createdOn"),
    ({"createdOn": 1566656122000000}, "createdOn"),
    ({"modifiedOn": [2019, 8, 24]}, "modifiedOn"),
    ({"modifiedOn": True}, "modifiedOn"),
    ({"branchCodes": "A"}, "branchCodes"),
    ({"branchCodes": ["A", None]}, "branchCodes[1]"),
    ({"warnings": {}}, "warnings"),
    ({"customerKeyContacts": {}}, "customerKeyContacts"),
    ({"customerKeyContacts": [None]}, "customerKeyContacts[0]"),
    ({"customerKeyContacts": [{}, "name"]}, "customerKeyContacts[1]"),
    ({"customerKeyContacts": [{}, {"createdOn": "x"}]}, "customerKeyContacts[1].createdOn"),
    ({"customerKeyContacts": [{"mail_enabled": 1}]}, "customerKeyContacts[0].mail_enabled"),
    ({"customerKeyContacts": [{"deleted": False}]}, "customerKeyContacts[0].deleted"),
    ({"customerReminders": [{"reminderType": 1}]}, "customerReminders[0].reminderType"),
    (
        {"customerReminders": [{}, {}, {"dueDateDifference": 1.5}]},
        "customerReminders[2].dueDateDifference",
    ),
]


@LANES
@pytest.mark.parametrize(("fields", "path"), WRONG, ids=[path for _, path in WRONG])
def test_an_error_names_the_path_of_the_field(
    lane: Lane, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(lane, **(EXAMPLE | fields))
    assert caught.value.path == path
    assert path in str(caught.value)
    assert caught.value.reason
    assert caught.value.__cause__ is not None


@LANES
@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]", b'"customerId"', b"1", b"{} {}"])
def test_what_is_no_json_object_is_a_decode_error_at_the_root(lane: Lane, raw: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        lane(Customer, UTC).decode(raw)
    assert caught.value.path == "$"


@LANES
@pytest.mark.parametrize("depth", [5_000, 100_000])
def test_nesting_without_end_is_a_decode_error(lane: Lane, depth: int) -> None:
    raw = b'{"legalName":' + b"[" * depth + b"]" * depth + b"}"

    with pytest.raises(DecodeError):
        lane(Customer, UTC).decode(raw)


SECRET = "planted-secret"


@LANES
@pytest.mark.parametrize(
    "fields",
    [
        *({name: [SECRET]} for name in TEXTS),
        *({name: SECRET} for name in ("active", "id", "netAmount", "dsoMedian", "createdOn")),
        *({name: SECRET} for name in ("branchCodes", "warnings", "customerKeyContacts")),
        {"customerReminders": [SECRET]},
        {"customerKeyContacts": [{"createdOn": SECRET, "email": SECRET}]},
        {"customerReminders": [{"reminderType": {SECRET: SECRET}}]},
        {"legalName": SECRET, "id": 1.5, SECRET: SECRET},
    ],
)
def test_the_value_is_neither_in_the_error_nor_in_its_traceback(
    lane: Lane, fields: dict[str, Any]
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(lane, **fields)
    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.args}"
    assert SECRET not in "".join(traceback.format_exception(error))


@many_examples
@given(CUSTOMERS, st.sampled_from(["string", "number"]))
def test_a_record_written_in_wire_names_is_read_back_as_the_same(
    customer: Customer, how: Any
) -> None:
    wire = reference_converter(UTC).unstructure(customer)
    raw = msgspec.json.Encoder(decimal_format=how).encode(wire)

    assert IN_UTC.decode(raw) == customer
    assert IN_UTC.decode_by_reference(raw) == customer
    assert set(wire) == set(EXAMPLE)
