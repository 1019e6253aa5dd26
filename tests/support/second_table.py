"""A made-up list beside customers, for what serves or reads any list.

Its fields, its identity and its filters have other names; its filters write times as
`yyyy-MM-dd HH:mm:ss` in UTC; one of its statuses is one that no client would expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from enkash_async.sandbox import SandboxSettings
from enkash_async.sandbox.data.conditions import amount, any_of, chosen, containing
from enkash_async.sandbox.data.dates import date_writer, epoch_ms
from enkash_async.sandbox.data.draws import Draws
from enkash_async.sandbox.data.rows import grouped, money, structs
from enkash_async.sandbox.data.table import Columns, CreationTime, Key, Table

PATH = "/api/v0/supplier/search"

STATUSES = ("ACTIVE", "BLOCKED", "ON_HOLD")
"""ON_HOLD is the one that a client's enumeration leaves out."""

_TITLES = (
    "Coir & Jute Works",
    "Mysore Sandal Press",
    'The "Little" Loom',
    "गंगा पेपर",
    "Steel Yard 9",
)
_CITIES = ("Chennai", "Guwahati", "Jaipur", "Kochi", "Patna")
_KINDS = ("DEPOT", "OFFICE", "SHOP")

Branch = msgspec.defstruct("Branch", ("branchCode", "city", "openedOn", "kind"))
Supplier = msgspec.defstruct(
    "Supplier",
    ("supplierCode", "title", "status", "openBalance", "registeredAt", "branches"),
)


class SupplierMaker:
    """Invents suppliers."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._draw = Draws(f"suppliers {settings.seed}")
        self._write_date = date_writer(settings.date_style, settings.clock_resolution)

    def invent(self, keys: Sequence[Key]) -> Columns:
        draw, count = self._draw, len(keys)
        return {
            "supplierCode": draw.codes("SP", 12, count),
            "title": draw.picks(_TITLES, count),
            "status": draw.picks(STATUSES, count, missing=0.05),
            # Some are too long for a float, and some are negative.
            "openBalance": [draw.whole(-(10**6), 10**17) for _ in keys],
            "registeredAt": [registered_at for registered_at, _ in keys],
            "rowNumber": [number for _, number in keys],
        }

    def write(self, columns: Columns) -> Iterable[msgspec.Struct]:
        times = [None if one is None else self._write_date(one) for one in columns["registeredAt"]]
        on_wire = {
            **columns,
            "registeredAt": times,
            "openBalance": [money(paise) for paise in columns["openBalance"]],
        }
        return structs(Supplier, {**on_wire, "branches": self._branches(on_wire)})

    def _branches(self, suppliers: Columns) -> list[list[msgspec.Struct]]:
        draw, times = self._draw, suppliers["registeredAt"]
        sizes = draw.picks((0, 1, 1, 3), len(times))
        owners = [owner for owner, size in enumerate(sizes) for _ in range(size)]
        columns = {
            "branchCode": draw.codes("B", 6, len(owners)),
            "city": draw.picks(_CITIES, len(owners), missing=0.1),
            "openedOn": [times[owner] for owner in owners],
            "kind": draw.picks(_KINDS, len(owners)),
        }
        return grouped(structs(Branch, columns), sizes)


def read_utc(value: object) -> float:
    """Read `yyyy-MM-dd HH:mm:ss`, which is UTC, and nothing else; ValueError if it is not that."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
        raise ValueError("must be a time such as 2019-08-24 14:15:22")
    return epoch_ms(datetime.fromisoformat(value).replace(tzinfo=UTC))


SUPPLIERS = Table(
    path=PATH,
    request="SupplierSearchRequest",
    columns=("supplierCode", "title", "status", "openBalance", "registeredAt"),
    hidden=("rowNumber",),
    identity="supplierCode",
    number="rowNumber",
    created=CreationTime(
        column="registeredAt", begin="registeredFrom", end="registeredTo", read=read_utc
    ),
    filters={
        "openBalance": amount("openBalance"),
        "status": chosen("status", {status: status for status in STATUSES}),
        "supplierCodes": any_of("supplierCode"),
        "title": containing("title"),
    },
    maker=SupplierMaker,
)
