"""Suppliers: a list that no service has, made up so that nothing fits customers only.

The client's side of it; `second_table` is the sandbox's. Its fields have other names, some of them
not the camelCase of their Python names. Records are told apart by another field and cut into
windows by another time, which filters write in another notation. The service sends values that its
enumerations do not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from enkash_async import EnKashSession
from enkash_async._decoding.record import Record
from enkash_async._decoding.record_class import record
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.list_resource import ListResource
from enkash_async._search.settings import SearchSettings
from enkash_async._wire.criteria import (
    Criteria,
    amount,
    check_range,
    criterion,
    instant,
    member_of,
    text,
    texts,
)
from enkash_async._wire.keys import wire


class SupplierStatus(StrEnum):
    """Whether a supplier is paid. The service knows a third one, ON_HOLD."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class BranchKind(StrEnum):
    """What a branch is for. The service knows a third one, SHOP."""

    DEPOT = "DEPOT"
    OFFICE = "OFFICE"


@record(kw_only=True)
class Branch(Record):
    """Where a supplier has a house."""

    branch_code: str | None = wire(shown=True)
    city: str | None = wire()
    kind: BranchKind | str | None = wire(shown=True)
    opened_at: datetime | None = wire("openedOn", shown=True)


@record(kw_only=True)
class Supplier(Record):
    """A supplier."""

    code: str | None = wire("supplierCode", shown=True, identity=True)
    trade_name: str | None = wire("title")
    status: SupplierStatus | str | None = wire(shown=True)
    open_balance: Decimal | None = wire()
    registered_at: datetime | None = wire(shown=True)
    branches: tuple[Branch, ...] = wire(default=())


def in_utc(moment: datetime) -> str:
    """Write *moment* as `yyyy-MM-dd HH:mm:ss` in UTC, as the filters of suppliers have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@attrs.frozen(kw_only=True)
class SupplierFilter(Criteria):
    """Which suppliers to search for."""

    codes: Iterable[str] | None = criterion(texts, name="supplierCodes", shown=True)
    trade_name: str | None = criterion(text, name="title")
    status: SupplierStatus | str | None = criterion(member_of(SupplierStatus), shown=True)
    open_balance: Decimal | int | None = criterion(amount)
    registered_from: datetime | None = criterion(instant, written=in_utc, shown=True)
    registered_until: datetime | None = criterion(
        instant, written=in_utc, name="registeredTo", shown=True
    )

    def __attrs_post_init__(self) -> None:
        check_range(
            "registered_from", self.registered_from, "registered_until", self.registered_until
        )


SUPPLIERS: ListEndpoint[SupplierFilter, Supplier] = ListEndpoint(
    noun="suppliers",
    singular="supplier",
    path="/api/v0/supplier/search",
    record=Supplier,
    criteria=SupplierFilter,
    ids="codes",
    max_limit=500,
    time=TimeRange(field="registeredAt", begin="registered_from", end="registered_until"),
)


class Suppliers(ListResource[SupplierFilter, Supplier]):
    """The suppliers, as `session.suppliers`."""

    def __init__(self, settings: SearchSettings) -> None:
        super().__init__(SUPPLIERS, settings)


class SessionWithSuppliers(EnKashSession):
    """A session with one list more: all that it takes is a property."""

    @property
    def suppliers(self) -> Suppliers:
        """Return what can be asked of suppliers."""
        return self._list(Suppliers)
