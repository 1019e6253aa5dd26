"""One bad record among 5,000, of every kind and in every field: the others arrive."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, NamedTuple

import attrs
import pytest

from enkash_async import (
    BadRecord,
    BearerToken,
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    DecodeError,
    EnKashSession,
    RetryPolicy,
)
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._wire.keys import wire_name
from tests.support.plain_functions import NOT_PLAIN
from tests.support.raw_server import Call, raw_server, reply
from tests.support.reading import read_into
from tests.support.secrets import assert_keeps

pytestmark = pytest.mark.anyio

PERSONAL = "Planted Legal Name"
ROWS = 5000


class Bad(NamedTuple):
    """What stands on the wire in place of a record, and the path of what is wrong with it."""

    raw: bytes
    path: str


TEXT = json.dumps(PERSONAL).encode()
LIST = json.dumps([PERSONAL]).encode()
OBJECT = json.dumps({PERSONAL: PERSONAL}).encode()
NOT_UTF8 = b'"' + PERSONAL.encode() + b'\xff"'

# By the type of a field: values that cannot be it. Text holds something personal where it can.
WRONG: dict[str, dict[str, bytes]] = {
    "str": {"number": b"1", "flag": b"true", "list": LIST, "object": OBJECT, "fraction": b"1.5"},
    "bool": {"number": b"0", "text": TEXT, "list": LIST, "object": OBJECT},
    "int": {
        **{"text": TEXT, "digits": b'"1"', "fraction": b"1.5", "huge": b"1E+1000000"},
        **{"flag": b"true", "list": LIST, "object": OBJECT, "absurd": b"1e400"},
    },
    "Decimal": {
        **{"text": TEXT, "flag": b"true", "list": LIST, "object": OBJECT, "NaN": b'"NaN"'},
        **{"infinite": b'"Infinity"', "beyond exponents": b"1e9999999999999999999"},
    },
    "datetime": {
        **{"text": TEXT, "flag": b"true", "list": LIST, "object": OBJECT, "fraction": b"1.5"},
        **{"day 32": b'"2019-08-32T14:15:22Z"', "year 300000": b"9999999999999999"},
    },
    "tuple": {"number": b"1", "text": TEXT, "flag": b"true", "object": OBJECT},
}
# What no text of ours may hold, but where nothing else of the record suffers.
HALF = {
    "not UTF-8": NOT_UTF8,
    "half a pair": b'"\\ud800' + PERSONAL.encode() + b'"',
    "the other half": b'"\\uDC00\\ud800' + PERSONAL.encode() + b'"',
}
BROKEN = {
    "unknown escape": b'"\\x' + PERSONAL.encode() + b'"',
    "half an escape": b'"\\u12' + PERSONAL.encode() + b'"',
    "control character": b'"\x01' + PERSONAL.encode() + b'"',
    "line break": b'"' + PERSONAL.encode() + b'\n"',
    "tab, and brackets": b'"}],\t{' + PERSONAL.encode() + b'"',
    "not a number": b"NaN",
    "leading zero": b"007",
    "nothing": b"",
}
ITEMS = {"null": b"null", "number": b"1", "list": LIST, "text": TEXT, "object": OBJECT}


def kind_of(field: attrs.Attribute[Any]) -> str:
    hint = str(field.type)
    return next(
        kind for kind in ("tuple", "datetime", "Decimal", "bool", "int", "str") if kind in hint
    )


def bad_fields(record: Any, before: bytes, after: bytes, prefix: str) -> list[tuple[str, Bad]]:
    found: list[tuple[str, Bad]] = []
    for field in attrs.fields(record):
        name = wire_name(field)
        for kind, value in (WRONG[kind_of(field)] | HALF).items():
            raw = before + b'{"%b":%b}' % (name.encode(), value) + after
            found.append((f"{prefix}{name}: {kind}", Bad(raw, f"{prefix}{name}")))
        for kind, value in BROKEN.items():
            raw = before + b'{"%b":%b}' % (name.encode(), value) + after
            found.append((f"{prefix}{name}: {kind}", Bad(raw, "$")))
    return found


def bad_items(name: str, good: str) -> list[tuple[str, Bad]]:
    """Return lists whose second item is wrong, but in the kinds that are right for them."""
    right = {"text"} if name in ("branchCodes", "warnings") else {"object"}
    return [
        (
            f"{name}[1]: {kind}",
            Bad(b'{"%b":[%b,%b]}' % (name.encode(), good.encode(), value), f"{name}[1]"),
        )
        for kind, value in ITEMS.items()
        if kind not in right
    ]


KINDS: dict[str, Bad] = dict(
    [
        *bad_fields(Customer, b"", b"", ""),
        *bad_fields(
            CustomerKeyContact, b'{"customerKeyContacts":[{},', b"]}", "customerKeyContacts[1]."
        ),
        *bad_fields(CustomerReminder, b'{"customerReminders":[{},', b"]}", "customerReminders[1]."),
        *bad_items("branchCodes", '"A"'),
        *bad_items("warnings", '"A"'),
        *bad_items("customerKeyContacts", "{}"),
        *bad_items("customerReminders", "{}"),
        *[(f"record: {kind}", Bad(raw, "$")) for kind, raw in ITEMS.items()],
        ("record: empty", Bad(b"{}", "$")),
        ("record: another case", Bad(b'{"CustomerId":"KC1","LegalName":%b}' % TEXT, "$")),
        ("record: snake case", Bad(b'{"customer_id":"KC1","id":1,"active":true}', "$")),
        ("record: not UTF-8", Bad(NOT_UTF8, "$")),
        ("record: comma too many", Bad(b'{"branchCodes":[%b,],}' % TEXT, "$")),
        ("record: single quotes", Bad(b"{'legalName':'Planted'}", "$")),
        ("record: Python's", Bad(b'{"legalName":None,"active":True}', "$")),
        ("record: none between two commas", Bad(b"", "$")),
    ]
)


def test_every_field_is_among_them() -> None:
    assert sum(len(attrs.fields(r)) for r in (Customer, CustomerKeyContact, CustomerReminder)) == 52
    paths = {bad.path.rsplit(".", 1)[-1].split("[")[0] for bad in KINDS.values()}
    for record in (Customer, CustomerKeyContact, CustomerReminder):
        assert {wire_name(field) for field in attrs.fields(record)} <= paths


def body(rows: list[bytes], total: int) -> bytes:
    return b'{"payload":{"data":[%b],"recordsCount":%d}}' % (b",".join(rows), total)


def good(row: int) -> bytes:
    return b'{"customerId":"KC%d","legalName":%b}' % (row, TEXT)


@asynccontextmanager
async def session_on(rows: list[bytes]) -> AsyncIterator[EnKashSession]:
    async def send(call: Call) -> bytes:
        offset = int(call.query["offset"])
        return reply(
            body(rows[offset : offset + int(call.query["limit"])], len(rows)), keep_alive=True
        )

    async with (
        raw_server(send) as server,
        EnKashSession(
            server.base_url, BearerToken("t"), page_size=ROWS, retry=RetryPolicy(attempts=1)
        ) as session,
    ):
        yield session


async def test_all_kinds_spread_over_a_page_of_5000_spare_the_others() -> None:
    rows = [good(row) for row in range(ROWS)]
    step = (ROWS - 2) // len(KINDS)
    at = {1 + step * place: bad for place, bad in enumerate(KINDS.values())}
    for row, bad in at.items():
        rows[row] = bad.raw
    told: list[BadRecord] = []
    seen: list[str | None] = []
    async with session_on(rows) as session:
        search = session.customers.search(on_bad_record=told.append)
        await read_into(seen, search)
    assert seen == [f"KC{row}" for row in range(ROWS) if row not in at]
    assert [(bad.offset, bad.index, bad.raw) for bad in told] == [
        (row, row, bad.raw) for row, bad in at.items()
    ]
    assert [bad.reason.split(":")[0] for bad in told] == [bad.path for bad in at.values()]
    assert search.report.bad_records == len(KINDS)
    assert PERSONAL not in f"{told!r} {[bad.reason for bad in told]}"


async def test_one_among_5000_is_told_with_its_place() -> None:
    rows = [good(row) for row in range(ROWS)]
    rows[4321] = KINDS["netAmount: text"].raw
    async with session_on(rows) as session:
        told: list[BadRecord] = []
        page = await session.customers.search(on_bad_record=told.append)
        assert len(page) == ROWS - 1
        assert [(bad.offset, bad.index) for bad in told] == [(4321, 4321)]
        seen: list[str | None] = []
        with pytest.raises(DecodeError, match="row 4321") as caught:
            await read_into(seen, session.customers.search())
    assert (caught.value.path, caught.value.offset, caught.value.index) == ("netAmount", 4321, 4321)
    assert len(seen) == 4321


# All of them stand in the page above; alone, one in five takes a few seconds less.
ALONE = dict(list(KINDS.items())[::5])


async def test_a_kind_alone_is_an_error_with_path_and_place() -> None:
    rows = [good(0), b"", good(2)]
    async with session_on(rows) as session:
        for kind, bad in ALONE.items():
            rows[1] = bad.raw
            with pytest.raises(DecodeError) as caught:
                await read_into([], session.customers.search())
            error = caught.value
            assert (kind, error.path, error.offset, error.index) == (kind, bad.path, 1, 1)
            assert error.reason
            assert_keeps(error, PERSONAL)


# What the caller gives


async def unused(call: Call) -> bytes:
    raise AssertionError("nothing is sent")


@pytest.mark.parametrize("wrong", [*NOT_PLAIN, "print", 7, [print]])
@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_a_callback_that_would_lose_records_is_refused_when_the_search_is_made(
    method: str, wrong: Any
) -> None:
    async with (
        raw_server(unused) as server,
        EnKashSession(server.base_url, BearerToken("t")) as session,
    ):
        with pytest.raises(TypeError, match=r"^on_bad_record must be a (plain )?function"):
            getattr(session.customers, method)(on_bad_record=wrong)


@pytest.mark.parametrize("name", ["id", "customerId", "legalName", "overdueCount"])
def test_a_number_of_thousands_of_digits_is_named(name: str) -> None:
    raw = b'{"customerId":"KC1","%b":%b}' % (name.encode(), b"9" * 5001)
    declared = {wire_name(field) for field in attrs.fields(Customer)}
    decoder = RecordDecoder(Customer, UTC)
    if name not in declared:
        assert decoder.decode(raw).customer_id == "KC1"
        return
    with pytest.raises(DecodeError) as caught:
        decoder.decode(raw)
    assert caught.value.path == name


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'"id":1e400', "is a number of more than 100 digits"),
        (b'"id":%b' % (b"9" * 5001), "is a number of more than 100 digits"),
        (b'"id":1.5', "expected a whole number, got a fraction"),
        (b'"id":1e-400', "expected a whole number, got a fraction"),
        (b'"id":1e-999999999999999999999', "a number whose exponent is beyond all bounds"),
        (b'"id":1e999999999999999999999', "a number whose exponent is beyond all bounds"),
        (b'"id":true', "expected a whole number, got bool"),
        (b'"netAmount":1e-999999999999999999999', "a number whose exponent is beyond all bounds"),
        (b'"netAmount":"1e999999999999999999999"', "a number whose exponent is beyond all bounds"),
        *(
            (b'"netAmount":"%b"' % text.encode(), "expected a number, got other text")
            for text in ("NaN", "Infinity", "1_000", "\u0661\u0662", " 12.30 ", ".", "+", "")
        ),
        *(
            (b'"netAmount":"%b"' % text.encode(), "expected a number, got other text")
            for text in ("1,000", "12 ", "--1", "1e", "0x10", "\uff11", "1__0", "e5", "\u22125")
        ),
    ],
)
def test_a_number_is_not_refused_for_what_it_is_not(raw: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        RecordDecoder(Customer, UTC).decode(b'{"customerId":"KC1",%b}' % raw)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("digits", "amount"),
    [
        *(("12.30", "12.30"), ("-0.50", "-0.50"), ("+5", "5"), ("007", "7"), ("1e3", "1E+3")),
        *(("5.", "5"), (".5", "0.5"), ("1.5E-7", "1.5E-7"), ("0", "0"), ("9" * 5001, "9" * 5001)),
    ],
)
def test_an_amount_in_text_is_the_decimal_of_its_digits(digits: str, amount: str) -> None:
    raw = b'{"customerId":"KC1","netAmount":"%b"}' % digits.encode()
    decoder = RecordDecoder(Customer, UTC)
    for record in (decoder.decode(raw), decoder.decode_by_reference(raw)):
        assert str(record.net_amount) == amount
