"""Arrow batches hold what the record lane reads, and refuse what it refuses."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Context, Decimal
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import attrs
import msgspec
import pyarrow as pa
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import (
    BadRecord,
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    CustomerSearch,
    DecodeError,
    SystemFaultError,
    Verdict,
)
from enkash_async._decoding.arrow.columns import check_fits, record_batch
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.decoding.alike import arrow_reads_alike, misfit, plain, split
from tests.decoding.drawing import (
    ANYTHING,
    CUSTOMERS,
    IST,
    MUTATED,
    NESTED,
    NULL,
    ODD,
    customers,
    json_list,
    json_object,
)
from tests.decoding.test_decoding import EXAMPLE, WRONG
from tests.support.sessions import session_for

many_examples = settings(
    max_examples=int(os.environ.get("ENKASH_EXAMPLES", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
VALID = customers(st.nothing(), has_id=True) | customers(NULL, has_id=True)
ZONES: list[tzinfo] = [UTC, IST, ZoneInfo("America/New_York")]


def read(*records: str, zone: tzinfo = UTC) -> Any:
    return RowReader(Customer, zone).read(split(json_list(list(records))))


# The schema


def names_and_types(fields: Any) -> dict[str, str]:
    return {field.name: str(field.type) for field in fields}


def test_the_schema_has_the_fields_of_a_customer_in_their_order() -> None:
    schema: Any = customer_schema()

    assert schema.names == [field.name for field in attrs.fields(Customer)]
    for name, record in (
        ("customer_key_contacts", CustomerKeyContact),
        ("customer_reminders", CustomerReminder),
    ):
        struct = schema.field(name).type.value_type
        assert [field.name for field in struct] == [field.name for field in attrs.fields(record)]


def test_the_schema_has_the_documented_types() -> None:
    schema: Any = customer_schema()
    types = names_and_types(schema)
    reminder = names_and_types(schema.field("customer_reminders").type.value_type)
    contact = names_and_types(schema.field("customer_key_contacts").type.value_type)

    assert types["net_amount"] == types["dso_median"] == "decimal128(38, 18)"
    assert types["created_on"] == contact["modified_on"] == "timestamp[us, tz=UTC]"
    assert types["id"] == reminder["due_date_difference"] == "int64"
    assert types["active"] == contact["mail_enabled"] == "bool"
    assert types["branch_codes"] == types["warnings"] == "list<item: string>"
    assert types["legal_name"] == reminder["reminder_type"] == contact["deleted"] == "string"


# Records to columns


@many_examples
@given(st.lists(CUSTOMERS, max_size=3))
def test_columns_hold_what_the_records_hold(records: list[Customer]) -> None:
    with_ids = [attrs.evolve(record, customer_id="KC1") for record in records]
    fitting = [record for record in with_ids if misfit(record) is None]
    batch = record_batch(Customer, fitting)

    batch.validate(full=True)
    assert batch.schema.equals(customer_schema())
    assert batch.to_pylist() == [plain(record) for record in fitting]


@pytest.mark.parametrize(
    ("customer", "path"),
    [
        (Customer(net_amount=Decimal("99999999999999999999.999999999999999999")), None),
        (Customer(net_amount=Decimal("-99999999999999999999.999999999999999999")), None),
        (Customer(net_amount=Decimal("1.0000000000000000000000000000000000000000000")), None),
        (Customer(net_amount=Decimal("0E+100")), None),
        (Customer(net_amount=Decimal("1E+19"), dso_median=Decimal("1E-18")), None),
        (Customer(net_amount=Decimal("1E+20")), "netAmount"),
        (Customer(net_amount=Decimal("1E-19")), "netAmount"),
        (Customer(dso_median=Decimal("5.551115123125783E-17")), "dsoMedian"),
        (Customer(dso_median=Decimal("1E+5000000000")), "dsoMedian"),
        (Customer(id=2**63 - 1), None),
        (Customer(id=-(2**63)), None),
        (Customer(id=2**63), "id"),
        (Customer(id=-(2**63) - 1), "id"),
        (
            Customer(
                customer_reminders=(CustomerReminder(), CustomerReminder(reminder_interval=2**70))
            ),
            "customerReminders[1].reminderInterval",
        ),
    ],
)
def test_a_value_fits_without_loss_or_its_field_is_named(
    customer: Customer, path: str | None
) -> None:
    customer = attrs.evolve(customer, customer_id="KC1")
    assert misfit(customer) == path
    if path is None:
        assert record_batch(Customer, [customer]).to_pylist() == [plain(customer)]


def test_a_record_without_an_id_fits_no_row() -> None:
    schema: Any = customer_schema()

    assert misfit(Customer(legal_name="Kaveri Traders")) == "customerId"
    assert [field.name for field in schema if not field.nullable] == ["customer_id"]
    contact = schema.field("customer_key_contacts").type.value_type
    assert contact.field("customer_id").nullable


def test_the_error_of_a_misfit_does_not_hold_the_value() -> None:
    with pytest.raises(DecodeError) as caught:
        check_fits(Customer(net_amount=Decimal("123456789012345678901234567890")))
    assert "decimal128(38, 18)" in str(caught.value)
    assert "12345678" not in f"{caught.value!r} {caught.value}"


def test_an_instant_in_year_zero_when_told_in_utc_is_that_instant() -> None:
    customer = Customer(created_on=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))))

    [value] = record_batch(Customer, [customer]).column("created_on").cast(pa.int64()).to_pylist()

    assert value == -62135596800_000_000 - 5 * 3600_000_000


# Bytes to columns


def holds_alike(texts: Sequence[str], zone: tzinfo) -> bool:
    return arrow_reads_alike(Customer, texts, zone)


@many_examples
@given(
    st.lists(VALID, min_size=1, max_size=2),
    st.sampled_from(ZONES),
)
def test_pyarrow_reads_valid_records_as_the_record_lane_does(
    texts: list[str], zone: tzinfo
) -> None:
    holds_alike(texts, zone)


@many_examples
@given(st.lists(MUTATED, min_size=1, max_size=2), st.sampled_from(ZONES))
def test_pyarrow_reads_no_record_otherwise_than_the_record_lane(
    texts: list[str], zone: tzinfo
) -> None:
    holds_alike(texts, zone)


FIELDS = st.sampled_from([*EXAMPLE])


@many_examples
@given(FIELDS, ANYTHING, st.sampled_from(ZONES))
def test_pyarrow_reads_no_value_otherwise_than_the_record_lane(
    name: str, token: str, zone: tzinfo
) -> None:
    holds_alike([json_object({"customerId": '"KC1"', name: token})], zone)


@many_examples
@given(st.integers(-(10**80), 10**80) | st.integers(-(10**40), 10**40), st.integers(-60, 60))
def test_no_amount_overflows(digits: int, exponent: int) -> None:
    amount = Decimal(digits).scaleb(exponent, Context(prec=90))
    notations = [f"{amount:f}", str(amount), f'"{amount:f}"', f"{digits}e{exponent}"]

    for notation in notations:
        holds_alike(
            [json_object({"customerId": '"KC1"', "netAmount": notation, "dsoMedian": notation})],
            UTC,
        )


@pytest.mark.parametrize(
    "text",
    [
        *("12.30", "-0.50", "+5", "007", "1e3", "5.", ".5", "1.5E-7", "0", "+.5e1", "-5.e-1"),
        *("NaN", "Infinity", "1_000", "\u0661", " 12.30", "12 ", ".", "", "1,000", "--1", "0x10"),
        *("1e", "e5", "+", "-", "5.5.", "nan", "inf", "1e+", "1e5.5", "\uff11", "12\x00"),
    ],
)
def test_an_amount_in_text_is_the_same_in_a_column(text: str) -> None:
    holds_alike([json_object({"customerId": '"KC1"', "netAmount": json.dumps(text)})], UTC)


@pytest.mark.parametrize("digits", range(1, 90))
def test_an_amount_of_too_many_digits_is_left_to_the_record_lane(digits: int) -> None:
    for amount in (
        "9" * digits,
        "-1" + "7" * (digits - 1),
        "2143778911601912321963100000"[:digits],
    ):
        is_read = holds_alike([json_object({"customerId": '"KC1"', "netAmount": amount})], UTC)
        assert is_read is (misfit(Customer(customer_id="KC1", net_amount=Decimal(amount))) is None)


@many_examples
@given(st.lists(ODD | NESTED | st.just("{}"), min_size=1, max_size=4))
def test_what_is_no_record_is_left_to_the_record_lane(texts: list[str]) -> None:
    holds_alike(texts, UTC)


ORDINARY = [
    {"customerId": "KC1"} | fields
    for fields in (
        {},
        EXAMPLE,
        dict.fromkeys(EXAMPLE) | {"customerId": ""},
        {"createdOn": "2019-08-24T19:45:22+0530", "modifiedOn": "2019-08-24 14:15:22.123456"},
        {"customerKeyContacts": [{"createdOn": "2019-08-24 14:15:22"}, {}]},
        {"netAmount": "12345678901234567.89", "dsoMedian": "1e3"},
        {"customerReminders": [{"reminderType": "DAILY"}]},
        {"aFieldOfTomorrow": {"deep": [1, None]}, "branchCodes": ["ä", "", "\n\u2028\0"]},
    )
]


@pytest.mark.parametrize("zone", ZONES)
def test_ordinary_records_do_not_need_the_record_lane(zone: tzinfo) -> None:
    texts = [json.dumps(fields) for fields in ORDINARY]

    assert holds_alike(texts, zone)
    assert holds_alike([*(json.dumps(fields, ensure_ascii=False) for fields in ORDINARY)], zone)
    assert holds_alike([json.dumps(fields, indent=1) for fields in ORDINARY], zone)


@pytest.mark.parametrize("text", ["null", "[]", "1", '"x"', '{"branchCodes": [null]}'])
@pytest.mark.parametrize("before", [[], ["{}"]])
def test_what_pyarrow_would_take_for_a_record_is_left_to_the_record_lane(
    text: str, before: list[str]
) -> None:
    # A null in the first place ends the process, were it given to pyarrow.
    assert read(*before, text) is None


def test_bytes_that_are_no_text_are_left_to_the_record_lane() -> None:
    assert RowReader(Customer, UTC).read([msgspec.Raw(b'{"legalName": "\xff"}')]) is None
    assert RowReader(Customer, UTC).read([msgspec.Raw(b'{"legalName": "\xed\xa0\x80"}')]) is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+05:30"])
def test_a_year_that_python_does_not_know_is_left_to_the_record_lane(
    text: str, zone: tzinfo
) -> None:
    assert read(json.dumps({"createdOn": text}), zone=zone) is None
    assert read(json.dumps({"customerKeyContacts": [{"modifiedOn": text}]}), zone=zone) is None


@pytest.mark.parametrize("twice", ['{"legalName":"a","legalName":"b"}', '{"id":1,"id":null}'])
def test_a_field_that_comes_twice_is_left_to_the_record_lane(twice: str) -> None:
    assert read(twice) is None


# Searches


Rows = list[dict[str, Any]]


async def rows_of(search: CustomerSearch) -> Rows:
    seen: Rows = []
    await read_into(seen, search)
    return seen


async def read_into(seen: Rows, search: CustomerSearch) -> None:
    """Add the rows to *seen*, which keeps those that came before an error."""
    async for batch in search.arrow_batches():
        assert batch.schema.equals(customer_schema())
        batch.validate(full=True)
        seen += batch.to_pylist()


async def records_of(search: CustomerSearch) -> Rows:
    return [plain(customer) async for customer in search]


def texts_of(sandbox: Sandbox) -> list[str]:
    return [json.dumps(record, default=str) for record in sandbox.records()]


def serve(sandbox: Sandbox, texts: Sequence[str]) -> None:
    """Let the sandbox answer with *texts* as its list."""

    async def answer(call: SearchCall) -> web.Response:
        data = json_list(list(texts[call.offset : call.offset + call.limit]))
        return web.Response(text=f'{{"payload": {{"data": {data}, "recordsCount": {len(texts)}}}}}')

    sandbox.on_search = answer


def counters(search: CustomerSearch) -> dict[str, Any]:
    """Return what the report counts of rows, which is the same for every view."""
    report = attrs.asdict(search.report)
    names = [
        *("verdict", "rows_received", "records_delivered", "rows_overlapping", "bad_records"),
        *("duplicates_dropped", "rows_reread", "repairs", "pages", "total_at_end"),
    ]
    return {name: report[name] for name in names}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("date_style", "is_fast"),
    [
        *[("iso_z", True), ("iso_offset", True), ("iso_compact_offset", True), ("blank", True)],
        *[("epoch_ms", False), ("epoch_s", False)],
    ],
)
@pytest.mark.parametrize("zone", [UTC, IST])
async def test_batches_hold_what_the_records_hold(
    date_style: Any, is_fast: bool, zone: tzinfo
) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=250, date_style=date_style)) as sandbox,
        session_for(sandbox, naive_timezone=zone) as session,
    ):
        search, other = session.customers.search(), session.customers.search()
        assert await rows_of(search) == await records_of(other)
        assert counters(search) == counters(other)
        assert search.report.verdict is Verdict.COMPLETE
        assert (search.report.pages_decoded_tolerantly == 0) is is_fast
        assert search.report.seconds_decoding > 0


@pytest.mark.anyio
@pytest.mark.parametrize("options", [{"max_records": 120}, {"offset": 33}, {"page_size": 7}])
async def test_every_option_selects_the_same_rows(sandbox: Sandbox, options: Any) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search(**options)
        assert await rows_of(search) == await records_of(session.customers.search(**options))
        assert search.report.pages_decoded_tolerantly == 0


@pytest.mark.anyio
async def test_a_crawl_gives_batches_too(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.crawl()
        assert await rows_of(search) == await records_of(session.customers.crawl())
        assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.anyio
async def test_rows_that_come_and_go_are_told_apart(sandbox: Sandbox) -> None:
    async def change(call: SearchCall) -> None:
        if call.offset > 99 and call.number < 20:
            sandbox.insert_at(call.number * 53 % 100, 2)

    there = sandbox.customer_ids()
    sandbox.on_search = change
    async with session_for(sandbox) as session:
        search = session.customers.search()
        seen = [row["customer_id"] for row in await rows_of(search)]
        assert search.report.verdict is Verdict.CHANGED
        assert search.report.duplicates_dropped > 0
    assert len(seen) == len(set(seen))
    assert [customer_id for customer_id in seen if customer_id in set(there)] == there


@pytest.mark.anyio
async def test_a_token_goes_on_behind_the_last_batch(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        batches = search.arrow_batches()
        seen = [*(await anext(batches)).to_pylist(), *(await anext(batches)).to_pylist()]
        token = str(search.resume_token)
        seen += await rows_of(session.customers.search(resume=token))
        assert seen == await records_of(session.customers.search())


@pytest.mark.anyio
async def test_the_page_that_was_awaited_is_the_first_batch(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        page = await search
        [first, *_] = batches = [batch async for batch in search.arrow_batches()]
        assert first.to_pylist() == [plain(customer) for customer in page]
        assert sum(map(len, batches)) == search.report.records_delivered == 250


@pytest.mark.anyio
async def test_an_empty_list_has_no_batches() -> None:
    async with open_sandbox(SandboxSettings(rows=0)) as sandbox, session_for(sandbox) as session:
        assert await rows_of(session.customers.search()) == []


@pytest.mark.anyio
async def test_views_are_not_mixed(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session, session.customers.search() as search:
        await anext(search.arrow_batches())
        with pytest.raises(RuntimeError, match="already read as Arrow batches"):
            search.pages()
        with pytest.raises(RuntimeError, match="already read as Arrow batches"):
            await anext(search)
    async with session_for(sandbox) as session, session.customers.search() as search:
        await anext(search)
        with pytest.raises(RuntimeError, match="already read as records"):
            search.arrow_batches()


# Pages that pyarrow cannot read


ODDITIES = {
    "milliseconds": '"createdOn": 1566656122000',
    "odd notation": '"createdOn": "20190824T141522Z"',
    "odd zone": '"modifiedOn": "2019-08-24 14:15:22 +0530"',
    "nanoseconds": '"createdOn": "2019-08-24T14:15:22.123456789Z"',
    "field twice": '"legalName": "one", "legalName": "two"',
    "zero": '"netAmount": 0e100',
}


@pytest.mark.anyio
@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
async def test_a_value_that_pyarrow_cannot_read_costs_its_page_only_time(
    sandbox: Sandbox, oddity: str
) -> None:
    texts = texts_of(sandbox)
    texts[120] = f'{{"customerId": "KC0", {oddity}}}'
    serve(sandbox, texts)
    async with session_for(sandbox) as session:
        search, other = session.customers.search(), session.customers.search()
        assert await rows_of(search) == await records_of(other)
        assert counters(search) == counters(other)
        assert search.report.pages_decoded_tolerantly == 1


BAD = {path: json.dumps(fields)[1:-1] for fields, path in WRONG}


@pytest.mark.anyio
@pytest.mark.parametrize("spoilt", [[0], [60], [60, 61, 110], [249], [*range(100, 160)]])
async def test_bad_records_go_to_the_callback_as_from_the_record_lane(
    sandbox: Sandbox, spoilt: list[int]
) -> None:
    texts = texts_of(sandbox)
    for place, (row, fields) in enumerate(zip(spoilt, cycle(BAD.values()), strict=False)):
        texts[row] = f'{{"customerId": "KC{place}", {fields}}}'
    serve(sandbox, texts)
    bad: list[BadRecord] = []
    expected: list[BadRecord] = []
    async with session_for(sandbox) as session:
        search = session.customers.search(on_bad_record=bad.append)
        other = session.customers.search(on_bad_record=expected.append)
        assert await rows_of(search) == await records_of(other)
        assert counters(search) == counters(other)
    assert bad == expected
    assert [record.offset for record in bad] == spoilt


@pytest.mark.anyio
@pytest.mark.parametrize("row", [0, 99, 105, 249])
@pytest.mark.parametrize("fields", ['"id": "1"', '"netAmount": 1e-19'])
async def test_a_bad_record_raises_behind_the_good_ones_with_its_place(
    sandbox: Sandbox, row: int, fields: str
) -> None:
    texts = texts_of(sandbox)
    texts[row] = f'{{"customerId": "KC0", {fields}}}'
    serve(sandbox, texts)
    seen: Rows = []
    async with session_for(sandbox) as session:
        search = session.customers.search()
        with pytest.raises(DecodeError) as caught:
            await read_into(seen, search)
        assert caught.value.offset == row
        assert caught.value.path in ("id", "netAmount")
        assert len(seen) == row == search.report.records_delivered
        assert search.report.pages_decoded_tolerantly == 1
        with pytest.raises(DecodeError):
            await anext(search.arrow_batches())


@pytest.mark.anyio
async def test_a_page_of_bad_records_only_is_passed_over(sandbox: Sandbox) -> None:
    texts = texts_of(sandbox)
    texts[50:150] = [f'{{"customerId": "KC{row}", "id": 0.5}}' for row in range(100)]
    serve(sandbox, texts)
    bad: list[BadRecord] = []
    async with session_for(sandbox) as session:
        search = session.customers.search(on_bad_record=bad.append)
        batches = [batch async for batch in search.arrow_batches()]
    assert all(map(len, batches))
    assert sum(map(len, batches)) == 150
    assert len(bad) == 100


@pytest.mark.anyio
async def test_a_number_beyond_its_column_is_a_bad_record_of_this_view_only(
    sandbox: Sandbox,
) -> None:
    texts = texts_of(sandbox)
    texts[7] = '{"customerId": "KC0", "netAmount": 123456789012345678901.5}'
    serve(sandbox, texts)
    bad: list[BadRecord] = []
    async with session_for(sandbox) as session:
        assert len(await rows_of(session.customers.search(on_bad_record=bad.append))) == 249
        assert len(await records_of(session.customers.search())) == 250
    [record] = bad
    assert (record.offset, record.index) == (7, 7)
    assert record.reason.startswith("netAmount: has more digits than an Arrow decimal128(38, 18)")


@pytest.mark.anyio
async def test_a_page_is_read_anew_if_the_callback_raises(sandbox: Sandbox) -> None:
    class OwnError(Exception):
        pass

    def fail_at_the_second(record: BadRecord) -> None:
        seen.append(record.offset)
        if len(seen) == 2:
            raise OwnError

    texts = texts_of(sandbox)
    for row in (60, 70):
        texts[row] = f'{{"customerId": "KC{row}", "id": "1"}}'
    serve(sandbox, texts)
    seen: list[int] = []
    async with session_for(sandbox) as session:
        search = session.customers.search(on_bad_record=fail_at_the_second)
        batches = search.arrow_batches()
        rows = (await anext(batches)).to_pylist()
        with pytest.raises(OwnError):
            await anext(batches)
        async for batch in batches:
            rows += batch.to_pylist()
    assert seen == [60, 70, 70]
    ids = sandbox.customer_ids()
    assert [row["customer_id"] for row in rows] == [*ids[:60], *ids[61:70], *ids[71:]]


@pytest.mark.anyio
async def test_a_failing_page_raises_its_error_behind_the_batches_before_it(
    sandbox: Sandbox,
) -> None:
    async def fail_late(call: SearchCall) -> web.Response | None:
        error = {"errorResponse": {"errorType": "SYSTEM_ERROR"}}
        return web.json_response(error, status=500) if call.offset >= 199 else None

    sandbox.on_search = fail_late
    seen: Rows = []
    async with session_for(sandbox) as session:
        with pytest.raises(SystemFaultError):
            await read_into(seen, session.customers.search())
    assert [row["customer_id"] for row in seen] == sandbox.customer_ids()[:200]


# Leaving


class Gate:
    """Holds the thread that reads a page until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.reached = asyncio.Event()
        self.read = RowReader.read
        loop = asyncio.get_running_loop()

        def hold(reader: RowReader, rows: Sequence[msgspec.Raw]) -> Any:
            loop.call_soon_threadsafe(self.reached.set)
            assert self.opened.wait(10)
            return self.read(reader, rows)

        monkeypatch.setattr(RowReader, "read", hold)


