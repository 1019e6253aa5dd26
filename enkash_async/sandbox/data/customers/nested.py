"""The objects inside a customer: key contacts and reminders. No I/O.

They repeat fields of the customer they belong to, as they stand on the wire.
"""

from collections.abc import Sequence

import msgspec

from enkash_async.sandbox.data.customers import words
from enkash_async.sandbox.data.customers.firms import people
from enkash_async.sandbox.data.customers.shapes import Contact, Reminder
from enkash_async.sandbox.data.draws import Draws
from enkash_async.sandbox.data.rows import grouped, structs
from enkash_async.sandbox.data.table import Columns

_DELETED = ("true",) + ("false",) * 19
_CONTACTS_EACH = (1,) * 8 + (2, 3)
_REMINDERS_EACH = (0,) * 6 + (1, 1, 2)
_REMINDER_TIMES = ("08:00", "09:30", "10:00", "11:15", "14:45", "18:30")


def contacts(draw: Draws, customers: Columns) -> list[list[msgspec.Struct]]:
    sizes, owners = _share_out(draw, _CONTACTS_EACH, customers)
    count = len(owners)
    names, domains = people(draw, count), draw.picks(words.DOMAINS, count)
    columns = {
        "createdBy": [customers["createdBy"][owner] for owner in owners],
        "createdOn": [customers["createdOn"][owner] for owner in owners],
        "customerId": [customers["customerId"][owner] for owner in owners],
        "customerName": [customers["legalName"][owner] for owner in owners],
        "deleted": draw.picks(_DELETED, count),
        "email": [_email(name, domain) for name, domain in zip(names, domains, strict=True)],
        "keyContactPersonId": draw.codes("KP", 14, count),
        "mail_enabled": draw.chances(0.8, count),
        "mobile": draw.phones(count),
        "modifiedBy": [customers["modifiedBy"][owner] for owner in owners],
        "modifiedOn": [customers["modifiedOn"][owner] for owner in owners],
        "name": names,
        "sms_enabled": draw.chances(0.5, count),
        "whatsapp_enabled": draw.chances(0.4, count),
    }
    return grouped(structs(Contact, columns), sizes)


def reminders(draw: Draws, customers: Columns) -> list[list[msgspec.Struct]]:
    sizes, owners = _share_out(draw, _REMINDERS_EACH, customers)
    count = len(owners)
    columns = {
        "customerId": [customers["customerId"][owner] for owner in owners],
        "customerReminderId": draw.codes("CR", 14, count),
        "dueDateDifference": draw.picks((-7, -3, -1, 0, 1, 3, 7, 15), count),
        "reminderInterval": draw.picks((1, 3, 7, 14), count),
        "reminderTime": draw.picks(_REMINDER_TIMES, count),
        "reminderType": draw.picks(("ONCE", "RECURRING"), count),
        "stage": draw.picks(words.STAGES, count),
    }
    return grouped(structs(Reminder, columns), sizes)


def _share_out(
    draw: Draws, options: Sequence[int], customers: Columns
) -> tuple[list[int], list[int]]:
    """Draw how many each customer has, and list the index of the owner of each."""
    sizes = draw.picks(options, len(customers["id"]))
    return sizes, [owner for owner, size in enumerate(sizes) for _ in range(size)]


def _email(name: str, domain: str) -> str:
    return f"{name.replace(' ', '.').lower()}@{domain}"
