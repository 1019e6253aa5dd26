"""Records have the documented fields, and keep personal and bank data to themselves."""

import inspect
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import attrs
import pytest

from enkash_async import Customer, CustomerKeyContact, CustomerReminder, ReminderType
from enkash_async._decoding.record import HiddenFieldsWarning
from enkash_async._wire.keys import wire_name

# As enkash-old.apidog.io/api-8993801 lists them.
CUSTOMER = {
    "account_number": "accountNumber",
    "active": "active",
    "address": "address",
    "assigned_agent": "assignedAgent",
    "bank_name": "bankName",
    "branch_codes": "branchCodes",
    "company_id": "companyId",
    "contact_email": "contactEmail",
    "contact_number": "contactNumber",
    "created_by": "createdBy",
    "created_by_name": "createdByName",
    "created_on": "createdOn",
    "customer_id": "customerId",
    "customer_key_contacts": "customerKeyContacts",
    "customer_logo": "customerLogo",
    "customer_reminders": "customerReminders",
    "dso_median": "dsoMedian",
    "id": "id",
    "ifsc": "ifsc",
    "legal_name": "legalName",
    "modified_by": "modifiedBy",
    "modified_by_name": "modifiedByName",
    "modified_on": "modifiedOn",
    "net_amount": "netAmount",
    "pan_or_gstin": "panOrGstin",
    "parent_company_id": "parentCompanyId",
    "parent_legal_name": "parentLegalName",
    "pin_code": "pinCode",
    "state": "state",
    "unique_ref_no": "uniqueRefNo",
    "warnings": "warnings",
}
KEY_CONTACT = {
    "created_by": "createdBy",
    "created_on": "createdOn",
    "customer_id": "customerId",
    "customer_name": "customerName",
    "deleted": "deleted",
    "email": "email",
    "key_contact_person_id": "keyContactPersonId",
    "mail_enabled": "mail_enabled",
    "mobile": "mobile",
    "modified_by": "modifiedBy",
    "modified_on": "modifiedOn",
    "name": "name",
    "sms_enabled": "sms_enabled",
    "whatsapp_enabled": "whatsapp_enabled",
}
REMINDER = {
    "customer_id": "customerId",
    "customer_reminder_id": "customerReminderId",
    "due_date_difference": "dueDateDifference",
    "reminder_interval": "reminderInterval",
    "reminder_time": "reminderTime",
    "reminder_type": "reminderType",
    "stage": "stage",
}
RECORDS = [(Customer, CUSTOMER, 31), (CustomerKeyContact, KEY_CONTACT, 14)]
RECORDS += [(CustomerReminder, REMINDER, 7)]

KINDS = {
    "active": bool,
    "created_on": datetime,
    "modified_on": datetime,
    "dso_median": Decimal,
    "net_amount": Decimal,
    "id": int,
    "due_date_difference": int,
    "reminder_interval": int,
    "reminder_type": ReminderType,
    "mail_enabled": bool,
    "sms_enabled": bool,
    "whatsapp_enabled": bool,
}
LISTS = {
    "branch_codes": tuple[str, ...],
    "customer_key_contacts": tuple[CustomerKeyContact, ...],
    "customer_reminders": tuple[CustomerReminder, ...],
    "warnings": tuple[str, ...],
}

PRIVATE_OF_CUSTOMER = (
    *("account_number", "address", "assigned_agent", "bank_name", "contact_email"),
    *("contact_number", "created_by", "created_by_name", "ifsc", "legal_name", "modified_by"),
    *("modified_by_name", "pan_or_gstin", "parent_legal_name", "pin_code"),
)
PRIVATE_OF_KEY_CONTACT = ("created_by", "customer_name", "email", "mobile", "modified_by", "name")


@pytest.mark.parametrize(("record", "names", "count"), RECORDS)
def test_a_record_has_exactly_the_documented_fields(
    record: type[attrs.AttrsInstance], names: dict[str, str], count: int
) -> None:
    assert {field.name: wire_name(field) for field in attrs.fields(record)} == names
    assert len(attrs.fields(record)) == count


@pytest.mark.parametrize(("record", "names", "count"), RECORDS)
def test_a_field_has_the_documented_type_or_is_none(
    record: type[attrs.AttrsInstance], names: dict[str, str], count: int
) -> None:
    hints = get_type_hints(record)
    for name in names:
        if name in LISTS:
            assert hints[name] == LISTS[name], name
        else:
            assert KINDS.get(name, str) in get_args(hints[name]), name
            assert type(None) in get_args(hints[name]), name


@pytest.mark.parametrize(("record", "names", "count"), RECORDS)
def test_a_field_not_given_is_none_and_a_list_is_empty(
    record: type[attrs.AttrsInstance], names: dict[str, str], count: int
) -> None:
    empty = record()
    for name in names:
        assert getattr(empty, name) == (() if name in LISTS else None), name


@pytest.mark.parametrize(("record", "names", "count"), RECORDS)
def test_fields_are_given_by_name_only(
    record: type[Any], names: dict[str, str], count: int
) -> None:
    parameters = inspect.signature(record).parameters.values()
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    with pytest.raises(TypeError):
        record("first")


def test_reminder_types_are_the_documented_ones() -> None:
    assert [member.value for member in ReminderType] == ["ONCE", "RECURRING"]


@pytest.mark.parametrize("name", PRIVATE_OF_CUSTOMER)
def test_personal_and_bank_data_of_a_customer_stay_out_of_its_repr(name: str) -> None:
    fields: dict[str, Any] = {name: "planted-secret"}
    customer = Customer(customer_id="KC00000000000001", **fields)

    assert "planted-secret" not in repr(customer)
    with pytest.warns(HiddenFieldsWarning):
        assert "planted-secret" not in str(customer)
    assert "KC00000000000001" in repr(customer)


@pytest.mark.parametrize("name", PRIVATE_OF_KEY_CONTACT)
def test_personal_data_of_a_key_contact_stay_out_of_every_repr(name: str) -> None:
    fields: dict[str, Any] = {name: "planted-secret"}
    contact = CustomerKeyContact(**fields)
    customer = Customer(customer_key_contacts=(contact,))

    assert "planted-secret" not in repr(contact)
    assert "planted-secret" not in repr(customer)
    assert "planted-secret" not in f"{[customer]}"


def full_customer() -> Customer:
    return Customer(
        customer_id="KC00000000000001",
        active=True,
        net_amount=Decimal("10.50"),
        created_on=datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC),
        branch_codes=("A", "B"),
        customer_key_contacts=(CustomerKeyContact(name="Asha", mail_enabled=True),),
        customer_reminders=(CustomerReminder(reminder_type=ReminderType.ONCE),),
    )


def test_records_compare_and_hash_by_value() -> None:
    assert full_customer() == full_customer()
    assert hash(full_customer()) == hash(full_customer())
    assert full_customer() != attrs.evolve(full_customer(), active=False)
    assert len({full_customer(), full_customer()}) == 1


def test_records_pickle() -> None:
    assert pickle.loads(pickle.dumps(full_customer())) == full_customer()


@pytest.mark.parametrize("name", ["customer_id", "customerId", "note"])
def test_records_cannot_be_changed_or_extended(name: str) -> None:
    customer = full_customer()

    with pytest.raises(AttributeError):
        setattr(customer, name, "other")
    assert not hasattr(customer, "__dict__")
