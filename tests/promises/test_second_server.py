"""The same searches against a server written apart from the SDK, with each of its knobs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

import attrs
import pytest

from enkash_async import (
    APIError,
    BearerToken,
    Customer,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    IncompleteSearchError,
    OAuthPassword,
    RecordNotFoundError,
    RetryPolicy,
    UnknownServiceError,
    ValidationError,
    Verdict,
)
from tests.support.reading import read_into
from tests.support.second_server import FILTER_TYPES, FIRST_CREATED, IST, DateStyle, SecondServer

pytestmark = pytest.mark.anyio

Unit = Literal["rows", "pages"]

COUNTS: dict[str, dict[str, Any]] = {
    "total": {},
    "of the page": {"records_count": "page"},
    "missing": {"records_count": "missing"},
    "null": {"records_count": "null"},
    "one too many": {"count_off_by": 1},
    "one too few": {"count_off_by": -1},
}
ADDRESSINGS: list[tuple[Unit, int]] = [("rows", 0), ("rows", 1), ("pages", 0), ("pages", 1)]


@asynccontextmanager
async def serving(
    rows: int, options: dict[str, Any] | None = None, **knobs: Any
) -> AsyncIterator[tuple[SecondServer, EnKashSession]]:
    """Open a session on a second server; *options* are the session's."""
    server = SecondServer(rows, **knobs)
    given = {"retry": RetryPolicy(first_delay=0), **(options or {})}
    async with (
        server.running(),
        EnKashSession(server.base_url, BearerToken(server.token), **given) as session,
    ):
        yield server, session


def addressed(unit: Unit, first: int) -> dict[str, Any]:
    """Return the two options that have the same names at the server and at the session."""
    return {"offset_unit": unit, "first_offset": first}


def ids_on(server: SecondServer) -> list[str]:
    return [row["customerId"] for row in server.rows]


async def read_ids(session: EnKashSession, **options: Any) -> list[str | None]:
    return [customer.customer_id async for customer in session.customers.search(**options)]


# Every record exactly once, in order


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("unit", "first"), [("rows", 0), ("pages", 1)])
@pytest.mark.parametrize(
    ("rows", "page_size", "cap"),
    [(101, 40, None), (60, 50, 19)],
)
async def test_every_record_comes_once_and_in_order(
    rows: int, page_size: int, cap: int | None, unit: Unit, first: int, count: str
) -> None:
    place = addressed(unit, first)
    async with serving(rows, place, page_cap=cap, **place, **COUNTS[count]) as (server, session):
        search = session.customers.search(page_size=page_size)
        seen = [customer.customer_id async for customer in search]

    assert seen == ids_on(server)
    if count == "total":
        assert search.report.verdict is Verdict.COMPLETE
        assert search.total == rows
    if count == "one too many":
        assert search.report.verdict is Verdict.INCOMPLETE
        assert any("recordsCount" in reason for reason in search.report.reasons)


@pytest.mark.parametrize(
    ("rows", "page_size", "cap", "count", "unit", "first"),
    [
        (600, 100, None, "total", "rows", 0),
        (199, 33, None, "null", "rows", 1),
        (301, 100, 64, "of the page", "rows", 0),
        (200, 40, None, "missing", "pages", 0),
        (301, 100, 64, "one too many", "pages", 1),
        (60, 7, None, "one too few", "pages", 0),
    ],
)
async def test_longer_lists(
    rows: int, page_size: int, cap: int | None, count: str, unit: Unit, first: int
) -> None:
    place = addressed(unit, first)
    async with serving(rows, place, page_cap=cap, **place, **COUNTS[count]) as (server, session):
        assert await read_ids(session, page_size=page_size) == ids_on(server)


@pytest.mark.parametrize("count", ["total", "of the page", "missing"])
@pytest.mark.parametrize(("unit", "first"), [("rows", 0), ("pages", 1)])
async def test_lists_about_as_long_as_a_page(unit: Unit, first: int, count: str) -> None:
    place = addressed(unit, first)
    async with serving(15, place, **place, **COUNTS[count]) as (server, session):
        for rows in (15, 14, 7, 1, 0):
            del server.rows[rows:]
            assert await read_ids(session, page_size=7) == ids_on(server)


