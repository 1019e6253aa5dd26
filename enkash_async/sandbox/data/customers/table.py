"""Customers as a table: columns and filters as the documentation names them. No I/O."""

from enkash_async.sandbox.data.conditions import (
    amount,
    any_of,
    chosen,
    containing,
    exactly,
    instant,
    whole,
)
from enkash_async.sandbox.data.customers.maker import CustomerMaker
from enkash_async.sandbox.data.customers.shapes import COLUMNS, Contact, Reminder
from enkash_async.sandbox.data.table import CreationTime, Table

_LEVELS = ("LEVEL_1", "LEVEL_2", "LEVEL_3")


def _select_all(value: object) -> None:
    # What it does to the other filters is not documented; here it does nothing.
    if not isinstance(value, bool):
        raise ValueError("must be true or false")


CUSTOMERS = Table(
    path="/api/v0/customer/search",
    request="CustomerSearchRequest",
    columns=COLUMNS,
    hidden=("level",),
    identity="customerId",
    number="id",
    created=CreationTime(column="createdOn", begin="createdOnFrom", end="createdOnTo"),
    filters={
        "accountNumber": exactly("accountNumber"),
        "assignedAgent": containing("assignedAgent"),
        # The answer has no balance; netAmount is the nearest.
        "balanceAmount": amount("netAmount"),
        "companyId": exactly("companyId"),
        "contactNumber": exactly("contactNumber"),
        "createdByName": containing("createdByName"),
        "customerIds": any_of("customerId"),
        "customerStatus": chosen("active", {"ACTIVE": 1, "INACTIVE": 0, "ALL": None}),
        "dsoFrom": whole("dsoMedian", ">="),
        "dsoTo": whole("dsoMedian", "<="),
        "ifsc": exactly("ifsc"),
        "legalName": containing("legalName"),
        "level": chosen("level", {level: level for level in _LEVELS}),
        "modifiedByName": containing("modifiedByName"),
        "modifiedOn": instant("modifiedOn", "="),
        "panOrGstin": exactly("panOrGstin"),
        "parentCompanyId": exactly("parentCompanyId"),
        "selectAll": _select_all,
        "uniqueRefNo": exactly("uniqueRefNo"),
    },
    maker=CustomerMaker,
    times=("modifiedOn",),
    amounts=("netAmount",),
    flags=("active", "mail_enabled", "sms_enabled", "whatsapp_enabled"),
    wholes=("dueDateDifference", "reminderInterval"),
    numbers=("dsoMedian",),
    choices={"level": _LEVELS},
    lists={
        "branchCodes": (),
        "customerKeyContacts": Contact.__struct_fields__,
        "customerReminders": Reminder.__struct_fields__,
        "warnings": (),
    },
)