@pytest.fixture
async def gate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.opened.set()


@pytest.mark.anyio
async def test_the_loop_goes_on_while_a_page_is_read(sandbox: Sandbox, gate: Gate) -> None:
    async with session_for(sandbox) as session:
        reading = asyncio.create_task(rows_of(session.customers.search()))
        await gate.reached.wait()
        # This runs while the thread waits, and the same session serves others.
        assert await session.customers.count() == 250
        gate.opened.set()
        assert len(await reading) == 250


@pytest.mark.anyio
async def test_who_is_cancelled_does_not_wait_for_the_page_and_loses_no_row(
    sandbox: Sandbox, gate: Gate
) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        batches = search.arrow_batches()
        reading = asyncio.ensure_future(anext(batches))
        await gate.reached.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gate.opened.set()
        seen = [row["customer_id"] async for batch in batches for row in batch.to_pylist()]
    assert seen == sandbox.customer_ids()


@pytest.mark.anyio
async def test_a_scope_that_is_cancelled_ends_at_once(sandbox: Sandbox, gate: Gate) -> None:
    async with session_for(sandbox) as session, anyio.create_task_group() as group:
        group.start_soon(rows_of, session.customers.search())
        await gate.reached.wait()
        group.cancel_scope.cancel()
    assert not gate.opened.is_set()