async def test_a_capped_list_is_whole() -> None:
    async with serving(300, page_cap=41) as (server, session):
        seen = await read_ids(session, page_size=100)
    assert seen == ids_on(server)


@pytest.mark.parametrize(("unit", "first"), ADDRESSINGS)
async def test_a_part_of_a_list(unit: Unit, first: int) -> None:
    place = addressed(unit, first)
    async with serving(120, place, **place) as (server, session):
        search = session.customers.search(offset=31, max_records=50, page_size=20)
        seen = [customer.customer_id async for customer in search]
    assert seen == ids_on(server)[31:81]


@pytest.mark.parametrize(("unit", "first"), ADDRESSINGS)
async def test_a_stopped_search_goes_on_elsewhere(unit: Unit, first: int) -> None:
    place = addressed(unit, first)
    async with serving(120, place, **place) as (server, session):
        seen: list[str | None] = []
        async with session.customers.search(page_size=20) as search:
            async for customer in search:
                seen.append(customer.customer_id)
                if len(seen) == 47:
                    break
        text = str(search.resume_token)
        rest = await read_ids(session, page_size=33, resume=text)
    assert seen + rest == ids_on(server)


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_order_by(direction: str) -> None:
    async with serving(80) as (server, session):
        seen = await read_ids(session, order_by="netAmount", direction=direction, page_size=30)
        asked = [(request.orderBy, request.direction) for request in server.requests]
    assert seen == (ids_on(server) if direction == "ASC" else ids_on(server)[::-1])
    assert set(asked) == {("netAmount", direction)}


# A session that was told something else than the server does

PAGES_MEANT = 'offset_unit="pages"'
ROWS_MEANT = 'offset_unit="rows"'


@pytest.mark.parametrize("count", ["total", "missing"])
@pytest.mark.parametrize(
    ("server_does", "session_told", "advice"),
    [
        (("pages", 0), ("rows", 0), PAGES_MEANT),
        (("pages", 0), ("rows", 1), PAGES_MEANT),
        (("pages", 1), ("rows", 1), PAGES_MEANT),
        (("rows", 0), ("pages", 0), ROWS_MEANT),
        (("rows", 0), ("pages", 1), ROWS_MEANT),
        (("rows", 1), ("pages", 1), ROWS_MEANT),
    ],
)
async def test_a_wrong_offset_unit_is_an_error_that_names_the_right_one(
    server_does: tuple[Unit, int], session_told: tuple[Unit, int], advice: str, count: str
) -> None:
    options, knobs = addressed(*session_told), addressed(*server_does)
    async with serving(150, options, **knobs, **COUNTS[count]) as (_, session):
        with pytest.raises(IncompleteSearchError) as caught:
            await read_ids(session, page_size=50)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "told"), [("rows", "rows"), ("pages", "pages"), ("rows", "pages")]
)
async def test_an_offset_below_the_first_is_the_services_own_error(unit: Unit, told: Unit) -> None:
    options = addressed(told, 0)
    async with serving(150, options, offset_unit=unit, first_offset=1) as (_, session):
        with pytest.raises(ValidationError, match="offset is not a whole number from 1") as caught:
            await read_ids(session, page_size=50)
    assert caught.value.offset == 0


@pytest.mark.parametrize("unit", ["rows", "pages"])
async def test_a_first_offset_too_high_never_passes_for_a_whole_list(unit: Unit) -> None:
    options = addressed(unit, 1)
    async with serving(100, options, offset_unit=unit, first_offset=0) as (_, session):
        with pytest.raises(IncompleteSearchError):
            async for _ in session.customers.search(page_size=50, strict=True):
                pass


# What stands around the records


