"""The sandbox serves a list that is no customers: knobs and faults apply to any table."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import attrs
import msgspec
import pytest

from enkash_async.sandbox import Fault, FaultScript, Sandbox, SandboxSettings, SearchCall, faults
from enkash_async.sandbox.data.customers.table import CUSTOMERS
from enkash_async.sandbox.data.served_list import ServedList
from enkash_async.sandbox.service.opening import open_tables
from tests.support.second_table import STATUSES, SUPPLIERS

pytestmark = pytest.mark.anyio

ROWS = 300

Record = dict[str, Any]
decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode
encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.frozen
class Client:
    """Sends plain requests to a sandbox that holds customers and suppliers."""

    sandbox: Sandbox
    http: aiohttp.ClientSession

    @property
    def suppliers(self) -> ServedList:
        return self.sandbox.list_at(SUPPLIERS.path)

    async def send(
        self, body: Record | None = None, path: str = SUPPLIERS.path, **query: object
    ) -> tuple[int, Record]:
        """Return status and envelope of a search."""
        texts = {name: str(value) for name, value in query.items()}
        headers = {"Authorization": f"Bearer {self.sandbox.token}"}
        url = self.sandbox.base_url + path
        content = encode(body or {})
        async with self.http.post(url, params=texts, data=content, headers=headers) as response:
            return response.status, decode(await response.read())

    async def payload(self, body: Record | None = None, **query: Any) -> Record:
        """Return the payload of a search that must succeed."""
        status, envelope = await self.send(body, **{"limit": 5000, **query})
        assert status == 200, envelope
        payload: Record = envelope["payload"]
        return payload

    async def codes(self, body: Record | None = None, **query: Any) -> list[str]:
        return codes_of((await self.payload(body, **query))["data"])


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Client]:
    settings = {"rows": ROWS, **settings}
    async with (
        open_tables(SandboxSettings(**settings), [CUSTOMERS, SUPPLIERS]) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        yield Client(sandbox, http)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with running() as client:
        yield client


def codes_of(records: list[Record]) -> list[str]:
    return [record["supplierCode"] for record in records]


def registered(record: Record) -> datetime:
    return datetime.fromisoformat(record["registeredAt"])


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


async def test_a_record_has_the_fields_of_its_own_table(client: Client) -> None:
    records = (await client.payload())["data"]

    assert records == client.suppliers.records()
    assert [set(record) for record in records] == [
        {"supplierCode", "title", "status", "openBalance", "registeredAt", "branches"}
    ] * ROWS
    assert {record["status"] for record in records} == {*STATUSES, None}
    assert max(record["openBalance"] for record in records) > 2**43
    branches = [branch for record in records for branch in record["branches"]]
    assert {tuple(branch) for branch in branches} == {("branchCode", "city", "openedOn", "kind")}
    assert all(
        branch["openedOn"] == record["registeredAt"]
        for record in records
        for branch in record["branches"]
    )


async def test_the_same_seed_gives_the_same_records() -> None:
    seen = list[list[Record]]()
    for seed in (1, 1, 2):
        async with running(seed=seed) as client:
            seen.append(client.suppliers.records())

    assert seen[0] == seen[1] != seen[2]


async def test_customers_are_beside_it_and_untouched(client: Client) -> None:
    client.suppliers.delete(client.suppliers.ids()[:10])

    page = await client.payload(path=CUSTOMERS.path)
    assert [record["customerId"] for record in page["data"]] == client.sandbox.customer_ids()
    assert page["recordsCount"] == ROWS
    assert (await client.payload())["recordsCount"] == ROWS - 10
    async with running() as other:
        assert other.sandbox.records() == client.sandbox.records()


async def test_searches_of_all_lists_pass_the_hook_and_are_kept(client: Client) -> None:
    heard = list[SearchCall]()

    async def hear(call: SearchCall) -> None:
        heard.append(call)

    client.sandbox.on_search = hear
    await client.payload({"title": "loom"}, limit=7)
    await client.payload(path=CUSTOMERS.path)

    assert heard == client.sandbox.searches
    assert [call.number for call in heard] == [0, 1]
    assert [call.request.path for call in heard] == [SUPPLIERS.path, CUSTOMERS.path]
    assert (heard[0].limit, heard[0].body) == (7, {"title": "loom"})


# Filters and order


@pytest.mark.parametrize(
    ("body", "matches"),
    [
        ({"status": "BLOCKED"}, lambda record: record["status"] == "BLOCKED"),
        ({"status": "ON_HOLD"}, lambda record: record["status"] == "ON_HOLD"),
        ({"title": "lITTLE"}, lambda record: "Little" in record["title"]),
        ({"title": None, "customerStatus": "NONSENSE"}, lambda record: True),
        ({"supplierCodes": ["nobody"]}, lambda record: False),
    ],
)
async def test_its_own_filters_select(
    client: Client, body: Record, matches: Callable[[Record], bool]
) -> None:
    expected = [record for record in client.suppliers.records() if matches(record)]

    page = await client.payload(body)

    assert page["data"] == expected
    assert page["recordsCount"] == len(expected)


async def test_codes_and_amounts_select(client: Client) -> None:
    records = client.suppliers.records()
    wanted = codes_of(records)[5:25]

    assert await client.codes({"supplierCodes": wanted}) == wanted
    assert await client.codes({"openBalance": records[3]["openBalance"]}) == codes_of(records)[3:4]


@pytest.mark.parametrize(
    ("bounds", "lower", "upper"),
    [("inclusive", 0, 1), ("half_open", 0, 0), ("exclusive", 1, 0)],
)
async def test_times_are_taken_in_the_notation_of_the_table(
    bounds: str, lower: int, upper: int
) -> None:
    async with running(clock_resolution="s", created_on_bounds=bounds) as client:
        records = client.suppliers.records()
        begin, end = 40, 90
        body = {
            "registeredFrom": written(registered(records[begin])),
            "registeredTo": written(registered(records[end])),
        }

        assert await client.codes(body) == codes_of(records)[begin + lower : end + upper]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"registeredFrom": "2022-01-01T00:00:00Z"}, "such as 2019-08-24 14:15:22"),
        ({"registeredTo": 1_650_000_000_000}, "such as 2019-08-24 14:15:22"),
        ({"status": "CLOSED"}, "must be one of ACTIVE, BLOCKED, ON_HOLD"),
        ({"supplierCodes": "SP1"}, "must be a list of strings"),
    ],
)
async def test_a_wrong_value_is_refused_by_name(client: Client, body: Record, message: str) -> None:
    status, envelope = await client.send(body)

    assert status == 400
    [problem] = envelope["errorResponse"]["apiSubErrors"]
    assert problem["object"] == "SupplierSearchRequest"
    assert {problem["field"]: problem["rejectedValue"]} == body
    assert message in problem["message"]


@pytest.mark.parametrize("column", SUPPLIERS.columns)
async def test_rows_are_ordered_by_each_of_its_columns(client: Client, column: str) -> None:
    records = (await client.payload(orderBy=column, direction="DESC"))["data"]

    present = [record[column] for record in records if record[column] is not None]
    assert present == sorted(present, reverse=True)
    assert sorted(codes_of(records)) == sorted(client.suppliers.ids())


@pytest.mark.parametrize("column", ["rowNumber", "branches", "createdOn"])
async def test_rows_are_ordered_by_no_other(client: Client, column: str) -> None:
    status, _ = await client.send(orderBy=column)

    assert status == 400


# Knobs


async def test_a_cap_and_offsets_in_pages() -> None:
    async with running(page_cap=40, offset_unit="pages", first_offset=1) as client:
        pages = [await client.codes(offset=number) for number in range(1, 9)]

        assert [len(page) for page in pages] == [40] * 7 + [20]
        assert [code for page in pages for code in page] == client.suppliers.ids()


async def test_past_the_end_the_last_page_may_come_again() -> None:
    async with running(past_end="last_page") as client:
        assert await client.codes(offset=1000, limit=70) == client.suppliers.ids()[280:]


@pytest.mark.parametrize(
    ("style", "count"),
    [("page", 10), ("null", None), ("plus_one", ROWS + 1), ("minus_one", ROWS - 1)],
)
async def test_styles_of_the_count(style: str, count: int | None) -> None:
    async with running(count_style=style) as client:
        assert (await client.payload(limit=10))["recordsCount"] == count


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        ("iso_z", r"\d{4}-\d\d-\d\dT[\d:.]{12}Z"),
        ("iso_offset", r"\d{4}-\d\d-\d\dT[\d:.]{12}\+05:30"),
        ("blank", r"\d{4}-\d\d-\d\d [\d:]{8}"),
        ("compact", r"\d{17}Z"),
        ("epoch_ms", r"\d{13}"),
        ("epoch_s", r"\d{10}"),
    ],
)
async def test_styles_of_dates_reach_nested_objects(style: str, pattern: str) -> None:
    async with running(date_style=style) as client:
        records = client.suppliers.records()

    texts = [str(record["registeredAt"]) for record in records]
    texts += [str(branch["openedOn"]) for record in records for branch in record["branches"]]
    assert len(texts) > ROWS
    for text in texts:
        assert re.fullmatch(pattern, text), text


async def test_rows_without_a_time_come_first_and_shuffles_keep_the_rows() -> None:
    async with running(rows_without_created_on=30, unstable_order=True) as client:
        times = [record["registeredAt"] for record in client.suppliers.records()]
        assert times[:30] == [None] * 30
        assert None not in times[30:]
        first, second = [await client.codes() for _ in range(2)]

    assert first != second
    assert sorted(first) == sorted(second)


async def test_codes_of_success_and_errors_inside_http_200() -> None:
    async with running(success_code=200, error_status="ok") as client:
        assert (await client.send())[1]["response_code"] == 200
        status, envelope = await client.send({"status": "CLOSED"})

    assert (status, envelope["response_code"]) == (200, 400)
    assert envelope["errorResponse"]["errorType"] == "VALIDATION_ERROR"


# Changes and faults


async def test_rows_are_added_and_deleted_where_they_are_asked_for(client: Client) -> None:
    suppliers, before = client.suppliers, client.suppliers.ids()
    newest = suppliers.insert(2)
    oldest = suppliers.insert(1, newest=False)
    within = suppliers.insert_at(100, 3)
    gone = before[:5]

    assert suppliers.delete(gone) == 5
    ids = await client.codes()
    assert ids == suppliers.ids()
    assert ids[:1] == oldest
    assert ids[-2:] == newest
    assert [ids.index(code) for code in within] == [95, 96, 97]
    assert set(ids) == {*before, *newest, *oldest, *within} - set(gone)


@pytest.mark.parametrize("place", ["anywhere", "start", "end"])
async def test_a_fault_changes_the_list_that_is_searched(place: Any) -> None:
    script = FaultScript([Fault(faults.InsertRows(4, place)), Fault(faults.DeleteRows(9, place))])
    async with running(faults=script) as client:
        assert (await client.payload())["recordsCount"] == ROWS - 5
        assert len(client.sandbox.customer_ids()) == ROWS
        assert client.sandbox.faults_injected == Counter(insert_rows=1, delete_rows=1)


async def test_a_bad_record_has_no_time_where_its_table_keeps_it() -> None:
    async with running(faults=FaultScript([Fault(faults.BadRecord())])) as client:
        expected, records = client.suppliers.records(), (await client.payload())["data"]

    [place] = [i for i, record in enumerate(records) if record != expected[i]]
    assert records[place] == expected[place] | {"registeredAt": "the day before yesterday"}


async def test_rows_of_a_page_come_twice_or_in_another_order() -> None:
    async with running(faults=FaultScript([Fault(faults.DuplicateRows(2))])) as client:
        assert sorted(Counter(await client.codes()).values()) == [1] * (ROWS - 2) + [2] * 2
        client.sandbox.faults = FaultScript([Fault(faults.ReorderRows())])
        codes = await client.codes()
        assert codes != client.suppliers.ids()
        assert sorted(codes) == sorted(client.suppliers.ids())


async def test_a_fault_is_aimed_by_offset_and_row() -> None:
    script = FaultScript([Fault(faults.Ceiling(200)), Fault(faults.Error("SYSTEM_ERROR"), row=50)])
    async with running(faults=script) as client:
        statuses = [(await client.send(offset=offset, limit=20))[0] for offset in (0, 40, 180, 200)]

    assert statuses == [200, 500, 200, 400]
