"""What stands in the files: every value that came, the chosen columns, and no bad record."""

from __future__ import annotations

import asyncio
import base64
import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from aiohttp import web

from enkash_async import CustomerFilter, InvalidArgumentError, Verdict
from enkash_async.arrow import customer_schema
from enkash_async.export import BadRow, CsvStyle, export
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    Sandbox,
    SandboxSettings,
    SearchCall,
    faults,
    open_sandbox,
)
from tests.support.misread_ends import misread_ends
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


async def exported(sandbox: Sandbox, path: Path, **options: Any) -> bytes:
    async with session_for(sandbox) as session:
        result = await export(session.customers, path, **options)
    assert result.path == path
    return content_of(path)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def contents_of(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((one.name, one.read_bytes()) for one in folder.iterdir())


def rows_of(text: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)]


def exactly(line: bytes | str) -> Any:
    return json.loads(line, parse_float=Decimal)


async def test_json_lines_hold_every_record_as_it_came(sandbox: Sandbox, tmp_path: Path) -> None:
    text = gzip.decompress(await exported(sandbox, tmp_path / "c.jsonl.gz"))
    assert [exactly(line) for line in text.splitlines()] == sandbox.records()


@pytest.mark.parametrize("defuse", [True, False])
async def test_csv_holds_every_value(sandbox: Sandbox, tmp_path: Path, defuse: bool) -> None:
    style = CsvStyle(defuse=defuse)
    text = await exported(sandbox, tmp_path / "c.csv", csv=style)
    rows = rows_of(text)
    assert text.count(b"\r\n") == len(rows) + 1
    for row, record in zip(rows, sandbox.records(), strict=True):
        for name, cell in row.items():
            value = record.get(name)
            if value is None:
                assert cell == ""
            elif isinstance(value, str):
                assert cell.removeprefix("'" if defuse else "") == value
            else:
                assert exactly(cell) == value