@pytest.mark.parametrize(
    ("code", "message"),
    [(0, "SUCCESS"), (200, "SUCCESS"), (None, "Customers fetched"), (0, None), (None, None)],
)
@pytest.mark.parametrize("nulls", [True, False])
async def test_every_envelope_of_success_is_read(
    code: int | None, message: str | None, nulls: bool
) -> None:
    knobs: dict[str, Any]
    knobs = {"response_code": code, "response_message": message, "nulls": nulls}
    async with serving(60, **knobs) as (server, session):
        assert await read_ids(session, page_size=50) == ids_on(server)


@pytest.mark.parametrize(
    "absent",
    [
        ("errorResponse",),
        ("response_code",),
        ("response_message",),
        ("errorResponse", "response_code", "response_message"),
    ],
)
async def test_fields_of_the_envelope_may_be_absent(absent: tuple[str, ...]) -> None:
    async with serving(60, leave_out=absent) as (server, session):
        assert await read_ids(session, page_size=50) == ids_on(server)


@pytest.mark.parametrize("code", [1, 36, 117, 404, -1])
async def test_another_response_code_is_never_a_success(code: int) -> None:
    async with serving(1, response_code=code) as (_, session):
        with pytest.raises(UnknownServiceError) as caught:
            await session.customers.search()
    assert (caught.value.status, caught.value.response_code) == (200, code)
    assert f"response code {code}" in str(caught.value)


@pytest.mark.parametrize("way", ["http", "errorResponse", "payload"])
@pytest.mark.parametrize(
    ("code", "message", "nulls"),
    [(1, "FAILURE", True), (1, None, False), (None, "FAILURE", False)],
)
async def test_a_failure_is_seen_however_it_is_reported(
    way: str, code: int | None, message: str | None, nulls: bool
) -> None:
    knobs: dict[str, Any]
    knobs = {"errors": way, "failure_code": code, "failure_message": message, "nulls": nulls}
    async with serving(1, fail_at={0: (422, "UNPROCESSABLE_REQUEST")}, **knobs) as (
        server,
        session,
    ):
        with pytest.raises(APIError) as caught:
            await session.customers.search()

    error = caught.value
    assert (error.message, error.status) == ("failed at row 0", 422 if way == "http" else 200)
    if way != "payload":
        assert error.error_type == "UNPROCESSABLE_REQUEST"
        assert error.request_id == "request-1"
        assert "request-1" in str(error)
        assert error.sub_errors == ({},)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "absent", ["apiSubErrors", "errorMessage", "requestId", "timestamp", "response_code"]
)
async def test_fields_of_an_error_may_be_absent(absent: str) -> None:
    async with serving(9, leave_out=(absent,), fail_at={0: (400, "VALIDATION_ERROR")}) as (
        _,
        session,
    ):
        with pytest.raises(ValidationError):
            await session.customers.search()


async def test_an_error_without_a_type_goes_by_its_status() -> None:
    knobs: dict[str, Any] = {"leave_out": ("errorType",), "fail_at": {0: (404, "gone")}}
    async with serving(9, **knobs) as (_, session):
        with pytest.raises(RecordNotFoundError):
            await session.customers.search()


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("gzip", [True, False])
async def test_every_way_to_send_a_body(chunked: bool, gzip: bool) -> None:
    async with serving(90, chunked=chunked, gzip=gzip) as (server, session):
        assert await read_ids(session, page_size=60) == ids_on(server)
        assert "gzip" in server.requests[0].headers["accept-encoding"]


# Answers that few would write so, and that mean what they should


NOTHING: list[Any] = [[], "", {}, {"errorType": None, "apiSubErrors": []}]


