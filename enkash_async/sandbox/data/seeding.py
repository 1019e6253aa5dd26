"""The shape of stored customers, and when the seeded ones were created. No I/O."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from enkash_async.sandbox.data.dates import epoch_ms
from enkash_async.sandbox.settings import SandboxSettings, Spread

Row = tuple[Any, ...]
"""The values of COLUMNS, then of HIDDEN_COLUMNS."""

Key = tuple[int | None, int]
"""createdOn and id of a row: its place in the default order."""

COMPANY_ID = "CEKSANDBOX"

# Fixed, so that the same seed gives the same data on any day.
EARLIEST = int(epoch_ms(datetime(2020, 7, 1, tzinfo=UTC)))
LATEST = int(epoch_ms(datetime(2025, 7, 1, tzinfo=UTC)))

# Room for rows that a test puts between two neighbours of the same instant.
ID_STEP = 1000

COLUMNS = (
    *("accountNumber", "active", "address", "assignedAgent", "bankName", "companyId"),
    *("contactEmail", "contactNumber", "createdBy", "createdByName", "createdOn", "customerId"),
    *("customerLogo", "dsoMedian", "id", "ifsc", "legalName", "modifiedBy", "modifiedByName"),
    *("modifiedOn", "netAmount", "panOrGstin", "parentCompanyId", "parentLegalName", "pinCode"),
    *("state", "uniqueRefNo"),
)
"""The scalar answer fields: what rows can be ordered by."""

HIDDEN_COLUMNS = ("level", "record")

# Structs are made and encoded faster than dicts.
_LISTS = ("branchCodes", "customerKeyContacts", "customerReminders", "warnings")
Customer = msgspec.defstruct("Customer", sorted((*COLUMNS, *_LISTS)), gc=False)
Contact = msgspec.defstruct(
    "Contact",
    (
        *("createdBy", "createdOn", "customerId", "customerName", "deleted", "email"),
        *("keyContactPersonId", "mail_enabled", "mobile", "modifiedBy", "modifiedOn", "name"),
        *("sms_enabled", "whatsapp_enabled"),
    ),
    gc=False,
)
Reminder = msgspec.defstruct(
    "Reminder",
    (
        *("customerId", "customerReminderId", "dueDateDifference", "reminderInterval"),
        *("reminderTime", "reminderType", "stage"),
    ),
    gc=False,
)

_BULK = (0.4, 0.7)


def seed_keys(settings: SandboxSettings) -> Iterator[Key]:
    """Yield createdOn and id of every seeded row, both ascending, None for no createdOn."""
    return zip(_creation_times(settings), itertools.count(ID_STEP, ID_STEP), strict=False)


def _creation_times(settings: SandboxSettings) -> Iterator[int | None]:
    rows, tick = settings.rows, settings.tick
    random = Random(f"times {settings.seed}").random
    missing = settings.rows_without_created_on
    span = LATEST - EARLIEST - 2 * 1000
    for index in range(rows):
        share = _share_of_time(settings.spread, index, random(), rows)
        # Spreads the rows without createdOn evenly, and gives exactly that many.
        if index * missing // rows != (index + 1) * missing // rows:
            yield None
        else:
            yield (EARLIEST + 1000 + int(share * span)) // tick * tick


def _share_of_time(spread: Spread, index: int, jitter: float, rows: int) -> float:
    """Return how much of the time from EARLIEST to LATEST has passed at row *index*."""
    place = (index + jitter) / rows
    if spread == "rising":
        return math.sqrt(place)
    if spread == "bulk" and _BULK[0] <= index / rows < _BULK[1]:
        return _BULK[0]
    return place
