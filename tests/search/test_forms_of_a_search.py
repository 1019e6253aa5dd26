"""A search as pages that say whether more follow, as JSON Lines, and as one table."""

from __future__ import annotations

import asyncio
import csv
import gc
import io
import json
import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import anyio
import msgspec
import pyarrow as pa
import pyarrow.csv
import pytest
from aiohttp import web

from enkash_async import BadRecord, DecodeError, EnKashSession
from enkash_async._decoding import lines, slice_decoder
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._search import frames
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

ROWS = 120


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox) as session:
        yield session


def answer_with(sandbox: Sandbox, *records: bytes) -> None:
    """Have every search answered with these *records*, as they are."""

    async def answer(call: SearchCall) -> web.Response:
        page = b",".join(records[call.offset : call.offset + call.limit])
        payload = b'{"data": [%b], "recordsCount": %d}' % (page, len(records))
        text = b'{"response_code": 0, "payload": %b}' % payload
        return web.Response(body=text, content_type="application/json")

    sandbox.on_search = answer


# What follows a page


@pytest.mark.parametrize(
    ("arguments", "knobs", "next_offset", "has_more"),
    [
        ({"page_size": 50}, {}, 50, True),
        ({"page_size": 50, "offset": 100}, {}, 120, False),
        ({"page_size": 20, "offset": 100}, {}, 120, False),
        ({"page_size": 500}, {}, 120, False),
        ({"page_size": 50, "offset": 120}, {}, 120, False),
        # The list goes on, though the search does not.
        ({"page_size": 50, "max_records": 10}, {}, 10, True),
        ({"page_size": 50}, {"count_style": "page"}, 50, True),
        ({"page_size": 50}, {"count_style": "missing"}, 50, True),
        ({"page_size": 50}, {"page_cap": 30}, 30, True),
        ({"page_size": 50}, {"rows": 0}, 0, False),
        # Nothing says that a full page is the last one.
        ({"page_size": 120}, {"count_style": "missing"}, 120, True),
    ],
)
async def test_a_page_says_where_the_next_one_begins(
    arguments: dict[str, Any], knobs: dict[str, Any], next_offset: int, has_more: bool
) -> None:
    async with (
        open_sandbox(SandboxSettings(**{"rows": ROWS, **knobs})) as sandbox,
        session_for(sandbox) as session,
    ):
        page = await session.customers.search(**arguments)

    assert (page.next_offset, page.has_more) == (next_offset, has_more)


@pytest.mark.parametrize("view", ["pages", "raw_pages"])
async def test_pages_lead_to_one_another(session: EnKashSession, view: str) -> None:
    search = session.customers.search(page_size=40)
    pages = [page async for page in getattr(search, view)()]

    assert [page.next_offset for page in pages[:-1]] == [page.offset for page in pages[1:]]
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert pages[-1].next_offset == ROWS


async def test_a_web_page_at_a_time_reads_every_record(
    sandbox: Sandbox, session: EnKashSession
) -> None:
    ids, offset, more = list[str | None](), 0, True
    while more:
        page = await session.customers.search(offset=offset, page_size=50)
        ids += [customer.customer_id for customer in page]
        offset, more = page.next_offset, page.has_more

    assert ids == sandbox.customer_ids()
    assert len(sandbox.searches) == 3


async def test_a_record_that_cannot_be_read_counts_in_the_next_offset(
    sandbox: Sandbox, session: EnKashSession
) -> None:
    answer_with(sandbox, b'{"customerId": "KC1"}', b'{"customerId": "KC2", "active": "much"}')
    bad = list[BadRecord]()
    page = await session.customers.search(on_bad_record=bad.append)

    assert (len(page), page.next_offset, len(bad)) == (1, 2, 1)


async def test_the_first_page_is_a_coroutine(session: EnKashSession) -> None:
    search = session.customers.search()
    task = asyncio.create_task(search.first_page())

    assert await task is await search is await search.first_page()


# JSON Lines


async def test_lines_are_the_bytes_of_the_service(sandbox: Sandbox, session: EnKashSession) -> None:
    raw = [record async for page in session.customers.search().raw_pages() for record in page]
    chunks = [chunk async for chunk in session.customers.search().json_lines()]

    assert b"".join(chunks) == b"".join(record + b"\n" for record in raw)
    assert len(chunks) == 3


ODD = [
    b'{"customerId": "KC1",\r\n "netAmount": 1.10}',
    b'{"customerId": "KC2", "legalName": "\xe0\xa4\x95"}',
    b'{"customerId": "KC3", "note": "\\ud83d\\ude00 \\n"}',
    b'{"customerId": "KC4", "id": 123456789012345678901234567890.5}',
]


