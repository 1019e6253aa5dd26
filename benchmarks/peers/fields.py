"""What an answer holds, declared once as msgspec structs; the models of the peers follow them."""

from __future__ import annotations

import operator
import typing
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

import msgspec

# Names as on the wire. Without tracking by the garbage collector, since this is the limit that
# others are measured against.


class KeyContact(msgspec.Struct, gc=False):
    createdBy: str | None = None
    createdOn: datetime | None = None
    customerId: str | None = None
    customerName: str | None = None
    deleted: str | None = None
    email: str | None = None
    keyContactPersonId: str | None = None
    mail_enabled: bool | None = None
    mobile: str | None = None
    modifiedBy: str | None = None
    modifiedOn: datetime | None = None
    name: str | None = None
    sms_enabled: bool | None = None
    whatsapp_enabled: bool | None = None


class Reminder(msgspec.Struct, gc=False):
    customerId: str | None = None
    customerReminderId: str | None = None
    dueDateDifference: int | None = None
    reminderInterval: int | None = None
    reminderTime: str | None = None
    reminderType: str | None = None
    stage: str | None = None


class Customer(msgspec.Struct, gc=False):
    accountNumber: str | None = None
    active: bool | None = None
    address: str | None = None
    assignedAgent: str | None = None
    bankName: str | None = None
    branchCodes: list[str] | None = None
    companyId: str | None = None
    contactEmail: str | None = None
    contactNumber: str | None = None
    createdBy: str | None = None
    createdByName: str | None = None
    createdOn: datetime | None = None
    customerId: str | None = None
    customerKeyContacts: list[KeyContact] | None = None
    customerLogo: str | None = None
    customerReminders: list[Reminder] | None = None
    dsoMedian: Decimal | None = None
    id: int | None = None
    ifsc: str | None = None
    legalName: str | None = None
    modifiedBy: str | None = None
    modifiedByName: str | None = None
    modifiedOn: datetime | None = None
    netAmount: Decimal | None = None
    panOrGstin: str | None = None
    parentCompanyId: str | None = None
    parentLegalName: str | None = None
    pinCode: str | None = None
    state: str | None = None
    uniqueRefNo: str | None = None
    warnings: list[str] | None = None


class Payload(msgspec.Struct, gc=False):
    data: list[Customer]
    recordsCount: int


class Envelope(msgspec.Struct, gc=False):
    payload: Payload


Make = Callable[[str, dict[str, Any]], Any]


def rebuilt(struct: type[msgspec.Struct], make: Make) -> Any:
    """Return what *make* makes of the name of *struct* and the types of its fields by name.

    Structs that it holds are made first.
    """
    hints = typing.get_type_hints(struct)
    return make(struct.__name__, {name: _rebuilt_hint(hint, make) for name, hint in hints.items()})


def _rebuilt_hint(hint: Any, make: Make) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return rebuilt(hint, make)
    parts = [_rebuilt_hint(part, make) for part in typing.get_args(hint)]
    if typing.get_origin(hint) is list:
        return list.__class_getitem__(parts[0])
    return reduce(operator.or_, parts) if parts else hint
