"""The sandbox answers through a real socket as the documentation and its knobs say."""

import ast
import re
import shlex
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from subprocess import PIPE, STDOUT
from typing import Any

import aiohttp
import anyio
import attrs
import msgspec
import pytest
from aiohttp import web

from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from enkash_async.sandbox.__main__ import add_arguments, run, settings_from
from enkash_async.sandbox.settings import knobs

pytestmark = pytest.mark.anyio

ROWS = 300
EXACT = (
    *("accountNumber", "companyId", "contactNumber", "ifsc", "panOrGstin", "parentCompanyId"),
    "uniqueRefNo",
)
NAMES = ("assignedAgent", "createdByName", "legalName", "modifiedByName")

Record = dict[str, Any]


@attrs.frozen
class Client:
    """Sends plain requests to a sandbox."""

    sandbox: Sandbox
    http: aiohttp.ClientSession

    async def send(
        self, content: str | bytes, token: str | None = None, **query: object
    ) -> tuple[int, Record]:
        """Return status and envelope of a search."""
        headers = bearer(self.sandbox.token if token is None else token)
        texts = {name: str(value) for name, value in query.items()}
        url = f"{self.sandbox.base_url}/api/v0/customer/search"
        async with self.http.post(url, params=texts, data=content, headers=headers) as response:
            assert response.content_type == "application/json"
            envelope = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(
                await response.read()
            )
            return response.status, envelope

    async def payload(self, body: Record | None = None, **query: object) -> Record:
        """Return the payload of a search that must succeed."""
        query = {"limit": 5000, **query}
        status, envelope = await self.send(msgspec.json.encode(body or {}), None, **query)
        assert status == 200, envelope
        payload: Record = envelope["payload"]
        return payload

    async def ids(self, body: Record | None = None, **query: object) -> list[str]:
        data = (await self.payload(body, **query))["data"]
        return [record["customerId"] for record in data]

    async def log_in(self, **changes: str) -> tuple[int, Record]:
        """Return status and answer of a token request; *changes* replace right credentials."""
        sandbox = self.sandbox
        form = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "username": sandbox.username,
            "password": sandbox.password,
            "grant_type": "password",
            "clientId": sandbox.company_id,
        } | changes
        pair = f"{form.pop('client_id')}:{form.pop('client_secret')}"
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        url = f"{sandbox.base_url}/oauth/token"
        async with self.http.post(url, data=form, headers=headers) as response:
            return response.status, await response.json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Client]:
    async with (
        open_sandbox(SandboxSettings(**{"rows": ROWS, **settings})) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        yield Client(sandbox, http)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with running() as client:
        yield client


def ids_of(records: list[Record], matches: Callable[[Record], bool]) -> list[str]:
    return [record["customerId"] for record in records if matches(record)]


def instant(record: Record) -> datetime:
    return datetime.fromisoformat(record["createdOn"])


async def test_a_success_is_the_documented_envelope(client: Client) -> None:
    status, envelope = await client.send("{}", limit=2)

    assert status == 200
    assert envelope == {
        "errorResponse": None,
        "payload": {"data": client.sandbox.records()[:2], "recordsCount": ROWS},
        "response_code": 0,
        "response_message": "SUCCESS",
    }


async def test_records_have_every_documented_field_in_its_documented_shape(client: Client) -> None:
    for record in client.sandbox.records():
        assert len(record) == 31
        assert re.fullmatch("KC[A-Z0-9]{14}", record["customerId"])
        assert re.fullmatch("CEK[A-Z0-9]{7}", record["companyId"])
        assert re.fullmatch("[A-Z]{4}0[A-Z0-9]{6}", record["ifsc"] or "HDFC0000000")
        assert re.fullmatch("[0-9A-Za-z]{9,36}", record["accountNumber"] or "000000000")
        assert re.fullmatch(r"\+91 \d{10}", record["contactNumber"])
        assert re.fullmatch(r"[1-9]\d{5}", record["pinCode"])
        assert record["modifiedOn"] is None or record["modifiedOn"] >= record["createdOn"]
        assert 1 <= len(record["customerKeyContacts"]) <= 3
        assert len(record["customerReminders"]) <= 2
        assert all(len(contact) == 14 for contact in record["customerKeyContacts"])
        assert all(
            contact["deleted"] in {"true", "false"} for contact in record["customerKeyContacts"]
        )
        assert all(len(reminder) == 7 for reminder in record["customerReminders"])
        assert isinstance(record["netAmount"], Decimal)


async def test_some_amounts_are_too_long_for_a_float() -> None:
    async with running(rows=2000, extremes=True) as client:
        amounts = [record["netAmount"] for record in client.sandbox.records()]
    assert any(Decimal(str(float(amount))) != amount for amount in amounts)
    assert any(amount < 0 for amount in amounts)


async def test_the_seed_decides_the_data() -> None:
    async with running(rows=50) as one, running(rows=50) as same, running(rows=50, seed=2) as other:
        assert one.sandbox.records() == same.sandbox.records()
        assert not set(one.sandbox.customer_ids()) & set(other.sandbox.customer_ids())


@pytest.mark.parametrize("field", EXACT)
async def test_ids_and_codes_match_exactly(client: Client, field: str) -> None:
    records = client.sandbox.records()
    value = next(record[field] for record in records if record[field])

    found = await client.payload({field: value})

    assert found["data"] == [record for record in records if record[field] == value]
    assert await client.ids({field: value[:-1]}) == []


@pytest.mark.parametrize("field", NAMES)
async def test_names_match_in_part_and_in_any_case(client: Client, field: str) -> None:
    records = client.sandbox.records()
    part = next(record[field] for record in records if record[field])[1:5].upper()

    found = await client.ids({field: part})

    assert found == ids_of(records, lambda record: part in (record[field] or "").upper())


async def test_percent_and_underscore_are_no_wildcards(client: Client) -> None:
    assert await client.ids({"legalName": "%"}) == []
    assert await client.ids({"legalName": "_"}) == []


async def test_customer_ids_select_those_customers(client: Client) -> None:
    ids = client.sandbox.customer_ids()
    assert await client.ids({"customerIds": [ids[7], ids[3], "KC00000000000000"]}) == [
        ids[3],
        ids[7],
    ]


async def test_no_filter_at_all(client: Client) -> None:
    everyone = client.sandbox.customer_ids()
    bodies: list[Record] = [
        {"customerIds": []},
        {"legalName": None},
        {"selectAll": True},
        {"unknown": 1},
    ]
    for body in bodies:
        assert await client.ids(body) == everyone
    status, envelope = await client.send("", limit=1)
    assert (status, envelope["payload"]["recordsCount"]) == (200, ROWS)


async def test_customer_status(client: Client) -> None:
    records = client.sandbox.records()
    active = ids_of(records, lambda record: record["active"])
    inactive = ids_of(records, lambda record: not record["active"])

    assert await client.ids({"customerStatus": "ACTIVE"}) == active
    assert await client.ids({"customerStatus": "INACTIVE"}) == inactive
    assert await client.ids({"customerStatus": "ALL"}) == client.sandbox.customer_ids()


async def test_levels_are_disjoint(client: Client) -> None:
    levels = [set(await client.ids({"level": f"LEVEL_{number}"})) for number in (1, 2, 3)]
    assert all(levels)
    assert sum(map(len, levels)) == len(set.union(*levels)) < ROWS


async def test_balance_amount_matches_the_net_amount_to_the_digit(client: Client) -> None:
    record = client.sandbox.records()[5]
    amount = record["netAmount"]

    # A number with exactly these digits, which json.dumps could not write.
    _, envelope = await client.send(f'{{"balanceAmount": {amount}}}')
    _, nothing = await client.send(f'{{"balanceAmount": {amount}1}}')

    assert record in envelope["payload"]["data"]
    assert nothing["payload"]["data"] == []


async def test_days_sales_outstanding_range(client: Client) -> None:
    records = client.sandbox.records()
    expected = ids_of(
        records, lambda record: record["dsoMedian"] is not None and 30 <= record["dsoMedian"] <= 60
    )
    assert expected
    assert await client.ids({"dsoFrom": 30, "dsoTo": 60}) == expected


async def test_modified_on_is_one_instant_in_any_notation(client: Client) -> None:
    record = next(record for record in client.sandbox.records() if record["modifiedOn"])
    moment = datetime.fromisoformat(record["modifiedOn"])
    india = (moment + timedelta(hours=5, minutes=30)).replace(tzinfo=None)
    milliseconds = round(moment.timestamp() * 1000)

    notations = (record["modifiedOn"], f"{india}+0530", str(india), milliseconds)
    for notation in notations:
        assert await client.ids({"modifiedOn": notation}) == [record["customerId"]]
    assert await client.ids({"modifiedOn": milliseconds + 1}) == []


@pytest.mark.parametrize(
    ("bounds", "start", "stop"),
    [("inclusive", 10, 21), ("half_open", 10, 20), ("exclusive", 11, 20)],
)
async def test_created_on_bounds(bounds: str, start: int, stop: int) -> None:
    async with running(created_on_bounds=bounds) as client:
        records = client.sandbox.records()
        body = {"createdOnFrom": records[10]["createdOn"], "createdOnTo": records[20]["createdOn"]}
        assert await client.ids(body) == client.sandbox.customer_ids()[start:stop]


async def test_filters_combine(client: Client) -> None:
    records = client.sandbox.records()
    expected = ids_of(records, lambda record: record["active"] and record["createdOn"] < "2022")
    assert (
        await client.ids({"customerStatus": "ACTIVE", "createdOnTo": "2022-01-01T00:00"})
        == expected
    )


async def test_default_order_is_creation(client: Client) -> None:
    ids = client.sandbox.customer_ids()
    moments = [instant(record) for record in client.sandbox.records()]

    assert moments == sorted(moments)
    assert await client.ids() == ids
    assert await client.ids(direction="DESC") == ids[::-1]


@pytest.mark.parametrize("spread", ["even", "rising", "bulk"])
@pytest.mark.parametrize("rows", [1, 2, ROWS])
async def test_the_newest_was_created_on_the_eve_of_a_day(spread: str, rows: int) -> None:
    async with running(rows=rows, spread=spread, until=date(2025, 7, 1)) as client:
        moments = [instant(record) for record in client.sandbox.records()]
    assert datetime.fromisoformat("2020-07-01T00:00Z") < moments[0]
    assert moments[-1].date() == date(2025, 6, 30)
    assert SandboxSettings().until == datetime.now(UTC).date()


async def test_data_are_plausible_unless_extremes_are_asked_for() -> None:
    async with running(rows=3000) as client:
        records = client.sandbox.records()
    amounts = [record["netAmount"] for record in records]

    assert all(abs(amount) < 4_000_000 for amount in amounts)
    assert 100_000 < sum(amounts) / len(amounts) < 1_000_000
    assert 0 < sum(amount < 0 for amount in amounts) < 0.1 * len(amounts)
    assert all(re.fullmatch(r"[A-Za-z&.() ]+", record["legalName"]) for record in records)


@pytest.mark.parametrize("field", ["state", "netAmount", "active", "customerId", "id", "createdOn"])
async def test_order_by_breaks_ties_by_id(client: Client, field: str) -> None:
    records = sorted(client.sandbox.records(), key=lambda record: (record[field], record["id"]))
    ids = [record["customerId"] for record in records]

    assert await client.ids(orderBy=field) == ids
    assert await client.ids(orderBy=field, direction="DESC") == ids[::-1]


async def test_every_scalar_field_can_be_ordered_by(client: Client) -> None:
    scalars = [
        name for name, value in client.sandbox.records()[0].items() if type(value) is not list
    ]
    assert len(scalars) == 27
    for name in scalars:
        assert len(await client.ids(orderBy=name)) == ROWS


@pytest.mark.parametrize(
    ("query", "content", "field"),
    [
        ({"offset": "-1"}, "{}", "offset"),
        ({"offset": "1.5"}, "{}", "offset"),
        ({"offset": "٣"}, "{}", "offset"),
        ({"offset": 2**31}, "{}", "offset"),
        ({"limit": "ten"}, "{}", "limit"),
        ({"limit": ""}, "{}", "limit"),
        ({"limit": 5001}, "{}", "limit"),
        ({"direction": "asc"}, "{}", "direction"),
        ({"orderBy": "level"}, "{}", "orderBy"),
        ({"orderBy": "warnings"}, "{}", "orderBy"),
        ({}, "{", ""),
        ({}, "[]", ""),
        ({}, '{"legalName": 1}', "legalName"),
        ({}, '{"ifsc": ["HDFC0000001"]}', "ifsc"),
        ({}, '{"customerStatus": "active"}', "customerStatus"),
        ({}, '{"customerStatus": {}}', "customerStatus"),
        ({}, '{"level": "LEVEL_4"}', "level"),
        ({}, '{"customerIds": "KC1"}', "customerIds"),
        ({}, '{"customerIds": [1]}', "customerIds"),
        ({}, '{"dsoFrom": 1.5}', "dsoFrom"),
        ({}, '{"dsoTo": true}', "dsoTo"),
        ({}, '{"balanceAmount": "1"}', "balanceAmount"),
        ({}, '{"selectAll": "true"}', "selectAll"),
        ({}, '{"createdOnFrom": "2024"}', "createdOnFrom"),
        ({}, '{"createdOnTo": "yesterday at about noon"}', "createdOnTo"),
        ({}, '{"modifiedOn": 1e400}', "modifiedOn"),
    ],
)
async def test_validation(client: Client, query: Record, content: str, field: str) -> None:
    status, envelope = await client.send(content, **query)

    error = envelope["errorResponse"]
    assert status == 400
    assert error["errorType"] == "VALIDATION_ERROR"
    assert [problem["field"] for problem in error["apiSubErrors"]] == [field]
    assert error["apiSubErrors"][0].keys() == {"object", "field", "rejectedValue", "message"}
    assert error["errorMessage"]
    assert error["requestId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", error["timestamp"])
    assert (envelope["payload"], envelope["response_message"]) == (None, "FAILURE")
    assert envelope["response_code"] == 1


async def test_every_problem_is_named_at_once(client: Client) -> None:
    _, envelope = await client.send('{"level": 1, "ifsc": 2}', offset="x", limit="y")
    fields = {problem["field"] for problem in envelope["errorResponse"]["apiSubErrors"]}
    assert fields == {"level", "ifsc", "offset", "limit"}


async def test_numbers_beyond_the_database_match_nothing(client: Client) -> None:
    _, envelope = await client.send(f'{{"balanceAmount": {10**30}}}')
    assert envelope["payload"]["recordsCount"] == 0
    status, _ = await client.send(f'{{"createdOnFrom": {10**30}}}')
    assert status == 400


async def test_pages_are_cut_by_offset_and_limit(client: Client) -> None:
    ids = client.sandbox.customer_ids()
    assert await client.ids(offset=10, limit=5) == ids[10:15]
    assert await client.ids(offset=ROWS - 3, limit=5) == ids[-3:]
    assert await client.ids(offset=ROWS) == []
    assert await client.ids(limit=0) == []


async def test_default_limit() -> None:
    async with running(default_limit=7) as client:
        _, envelope = await client.send("{}")
    assert len(envelope["payload"]["data"]) == 7


async def test_page_cap() -> None:
    async with running(page_cap=40) as client:
        assert await client.ids(offset=20, limit=100) == client.sandbox.customer_ids()[20:60]
        assert len(await client.ids(limit=30)) == 30


async def test_offset_in_pages_of_the_capped_limit() -> None:
    async with running(offset_unit="pages", page_cap=40) as client:
        ids = client.sandbox.customer_ids()
        assert await client.ids(offset=2, limit=30) == ids[60:90]
        assert await client.ids(offset=2, limit=100) == ids[80:120]


@pytest.mark.parametrize(("unit", "starts"), [("rows", (0, 0, 1)), ("pages", (0, 0, 10))])
async def test_first_offset_one(unit: str, starts: tuple[int, ...]) -> None:
    async with running(offset_unit=unit, first_offset=1) as client:
        ids = client.sandbox.customer_ids()
        for offset, start in enumerate(starts):
            assert await client.ids(offset=offset, limit=10) == ids[start : start + 10]
        await client.ids(limit=10)
        assert client.sandbox.searches[-1].offset == 1


async def test_past_the_end_comes_the_last_page_again() -> None:
    async with running(past_end="last_page", rows=95) as client:
        ids = client.sandbox.customer_ids()
        assert await client.ids(offset=95, limit=10) == ids[90:]
        assert await client.ids(offset=1000, limit=10) == ids[90:]
        assert await client.ids(offset=94, limit=10) == ids[94:]
        assert await client.ids({"legalName": "no such firm"}, offset=5, limit=10) == []


async def test_ignored_offset() -> None:
    async with running(ignore_offset=True) as client:
        assert await client.ids(offset=50, limit=10) == client.sandbox.customer_ids()[:10]


@pytest.mark.parametrize(
    ("style", "count"),
    [
        ("total", ROWS),
        ("page", 10),
        ("null", None),
        ("plus_one", ROWS + 1),
        ("minus_one", ROWS - 1),
        ("text", str(ROWS)),
        ("fraction", float(ROWS)),
        ("huge", 2**63),
    ],
)
async def test_count_style(style: str, count: object) -> None:
    async with running(count_style=style) as client:
        assert (await client.payload(limit=10))["recordsCount"] == count


@pytest.mark.parametrize(
    ("kind", "said"), [("null", None), ("text", ""), ("list", []), ("missing", "absent")]
)
async def test_the_error_of_a_success(kind: str, said: object) -> None:
    async with running(success_error=kind) as client:
        _, envelope = await client.send("{}")
    assert envelope.get("errorResponse", "absent") == said


async def test_the_error_of_a_success_may_be_an_object_of_nothing() -> None:
    async with running(success_error="nulls") as client:
        _, envelope = await client.send("{}")
    assert not any(envelope["errorResponse"].values())


async def test_missing_count() -> None:
    async with running(count_style="missing") as client:
        assert (await client.payload(limit=10)).keys() == {"data"}


async def test_the_count_follows_filters_and_changes(client: Client) -> None:
    body = {"customerStatus": "INACTIVE"}
    before = await client.payload(body)
    assert before["recordsCount"] == len(before["data"]) < ROWS

    client.sandbox.delete([before["data"][0]["customerId"]])

    assert (await client.payload(body))["recordsCount"] == before["recordsCount"] - 1


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        ("iso_z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
        ("iso_offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30"),
        ("iso_compact_offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0530"),
        ("blank", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("epoch_ms", r"\d{13}"),
    ],
)
async def test_date_style(client: Client, style: str, pattern: str) -> None:
    async with running(date_style=style) as styled:
        [record] = (await styled.payload(limit=1))["data"]
        assert re.fullmatch(pattern, str(record["createdOn"]))
        assert record["customerKeyContacts"][0]["createdOn"] == record["createdOn"]
        body = {"createdOnFrom": record["createdOn"], "createdOnTo": record["createdOn"]}
        # Without its milliseconds an instant no longer equals itself.
        assert len(await styled.ids(body)) == (0 if style == "blank" else 1)
        assert styled.sandbox.customer_ids() == client.sandbox.customer_ids()


async def test_clock_resolution_of_a_second() -> None:
    async with running(clock_resolution="s") as client:
        client.sandbox.insert(2)
        for record in client.sandbox.records():
            assert re.fullmatch(r"[\d-]+T\d\d:\d\d:\d\dZ", record["createdOn"])


async def test_rising_spread_creates_more_and_more() -> None:
    async with running(spread="rising", until=date(2025, 7, 1)) as client:
        early = await client.ids({"createdOnTo": "2023-01-01T00:00Z"})
    assert 0.2 * ROWS < len(early) < 0.3 * ROWS


async def test_bulk_spread_gives_three_in_ten_one_instant() -> None:
    async with running(spread="bulk") as client:
        instants = [record["createdOn"] for record in client.sandbox.records()]
    assert instants == sorted(instants)
    assert max(instants.count(one) for one in set(instants)) == 0.3 * ROWS


async def test_rows_without_created_on_come_first_and_escape_every_window() -> None:
    async with running(rows_without_created_on=7) as client:
        records = (await client.payload())["data"]
        assert [record["createdOn"] is None for record in records] == [True] * 7 + [False] * (
            ROWS - 7
        )
        assert len(await client.ids({"createdOnFrom": "1970-01-01T00:00:00Z"})) == ROWS - 7


async def test_unstable_order_differs_between_requests_unless_ordered() -> None:
    async with running(unstable_order=True) as client:
        first, second = await client.ids(), await client.ids()
        assert first != second
        assert sorted(first) == sorted(second) == sorted(client.sandbox.customer_ids())
        assert await client.ids(orderBy="customerId") == sorted(first)
        # Rows that orderBy leaves equal are in no order.
        assert await client.ids(orderBy="state") != await client.ids(orderBy="state")


@pytest.mark.parametrize(("code", "failure"), [(0, 1), (200, 400)])
async def test_response_codes(code: int, failure: int) -> None:
    async with running(success_code=code, success_message="fine") as client:
        _, good = await client.send("{}")
        _, bad = await client.send("{")
    assert (good["response_code"], good["response_message"]) == (code, "fine")
    assert bad["response_code"] == failure


async def test_no_response_code() -> None:
    async with running(success_code=None) as client:
        for content in ("{}", "{"):
            _, envelope = await client.send(content)
            assert envelope.keys() == {"errorResponse", "payload", "response_message"}


async def test_errors_inside_http_200() -> None:
    async with running(error_status="ok") as client:
        status, envelope = await client.send("{}", token="wrong")
    assert status == 200
    assert envelope["errorResponse"]["errorType"] == "UNAUTHORIZED"


async def test_latency() -> None:
    async with running(latency=0.05) as client:
        start = time.monotonic()
        await client.ids(limit=1)
        assert time.monotonic() - start >= 0.05


async def test_gzip_for_those_who_accept_it() -> None:
    async with running(gzip=True) as client:
        url = f"{client.sandbox.base_url}/api/v0/customer/search"
        for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
            headers = bearer(client.sandbox.token) | {"Accept-Encoding": accepted}
            async with client.http.post(url, headers=headers) as response:
                assert response.headers.get("Content-Encoding") == encoding
                assert (await response.json())["payload"]["recordsCount"] == ROWS


async def test_log_in_gives_a_token_that_works(client: Client) -> None:
    status, answer = await client.log_in()

    assert status == 200
    assert answer.keys() == {"access_token", "token_type", "refresh_token", "expires_in", "scope"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 86399)
    assert answer["scope"] == "read write trust"
    assert (await client.send("{}", token=answer["access_token"]))[0] == 200
    assert client.sandbox.token_requests == 1


async def test_the_client_id_serves_as_company_id(client: Client) -> None:
    assert (await client.log_in(clientId=client.sandbox.client_id))[0] == 200


async def test_camel_case_tokens() -> None:
    async with running(token_spelling="camel") as client:
        _, answer = await client.log_in()
        assert {"accessToken", "tokenType", "refreshToken", "expiresIn"} <= answer.keys()
        assert (await client.send("{}", token=answer["accessToken"]))[0] == 200


@pytest.mark.parametrize(
    ("style", "life"), [("number", 60), ("text", "60"), ("fraction", 60.0), ("missing", None)]
)
async def test_token_life_style(style: str, life: object) -> None:
    async with running(token_life=60, token_life_style=style) as client:
        _, answer = await client.log_in()
    assert answer.get("expires_in") == life
    assert ("expires_in" in answer) is (life is not None)


@pytest.mark.parametrize("token", ["", "wrong", "issued-"])
async def test_a_search_needs_a_valid_token(client: Client, token: str) -> None:
    status, envelope = await client.send("{}", token=token)
    assert status == 401
    assert envelope["errorResponse"]["errorType"] == "UNAUTHORIZED"
    assert envelope["payload"] is None


async def test_a_search_needs_the_bearer_scheme(client: Client) -> None:
    url = f"{client.sandbox.base_url}/api/v0/customer/search"
    for headers in ({}, {"Authorization": f"Basic {client.sandbox.token}"}):
        async with client.http.post(url, headers=headers) as response:
            assert response.status == 401


async def test_tokens_end_after_their_life() -> None:
    now = 0.0
    async with running(token_life=60, clock=lambda: now) as client:
        _, answer = await client.log_in()
        assert answer["expires_in"] == 60
        now = 59.9
        assert (await client.send("{}", token=answer["access_token"]))[0] == 200
        now = 60.0
        assert (await client.send("{}", token=answer["access_token"]))[0] == 401
        assert (await client.send("{}"))[0] == 200


async def test_tokens_can_be_revoked_or_expired(client: Client) -> None:
    tokens = [(await client.log_in())[1]["access_token"] for _ in range(2)]

    client.sandbox.revoke(tokens[0])
    assert [(await client.send("{}", token=token))[0] for token in tokens] == [401, 200]

    client.sandbox.expire_tokens()
    assert (await client.send("{}", token=tokens[1]))[0] == 401
    assert (await client.send("{}"))[0] == 200


@pytest.mark.parametrize(
    "wrong", ["client_id", "client_secret", "username", "password", "clientId"]
)
async def test_each_credential_counts(client: Client, wrong: str) -> None:
    status, answer = await client.log_in(**{wrong: "wrong"})
    assert status == 401
    assert answer.keys() == {"error", "error_description"}


async def test_other_grants_are_not_served(client: Client) -> None:
    status, answer = await client.log_in(grant_type="refresh_token")
    assert (status, answer["error"]) == (400, "unsupported_grant_type")


async def test_a_token_request_without_basic_credentials_is_refused(client: Client) -> None:
    form = {"grant_type": "password", "username": client.sandbox.username}
    async with client.http.post(f"{client.sandbox.base_url}/oauth/token", data=form) as response:
        assert response.status == 401


async def test_three_wrong_logins_in_a_row_lock_the_account(client: Client) -> None:
    for _ in range(2):
        await client.log_in(password="wrong")
    assert (await client.log_in())[0] == 200
    for _ in range(3):
        await client.log_in(password="wrong")

    status, answer = await client.log_in()

    assert status == 401
    assert "locked" in answer["error_description"]


async def test_lock_out_can_be_switched_off() -> None:
    async with running(lock_out=False) as client:
        for _ in range(4):
            await client.log_in(password="wrong")
        assert (await client.log_in())[0] == 200


async def test_searches_are_remembered_as_they_came(client: Client) -> None:
    await client.send('{"balanceAmount": 0.1}', offset=3, limit=4, orderBy="id", direction="DESC")
    await client.send("{", token="wrong", offset="x")

    first, second = client.sandbox.searches
    assert (first.number, first.offset, first.limit) == (0, 3, 4)
    assert (first.order_by, first.direction) == ("id", "DESC")
    assert first.body == {"balanceAmount": Decimal("0.1")}
    assert first.headers["authorization"] == f"Bearer {client.sandbox.token}"
    assert first.request.query["offset"] == "3"
    assert (second.number, second.offset, second.limit, second.body) == (1, 0, 100, {})
    assert "request" not in repr(first)


async def test_a_hook_can_answer_in_place_of_the_page(client: Client) -> None:
    async def answer_first(call: SearchCall) -> web.StreamResponse | None:
        return web.json_response({"number": 0}, status=503) if call.number == 0 else None

    client.sandbox.on_search = answer_first

    assert await client.send("{}") == (503, {"number": 0})
    assert len(await client.ids()) == ROWS


async def test_a_hook_runs_before_its_page_is_read(client: Client) -> None:
    async def insert(call: SearchCall) -> None:
        client.sandbox.insert(1)

    client.sandbox.on_search = insert

    assert (await client.payload())["recordsCount"] == ROWS + 1


async def test_requests_in_flight_are_counted(client: Client) -> None:
    arrived, release = anyio.Semaphore(0), anyio.Event()

    async def hold(call: SearchCall) -> None:
        arrived.release()
        await release.wait()

    client.sandbox.on_search = hold
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(client.ids)
        for _ in range(3):
            await arrived.acquire()
        assert client.sandbox.in_flight == 3
        release.set()

    assert (client.sandbox.in_flight, client.sandbox.max_in_flight) == (0, 3)


async def test_inserted_rows_are_the_newest_or_the_oldest(client: Client) -> None:
    ids = client.sandbox.customer_ids()

    newest = client.sandbox.insert(2)
    oldest = client.sandbox.insert(3, newest=False)

    assert client.sandbox.customer_ids() == oldest + ids + newest
    assert await client.ids() == oldest + ids + newest
    moments = [instant(record) for record in client.sandbox.records()]
    assert moments == sorted(set(moments))


@pytest.mark.parametrize("position", [0, 1, 150, ROWS - 1, ROWS])
@pytest.mark.parametrize(
    "knobs", [{}, {"spread": "bulk", "clock_resolution": "s"}, {"rows_without_created_on": 151}]
)
async def test_rows_inserted_at_a_position_stand_there(position: int, knobs: Record) -> None:
    async with running(**knobs) as client:
        for _ in range(2):
            before = client.sandbox.customer_ids()
            added = client.sandbox.insert_at(position, 5)
            assert client.sandbox.customer_ids() == before[:position] + added + before[position:]


async def test_many_insertions_at_random_stand_where_they_should_or_are_refused() -> None:
    random, refused = Random(1), 0
    async with running(rows=40, spread="bulk", clock_resolution="s") as client:
        for _ in range(150):
            before = client.sandbox.customer_ids()
            position = random.randint(0, len(before))
            try:
                added = client.sandbox.insert_at(position, random.randint(1, 3))
            except ValueError:
                refused, added = refused + 1, []
            assert client.sandbox.customer_ids() == before[:position] + added + before[position:]
    assert refused < 50


async def test_insertions_that_cannot_be_are_refused() -> None:
    async with running(spread="bulk") as client:
        with pytest.raises(ValueError, match="no room"):
            client.sandbox.insert_at(ROWS // 2, 1000)
        with pytest.raises(ValueError, match="no position"):
            client.sandbox.insert_at(ROWS + 1, 1)


async def test_an_empty_sandbox_can_be_filled() -> None:
    async with running(rows=0) as client:
        assert await client.payload() == {"data": [], "recordsCount": 0}
        [first] = client.sandbox.insert_at(0, 1)
        [second] = client.sandbox.insert(1)
        assert await client.ids() == [first, second]


async def test_deleted_rows_are_gone(client: Client) -> None:
    ids = client.sandbox.customer_ids()
    assert client.sandbox.delete([ids[0], ids[5], "unknown"]) == 2
    assert await client.ids() == [ids[1], *ids[2:5], *ids[6:]]


async def test_the_front_page_tells_what_this_is_and_its_commands_work(client: Client) -> None:
    sandbox = client.sandbox
    async with client.http.get(sandbox.base_url) as response:
        assert response.content_type == "text/plain"
        page = await response.text()

    assert "It is not EnKash" in page
    commands = [shlex.split(line) for line in page.splitlines() if line.strip().startswith("curl")]
    token, search = commands
    assert token[2] == f"{sandbox.base_url}/oauth/token"
    assert token[4] == f"{sandbox.client_id}:{sandbox.client_secret}"
    assert set(token[6::2]) == {
        "grant_type=password",
        f"username={sandbox.username}",
        f"password={sandbox.password}",
        f"clientId={sandbox.company_id}",
    }
    headers = dict(header.split(": ") for header in search[4:7:2])
    async with client.http.post(search[2], data=search[8], headers=headers) as response:
        assert len((await response.json())["payload"]["data"]) == 2


async def test_health(client: Client) -> None:
    async with client.http.get(f"{client.sandbox.base_url}/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")


async def test_closing_does_not_wait_for_a_held_request() -> None:
    arrived = anyio.Event()

    async def hold(call: SearchCall) -> None:
        arrived.set()
        await anyio.sleep_forever()

    async with aiohttp.ClientSession() as http, anyio.create_task_group() as group:
        # Nobody lets go of the request, and aiohttp's server would wait a minute for it.
        with anyio.fail_after(50):
            async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
                sandbox.on_search = hold
                group.start_soon(expect_disconnect, Client(sandbox, http))
                await arrived.wait()


async def expect_disconnect(client: Client) -> None:
    with pytest.raises(aiohttp.ClientError):
        await client.send("{}")


async def test_a_start_that_is_cancelled_leaves_nothing_behind() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with open_sandbox():
            pytest.fail("must not start")


async def test_a_taken_port_is_an_os_error(client: Client) -> None:
    port = int(client.sandbox.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match=str(port)):
        async with open_sandbox(SandboxSettings(rows=1, port=port)):
            pytest.fail("must not start")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"rows": -1}, ValueError),
        ({"rows": 1.0}, TypeError),
        ({"rows": True}, TypeError),
        ({"page_cap": 0}, ValueError),
        ({"default_limit": 5001}, ValueError),
        ({"offset_unit": "bytes"}, ValueError),
        ({"first_offset": True}, ValueError),
        ({"success_code": 1}, ValueError),
        ({"latency": -0.1}, ValueError),
        ({"latency": float("nan")}, ValueError),
        ({"latency": "1"}, TypeError),
        ({"gzip": 1}, TypeError),
        ({"host": None}, TypeError),
        ({"rows": 3, "rows_without_created_on": 4}, ValueError),
    ],
)
def test_settings_are_checked(wrong: Record, error: type[Exception]) -> None:
    with pytest.raises(error, match=next(reversed(wrong))):
        SandboxSettings(**wrong)


