"""Suppliers: a list that no service has, made up so that nothing fits customers only.

Its fields have other names, one of them no camelCase; records are told apart by another field and
cut into windows by another time, which filters write in another notation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import attrs

from enkash_async import EnKashSession
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.list_resource import ListResource
from enkash_async._search.settings import SearchSettings
from enkash_async._wire.criteria import (
    Criteria,
    check_range,
    criterion,
    instant,
    int32,
    text,
    texts,
)
from enkash_async._wire.keys import wire


def stamp(moment: datetime) -> str:
    """Write *moment* as `yyyy-MM-dd HH:mm:ss` in UTC, as the filters of suppliers have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@attrs.frozen(kw_only=True, weakref_slot=False)
class Depot:
    """Where a supplier ships from."""

    depot_code: str | None = wire("depot-code", shown=True)
    opened_at: datetime | None = wire(shown=True)
    tonnage: Decimal | None = wire(shown=True)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Supplier:
    """A supplier."""

    supplier_key: str | None = wire("supplier_key", shown=True)
    trade_name: str | None = wire()
    registered_at: datetime | None = wire("registeredAt", shown=True)
    rating: int | None = wire(shown=True)
    credit: Decimal | None = wire("creditLimit", shown=True)
    labels: tuple[str, ...] = wire(default=())
    depots: tuple[Depot, ...] = wire(default=())


@attrs.frozen(kw_only=True)
class SupplierFilter(Criteria):
    """Which suppliers to search for."""

    keys: Iterable[str] | None = criterion(texts, name="supplier_keys", shown=True)
    trade_name: str | None = criterion(text)
    rating: int | None = criterion(int32, shown=True)
    registered_after: datetime | None = criterion(
        instant, written=stamp, name="registered_from", shown=True
    )
    registered_before: datetime | None = criterion(
        instant, written=stamp, name="registered_to", shown=True
    )

    def __attrs_post_init__(self) -> None:
        check_range(
            "registered_after", self.registered_after, "registered_before", self.registered_before
        )


SUPPLIERS: ListEndpoint[SupplierFilter, Supplier] = ListEndpoint(
    noun="suppliers",
    singular="supplier",
    path="/api/v9/supply/list",
    record=Supplier,
    criteria=SupplierFilter,
    identity="supplier_key",
    ids="keys",
    max_limit=500,
    time=TimeRange(field="registeredAt", begin="registered_after", end="registered_before"),
)


class Suppliers(ListResource[SupplierFilter, Supplier]):
    """The suppliers, as `session.suppliers`."""

    def __init__(self, settings: SearchSettings) -> None:
        super().__init__(SUPPLIERS, settings)


class SessionWithSuppliers(EnKashSession):
    """A session with one list more: all that it takes is a property."""

    @property
    def suppliers(self) -> Suppliers:
        return self._list(Suppliers)
