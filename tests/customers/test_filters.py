"""A filter is checked when it is made, and says on the wire what was given and no more."""

import inspect
import json
import pickle
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import CustomerFilter, CustomerLevel, CustomerStatus, Direction
from enkash_async._wire.criteria import enum_member

IST = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)

TEXTS = {
    "account_number": "accountNumber",
    "assigned_agent": "assignedAgent",
    "company_id": "companyId",
    "contact_number": "contactNumber",
    "created_by_name": "createdByName",
    "ifsc": "ifsc",
    "legal_name": "legalName",
    "modified_by_name": "modifiedByName",
    "pan_or_gstin": "panOrGstin",
    "parent_company_id": "parentCompanyId",
    "unique_ref_no": "uniqueRefNo",
}
INSTANTS = {
    "created_on_from": "createdOnFrom",
    "created_on_to": "createdOnTo",
    "modified_on": "modifiedOn",
}
NUMBERS = {"dso_from": "dsoFrom", "dso_to": "dsoTo"}
# As enkash-old.apidog.io/api-8993801 lists them.
WIRE_NAMES = {
    **TEXTS,
    **INSTANTS,
    **NUMBERS,
    "balance_amount": "balanceAmount",
    "customer_ids": "customerIds",
    "customer_status": "customerStatus",
    "level": "level",
    "select_all": "selectAll",
}
PRIVATE = (
    *("account_number", "assigned_agent", "contact_number", "created_by_name", "ifsc"),
    *("legal_name", "modified_by_name", "pan_or_gstin"),
)


def filter_of(fields: dict[str, Any]) -> CustomerFilter:
    return CustomerFilter(**fields)


def written(criteria: CustomerFilter) -> str:
    return msgspec.json.Encoder(decimal_format="number").encode(criteria.as_wire()).decode()


FULL: dict[str, Any] = {
    **dict.fromkeys(TEXTS, "text"),
    **dict.fromkeys(INSTANTS, MOMENT),
    **{"dso_from": 0, "dso_to": 30, "balance_amount": Decimal("12345678901234567.89")},
    **{"customer_ids": ["KC1", "KC2"], "customer_status": "ACTIVE", "level": "LEVEL_2"},
    "select_all": False,
}


def test_a_filter_has_exactly_the_documented_fields() -> None:
    assert {field.name for field in attrs.fields(CustomerFilter)} == set(WIRE_NAMES)
    assert len(attrs.fields(CustomerFilter)) == 21


def test_every_field_arrives_under_its_wire_name() -> None:
    assert json.loads(written(filter_of(FULL)), parse_float=Decimal) == {
        **dict.fromkeys(TEXTS.values(), "text"),
        **dict.fromkeys(INSTANTS.values(), "2019-08-24T14:15:22Z"),
        "dsoFrom": 0,
        "dsoTo": 30,
        "balanceAmount": Decimal("12345678901234567.89"),
        "customerIds": ["KC1", "KC2"],
        "customerStatus": "ACTIVE",
        "level": "LEVEL_2",
        "selectAll": False,
    }


@pytest.mark.parametrize("name", WIRE_NAMES)
def test_one_field_given_is_one_field_sent(name: str) -> None:
    assert list(filter_of({name: FULL[name]}).as_wire()) == [WIRE_NAMES[name]]


@pytest.mark.parametrize("name", WIRE_NAMES)
def test_none_is_not_sent(name: str) -> None:
    assert filter_of({name: None}).as_wire() == {}
    assert filter_of({name: None}) == CustomerFilter()


@pytest.mark.parametrize(
    "amount", ["12345678901234567.89", "0.10", "-5.00", "100", "0.1234567890123456789"]
)
def test_an_amount_is_written_as_a_number_with_its_digits(amount: str) -> None:
    assert (
        written(CustomerFilter(balance_amount=Decimal(amount))) == f'{{"balanceAmount":{amount}}}'
    )


def test_an_int_amount_becomes_a_decimal() -> None:
    criteria = CustomerFilter(balance_amount=10**20)

    assert type(criteria.balance_amount) is Decimal
    assert written(criteria) == f'{{"balanceAmount":{10**20}}}'


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2019-08-24T14:15:22Z"),
        (MOMENT.astimezone(IST), "2019-08-24T14:15:22Z"),
        (datetime(2019, 8, 24, 1, 0, tzinfo=IST), "2019-08-23T19:30:00Z"),
        (MOMENT.astimezone(timezone(-timedelta(hours=8))), "2019-08-24T14:15:22Z"),
        (MOMENT.replace(microsecond=500_000), "2019-08-24T14:15:22.500Z"),
        (MOMENT.replace(microsecond=1), "2019-08-24T14:15:22.000001Z"),
    ],
)
@pytest.mark.parametrize("name", INSTANTS)
def test_an_instant_is_written_in_utc(name: str, moment: datetime, text: str) -> None:
    assert filter_of({name: moment}).as_wire() == {WIRE_NAMES[name]: text}