async def test_one_object_a_line_whatever_came(sandbox: Sandbox, session: EnKashSession) -> None:
    answer_with(sandbox, *ODD)
    text = b"".join([chunk async for chunk in session.customers.search().json_lines()])

    assert text.endswith(b"\n")
    assert [json.loads(line)["customerId"] for line in text.split(b"\n")[:-1]] == [
        "KC1",
        "KC2",
        "KC3",
        "KC4",
    ]
    assert text.splitlines()[0] == b'{"customerId": "KC1",   "netAmount": 1.10}'
    assert text.splitlines()[1:] == ODD[1:]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"customerId": NaN}', "is no strict JSON: NaN"),
        (b'{"customerId": "a\nb"}', "is no strict JSON"),
        (b'{"customerId": "\\q"}', "is no strict JSON"),
        (b'{"customerId": "KC3", "note": "\\ud800"}', "holds half a character"),
        (b"null", "is no JSON object"),
    ],
)
async def test_what_is_no_object_is_a_bad_record(
    sandbox: Sandbox, session: EnKashSession, bad: bytes, reason: str
) -> None:
    good = b'{"customerId": "KC%d"}'
    answer_with(sandbox, good % 1, bad, good % 2)
    found = list[BadRecord]()
    tolerant = session.customers.search(on_bad_record=found.append)
    assert [chunk async for chunk in tolerant.json_lines()] == [good % 1 + b"\n" + good % 2 + b"\n"]
    assert [one.offset for one in found] == [1]
    assert (tolerant.report.bad_records, tolerant.report.records_delivered) == (1, 2)

    chunks = session.customers.search().json_lines()
    assert await anext(chunks) == good % 1 + b"\n"
    with pytest.raises(DecodeError, match=reason):
        await anext(chunks)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"{}", b"{}"),
        (b'{"a":\n1}', b'{"a": 1}'),
        (b'{"a":1e9999, "b":[{}]}', b'{"a":1e9999, "b":[{}]}'),
        (b'{"a":"\xff"}', None),
        (b"[" * 100_000, None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, None),
        (b"[{}]", None),
        (b'{"a":1} {}', None),
        (b'{"a":Infinity}', None),
        (b'{"a":"\\ud800", "b":NaN}', None),
        (b'{"a":"\\ud800"' + b" " * lines.MAX_BYTES + b"}", None),
    ],
)
def test_which_bytes_are_a_line(raw: bytes, line: bytes | None) -> None:
    good, error = lines.sound_lines([b'{"z":0}', raw])

    assert [bytes(one) for one in good] == [b'{"z":0}', *([] if line is None else [line])]
    assert (error is None) is (line is not None)
    assert lines.ended(good).count(b"\n") == len(good)


async def test_the_fetches_end_when_their_reader_is_done(session: EnKashSession) -> None:
    search = session.customers.search(page_size=10)
    async with aclosing(search.json_lines()) as chunks:  # type: ignore[type-var]
        assert await anext(chunks)
    assert "closed" in repr(search)
    with pytest.raises(RuntimeError, match="closed"):
        await anext(chunks)


async def test_the_fetches_end_when_nobody_refers_to_the_lines(
    sandbox: Sandbox, session: EnKashSession
) -> None:
    async for _ in session.customers.search(page_size=10).json_lines():
        break
    gc.collect()
    await asyncio.sleep(0)
    # The session waits for what it owns: it would hang here on fetches that nobody stops.
    await session.aclose()
    with anyio.fail_after(10):
        while sandbox.in_flight:
            await anyio.lowlevel.checkpoint()


# As one table


async def test_a_table_holds_what_the_records_hold(session: EnKashSession) -> None:
    table: Any = await session.customers.search().to_arrow()
    records = [customer.to_dict() async for customer in session.customers.search()]

    assert table.schema.equals(customer_schema())
    assert table.to_pylist() == records
    table.validate(full=True)


@pytest.mark.parametrize(("rows", "expected"), [(0, 0), (1, 1), (70, 70), (500, ROWS)])
async def test_a_table_has_no_more_rows_than_asked_for(
    sandbox: Sandbox, session: EnKashSession, rows: int, expected: int
) -> None:
    search = session.customers.search(page_size=30)
    table: Any = await search.to_arrow(max_rows=rows)

    assert table.column("customer_id").to_pylist() == sandbox.customer_ids()[:expected]
    assert search.report.records_delivered == expected


@pytest.mark.parametrize("rows", [0, 1, 29, 30, 31, 500])
async def test_a_table_has_no_more_rows_though_the_first_page_was_awaited(
    sandbox: Sandbox, session: EnKashSession, rows: int
) -> None:
    search = session.customers.search(page_size=30)
    assert len(await search) == 30
    table: Any = await search.to_arrow(max_rows=rows)

    assert table.column("customer_id").to_pylist() == sandbox.customer_ids()[:rows]
    assert search.resume_token.delivered == min(rows, ROWS)
    rest = session.customers.search(page_size=30, resume=search.resume_token)
    assert [one.customer_id async for one in rest] == sandbox.customer_ids()[rows:]


async def test_a_table_of_no_rows_has_its_columns(session: EnKashSession) -> None:
    table: Any = await session.customers.search(offset=ROWS).to_arrow(flat=True)

    assert table.schema.equals(customer_schema(flat=True))
    assert table.num_rows == 0