@pytest.mark.anyio
async def test_leaving_a_search_while_a_page_is_read_is_clean(sandbox: Sandbox, gate: Gate) -> None:
    async with session_for(sandbox) as session:
        async with session.customers.search() as search:
            reading = asyncio.ensure_future(anext(search.arrow_batches()))
            await gate.reached.wait()
        gate.opened.set()
        assert len(await reading) == 50
        with pytest.raises(RuntimeError, match="closed"):
            await anext(search.arrow_batches())


def tasks_in_flight() -> int:
    return sum("Prefetch._run" in task.get_name() for task in asyncio.all_tasks())


@pytest.mark.anyio
async def test_break_stops_the_fetches(sandbox: Sandbox) -> None:
    held, opened = anyio.Event(), anyio.Event()

    async def hold(call: SearchCall) -> None:
        if call.offset >= 99:
            held.set()
            await opened.wait()

    sandbox.on_search = hold
    gc.disable()
    try:
        async with session_for(sandbox) as session:
            async for batch in session.customers.search().arrow_batches():
                if batch.column("customer_id")[0].as_py() != sandbox.customer_ids()[0]:
                    await held.wait()
                    assert tasks_in_flight()
                    break
            for _ in range(100):
                await asyncio.sleep(0)
            assert not tasks_in_flight()
            opened.set()
    finally:
        gc.enable()


# Without pyarrow


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
{code}
"""


def run_without_pyarrow(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(code=code)],
        check=False,
        capture_output=True,
        text=True,
    )
    return process.stdout + process.stderr.rpartition("\n\n")[2].strip().splitlines()[-1]


def test_without_pyarrow_the_error_names_the_extra() -> None:
    text = run_without_pyarrow("import enkash_async.arrow")

    assert text.startswith("ImportError")
    assert "pip install 'enkash-async[arrow]'" in text


def test_without_pyarrow_a_search_can_still_be_read_otherwise() -> None:
    code = """
import asyncio
from enkash_async import BearerToken, EnKashSession
from enkash_async.sandbox import SandboxSettings, open_sandbox

async def main():
    async with open_sandbox(SandboxSettings(rows=3)) as sandbox:
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            search = session.customers.search()
            try:
                search.arrow_batches()
            except ImportError:
                async for customer in search:
                    print("read", end=" ")
    raise ImportError("end")

asyncio.run(main())
"""
    assert run_without_pyarrow(code).startswith("read read read ImportError: end")