async def test_parquet_has_the_schema_of_customers_and_their_values(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    await exported(sandbox, tmp_path / "c.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "c.parquet")
    assert table.schema.equals(customer_schema())
    async with session_for(sandbox) as session:
        customers = [customer async for customer in session.customers.crawl()]
    assert table.column("net_amount").to_pylist() == [one.net_amount for one in customers]
    assert table.column("created_on").to_pylist() == [one.created_on for one in customers]
    assert table.column("customer_id").to_pylist() == [one.customer_id for one in customers]


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.parquet"])
async def test_chosen_columns_under_other_names(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    await exported(
        sandbox,
        tmp_path / name,
        columns=["customerId", "legal_name", "customerKeyContacts", "netAmount"],
        mask=["personal", "net_amount"],
        rename={"customer_id": "id"},
    )
    content = content_of(tmp_path / name)
    if name == "c.parquet":
        rows: list[Any] = pyarrow.parquet.read_table(tmp_path / name).to_pylist()
        names = ["id", "legal_name", "customer_key_contacts", "net_amount"]
        empty: Any = []
    elif name == "c.csv":
        rows, names = rows_of(content), ["id", "legalName", "customerKeyContacts", "netAmount"]
        empty = "[]"
    else:
        rows = [json.loads(line) for line in content.splitlines()]
        names, empty = ["id", "legalName", "customerKeyContacts", "netAmount"], []
    assert [row["id"] for row in rows] == sandbox.customer_ids()
    for row in rows:
        assert list(row) == names
        assert row[names[1]] == "***"
        assert row[names[2]] == empty
        assert row[names[3]] in (None, "")


SWAPPED = {"customer_id": "company_id", "company_id": "customer_id"}


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.parquet"])
@pytest.mark.parametrize(
    ("rename", "title", "is_taken"),
    [
        ("customer_id", "company_id", ["c.parquet"]),
        ("customerId", "companyId", ["c.jsonl", "c.csv"]),
        ("customerId", "id", ["c.jsonl", "c.csv", "c.parquet"]),
        ("customer_id", "customerId", []),
        ("customerId", "customer_id", []),
        ("legal_name", "name", []),
    ],
)
async def test_a_name_is_taken_where_a_column_is_written_under_it(
    sandbox: Sandbox, tmp_path: Path, name: str, rename: str, title: str, is_taken: list[str]
) -> None:
    """Parquet calls columns as records do, the other forms as the service does."""
    path = tmp_path / name
    if name in is_taken:
        with pytest.raises(InvalidArgumentError, match=f"two columns would be called '{title}'"):
            await exported(sandbox, path, rename={rename: title}, max_records=5)
        return
    await exported(sandbox, path, rename={rename: title}, max_records=5)
    titles = titles_of(path)
    assert titles.count(title) == 1
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.parquet"])
async def test_two_columns_may_change_their_names(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    columns = ["customer_id", "company_id"]
    by_wire = {"customerId": "companyId", "companyId": "customerId"}
    rename = SWAPPED if name == "c.parquet" else by_wire
    await exported(sandbox, tmp_path / name, columns=columns, rename=rename, max_records=5)
    assert titles_of(tmp_path / name) == [*rename.values()]


@pytest.mark.parametrize("rename", [{"legalName": "customerKeyContacts"}, {"state": "a,b"}])
async def test_a_list_that_is_left_out_of_csv_takes_no_name(
    sandbox: Sandbox, tmp_path: Path, rename: dict[str, str]
) -> None:
    path = tmp_path / "c.csv"
    await exported(sandbox, path, csv=CsvStyle(nested=False), rename=rename, max_records=5)
    assert titles_of(path).count(*rename.values()) == 1


def titles_of(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return [*pyarrow.parquet.read_table(path).column_names]
    if path.suffix == ".csv":
        return next(csv.reader(io.StringIO(path.read_text(), newline="")))
    records: list[dict[str, Any]] = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [*dict.fromkeys(name for record in records for name in record)]


async def test_what_a_mask_may_not_know_is_left_out(tmp_path: Path) -> None:
    """A field that this version does not know may be personal."""

    async def answer(call: SearchCall) -> web.Response:
        record = {"customerId": "K1", "legalName": "A", "secretName": "B", "state": "Goa"}
        return page_of([json.dumps(record)], 1)

    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        sandbox.on_search = answer
        whole = await exported(sandbox, tmp_path / "a.jsonl", method="search")
        masked = await exported(sandbox, tmp_path / "b.jsonl", method="search", mask=["personal"])
    assert "secretName" in json.loads(whole)
    assert json.loads(masked) == {"customerId": "K1", "legalName": "***", "state": "Goa"}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|x", "'+cmd|x"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("+91 50000 71907", "+91 50000 71907"),
        ("-5.25", "-5.25"),
        ('a "b", c\r\nd', 'a "b", c\r\nd'),
    ],
)
async def test_cells_that_a_spreadsheet_would_run(tmp_path: Path, value: str, cell: str) -> None:
    async def answer(call: SearchCall) -> web.Response:
        record = {"customerId": "K1", "legalName": value, "netAmount": -5.5}
        return page_of([json.dumps(record)], 1)

    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        sandbox.on_search = answer
        text = await exported(sandbox, tmp_path / "c.csv", method="search", csv=CsvStyle(bom=True))
    assert text.startswith(b"\xef\xbb\xbf")
    [row] = rows_of(text)
    assert (row["legalName"], row["netAmount"]) == (cell, "-5.5")


NUMBERS = (
    "0 -0.0 5.50 -5.5 -1.5E3 -1e-7 1E+400 -1e400 -2.50e+05 -7 99999999999999999999 -1{}".format(
        "0" * 40
    ).split()
)


@pytest.mark.parametrize("defuse", [True, False])
async def test_numbers_keep_their_digits_in_csv(tmp_path: Path, defuse: bool) -> None:
    """None is a text that a spreadsheet would run, also where a list or an object holds it."""
    records = [
        f'{{"customerId":"K{place}","netAmount":{number},"legalName":{{"a":[{number}]}},'
        f'"customerKeyContacts":[{number}]}}'
        for place, number in enumerate(NUMBERS)
    ]

    async def answer(call: SearchCall) -> web.Response:
        return page_of(list[Any](records[call.offset :]), len(records))

    async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
        sandbox.on_search = answer
        style = CsvStyle(defuse=defuse)
        text = await exported(sandbox, tmp_path / "c.csv", method="search", csv=style)
    rows = rows_of(text)
    assert [row["netAmount"] for row in rows] == NUMBERS
    assert [row["legalName"] for row in rows] == [f'{{"a":[{number}]}}' for number in NUMBERS]
    assert [row["customerKeyContacts"] for row in rows] == [f"[{number}]" for number in NUMBERS]


BROKEN = ',"netAmount":NaN'

BAD = [
    b'{"customerId":"K2","netAmount":NaN}',
    b'{"customerId":"K3","legalName":"\xff"}',
    b"null",
]


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.jsonl.gz", "c.parquet"])
async def test_bad_records_are_kept_aside_and_good_ones_are_not_lost(
    tmp_path: Path, name: str
) -> None:
    good = [b'{"customerId":"K%d"}' % number for number in (1, 5)]
    answers = [good[0], *BAD, good[1]]

    async def answer(call: SearchCall) -> web.Response:
        return page_of(answers[call.offset :] if call.offset < 4 else answers[4:], 5)

    told = list[BadRow]()
    async with open_sandbox(SandboxSettings(rows=1)) as sandbox, session_for(sandbox) as session:
        sandbox.on_search = answer
        path = tmp_path / name
        result = await export(session.customers, path, method="search", on_bad_record=told.append)
    assert (result.records, result.bad_records) == (2, 3)
    assert not result.is_good
    assert result.is_finished
    assert result.bad_path is not None
    kept = [json.loads(line) for line in content_of(result.bad_path).splitlines()]
    assert [base64.b64decode(one["base64"]) for one in kept] == BAD
    assert [one["row"] for one in kept] == [one.row for one in told] == [1, 2, 3]
    assert all(one["reason"] for one in kept)


KEYS = [*range(30)]
NEW_IN_FRONT = [30, *KEYS]
MOVED_DOWN = [key for key in KEYS if key != 5]
MOVED_DOWN.insert(15, 5)


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.jsonl.gz", "c.parquet", "parts/"])
@pytest.mark.parametrize("later", [KEYS, NEW_IN_FRONT, MOVED_DOWN], ids=["same", "new", "moved"])
async def test_a_bad_record_is_named_by_its_row_in_the_list(
    tmp_path: Path, name: str, later: list[int]
) -> None:
    """Not by how many came before it: where the list changed, these are two things."""

    async def answer(call: SearchCall) -> web.Response:
        keys = KEYS if call.number == 0 else later
        records = [f'{{"customerId":"K{key}"{BROKEN * (key == 20)}}}' for key in keys]
        return page_of(list[Any](records[call.offset : call.offset + call.limit]), len(keys))

    told = list[BadRow]()
    async with (
        open_sandbox(SandboxSettings(rows=1)) as sandbox,
        session_for(sandbox, page_size=10, max_concurrency=1) as session,
    ):
        sandbox.on_search = answer
        result = await export(
            session.customers,
            f"{tmp_path}/{name}",
            method="search",
            parts=7 if name == "parts/" else None,
            on_bad_record=told.append,
        )
    assert [one.row for one in told] == [later.index(20)]
    assert result.records == 29
    assert (result.verdict is Verdict.COMPLETE) is (later is KEYS)


def page_of(records: list[Any], count: int) -> web.Response:
    data = b",".join(one if isinstance(one, bytes) else one.encode() for one in records)
    body = b'{"errorResponse":null,"payload":{"data":[%b],"recordsCount":%d}}'
    return web.Response(body=body % (data, count), content_type="application/json")


@pytest.mark.parametrize(
    ("settings", "method", "why"),
    [
        ({}, "crawl", None),
        ({"count_style": "missing"}, "search", "no recordsCount"),
        ({"count_style": "page"}, "search", "counts the records of each page"),
        ({"rows_without_created_on": 3}, "search", "3 customers have no createdOn"),
    ],
)
async def test_how_a_list_is_read_follows_from_a_few_counts(
    tmp_path: Path, settings: dict[str, Any], method: str, why: str | None
) -> None:
    path = tmp_path / "c.jsonl"
    notes = list[str]()
    async with (
        open_sandbox(SandboxSettings(rows=120, **settings)) as sandbox,
        session_for(sandbox) as session,
    ):
        result = await export(session.customers, path, on_note=notes.append)
        asked = len(sandbox.searches)
    assert result.method == method
    assert (result.why is None) is (why is None)
    assert [why in note for note in notes if why is not None] == [True] * (why is not None)
    assert content_of(path).count(b"\n") == result.records == 120
    assert result.verdict is Verdict.COMPLETE
    assert asked < 20 + 2 * 8  # where nothing is counted, what is in flight when the end comes


@pytest.mark.parametrize("as_given", [lambda day: day, str], ids=["day", "text"])
@pytest.mark.parametrize("bounds", ["from", "to", "from to"])
async def test_days_in_a_filter_are_those_of_a_search(
    sandbox: Sandbox, tmp_path: Path, bounds: str, as_given: Callable[[date], Any]
) -> None:
    """Whoever decides how the list is read compares them with instants."""
    async with session_for(sandbox) as session:
        created = {
            one.customer_id: one.created_on.astimezone(UTC).date()
            async for one in session.customers.search()
            if one.created_on is not None
        }
        days = sorted(created.values())
        first = days[len(days) // 3] if "from" in bounds else date.min
        last = days[len(days) // 2] if "to" in bounds else date.max
        wanted = {id for id, day in created.items() if first <= day <= last}
        given = {"from": ("created_on_from", first), "to": ("created_on_to", last)}
        fields = {name: as_given(day) for name, day in map(given.__getitem__, bounds.split())}
        result = await export(
            session.customers, tmp_path / "c.jsonl", filter=CustomerFilter(**fields)
        )
    lines = content_of(tmp_path / "c.jsonl").splitlines()
    assert {json.loads(line)["customerId"] for line in lines} == wanted
    assert (result.method, result.records) == ("crawl", len(wanted))
    assert 0 < len(wanted) < len(created)


async def test_going_on_is_refused_for_another_export(tmp_path: Path) -> None:
    path, stop = tmp_path / "c.jsonl", asyncio.Event()
    stop.set()
    async with open_sandbox(SandboxSettings(rows=200)) as sandbox, session_for(sandbox) as session:
        customers = session.customers
        await export(customers, path, stop=stop, service="a")
        before = contents_of(tmp_path)
        cases: dict[str, dict[str, Any]] = {
            "begun with another filter": {"filter": CustomerFilter(level="LEVEL_1")},
            "another form": {"mask": ["state"]},
            "another service": {"service": "b"},
            "was begun by crawl": {"method": "search"},
        }
        for said, options in cases.items():
            given: Any = {"service": "a", "resume": True} | options
            with pytest.raises(ValueError, match=said):
                await export(customers, path, **given)
            assert contents_of(tmp_path) == before
        notes = list[str]()
        result = await export(customers, path, service="a", on_note=notes.append)
    assert "which an earlier export had left, was removed" in notes[0]
    assert (result.records_before, result.records) == (0, 200)


async def test_customers_deleted_meanwhile_do_not_count_as_without_a_time(tmp_path: Path) -> None:
    async with open_sandbox(SandboxSettings(rows=100)) as sandbox:
        sandbox.faults = FaultScript((Fault(faults.DeleteRows(count=1)),))
        async with session_for(sandbox, page_size=30) as session:
            result = await export(session.customers, tmp_path / "c.jsonl", keep_incomplete=True)
    assert (result.method, result.why) == ("crawl", None)


async def test_where_windows_end_before_now_the_list_is_searched(tmp_path: Path) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=0)) as sandbox,
        session_for(sandbox, page_size=20) as session,
    ):
        sandbox.on_search = misread_ends(5.5)
        result = await export(session.customers, tmp_path / "c.jsonl")
    assert (result.method, result.records, result.is_good) == ("search", 60, True)
    assert result.why is not None
    assert "10 customers match a window that begins now" in result.why