@pytest.mark.parametrize("rows", [-1, True, 1.5, "all"])
async def test_a_wrong_number_of_rows_is_refused(session: EnKashSession, rows: Any) -> None:
    search = session.customers.search()
    with pytest.raises((TypeError, ValueError), match="max_rows"):
        await search.to_arrow(max_rows=rows)
    # Nothing is settled by it.
    assert sum([len(page) async for page in search.pages()]) == ROWS


@pytest.mark.parametrize("page_is_read", ["by pyarrow", "by the record lane"])
async def test_a_flat_table_has_scalars_and_json_texts(
    sandbox: Sandbox, session: EnKashSession, page_is_read: str
) -> None:
    odd = {"by pyarrow": b"", "by the record lane": b'"active": null, "createdOn": 1700000000000,'}
    answer_with(
        sandbox,
        b'{"customerId": "KC1", %b "netAmount": 1.10, "branchCodes": ["A,B"],' % odd[page_is_read]
        + b' "customerReminders": [{"reminderType": "ONCE", "dueDateDifference": -3}],'
        + b' "customerKeyContacts": [{"name": "Asha", "createdOn": "2026-01-01T00:00:00.5Z"}]}',
    )
    records = [customer async for customer in session.customers.search()]
    search = session.customers.search()
    table: Any = await search.to_arrow(flat=True)
    [row] = table.to_pylist()

    assert search.report.pages_decoded_tolerantly == (page_is_read == "by the record lane")
    for name in ("branch_codes", "customer_reminders", "customer_key_contacts", "warnings"):
        assert json.loads(row[name]) == records[0].to_dict(json=True)[name]
    assert row["net_amount"] == Decimal("1.10")


async def test_a_flat_table_is_written_as_csv(sandbox: Sandbox, session: EnKashSession) -> None:
    table: Any = await session.customers.search().to_arrow(flat=True)
    written = io.BytesIO()
    pyarrow.csv.write_csv(table, written)
    rows = [*csv.DictReader(io.StringIO(written.getvalue().decode()))]

    expected = sandbox.records()
    assert [row["customer_id"] for row in rows] == [record["customerId"] for record in expected]
    assert [Decimal(row["net_amount"]) for row in rows] == [one["netAmount"] for one in expected]
    contacts = [json.loads(row["customer_key_contacts"]) for row in rows]
    assert [len(one) for one in contacts] == [len(one["customerKeyContacts"]) for one in expected]


async def test_a_frame_of_pandas(sandbox: Sandbox, session: EnKashSession) -> None:
    pytest.importorskip("pandas", reason="takes long to install; .ci/run installs it at its end")
    big = b'{"customerId": "KC1", "id": 9007199254740993, "netAmount": 0.10}'
    answer_with(sandbox, big, b'{"customerId": "KC2", "active": true}')
    frame = await session.customers.search().to_pandas(flat=True)

    assert list(frame["id"].dropna()) == [2**53 + 1]
    assert frame["net_amount"][0] == Decimal("0.10")
    assert list(frame["active"].dropna()) == [True]
    assert list(frame.columns) == customer_schema().names


async def test_a_frame_of_polars(sandbox: Sandbox, session: EnKashSession) -> None:
    pytest.importorskip("polars", reason="takes long to install; .ci/run installs it at its end")
    frame = await session.customers.search().to_polars(max_rows=7)

    assert frame["customer_id"].to_list() == sandbox.customer_ids()[:7]
    assert frame.columns == customer_schema().names
    assert frame["net_amount"].to_list() == [one["netAmount"] for one in sandbox.records()[:7]]


def test_what_is_missing_says_how_to_get_it() -> None:
    with pytest.raises(ImportError, match="pip install nowhere-at-all") as caught:
        frames.needed("nowhere_at_all", install="nowhere-at-all")
    assert caught.value.name == "nowhere_at_all"
    assert frames.pyarrow() is pa


def test_lines_of_undecoded_records_are_taken_as_they_are() -> None:
    raws = msgspec.json.decode(b'[{"a":1},{"b":2}]', type=list[msgspec.Raw])
    good, error = lines.sound_lines(raws)
    assert (lines.ended(good), error) == (b'{"a":1}\n{"b":2}\n', None)


# How records are decoded


async def test_most_records_of_a_large_page_are_decoded_many_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one_by_one = 0
    decode_many = RecordDecoder.decode_many

    def counted(self: RecordDecoder[Any], raws: Any) -> Any:
        nonlocal one_by_one
        one_by_one += len(raws)
        return decode_many(self, raws)

    monkeypatch.setattr(RecordDecoder, "decode_many", counted)
    # Whatever the pace of this machine.
    monkeypatch.setattr(slice_decoder, "AT_ONCE", math.inf)
    async with open_sandbox(SandboxSettings(rows=3000)) as sandbox, session_for(sandbox) as session:
        search = session.customers.search(page_size=1000)
        assert len([customer async for customer in search]) == 3000
    assert one_by_one < 1000