@pytest.mark.parametrize(
    "knobs",
    [
        *({"encoding": name} for name in ("mark", "utf-16", "latin-1")),
        *({"content_encoding": name} for name in ("utf-8", "none", "binary", "aws-chunked")),
        {"gzip": True, "padding": 9},
        *({"count_written": way} for way in ("point", "text")),
        *({"success_error": said} for said in NOTHING),
        {"names_twice": True},
        *({"deep": depth} for depth in (33, 101, 3000, 20_000)),
        {"encoding": "latin-1", "chunked": True, "names_twice": True, "deep": 500},
    ],
    ids=str,
)
async def test_an_odd_answer_is_the_page_that_it_is(knobs: dict[str, Any]) -> None:
    async with serving(60, **knobs) as (server, session):
        search = session.customers.search(page_size=25)
        customers = [customer async for customer in search]
        assert [customer.customer_id for customer in customers] == ids_on(server)
        assert {customer.legal_name for customer in customers} == {
            row["legalName"] for row in server.rows
        }
        assert await session.customers.count() == 60
    assert search.report.verdict is Verdict.COMPLETE
    assert search.report.retries == 0


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        *((status, ()) for status in (408, 421, 425, 429, 500, 502, 503, 504)),
        *((status, ()) for status in (520, 521, 522, 523, 524, 529, 530)),
        *(
            (429, (f"Retry-After: {value}",))
            for value in ("0", "0.01", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "\t0 ")
        ),
        (
            503,
            ("Date: Wed, 21 Oct 2099 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"),
        ),
    ],
)
async def test_a_status_that_passes_costs_a_retry(status: int, lines: tuple[str, ...]) -> None:
    retry = RetryPolicy(first_delay=0)
    async with serving(60, {"retry": retry}, bare_at={1: (status, *lines)}) as (server, session):
        search = session.customers.search(page_size=25)
        assert [customer.customer_id async for customer in search] == ids_on(server)
    assert (search.report.retries, search.report.verdict) == (1, Verdict.COMPLETE)


@pytest.mark.parametrize("status", [204, 205, 302, 407, 501, 505, 511, 525, 526])
async def test_a_status_that_lasts_is_asked_for_once(status: int) -> None:
    async with serving(60, bare_at={0: (status,)}) as (server, session):
        with pytest.raises(EnKashError):
            await session.customers.search()
    assert len(server.requests) == 1


# What a record holds


@pytest.mark.parametrize("style", get_args(DateStyle))
async def test_every_date_style_gives_the_same_instants(style: str) -> None:
    async with serving(50, {"naive_timezone": IST}, date_style=style) as (_, session):
        customers = [customer async for customer in session.customers.search(page_size=20)]
    minutes = [timedelta(minutes=number) for number in range(50)]
    assert [customer.created_on for customer in customers] == [
        FIRST_CREATED + passed for passed in minutes
    ]
    first = customers[0]
    assert first.created_on is not None
    assert first.created_on.tzinfo is not None
    assert first.customer_key_contacts[0].modified_on == FIRST_CREATED + timedelta(days=1)


async def test_a_time_without_a_zone_is_taken_for_utc_unless_the_session_says_otherwise() -> None:
    async with serving(1, date_style="blank", zone=UTC) as (_, session):
        page = await session.customers.search()
    assert page.records[0].created_on == FIRST_CREATED


async def test_money_keeps_its_digits() -> None:
    async with serving(50) as (_, session):
        amounts = [customer.net_amount async for customer in session.customers.search()]
    assert amounts == [Decimal(f"{12345678901234567 + number}.89") for number in range(50)]


async def test_every_field_of_a_full_record_arrives() -> None:
    async with serving(1) as (_, session):
        [customer] = (await session.customers.search()).records

    empty = [
        field.name
        for field in attrs.fields(Customer)
        if getattr(customer, field.name) in (None, ())
    ]
    assert empty == ["warnings"]
    assert customer.address == '12, "MG" Road\nPune'
    assert customer.customer_key_contacts[0].customer_name == "Kāverī"
    assert customer.customer_reminders[0].due_date_difference == -3


async def test_records_may_hold_nulls_or_lack_fields() -> None:
    async with serving(60, sparse=True) as (server, session):
        customers = [customer async for customer in session.customers.search(page_size=20)]
    assert [customer.customer_id for customer in customers] == ids_on(server)
    assert [customer.net_amount is None for customer in customers[:3]] == [False, True, True]
    assert [customer.branch_codes for customer in customers[1:3]] == [(), ()]


# Filters, as the strict server reads them

