"""The records a search delivers, each declared once. No I/O.

A declaration says the Python name, the type, the name on the wire and whether the field may
stand in a `repr`. All lanes of decoding and the Arrow schema are derived from it. A record is an
attrs class in struct storage, see `_decoding.record_class`: no weak reference to one can be made.
Source of all names: the service's page on searchCustomer, enkash-old.apidog.io/api-8993801.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from enkash_async._decoding.record import Record
from enkash_async._decoding.record_class import record
from enkash_async._wire.keys import wire


class ReminderType(StrEnum):
    """How often a payment reminder is sent."""

    ONCE = "ONCE"
    RECURRING = "RECURRING"


@record(kw_only=True)
class CustomerKeyContact(Record):
    """A person to write to at a customer. 14 fields, each None where the service sent none."""

    created_by: str | None = wire()
    created_on: datetime | None = wire(shown=True)
    customer_id: str | None = wire(shown=True)
    customer_name: str | None = wire()
    # A string in answers, though a boolean when a customer is created.
    deleted: str | None = wire(shown=True)
    email: str | None = wire()
    key_contact_person_id: str | None = wire(shown=True)
    mail_enabled: bool | None = wire("mail_enabled", shown=True)
    mobile: str | None = wire()
    modified_by: str | None = wire()
    modified_on: datetime | None = wire(shown=True)
    name: str | None = wire()
    sms_enabled: bool | None = wire("sms_enabled", shown=True)
    whatsapp_enabled: bool | None = wire("whatsapp_enabled", shown=True)


@record(kw_only=True)
class CustomerReminder(Record):
    """A payment reminder of a customer. 7 fields, each None where the service sent none.

    *reminder_type* is text where the service sends a type that is not known; *reminder_time* is
    the service's own `HH:mm`.
    """

    customer_id: str | None = wire(shown=True)
    customer_reminder_id: str | None = wire(shown=True)
    due_date_difference: int | None = wire(shown=True)
    reminder_interval: int | None = wire(shown=True)
    reminder_time: str | None = wire(shown=True)
    reminder_type: ReminderType | str | None = wire(shown=True)
    stage: str | None = wire(shown=True)


@record(kw_only=True)
class Customer(Record):
    """A customer as searchCustomer answers it. 31 fields.

    Every field is None where the service sent none; lists are tuples, empty by default. Amounts
    are `Decimal` with the digits of the wire, times are aware. Personal and bank data are left
    out of the `repr`.
    """

    account_number: str | None = wire()
    active: bool | None = wire(shown=True)
    address: str | None = wire()
    assigned_agent: str | None = wire()
    bank_name: str | None = wire()
    branch_codes: tuple[str, ...] = wire(default=())
    company_id: str | None = wire(shown=True)
    contact_email: str | None = wire()
    contact_number: str | None = wire()
    created_by: str | None = wire()
    created_by_name: str | None = wire()
    created_on: datetime | None = wire(shown=True)
    customer_id: str | None = wire(shown=True, identity=True)
    customer_key_contacts: tuple[CustomerKeyContact, ...] = wire(default=())
    customer_logo: str | None = wire()
    customer_reminders: tuple[CustomerReminder, ...] = wire(default=())
    dso_median: Decimal | None = wire(shown=True)
    id: int | None = wire(shown=True)
    ifsc: str | None = wire()
    legal_name: str | None = wire()
    modified_by: str | None = wire()
    modified_by_name: str | None = wire()
    modified_on: datetime | None = wire(shown=True)
    net_amount: Decimal | None = wire(shown=True)
    pan_or_gstin: str | None = wire()
    parent_company_id: str | None = wire(shown=True)
    parent_legal_name: str | None = wire()
    pin_code: str | None = wire()
    state: str | None = wire(shown=True)
    unique_ref_no: str | None = wire(shown=True)
    warnings: tuple[str, ...] = wire(default=())
