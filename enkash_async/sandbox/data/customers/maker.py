"""Invented customers, the same for the same seed. No I/O."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from enkash_async.sandbox.account import COMPANY_ID
from enkash_async.sandbox.data.customers import nested, words
from enkash_async.sandbox.data.customers.firms import (
    bank_accounts,
    firms,
    people,
    places,
    tax_numbers,
)
from enkash_async.sandbox.data.customers.shapes import Customer
from enkash_async.sandbox.data.dates import date_writer
from enkash_async.sandbox.data.draws import Draws
from enkash_async.sandbox.data.rows import money, structs
from enkash_async.sandbox.data.seeding import earliest, latest
from enkash_async.sandbox.data.table import Columns, Key
from enkash_async.sandbox.settings import SandboxSettings

_LEVELS = ("LEVEL_1", "LEVEL_1", "LEVEL_1", "LEVEL_2", "LEVEL_2", "LEVEL_3")
_DSO_MEDIANS = tuple(half_days / 2 for half_days in range(240))
_WARNING_LISTS = ((),) * 30 + tuple((warning,) for warning in words.WARNINGS)


class CustomerMaker:
    """Invents customers column by column.

    One draw for a thousand rows is several times as fast as a thousand draws. The order of the
    draws decides what a seed gives: a draw that is new goes after all others.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._draw = draw = Draws(f"records {settings.seed}")
        self._tick = settings.tick
        self._span = earliest(settings), latest(settings)
        self._extremes = settings.extremes
        self._write_date = date_writer(settings.date_style, settings.clock_resolution)
        self._users = list(zip(draw.codes("USR", 8, 24), people(draw, 24), strict=True))
        self._parents = list(
            zip(draw.codes("CEK", 7, 6), firms(draw, 6, awkward=self._extremes), strict=True)
        )
        self._agents = people(draw, 18)
        self._places = places(draw, 500)
        self._companies = [COMPANY_ID] * 8 + draw.codes("CEK", 7, 2)

    def invent(self, keys: Sequence[Key]) -> Columns:
        """Return the flat fields; times as milliseconds, money as paise."""
        draw, count = self._draw, len(keys)
        created_ons = [created_on for created_on, _ in keys]
        places, accounts = draw.picks(self._places, count), bank_accounts(draw, count)
        creators = draw.pairs(self._users, count)
        editors = draw.pairs(self._users, count, missing=0.15)
        parents = draw.pairs(self._parents, count, missing=0.7)
        return {
            "accountNumber": [account.number for account in accounts],
            "active": draw.chances(0.85, count),
            "address": [place.address for place in places],
            "assignedAgent": draw.picks(self._agents, count, missing=0.08),
            "bankName": [account.bank for account in accounts],
            "branchCodes": [place.branch_codes for place in places],
            "companyId": draw.picks(self._companies, count),
            "contactEmail": draw.picks(words.CONTACT_EMAILS, count, missing=0.05),
            "contactNumber": draw.phones(count),
            "createdBy": [creator_id for creator_id, _ in creators],
            "createdByName": [creator for _, creator in creators],
            "createdOn": created_ons,
            "customerId": draw.codes("KC", 14, count),
            "customerLogo": draw.picks(words.LOGOS, count, missing=0.9),
            "dsoMedian": draw.picks(_DSO_MEDIANS, count, missing=0.1),
            "id": [row_id for _, row_id in keys],
            "ifsc": [account.ifsc for account in accounts],
            "legalName": firms(draw, count, awkward=self._extremes),
            "modifiedBy": [editor_id for editor_id, _ in editors],
            "modifiedByName": [editor for _, editor in editors],
            "modifiedOn": self._modified_ons(created_ons, editors),
            "netAmount": self._amounts(count),
            "panOrGstin": tax_numbers(draw, places),
            "parentCompanyId": [parent_id for parent_id, _ in parents],
            "parentLegalName": [parent for _, parent in parents],
            "pinCode": [place.pin_code for place in places],
            "state": [place.state for place in places],
            "uniqueRefNo": self._references(keys),
            "warnings": draw.picks(_WARNING_LISTS, count),
            "level": draw.picks(_LEVELS, count, missing=0.05),
        }

    def write(self, columns: Columns) -> Iterable[msgspec.Struct]:
        """Return the records as they are sent, with the objects inside."""
        on_wire: dict[str, Sequence[Any]] = {
            **columns,
            "createdOn": self._dates(columns["createdOn"]),
            "modifiedOn": self._dates(columns["modifiedOn"]),
            "netAmount": [money(paise) for paise in columns["netAmount"]],
        }
        on_wire["customerKeyContacts"] = nested.contacts(self._draw, on_wire)
        on_wire["customerReminders"] = nested.reminders(self._draw, on_wire)
        return structs(Customer, on_wire)

    def _modified_ons(
        self, created_ons: Sequence[int | None], editors: Sequence[tuple[Any, Any]]
    ) -> list[int | None]:
        chance, tick = self._draw.chance, self._tick
        earliest, latest = self._span
        starts = [earliest if one is None else one for one in created_ons]
        return [
            (start + int(max(latest - start, 0) * chance() ** 2)) // tick * tick if name else None
            for start, (_, name) in zip(starts, editors, strict=True)
        ]

    def _amounts(self, count: int) -> list[int]:
        """Return paise, from a hundred rupees to some three million; a few are negative."""
        chance = self._draw.chance
        amounts = [int(10 ** (4 + 4.5 * chance())) for _ in range(count)]
        for index in range(count):
            kind = chance()
            if kind < 0.01 and self._extremes:
                # Too long for a float.
                amounts[index] = self._draw.whole(10**17, 10**18)
            elif kind < 0.04:
                amounts[index] *= -1
        return amounts

    def _references(self, keys: Sequence[Key]) -> list[str | None]:
        absent = self._draw.chances(0.2, len(keys))
        return [
            None if gone else f"REF-{row_id:09d}"
            for gone, (_, row_id) in zip(absent, keys, strict=True)
        ]

    def _dates(self, instants: Sequence[int | None]) -> list[str | int | None]:
        write = self._write_date
        return [None if instant is None else write(instant) for instant in instants]
