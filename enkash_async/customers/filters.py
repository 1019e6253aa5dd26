"""Which customers a search is for: the filter, checked when it is made. No I/O.

Field names and types: enkash-old.apidog.io/api-8993801. The service does not say whether texts
match exactly or in part, nor what an unset `customerStatus` means; nothing is assumed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypedDict

import attrs

from enkash_async._arguments import keywords_named
from enkash_async._wire.criteria import (
    Criteria,
    amount,
    check_range,
    criterion,
    flag,
    instant_or_day,
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


StatusText = Literal["ACTIVE", "ALL", "INACTIVE"]
"""A `CustomerStatus` as it is written; filters take it in any case."""

LevelText = Literal["LEVEL_1", "LEVEL_2", "LEVEL_3"]
"""A `CustomerLevel` as it is written; filters take it in any case."""


@keywords_named
@attrs.frozen(kw_only=True)
class CustomerFilter(Criteria):
    """Which customers to search for; a field left at None is not sent.

    A value of the wrong type is an ArgumentTypeError and an impossible one an InvalidArgumentError,
    both naming the field. A day (`date`) is one of the session's `naive_timezone`. Filters compare
    by value, pickle, and are safe to share.
    """

    account_number: str | None = criterion(text)
    """The number of the customer's bank account."""

    assigned_agent: str | None = criterion(text)
    """The agent that the customer is assigned to."""

    balance_amount: Decimal | int | None = criterion(amount, shown=True)
    """The balance, as a `Decimal` or an int, never a float."""

    company_id: str | None = criterion(text, shown=True)
    """The id of the company, such as CEK1234567."""

    contact_number: str | None = criterion(text)
    """The customer's telephone number."""

    created_by_name: str | None = criterion(text)
    """The name of whoever created the customer."""

    created_on_from: date | str | None = criterion(instant_or_day, shown=True)
    """Created at this time or later: an aware datetime, a day, or the ISO text of one."""

    created_on_to: date | str | None = criterion(instant_or_day, shown=True, is_end=True)
    """Created at this time or before; a day counts as a whole."""

    customer_ids: Iterable[str] | None = criterion(texts, shown=True)
    """Ids of customers: any iterable, kept as a tuple."""

    customer_status: StatusText | CustomerStatus | str | None = criterion(
        member_of(CustomerStatus), shown=True
    )
    """ACTIVE, INACTIVE or ALL, in any case."""

    dso_from: int | None = criterion(int32, shown=True)
    """Days sales outstanding, at least."""

    dso_to: int | None = criterion(int32, shown=True)
    """Days sales outstanding, at most."""

    ifsc: str | None = criterion(text)
    """The code of the customer's bank branch."""

    legal_name: str | None = criterion(text)
    """The customer's legal name."""

    level: LevelText | CustomerLevel | str | None = criterion(member_of(CustomerLevel), shown=True)
    """LEVEL_1, LEVEL_2 or LEVEL_3, in any case."""

    modified_by_name: str | None = criterion(text)
    """The name of whoever changed the customer last."""

    modified_on: date | str | None = criterion(instant_or_day, shown=True)
    """When the customer was changed: an aware datetime, a day, which stands for its first instant,
    or the ISO text of one."""

    pan_or_gstin: str | None = criterion(text)
    """The customer's PAN or GSTIN."""

    parent_company_id: str | None = criterion(text, shown=True)
    """The id of the company above."""

    select_all: bool | None = criterion(flag, shown=True)
    """The service does not say what this does."""

    unique_ref_no: str | None = criterion(text, shown=True)
    """A unique reference of the customer."""

    def __attrs_post_init__(self) -> None:
        check_range("created_on_from", self.created_on_from, "created_on_to", self.created_on_to)
        check_range("dso_from", self.dso_from, "dso_to", self.dso_to)


class CustomerFields(TypedDict, total=False):
    """The fields of a `CustomerFilter`, as keywords of `search` and its like."""

    account_number: str | None
    """The number of the customer's bank account."""

    assigned_agent: str | None
    """The agent that the customer is assigned to."""

    balance_amount: Decimal | int | None
    """The balance, as a `Decimal` or an int, never a float."""

    company_id: str | None
    """The id of the company, such as CEK1234567."""

    contact_number: str | None
    """The customer's telephone number."""

    created_by_name: str | None
    """The name of whoever created the customer."""

    created_on_from: date | str | None
    """Created at this time or later: an aware datetime, a day, or the ISO text of one."""

    created_on_to: date | str | None
    """Created at this time or before; a day counts as a whole."""

    customer_ids: Iterable[str] | None
    """Ids of customers: any iterable, kept as a tuple."""

    customer_status: StatusText | CustomerStatus | str | None
    """ACTIVE, INACTIVE or ALL, in any case."""

    dso_from: int | None
    """Days sales outstanding, at least."""

    dso_to: int | None
    """Days sales outstanding, at most."""

    ifsc: str | None
    """The code of the customer's bank branch."""

    legal_name: str | None
    """The customer's legal name."""

    level: LevelText | CustomerLevel | str | None
    """LEVEL_1, LEVEL_2 or LEVEL_3, in any case."""

    modified_by_name: str | None
    """The name of whoever changed the customer last."""

    modified_on: date | str | None
    """When the customer was changed: an aware datetime, a day, which stands for its first instant,
    or the ISO text of one."""

    pan_or_gstin: str | None
    """The customer's PAN or GSTIN."""

    parent_company_id: str | None
    """The id of the company above."""

    select_all: bool | None
    """The service does not say what this does."""

    unique_ref_no: str | None
    """A unique reference of the customer."""
