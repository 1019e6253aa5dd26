"""Invented customers, the same for the same seed. No I/O.

PANs, GSTINs, phone numbers and account numbers only have the shape of real ones.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from enkash_async.sandbox.data.customers import words
from enkash_async.sandbox.data.dates import date_writer
from enkash_async.sandbox.data.draws import Draws
from enkash_async.sandbox.data.seeding import (
    COLUMNS,
    COMPANY_ID,
    EARLIEST,
    LATEST,
    Contact,
    Customer,
    Key,
    Reminder,
    Row,
)
from enkash_async.sandbox.settings import SandboxSettings

_LEVELS = ("LEVEL_1", "LEVEL_1", "LEVEL_1", "LEVEL_2", "LEVEL_2", "LEVEL_3")
_DSO_MEDIANS = tuple(half_days / 2 for half_days in range(240))
_WARNING_LISTS = ((),) * 30 + tuple((warning,) for warning in words.WARNINGS)
_DELETED = ("true",) + ("false",) * 19
_CONTACTS_EACH = (1,) * 8 + (2, 3)
_REMINDERS_EACH = (0,) * 6 + (1, 1, 2)
_REMINDER_TIMES = ("08:00", "09:30", "10:00", "11:15", "14:45", "18:30")

_Columns = Mapping[str, Sequence[Any]]


class _Place(NamedTuple):
    address: str
    branch_codes: list[str]
    pin_code: str
    state: str
    gst: str


class _Account(NamedTuple):
    number: str | None
    bank: str | None
    ifsc: str | None


_NO_ACCOUNT = _Account(None, None, None)


class RecordMaker:
    """Makes rows for the store: the same ones for the same seed and sequence of calls.

    It works column by column, since one draw for a thousand rows is several times as fast
    as a thousand draws.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._draw = Draws(f"records {settings.seed}")
        self._tick = settings.tick
        self._write_date = date_writer(settings.date_style, settings.clock_resolution)
        self._encode = msgspec.json.Encoder().encode
        self._users = list(zip(self._draw.codes("USR", 8, 24), self._people(24), strict=True))
        self._parents = list(zip(self._draw.codes("CEK", 7, 6), self._firms(6), strict=True))
        self._agents = self._people(18)
        self._places = self._make_places(500)
        self._companies = [COMPANY_ID] * 8 + self._draw.codes("CEK", 7, 2)

    def rows(self, keys: Sequence[Key]) -> list[Row]:
        """Make one customer for each createdOn and id."""
        columns = self._columns(keys)
        stored = [columns[name] for name in COLUMNS]
        levels = self._draw.picks(_LEVELS, len(keys), missing=0.05)
        texts = map(self._encode, self._wire_records(columns))
        return list(zip(*stored, levels, texts, strict=True))

    def _columns(self, keys: Sequence[Key]) -> _Columns:
        """Return the flat answer fields; times as milliseconds, money as paise."""
        count = len(keys)
        created_ons = [created_on for created_on, _ in keys]
        places, accounts = self._draw.picks(self._places, count), self._accounts(count)
        creators = self._draw.pairs(self._users, count)
        editors = self._draw.pairs(self._users, count, missing=0.15)
        parents = self._draw.pairs(self._parents, count, missing=0.7)
        return {
            "accountNumber": [account.number for account in accounts],
            "active": self._draw.chances(0.85, count),
            "address": [place.address for place in places],
            "assignedAgent": self._draw.picks(self._agents, count, missing=0.08),
            "bankName": [account.bank for account in accounts],
            "branchCodes": [place.branch_codes for place in places],
            "companyId": self._draw.picks(self._companies, count),
            "contactEmail": self._draw.picks(words.CONTACT_EMAILS, count, missing=0.05),
            "contactNumber": self._draw.phones(count),
            "createdBy": [creator_id for creator_id, _ in creators],
            "createdByName": [creator for _, creator in creators],
            "createdOn": created_ons,
            "customerId": self._draw.codes("KC", 14, count),
            "customerLogo": self._draw.picks(words.LOGOS, count, missing=0.9),
            "dsoMedian": self._draw.picks(_DSO_MEDIANS, count, missing=0.1),
            "id": [row_id for _, row_id in keys],
            "ifsc": [account.ifsc for account in accounts],
            "legalName": self._firms(count),
            "modifiedBy": [editor_id for editor_id, _ in editors],
            "modifiedByName": [editor for _, editor in editors],
            "modifiedOn": self._modified_ons(created_ons, editors),
            "netAmount": self._amounts(count),
            "panOrGstin": self._tax_numbers(places),
            "parentCompanyId": [parent_id for parent_id, _ in parents],
            "parentLegalName": [parent for _, parent in parents],
            "pinCode": [place.pin_code for place in places],
            "state": [place.state for place in places],
            "uniqueRefNo": self._references(keys),
            "warnings": self._draw.picks(_WARNING_LISTS, count),
        }

    def _wire_records(self, columns: _Columns) -> Iterator[msgspec.Struct]:
        on_wire: dict[str, Sequence[Any]] = {
            **columns,
            "createdOn": self._dates(columns["createdOn"]),
            "modifiedOn": self._dates(columns["modifiedOn"]),
            "netAmount": [msgspec.Raw(_money(paise)) for paise in columns["netAmount"]],
        }
        on_wire["customerKeyContacts"] = self._contacts(on_wire)
        on_wire["customerReminders"] = self._reminders(on_wire)
        return _structs(Customer, on_wire)

    def _contacts(self, customers: _Columns) -> list[list[msgspec.Struct]]:
        sizes, owners = self._share_out(_CONTACTS_EACH, customers)
        count = len(owners)
        names, domains = self._people(count), self._draw.picks(words.DOMAINS, count)
        columns = {
            "createdBy": [customers["createdBy"][owner] for owner in owners],
            "createdOn": [customers["createdOn"][owner] for owner in owners],
            "customerId": [customers["customerId"][owner] for owner in owners],
            "customerName": [customers["legalName"][owner] for owner in owners],
            "deleted": self._draw.picks(_DELETED, count),
            "email": [_email(name, domain) for name, domain in zip(names, domains, strict=True)],
            "keyContactPersonId": self._draw.codes("KP", 14, count),
            "mail_enabled": self._draw.chances(0.8, count),
            "mobile": self._draw.phones(count),
            "modifiedBy": [customers["modifiedBy"][owner] for owner in owners],
            "modifiedOn": [customers["modifiedOn"][owner] for owner in owners],
            "name": names,
            "sms_enabled": self._draw.chances(0.5, count),
            "whatsapp_enabled": self._draw.chances(0.4, count),
        }
        return _grouped(_structs(Contact, columns), sizes)

    def _reminders(self, customers: _Columns) -> list[list[msgspec.Struct]]:
        sizes, owners = self._share_out(_REMINDERS_EACH, customers)
        count = len(owners)
        columns = {
            "customerId": [customers["customerId"][owner] for owner in owners],
            "customerReminderId": self._draw.codes("CR", 14, count),
            "dueDateDifference": self._draw.picks((-7, -3, -1, 0, 1, 3, 7, 15), count),
            "reminderInterval": self._draw.picks((1, 3, 7, 14), count),
            "reminderTime": self._draw.picks(_REMINDER_TIMES, count),
            "reminderType": self._draw.picks(("ONCE", "RECURRING"), count),
            "stage": self._draw.picks(words.STAGES, count),
        }
        return _grouped(_structs(Reminder, columns), sizes)

    def _share_out(
        self, options: Sequence[int], customers: _Columns
    ) -> tuple[list[int], list[int]]:
        """Draw how many each customer has, and list the index of the owner of each."""
        sizes = self._draw.picks(options, len(customers["id"]))
        return sizes, [owner for owner, size in enumerate(sizes) for _ in range(size)]

    def _make_places(self, count: int) -> list[_Place]:
        streets = self._draw.picks(words.STREETS, count)
        cities = self._draw.picks(words.CITIES, count)
        digits = self._draw.digits(8, count)
        branches = self._draw.picks((0, 0, 0, 1, 1, 2, 3), count)
        return [
            _Place(
                address=f"{int(number[:3]) + 1}, {street}, {city.name}",
                branch_codes=[
                    f"{city.name[:3].upper()}{number[2 + i : 5 + i]}" for i in range(branch)
                ],
                pin_code=city.pin + number[6:],
                state=city.state,
                gst=city.gst,
            )
            for street, city, number, branch in zip(streets, cities, digits, branches, strict=True)
        ]

    def _accounts(self, count: int) -> list[_Account]:
        digits = self._draw.digits(20, count)
        banks = self._draw.picks(words.BANKS, count, missing=0.1)
        lengths = self._draw.picks((11, 12, 14), count)
        return [
            _Account(number[6 : 6 + length], bank.name, f"{bank.ifsc}0{number[:6]}")
            if bank
            else _NO_ACCOUNT
            for bank, number, length in zip(banks, digits, lengths, strict=True)
        ]

    def _tax_numbers(self, places: Sequence[_Place]) -> list[str]:
        """Return GSTINs, three in ten of them cut down to the PAN inside."""
        count = len(places)
        letters = self._draw.letters(6, count)
        digits = self._draw.digits(4, count)
        shortened = self._draw.chances(0.3, count)
        gstins = (
            f"{place.gst}{a[:3]}C{a[3]}{n}{a[4]}1Z{a[5]}"
            for place, a, n in zip(places, letters, digits, strict=True)
        )
        return [text[2:12] if cut else text for text, cut in zip(gstins, shortened, strict=True)]

    def _modified_ons(
        self, created_ons: Sequence[int | None], editors: Sequence[tuple[Any, Any]]
    ) -> list[int | None]:
        chance, tick = self._draw.chance, self._tick
        starts = [EARLIEST if one is None else one for one in created_ons]
        return [
            (start + int(max(LATEST - start, 0) * chance() ** 2)) // tick * tick if name else None
            for start, (_, name) in zip(starts, editors, strict=True)
        ]

    def _amounts(self, count: int) -> list[int]:
        """Return paise; a few amounts are too long for a float, a few are negative."""
        chance = self._draw.chance
        amounts = [int(10 ** (3 + 7 * chance())) for _ in range(count)]
        for index in range(count):
            kind = chance()
            if kind < 0.01:
                amounts[index] = self._draw.whole(10**17, 10**18)
            elif kind < 0.05:
                amounts[index] *= -1
        return amounts

    def _references(self, keys: Sequence[Key]) -> list[str | None]:
        absent = self._draw.chances(0.2, len(keys))
        return [
            None if gone else f"REF-{row_id:09d}"
            for gone, (_, row_id) in zip(absent, keys, strict=True)
        ]

    def _firms(self, count: int) -> list[str]:
        parts = (words.HOUSES, words.TRADES, words.FORMS)
        names = zip(*(self._draw.picks(part, count) for part in parts), strict=True)
        awkward = self._draw.picks(words.AWKWARD_FIRMS, count, missing=0.996)
        return [odd or " ".join(name) for name, odd in zip(names, awkward, strict=True)]

    def _people(self, count: int) -> list[str]:
        return self._draw.picks(words.PEOPLE, count)

    def _dates(self, instants: Sequence[int | None]) -> list[str | int | None]:
        write = self._write_date
        return [None if instant is None else write(instant) for instant in instants]


def _email(name: str, domain: str) -> str:
    return f"{name.replace(' ', '.').lower()}@{domain}"


def _structs(kind: type[msgspec.Struct], columns: _Columns) -> Iterator[msgspec.Struct]:
    return map(kind, *(columns[name] for name in kind.__struct_fields__))


def _grouped(structs: Iterator[msgspec.Struct], sizes: Sequence[int]) -> list[list[msgspec.Struct]]:
    return [list(itertools.islice(structs, size)) for size in sizes]


def _money(paise: int) -> bytes:
    rupees, rest = divmod(abs(paise), 100)
    return b"%s%d.%02d" % (b"-" if paise < 0 else b"", rupees, rest)
