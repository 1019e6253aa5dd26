"""Which customers a search is for: the filter, checked when it is made. No I/O.

Field names and types: enkash-old.apidog.io/api-8993801. The service does not say whether texts
match exactly or in part, nor what an unset `customerStatus` means; nothing is assumed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from enkash_async._wire.criteria import (
    Criteria,
    amount,
    check_range,
    criterion,
    flag,
    instant,
    int32,
    member_of,
    text,
    texts,
)


class CustomerStatus(StrEnum):
    """Which customers a search is about."""

    ACTIVE = "ACTIVE"
    ALL = "ALL"
    INACTIVE = "INACTIVE"


class CustomerLevel(StrEnum):
    """The level of a customer."""

    LEVEL_1 = "LEVEL_1"
    LEVEL_2 = "LEVEL_2"
    LEVEL_3 = "LEVEL_3"


@attrs.frozen(kw_only=True)
class CustomerFilter(Criteria):
    """Which customers to search for; a field left at None is not sent.

    A value of the wrong type is a TypeError and an impossible one a ValueError, both naming the
    field. An amount is a `Decimal` or an int, never a float, and is kept as a `Decimal`; an
    enumeration may be given as text, and is kept as the member; ids are any iterable, and are kept
    as a tuple. Times must be aware. Filters compare by value, pickle, and are safe to share.
    """

    account_number: str | None = criterion(text)
    assigned_agent: str | None = criterion(text)
    balance_amount: Decimal | int | None = criterion(amount, shown=True)
    company_id: str | None = criterion(text, shown=True)
    contact_number: str | None = criterion(text)
    created_by_name: str | None = criterion(text)
    created_on_from: datetime | None = criterion(instant, shown=True)
    created_on_to: datetime | None = criterion(instant, shown=True)
    customer_ids: Iterable[str] | None = criterion(texts, shown=True)
    customer_status: CustomerStatus | str | None = criterion(member_of(CustomerStatus), shown=True)
    dso_from: int | None = criterion(int32, shown=True)
    dso_to: int | None = criterion(int32, shown=True)
    ifsc: str | None = criterion(text)
    legal_name: str | None = criterion(text)
    level: CustomerLevel | str | None = criterion(member_of(CustomerLevel), shown=True)
    modified_by_name: str | None = criterion(text)
    modified_on: datetime | None = criterion(instant, shown=True)
    pan_or_gstin: str | None = criterion(text)
    parent_company_id: str | None = criterion(text, shown=True)
    select_all: bool | None = criterion(flag, shown=True)
    unique_ref_no: str | None = criterion(text, shown=True)

    def __attrs_post_init__(self) -> None:
        check_range("created_on_from", self.created_on_from, "created_on_to", self.created_on_to)
        check_range("dso_from", self.dso_from, "dso_to", self.dso_to)