FILTERS: dict[str, Any] = {
    "account_number": "000123456789",
    "assigned_agent": "Agent 2",
    "balance_amount": Decimal("12345678901234569.89"),
    "company_id": "CEK0000001",
    "contact_number": "9876543210",
    "created_by_name": "Ravi",
    "created_on_from": FIRST_CREATED,
    "created_on_to": FIRST_CREATED + timedelta(minutes=5),
    "customer_ids": ["KC00000000000002", "KC00000000000003"],
    "customer_status": "ACTIVE",
    "dso_from": 2,
    "dso_to": 40,
    "ifsc": "SBIN0001234",
    "legal_name": "Kāverī Traders 000002",
    "level": "LEVEL_3",
    "modified_by_name": "Meena",
    "modified_on": datetime(2024, 1, 2, 5, 32, tzinfo=IST),
    "pan_or_gstin": "ABCDE1234F",
    "parent_company_id": "CEK0000002",
    "select_all": False,
    "unique_ref_no": "REF2",
}


async def test_every_filter_is_understood_alone() -> None:
    async with serving(5) as (_, session):
        for name, value in FILTERS.items():
            seen = await read_ids(session, filter=CustomerFilter(**{name: value}))
            assert "KC00000000000002" in seen, name


async def test_all_filters_are_understood_together() -> None:
    assert len(FILTERS) == len(FILTER_TYPES) == 21
    async with serving(50) as (server, session):
        assert await read_ids(session, filter=CustomerFilter(**FILTERS)) == ["KC00000000000002"]
        assert set(json.loads(server.requests[0].body)) == set(FILTER_TYPES)


async def test_count_and_get() -> None:
    async with serving(50) as (server, session):
        assert await session.customers.count() == 50
        assert await session.customers.count(CustomerFilter(level="LEVEL_1")) == 17
        assert server.requests[0].limit == "1"
        customer = await session.customers.get("KC00000000000007")
        assert customer.customer_id == "KC00000000000007"
        with pytest.raises(RecordNotFoundError, match="KC99999999999999"):
            await session.customers.get("KC99999999999999")


# Errors at a later page


async def test_an_error_at_a_later_row_comes_behind_the_records_before_it() -> None:
    async with serving(250, fail_at={199: (400, "VALIDATION_ERROR")}) as (server, session):
        search = session.customers.search(page_size=50)
        seen: list[str | None] = []
        with pytest.raises(ValidationError) as caught:
            await read_into(seen, search)
        server.fail_at.clear()
        rest = await read_ids(session, page_size=50, resume=caught.value.resume_token)

    assert seen == ids_on(server)[:200]
    assert seen + rest == ids_on(server)
    assert caught.value.offset == 199


# Tokens


@pytest.mark.parametrize("style", ["snake", "camel"])
@pytest.mark.parametrize("expires_in", [86399, None, 0, "86399", "86399.5", 86399.0])
async def test_a_login_in_either_spelling(style: str, expires_in: Any) -> None:
    server = SecondServer(60, token_style=style, expires_in=expires_in)
    async with server.running(), EnKashSession(server.base_url, password(server)) as session:
        assert await read_ids(session, page_size=20) == ids_on(server)
    assert len(server.token_requests) == 1


@pytest.mark.parametrize("refusal", ["oauth", "envelope"])
@pytest.mark.parametrize("expire_after", [1, 2, 3])
async def test_a_token_that_expires_in_the_middle_is_renewed(
    refusal: str, expire_after: int
) -> None:
    server = SecondServer(100, unauthorized=refusal, expire_after=expire_after)
    async with server.running(), EnKashSession(server.base_url, password(server)) as session:
        search = session.customers.search(page_size=30)
        assert [customer.customer_id async for customer in search] == ids_on(server)
    assert len(server.token_requests) == 2
    assert search.report.verdict is Verdict.COMPLETE


def password(server: SecondServer) -> OAuthPassword:
    return OAuthPassword(
        client_id=server.client_id,
        client_secret=server.client_secret,
        username=server.username,
        password=server.password,
    )
