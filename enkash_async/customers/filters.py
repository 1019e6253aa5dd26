"""What a search asks for, checked when it is made. No I/O.

Field names and types: enkash-old.apidog.io/api-8993801. The service does not say whether texts
match exactly or in part, nor what an unset `customerStatus` means; nothing is assumed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, cast

import attrs

from enkash_async.customers.records import WIRE_NAME, wire_name

E = TypeVar("E", bound=StrEnum)


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


class Direction(StrEnum):
    """The direction of `order_by`."""

    ASC = "ASC"
    DESC = "DESC"


def enum_member(kind: type[E], value: Any, name: str) -> E:
    """Return the member that *value* is or spells; the error names *name* and what is allowed."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a {kind.__name__} or its text, not {type(value).__name__}")
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(kind)
        raise ValueError(f"{name} must be one of {allowed}, not {value!r}") from None


def _wrong_type(name: str, wanted: str, value: object) -> TypeError:
    # The value stays out of the text: it may be personal or bank data.
    return TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, "a str", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} must be text that can be written as UTF-8") from None
    return value


def _int32(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(name, "an int", value)
    if not -(2**31) <= value < 2**31:
        raise ValueError(f"{name} must fit into 32 bits, as the service declares it")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(name, "a bool", value)
    return value


def _amount(name: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        # A float has lost its digits already.
        raise _wrong_type(name, "a Decimal or an int", value)
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError(f"{name} must be a finite amount")
    return amount


def _instant(name: str, value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise _wrong_type(name, "a datetime", value)
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(f"{name} must be aware: give it a tzinfo, such as datetime.UTC")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} must lie within the years 1 to 9999 in UTC") from None
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, (str, bytes)):
        raise _wrong_type(name, "several ids, such as a list of str", value)
    try:
        texts: tuple[str, ...] = tuple(value)
    except TypeError:
        raise _wrong_type(name, "an iterable of str", value) from None
    for text in texts:
        _text(name, text)
    if not texts:
        raise ValueError(f"{name} is empty; leave it out to search without it")
    return texts


def _criterion(
    convert: Callable[[str, Any], Any], *, name: str | None = None, shown: bool = False
) -> Any:
    """Declare a filter that is not sent unless it is given, and checked if it is."""

    def checked(value: Any, _: Any, field: attrs.Attribute[Any]) -> Any:
        return None if value is None else convert(field.name, value)

    return attrs.field(  # pyright: ignore[reportUnknownVariableType]
        default=None,
        repr=shown,
        converter=attrs.Converter(checked, takes_self=True, takes_field=True),
        metadata={} if name is None else {WIRE_NAME: name},
    )


def _status(name: str, value: Any) -> CustomerStatus:
    return enum_member(CustomerStatus, value, name)


def _level(name: str, value: Any) -> CustomerLevel:
    return enum_member(CustomerLevel, value, name)


@attrs.frozen(kw_only=True)
class CustomerFilter:
    """Which customers to search for; a field left at None is not sent.

    A value of the wrong type is a TypeError and an impossible one a ValueError, both naming the
    field. Amounts are `Decimal` or int, never float; times must be aware. Enumerations may be
    given as text, ids as any iterable; they are kept as members, a tuple, and a `Decimal`.
    Filters compare by value, pickle, and are safe to share.
    """

    account_number: str | None = _criterion(_text)
    assigned_agent: str | None = _criterion(_text)
    balance_amount: Decimal | int | None = _criterion(_amount, shown=True)
    company_id: str | None = _criterion(_text, shown=True)
    contact_number: str | None = _criterion(_text)
    created_by_name: str | None = _criterion(_text)
    created_on_from: datetime | None = _criterion(_instant, shown=True)
    created_on_to: datetime | None = _criterion(_instant, shown=True)
    customer_ids: Iterable[str] | None = _criterion(_texts, shown=True)
    customer_status: CustomerStatus | str | None = _criterion(_status, shown=True)
    dso_from: int | None = _criterion(_int32, shown=True)
    dso_to: int | None = _criterion(_int32, shown=True)
    ifsc: str | None = _criterion(_text)
    legal_name: str | None = _criterion(_text)
    level: CustomerLevel | str | None = _criterion(_level, shown=True)
    modified_by_name: str | None = _criterion(_text)
    modified_on: datetime | None = _criterion(_instant, shown=True)
    pan_or_gstin: str | None = _criterion(_text)
    parent_company_id: str | None = _criterion(_text, shown=True)
    select_all: bool | None = _criterion(_flag, shown=True)
    unique_ref_no: str | None = _criterion(_text, shown=True)

    def __attrs_post_init__(self) -> None:
        _check_range("created_on_from", self.created_on_from, "created_on_to", self.created_on_to)
        _check_range("dso_from", self.dso_from, "dso_to", self.dso_to)

    def as_wire(self) -> dict[str, Any]:
        """Return the request body: wire names, instants as ISO text with `Z`, unset ones left out.

        Amounts stay `Decimal`; whoever writes the JSON must write them as numbers.
        """
        return {
            wire_name(field): _as_wire(value)
            for field in attrs.fields(type(self))
            if (value := getattr(self, field.name)) is not None
        }


def _check_range(low_name: str, low: Any, high_name: str, high: Any) -> None:
    if low is not None and high is not None and low > high:
        raise ValueError(f"{low_name} must not lie after {high_name}")


def _as_wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_z(value)
    if isinstance(value, tuple):
        return list(cast("tuple[str, ...]", value))
    if isinstance(value, StrEnum):
        return value.value
    return value


def iso_z(instant: datetime) -> str:
    """Return *instant* in UTC as ISO text with `Z`, with a fraction only where it has one."""
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        # In the first or last hours that a datetime can hold.
        return instant.isoformat()
    if utc.microsecond == 0:
        precision = "seconds"
    else:
        precision = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