@pytest.mark.parametrize(
    ("given_ids", "kept"),
    [
        (["KC1", "KC2"], ("KC1", "KC2")),
        (("KC1",), ("KC1",)),
        ((text for text in ["KC1", "KC2"]), ("KC1", "KC2")),
        ({"KC1"}, ("KC1",)),
    ],
)
def test_ids_are_any_iterable_and_kept_as_a_tuple(
    given_ids: Iterable[str], kept: tuple[str, ...]
) -> None:
    criteria = CustomerFilter(customer_ids=given_ids)

    assert criteria.customer_ids == kept
    assert criteria.as_wire() == {"customerIds": list(kept)}


def test_ids_are_not_changed_from_outside() -> None:
    ids = ["KC1"]
    criteria = CustomerFilter(customer_ids=ids)
    ids.append("KC2")

    assert criteria.customer_ids == ("KC1",)


@pytest.mark.parametrize("status", ["ACTIVE", "ALL", "INACTIVE"])
def test_a_status_may_be_text_or_member(status: str) -> None:
    criteria = CustomerFilter(customer_status=status)

    assert criteria.customer_status is CustomerStatus(status)
    assert criteria == CustomerFilter(customer_status=CustomerStatus(status))
    assert written(criteria) == f'{{"customerStatus":"{status}"}}'


@pytest.mark.parametrize("level", ["LEVEL_1", "LEVEL_2", "LEVEL_3"])
def test_a_level_may_be_text_or_member(level: str) -> None:
    criteria = CustomerFilter(level=level)

    assert criteria.level is CustomerLevel(level)
    assert criteria == CustomerFilter(level=CustomerLevel(level))
    assert written(criteria) == f'{{"level":"{level}"}}'


def test_the_enumerations_are_the_documented_ones() -> None:
    assert [member.value for member in CustomerStatus] == ["ACTIVE", "ALL", "INACTIVE"]
    assert [member.value for member in CustomerLevel] == ["LEVEL_1", "LEVEL_2", "LEVEL_3"]
    assert [member.value for member in Direction] == ["ASC", "DESC"]


def test_a_direction_may_be_text_or_member() -> None:
    assert enum_member(Direction, "ASC", "direction") is Direction.ASC
    assert enum_member(Direction, Direction.DESC, "direction") is Direction.DESC


@pytest.mark.parametrize("value", ["ascending", "UP", ""])
def test_a_wrong_direction_is_refused_with_the_right_ones(value: str) -> None:
    with pytest.raises(ValueError, match="direction must be one of ASC, DESC"):
        enum_member(Direction, value, "direction")


def test_a_direction_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="direction"):
        enum_member(Direction, 1, "direction")


WRONG_TYPES: list[tuple[str, Any]] = [
    *product(TEXTS, (1, True, b"text", ["text"], 1.5)),
    *product(INSTANTS, (b"2019-08-24T14:15:22Z", 1566656122000, [2019], 0.5)),
    *product(NUMBERS, ("1", 1.0, True, Decimal(1), [1])),
    *product(["balance_amount"], (1.5, True, "1.50", b"1", [1])),
    *product(["customer_ids"], ("KC1", b"KC1", 1, [1], ["KC1", None], [b"KC1"])),
    *product(["customer_status"], (1, True, b"ACTIVE", ["ACTIVE"])),
    *product(["level"], (1, True, b"LEVEL_1", ["LEVEL_1"])),
    *product(["select_all"], (1, 0, "true", b"", [])),
]


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES)
def test_a_wrong_type_is_a_type_error_that_names_the_field(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=rf"^{name} must be "):
        filter_of({name: value})


