"""Asking is easy: fields as keywords, days, any case, names of either language, what is extra."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pytest

from enkash_async import (
    ArgumentTypeError,
    Customer,
    CustomerFilter,
    CustomerStatus,
    Direction,
    EnKashSession,
    InvalidArgumentError,
    Timeout,
    ValidationError,
)
from enkash_async._search.ordering import names_of
from enkash_async.customers.filters import CustomerFields
from enkash_async.customers.resource import OrderBy
from enkash_async.sandbox import Sandbox
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

NESTED: list[Any] = []
NESTED.append(NESTED)


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox) as session:
        yield session


# Fields as keywords


async def test_fields_of_the_filter_are_keywords(session: EnKashSession, sandbox: Sandbox) -> None:
    customers = session.customers
    whole = CustomerFilter(customer_status=CustomerStatus.ACTIVE)
    same: list[str] = []
    for given in ((whole, {}), (None, {"customer_status": "active"}), (whole, {"level": None})):
        page = await customers.search(given[0], page_size=9, **given[1])
        same.append(str(page.total))
        assert await customers.count(given[0], **given[1]) == page.total
    assert len(set(same)) == 1
    assert {call.body.get("customerStatus") for call in sandbox.searches} == {"ACTIVE"}
    assert [part async for part in customers.crawl(customer_status="Active", max_records=1)]
    parts = await customers.windows(customer_status="active", max_records=100)
    assert {part.customer_status for part in parts} == {CustomerStatus.ACTIVE}


async def test_keywords_take_the_place_of_the_filters_own(
    session: EnKashSession, sandbox: Sandbox
) -> None:
    base = CustomerFilter(customer_status="ACTIVE", dso_from=1)
    await session.customers.search(base, customer_status="inactive", dso_to=9)
    assert sandbox.searches[-1].body == {"customerStatus": "INACTIVE", "dsoFrom": 1, "dsoTo": 9}
    with pytest.raises(InvalidArgumentError, match="dso_from must not lie after dso_to"):
        session.customers.search(base, dso_to=0)


async def test_keywords_and_a_filter_are_one_search_to_resume(session: EnKashSession) -> None:
    by_filter = session.customers.search(CustomerFilter(dso_from=1))
    by_keyword = session.customers.search(dso_from=1, resume=by_filter.resume_token)
    assert by_keyword.resume_token == by_filter.resume_token


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("customer_state", "did you mean customer_status"),
        ("customerStatus", "did you mean customer_status"),
        ("xyz", "there are account_number"),
        ("pagesize", "did you mean page_size"),
        ("max_record", "did you mean max_records"),
    ],
)
@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_a_wrong_keyword_says_what_exists(
    session: EnKashSession, method: str, wrong: str, words: str
) -> None:
    ask: Any = getattr(session.customers, method)
    with pytest.raises(TypeError, match=words) as caught:
        ask(**{wrong: "planted-4711"})
    assert isinstance(caught.value, InvalidArgumentError)
    assert "planted-4711" not in str(caught.value)


@pytest.mark.parametrize("method", ["crawl", "windows", "count"])
async def test_a_keyword_of_search_is_named_as_such(session: EnKashSession, method: str) -> None:
    ask: Any = getattr(session.customers, method)
    with pytest.raises(InvalidArgumentError, match=rf"{method}\(\) takes no order_by; search"):
        await ask(order_by="createdOn")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda customers: customers.search(resume=5), "resume must be a ResumeToken or its text"),
        (lambda customers: customers.get(5), "customer_id must be a str, not int"),
        (lambda customers: customers.get(""), "customer_id must not be empty"),
    ],
)
async def test_what_cannot_be_asked_is_an_error_of_arguments(
    session: EnKashSession, ask: Any, words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        await ask(session.customers)


async def test_a_search_that_is_closed_gives_no_record_that_was_ready(
    session: EnKashSession,
) -> None:
    search = session.customers.search(page_size=5)
    await anext(search)
    token = search.resume_token
    await search.aclose()
    with pytest.raises(RuntimeError, match="the search is closed"):
        await anext(search)
    assert (search.report.records_delivered, search.resume_token) == (1, token)


def test_keywords_are_the_fields_of_the_filter() -> None:
    fields = {field.name: field for field in CustomerFilter.__attrs_attrs__}
    hints, own = get_type_hints(CustomerFields), get_type_hints(CustomerFilter)
    assert hints == {name: own[name] for name in fields}


# Days and times

DAYS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "UTC",
        {"created_on_from": date(2026, 1, 1), "created_on_to": date(2026, 1, 31)},
        {
            "createdOnFrom": "2026-01-01T00:00:00Z",
            "createdOnTo": "2026-01-31T23:59:59.999999Z",
        },
    ),
    (
        "Asia/Kolkata",
        {"created_on_from": "2026-01-01", "created_on_to": "2026-01-01"},
        {
            "createdOnFrom": "2025-12-31T18:30:00Z",
            "createdOnTo": "2026-01-01T18:29:59.999999Z",
        },
    ),
    (
        "Asia/Kolkata",
        {"created_on_from": "2026-01-01T00:00:00+02:00", "modified_on": "2026-01-02T03:04:05Z"},
        {"createdOnFrom": "2025-12-31T22:00:00Z", "modifiedOn": "2026-01-02T03:04:05Z"},
    ),
    (
        "Asia/Kolkata",
        {"modified_on": date(2026, 1, 2)},
        {"modifiedOn": "2026-01-01T18:30:00Z"},
    ),
    (
        "Asia/Kolkata",
        {"created_on_from": "20260101", "created_on_to": "2026-W01-4"},
        {
            "createdOnFrom": "2025-12-31T18:30:00Z",
            "createdOnTo": "2026-01-01T18:29:59.999999Z",
        },
    ),
    (
        "Asia/Kolkata",
        # Not in order by UTC's day, but by that of India.
        {"created_on_from": date(2026, 1, 2), "created_on_to": "2026-01-02T01:00:00+05:30"},
        {"createdOnFrom": "2026-01-01T18:30:00Z", "createdOnTo": "2026-01-01T19:30:00Z"},
    ),
]


@pytest.mark.parametrize(("zone", "fields", "sent"), DAYS)
@pytest.mark.parametrize("in_filter", [False, True])
async def test_a_day_is_one_of_the_sessions_zone(
    sandbox: Sandbox, zone: str, fields: dict[str, Any], sent: dict[str, str], in_filter: bool
) -> None:
    async with session_for(sandbox, naive_timezone=zone) as session:
        if in_filter:
            await session.customers.search(CustomerFilter(**fields))
        else:
            await session.customers.search(**fields)
    assert sandbox.searches[-1].body == sent


def test_a_filter_by_itself_takes_days_to_be_those_of_utc() -> None:
    given = CustomerFilter(created_on_to=date(2026, 1, 31))
    assert given.created_on_to == date(2026, 1, 31)
    assert given.as_wire() == {"createdOnTo": "2026-01-31T23:59:59.999999Z"}


async def test_a_crawl_ends_with_the_last_instant_of_a_day(
    session: EnKashSession, sandbox: Sandbox
) -> None:
    rows = [one async for one in session.customers.crawl(created_on_to=date(2099, 1, 1))]
    assert len(rows) == 250
    with pytest.raises(InvalidArgumentError, match="created_on_from lies in the future"):
        session.customers.crawl(created_on_from=date(2099, 1, 1))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"created_on_from": "2026-02-30"}, "created_on_from must be a day that exists"),
        ({"created_on_from": "yesterday"}, "created_on_from must be a time in ISO 8601"),
        ({"created_on_from": "2026-01-01T00:00:00"}, "created_on_from has no zone: write one"),
        ({"modified_on": "2026-01-01T00:00:00"}, "modified_on has no zone: write one after it"),
        ({"modified_on": datetime(2026, 1, 1)}, "modified_on must be aware: give it a tzinfo"),
        ({"modified_on": "2026-02-30"}, "modified_on must be a day that exists"),
        ({"created_on_from": 2026}, "must be a datetime with a zone, a date, or the ISO text of"),
        ({"modified_on": 2026}, "must be a datetime with a zone, a date, or the ISO text of one"),
        (
            {"created_on_from": date(2026, 1, 2), "created_on_to": date(2026, 1, 1)},
            "must not lie after",
        ),
        (
            {"created_on_from": datetime(2026, 1, 2, tzinfo=UTC), "created_on_to": "2026-01-01"},
            "must not lie after",
        ),
    ],
)
async def test_what_is_no_day_and_no_time_is_refused(
    session: EnKashSession, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        session.customers.search(**fields)


# Enumerations, in any case


@pytest.mark.parametrize("text", ["ACTIVE", "active", "Active"])
def test_enumerations_are_read_in_any_case(text: str) -> None:
    assert CustomerFilter(customer_status=text).customer_status is CustomerStatus.ACTIVE
    assert CustomerFilter(level="level_1").level == "LEVEL_1"


async def test_a_direction_is_read_in_any_case(session: EnKashSession, sandbox: Sandbox) -> None:
    await session.customers.search(order_by="created_on", direction="desc")
    await session.customers.search(order_by="createdOn", direction=Direction.DESC)
    assert [(call.order_by, call.direction) for call in sandbox.searches] == [
        ("createdOn", "DESC")
    ] * 2


# order_by


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("createdon", "createdOn"),
        ("created_onn", "created_on"),
        ("CreatedOn", "createdOn"),
        ("netamount", "netAmount"),
        ("leagl_name", "legal_name"),
    ],
)
async def test_a_slip_in_order_by_is_told(session: EnKashSession, given: str, meant: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"did you mean '{meant}'"):
        session.customers.search(order_by=given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (5, ArgumentTypeError, "order_by must be a str, not int"),
        (b"createdOn", ArgumentTypeError, "order_by must be a str, not bytes"),
        ("", InvalidArgumentError, "order_by must be the name of a field"),
        ("\ud800", InvalidArgumentError, "order_by must be text that can be written as UTF-8"),
        ("a\nb", InvalidArgumentError, "order_by must be text without control characters"),
    ],
)
async def test_an_order_by_that_cannot_be_sent_is_refused_at_once(
    session: EnKashSession, given: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        session.customers.search(order_by=given)
    assert type(caught.value) is kind


async def test_what_is_like_no_field_is_left_to_the_service(session: EnKashSession) -> None:
    with pytest.raises(ValidationError):
        await session.customers.search(order_by="priority")


def test_editors_are_told_the_fields_that_there_are() -> None:
    fields = names_of(Customer)
    lists = {"branch_codes", "customer_key_contacts", "customer_reminders", "warnings"}
    expected = {name for name, on_wire in fields.items() if not {name, on_wire} & lists}
    expected -= {fields[name] for name in lists}
    assert set(get_args(OrderBy)) == expected


# What is extra


async def test_what_is_extra_is_sent_with_every_page(
    session: EnKashSession, sandbox: Sandbox
) -> None:
    extra: dict[str, Any] = {"tags": ["a"], "nested": {"amount": Decimal("1.10")}}
    search = session.customers.search(
        dso_from=0, extra_body=extra, extra_query={"expand": True, "depth": 2}
    )
    extra["tags"].append("changed later")
    assert [one async for one in search]
    assert len(sandbox.searches) > 3
    for call in sandbox.searches:
        assert call.body["tags"] == ["a"]
        assert call.body["dsoFrom"] == 0
        assert call.request.query["expand"] == "true"
        assert call.request.query["depth"] == "2"


EXTRA: dict[str, Any] = {"extra_body": {"tags": []}, "extra_query": {"expand": True}}


async def ask(session: EnKashSession, method: str, known: str, **given: Any) -> None:
    """Ask for customers, of which one has the id *known*, by a *method* of theirs."""
    asked = getattr(session.customers, method)(*[known] if method == "get" else [], **given)
    if method in ("search", "crawl"):
        assert [one async for one in asked]
    else:
        await asked


@pytest.mark.parametrize("method", ["search", "crawl", "count", "get", "windows"])
async def test_what_is_extra_goes_with_every_request_of_every_method(
    session: EnKashSession, sandbox: Sandbox, method: str
) -> None:
    await ask(session, method, sandbox.customer_ids()[0], **EXTRA)
    assert sandbox.searches
    for call in sandbox.searches:
        assert call.body["tags"] == []
        assert call.request.query["expand"] == "true"


@pytest.mark.parametrize("method", ["search", "crawl", "count", "get", "windows"])
@pytest.mark.parametrize(
    "given",
    [
        {"extra_body": {"customerIds": ["KC1"]}},
        {"extra_body": {"createdOnFrom": 0}},
        {"extra_query": {"offset": 7}},
        {"extra_query": {"limit": 7}},
    ],
)
async def test_what_a_method_sends_itself_is_nowhere_extra(
    session: EnKashSession, sandbox: Sandbox, method: str, given: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^extra_(body|query) must not hold "):
        await ask(session, method, "KC1", **given)
    assert sandbox.searches == []


async def test_what_is_extra_is_a_part_of_what_a_search_asks_for(session: EnKashSession) -> None:
    token = session.customers.search(extra_query={"a": "1"}).resume_token
    session.customers.search(extra_query={"a": "1"}, resume=token)
    for other in ({}, {"extra_query": {"a": "2"}}, {"extra_body": {"a": "1"}}):
        with pytest.raises(InvalidArgumentError, match="belongs to another search"):
            session.customers.search(resume=token, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"extra_body": {"customerStatus": "ACTIVE"}}, "extra_body must not hold customerStatus"),
        ({"extra_query": {"limit": 7}}, "extra_query must not hold limit"),
        ({"extra_query": {"offset": 7}}, "extra_query must not hold offset"),
        (
            {"extra_query": {"orderBy": "x"}, "order_by": "created_on"},
            "extra_query must not hold orderBy",
        ),
        ({"extra_body": {"a": object()}}, "extra_body: a must be what JSON has"),
        ({"extra_body": {"a": [1, float("nan")]}}, r"extra_body: a\[1\] must be a finite number"),
        ({"extra_body": {"a": {"b": -math.inf}}}, r"extra_body: a\.b must be a finite number"),
        ({"extra_body": {"a": Decimal("NaN")}}, "extra_body: a must be a finite number"),
        ({"extra_body": {"a": 10**5000}}, "extra_body: a cannot be written as JSON"),
        ({"extra_body": {"a": b"bytes"}}, "extra_body: a must be what JSON has"),
        ({"extra_body": {"a": {1, 2}}}, "extra_body: a must be what JSON has"),
        ({"extra_body": {"a": date(2026, 1, 1)}}, "extra_body: a must be what JSON has"),
        ({"extra_body": {"a": {7: 1}}}, "each name in extra_body: a must be a str"),
        ({"extra_body": {"a": NESTED}}, "is nested too deep"),
        ({"extra_body": {"a": "\ud800"}}, "extra_body: a must be text that can be written"),
        ({"extra_body": {"a": {"\ud800": 1}}}, "each name in extra_body: a must be text that"),
        ({"extra_body": {"\ud800": 1}}, "each name in extra_body must be text that can be written"),
        ({"extra_query": {"a": "\ud800"}}, "extra_query: a must be text that can be written"),
        ({"extra_query": {"\ud800": "a"}}, "each name in extra_query must be text that can be"),
        ({"extra_query": {"a": math.nan}}, "extra_query: a must be a finite number"),
        ({"extra_query": {"a": 10**5000}}, "extra_query: a has too many digits"),
        ({"extra_body": [("a", 1)]}, "extra_body must be a mapping"),
        ({"extra_query": {7: "a"}}, "each name in extra_query must be a str"),
        ({"extra_query": {"a": None}}, "extra_query: a must be a str or a number"),
    ],
)
async def test_what_cannot_be_extra_is_refused(
    session: EnKashSession, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        session.customers.search(**given)


async def test_an_order_that_only_the_service_knows_may_be_extra(
    session: EnKashSession, sandbox: Sandbox
) -> None:
    await session.customers.search(extra_query={"orderBy": "createdOn"})
    assert sandbox.searches[-1].order_by == "createdOn"


HUGE = 10**5000


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("page_size", HUGE),
        ("page_size", -HUGE),
        ("max_records", HUGE),
        ("offset", -HUGE),
        ("order_by", "created\ud800"),
        ("order_by", "created\x1b[31m"),
        ("order_by", "created\u202e"),
    ],
    # Not the values: pytest would write them out.
    ids=range(7),
)
async def test_numbers_and_texts_that_cannot_be_sent_are_refused_by_name(
    session: EnKashSession, name: str, given: Any
) -> None:
    options: dict[str, Any] = {name: given}
    with pytest.raises(InvalidArgumentError, match=f"^{name} must"):
        session.customers.search(**options)


@pytest.mark.parametrize("name", ["connect", "read", "attempt", "call", "progress"])
@pytest.mark.parametrize("given", [HUGE, -HUGE], ids=["huge", "minus huge"])
def test_a_wait_too_long_to_be_a_number_of_seconds_is_refused_by_name(
    name: str, given: int
) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name} must be a number"):
        Timeout(**{name: given})
