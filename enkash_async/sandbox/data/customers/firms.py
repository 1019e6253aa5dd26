"""Names, places, bank accounts and tax numbers of firms that are nobody's. No I/O.

PANs, GSTINs, phone numbers and account numbers only have the shape of real ones.
"""

from collections.abc import Sequence
from typing import NamedTuple

from enkash_async.sandbox.data.customers import words
from enkash_async.sandbox.data.draws import Draws


class Place(NamedTuple):
    """Where a firm is, and the branches it has there."""

    address: str
    branch_codes: list[str]
    pin_code: str
    state: str
    gst: str


class BankAccount(NamedTuple):
    """An account with a bank; a firm without one has None for each."""

    number: str | None
    bank: str | None
    ifsc: str | None


_NO_ACCOUNT = BankAccount(None, None, None)


def people(draw: Draws, count: int) -> list[str]:
    return draw.picks(words.PEOPLE, count)


def firms(draw: Draws, count: int, *, awkward: bool) -> list[str]:
    """Return names of firms; if *awkward* a few in other scripts, or with quotes and slashes."""
    parts = (words.HOUSES, words.TRADES, words.FORMS)
    names = zip(*(draw.picks(part, count) for part in parts), strict=True)
    odd_names = draw.picks(words.AWKWARD_FIRMS, count, missing=0.996 if awkward else 1)
    return [odd or " ".join(name) for name, odd in zip(names, odd_names, strict=True)]


def places(draw: Draws, count: int) -> list[Place]:
    streets = draw.picks(words.STREETS, count)
    cities = draw.picks(words.CITIES, count)
    digits = draw.digits(8, count)
    branches = draw.picks((0, 0, 0, 1, 1, 2, 3), count)
    return [
        Place(
            address=f"{int(number[:3]) + 1}, {street}, {city.name}",
            branch_codes=[f"{city.name[:3].upper()}{number[2 + i : 5 + i]}" for i in range(branch)],
            pin_code=city.pin + number[6:],
            state=city.state,
            gst=city.gst,
        )
        for street, city, number, branch in zip(streets, cities, digits, branches, strict=True)
    ]


def bank_accounts(draw: Draws, count: int) -> list[BankAccount]:
    digits = draw.digits(20, count)
    banks = draw.picks(words.BANKS, count, missing=0.1)
    lengths = draw.picks((11, 12, 14), count)
    return [
        BankAccount(number[6 : 6 + length], bank.name, f"{bank.ifsc}0{number[:6]}")
        if bank
        else _NO_ACCOUNT
        for bank, number, length in zip(banks, digits, lengths, strict=True)
    ]


def tax_numbers(draw: Draws, places: Sequence[Place]) -> list[str]:
    """Return GSTINs, three in ten of them cut down to the PAN inside."""
    count = len(places)
    letters = draw.letters(6, count)
    digits = draw.digits(4, count)
    shortened = draw.chances(0.3, count)
    gstins = (
        f"{place.gst}{a[:3]}C{a[3]}{n}{a[4]}1Z{a[5]}"
        for place, a, n in zip(places, letters, digits, strict=True)
    )
    return [text[2:12] if cut else text for text, cut in zip(gstins, shortened, strict=True)]