def test_every_field_has_its_wrong_types_tested() -> None:
    assert {name for name, _ in WRONG_TYPES} == set(WIRE_NAMES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, datetime(2019, 8, 24, 14, 15, 22)) for name in INSTANTS),
        *((name, 2**31) for name in NUMBERS),
        *((name, -(2**31) - 1) for name in NUMBERS),
        *(("balance_amount", Decimal(text)) for text in ("NaN", "sNaN", "Infinity", "-Infinity")),
        ("customer_ids", []),
        ("customer_ids", iter(())),
        *(("customer_status", text) for text in ("actives", "LEVEL_1", "DELETED", "")),
        *(("level", text) for text in ("level 1", "LEVEL_4", "1", "")),
        ("level", CustomerStatus.ACTIVE),
    ],
)
def test_an_impossible_value_is_a_value_error_that_names_the_field(
    name: str, value: object
) -> None:
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        filter_of({name: value})


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        ("created_on_from", "created_on_to", (MOMENT, MOMENT - timedelta(microseconds=1))),
        ("created_on_from", "created_on_to", (MOMENT, datetime(2019, 8, 24, 19, 45, tzinfo=IST))),
        ("dso_from", "dso_to", (1, 0)),
    ],
)
def test_a_range_that_ends_before_it_begins_is_a_value_error(
    low: str, high: str, values: tuple[Any, Any]
) -> None:
    with pytest.raises(ValueError, match=rf"{low}.*{high}"):
        filter_of(dict(zip((low, high), values, strict=True)))


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        ("created_on_from", "created_on_to", (MOMENT, MOMENT)),
        ("created_on_from", "created_on_to", (MOMENT, MOMENT.astimezone(IST))),
        ("created_on_from", "created_on_to", (MOMENT, None)),
        ("created_on_from", "created_on_to", (None, MOMENT)),
        ("dso_from", "dso_to", (-(2**31), 2**31 - 1)),
        ("dso_from", "dso_to", (0, 0)),
    ],
)
def test_a_range_may_be_one_point_or_open(low: str, high: str, values: tuple[Any, Any]) -> None:
    criteria = filter_of(dict(zip((low, high), values, strict=True)))

    assert (getattr(criteria, low), getattr(criteria, high)) == values


@pytest.mark.parametrize("name", PRIVATE)
def test_personal_and_bank_data_stay_out_of_the_repr(name: str) -> None:
    criteria = filter_of({name: "planted-secret", "level": "LEVEL_1"})

    assert "planted-secret" not in f"{criteria} {criteria!r}"
    assert "LEVEL_1" in repr(criteria)


@pytest.mark.parametrize("name", [*TEXTS, *INSTANTS, *NUMBERS, "balance_amount", "select_all"])
def test_a_refused_value_stays_out_of_the_error(name: str) -> None:
    with pytest.raises(TypeError) as caught:
        filter_of({name: [b"planted-secret"]})
    assert "planted-secret" not in str(caught.value)


def test_a_filter_is_made_by_name_and_never_changes() -> None:
    criteria: Any = CustomerFilter(company_id="CEK1")

    with pytest.raises(TypeError):
        filter_of({"email": "a@example.com"})
    with pytest.raises(TypeError):
        type(criteria)("CEK1")
    with pytest.raises(AttributeError):
        criteria.company_id = "CEK2"


# Without control characters and halves of characters, which are refused.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=5)
FILTERS = st.builds(
    filter_of,
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(TEXTS, st.none() | TEXT),
            "modified_on": st.datetimes(
                datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, IST])
            ),
            "dso_from": st.integers(-(2**31), 0),
            "dso_to": st.integers(0, 2**31 - 1),
            "balance_amount": st.integers() | st.decimals(-(10**30), 10**30, places=9),
            "customer_ids": st.lists(TEXT, min_size=1, max_size=3),
            "customer_status": st.sampled_from(CustomerStatus),
            "level": st.sampled_from(CustomerLevel).map(str),
            "select_all": st.booleans(),
        },
    ),
)


@settings(max_examples=150, deadline=None)
@given(FILTERS)
def test_a_filter_is_a_value_that_survives_pickling(criteria: CustomerFilter) -> None:
    copy = pickle.loads(pickle.dumps(criteria))

    assert copy == criteria
    assert hash(copy) == hash(criteria)
    assert copy.as_wire() == criteria.as_wire()
    assert attrs.evolve(criteria) == criteria


@settings(max_examples=150, deadline=None)
@given(FILTERS)
def test_what_is_written_is_json_with_the_values_given(criteria: CustomerFilter) -> None:
    wire = json.loads(written(criteria), parse_float=Decimal, parse_int=Decimal)
    sent = {name for name in WIRE_NAMES if getattr(criteria, name) is not None}

    assert set(wire) == {WIRE_NAMES[name] for name in sent}
    if criteria.balance_amount is not None:
        assert wire["balanceAmount"] == criteria.balance_amount
    if criteria.modified_on is not None:
        assert wire["modifiedOn"].endswith("Z")
        assert datetime.fromisoformat(wire["modifiedOn"]) == criteria.modified_on


def test_equal_instants_in_other_zones_are_equal_filters() -> None:
    assert CustomerFilter(modified_on=MOMENT) == CustomerFilter(modified_on=MOMENT.astimezone(IST))
    assert CustomerFilter(modified_on=MOMENT) != CustomerFilter(created_on_to=MOMENT)


def test_help_shows_the_type_of_each_field() -> None:
    parameters = inspect.signature(CustomerFilter).parameters
    assert {name: one.annotation for name, one in parameters.items()} == (
        inspect.get_annotations(CustomerFilter)
    )