async def test_the_command_serves_until_it_is_terminated() -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "enkash_async.sandbox"]
    options = ["--rows", "3", "--page-cap", "2", "--success-code", "none", "--no-lock-out"]
    process = await anyio.open_process([*command, *options], stdout=PIPE, stderr=STDOUT)
    async with process, aiohttp.ClientSession() as http:
        output = ""
        assert process.stdout
        while "Ctrl-C" not in output:
            output += (await process.stdout.receive()).decode()
        [(base_url, token)] = re.findall(
            r"^export ENKASH_BASE_URL=(\S+) ENKASH_TOKEN=(\S+)$", output, re.M
        )
        url = f"{base_url}/api/v0/customer/search"
        async with http.post(url, headers=bearer(token)) as response:
            envelope = await response.json()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        # The end of its last line may come by itself.
        assert b"".join([chunk async for chunk in process.stdout]).strip() == b""

    assert len(envelope["payload"]["data"]) == 2
    assert "response_code" not in envelope
    assert f"curl -s '{url}" in output


@pytest.mark.parametrize("options", [["--rows", "-1"], ["--first-offset", "2"], ["--latency", "x"]])
def test_the_command_refuses_wrong_options(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(options)
    assert "error:" in capsys.readouterr().err


def test_options_become_settings() -> None:
    parser = ArgumentParser()
    add_arguments(parser)

    assert settings_from(parser.parse_args([])) == SandboxSettings()
    options = "--rows 5 --first-offset 1 --success-code none --latency 0.5 --gzip --host ::1"
    assert settings_from(parser.parse_args(options.split())) == SandboxSettings(
        rows=5, first_offset=1, success_code=None, latency=0.5, gzip=True, host="::1"
    )


def test_the_command_fails_where_it_cannot_listen(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["--rows", "1", "--port", str(port)]) == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


def test_the_command_knows_every_knob(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["--help"])
    text = capsys.readouterr().out
    for name in knobs():
        assert f"--{name.replace('_', '-')}" in text


def test_the_sandbox_shares_no_code_with_the_client() -> None:
    folder = Path(sys.modules["enkash_async.sandbox"].__path__[0])
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("enkash_async") or name.startswith(
                    "enkash_async.sandbox"
                )
