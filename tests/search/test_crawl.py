"""What a crawl delivers, against the sandbox over a real socket."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import accumulate
from typing import Any

import anyio
import attrs
import msgspec
import pytest
from aiohttp import web

from enkash_async import (
    CustomerFilter,
    CustomerSearch,
    IncompleteSearchError,
    SystemFaultError,
    ValidationError,
    Verdict,
)
from enkash_async.resume import CrawlPoint
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    Sandbox,
    SandboxSettings,
    SearchCall,
    open_sandbox,
)
from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.pages import DuplicateRows, RowsOfPage
from tests.support.misread_ends import misread_ends
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

IST = timezone(timedelta(hours=5, minutes=30))


async def ids_of(search: CustomerSearch) -> list[str | None]:
    return [customer.customer_id async for customer in search]


async def collect(search: CustomerSearch, seen: list[str | None]) -> None:
    """Add the ids to *seen*, which keeps them when the search raises."""
    async for customer in search:
        seen.append(customer.customer_id)  # noqa: PERF401


async def take(search: CustomerSearch, number: int) -> list[str | None]:
    return [(await anext(search)).customer_id for _ in range(number)]


def window_of(call: SearchCall) -> tuple[datetime, datetime] | None:
    """Return the ends of the window that *call* asks for, None without one."""
    if "createdOnFrom" not in call.body or "createdOnTo" not in call.body:
        return None
    begin, end = call.body["createdOnFrom"], call.body["createdOnTo"]
    return datetime.fromisoformat(begin), datetime.fromisoformat(end)


def is_late(call: SearchCall) -> bool:
    """Say whether *call* asks for customers of 2023 and later, of whom there are half."""
    window = window_of(call)
    return window is not None and window[0] >= datetime(2023, 1, 1, tzinfo=UTC)


def failure(error_type: str, status: int) -> web.Response:
    error = {"errorType": error_type, "errorMessage": "no", "requestId": "r-1"}
    return web.json_response({"errorResponse": error}, status=status)


def tasks_in_flight() -> int:
    return sum("Prefetch._run" in task.get_name() for task in asyncio.all_tasks())


# Every customer once, in the order of creation


@pytest.mark.parametrize("clock_resolution", ["ms", "s"])
@pytest.mark.parametrize("created_on_bounds", ["inclusive", "half_open", "exclusive"])
@pytest.mark.parametrize("spread", ["even", "rising", "bulk"])
async def test_every_customer_comes_once_in_the_order_of_creation(
    spread: Any, created_on_bounds: Any, clock_resolution: Any
) -> None:
    settings = SandboxSettings(
        rows=120,
        spread=spread,
        created_on_bounds=created_on_bounds,
        clock_resolution=clock_resolution,
    )
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=20) as session:
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        assert search.report.reasons == []
        assert search.total == search.report.records_delivered == 120


@pytest.mark.parametrize(
    ("page_size", "max_concurrency"), [(20, 1), (60, 8), (199, 1), (200, 8), (201, 2)]
)
async def test_page_size_and_concurrency_do_not_matter(
    page_size: int, max_concurrency: int
) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=200)) as sandbox,
        session_for(sandbox, page_size=1000, max_concurrency=max_concurrency) as session,
    ):
        search = session.customers.crawl(page_size=page_size)
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
    assert max(call.limit for call in sandbox.searches) <= page_size + 1


async def test_windows_are_delivered_in_order_whatever_order_they_land_in() -> None:
    async with open_sandbox(SandboxSettings(rows=300, until=date(2025, 7, 1))) as sandbox:
        a_late_one_was_asked_for = anyio.Event()

        async def hold_the_early_windows(call: SearchCall) -> None:
            window = window_of(call)
            if is_late(call):
                a_late_one_was_asked_for.set()
            elif window is not None and window[0].year in (2021, 2022):
                await a_late_one_was_asked_for.wait()

        sandbox.on_search = hold_the_early_windows
        async with session_for(sandbox, page_size=40) as session:
            with anyio.fail_after(10):
                assert await ids_of(session.customers.crawl()) == sandbox.customer_ids()


@pytest.mark.parametrize("rows", [0, 1, 40, 41])
async def test_a_short_list_is_complete(rows: int) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        session_for(sandbox, page_size=40) as session,
    ):
        search = session.customers.crawl(strict=True)
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        assert search.total == rows


async def test_an_empty_list_has_an_empty_first_page() -> None:
    async with open_sandbox(SandboxSettings(rows=0)) as sandbox, session_for(sandbox) as session:
        page = await session.customers.crawl()
    assert (page.records, page.offset, page.total) == ((), 0, 0)


# What the service leaves open


NO_TOTAL = "the service sends no total, so customers without createdOn cannot be noticed"


@pytest.mark.parametrize(
    ("count_style", "verdict", "reason"),
    [
        ("total", Verdict.COMPLETE, ""),
        ("page", Verdict.INCOMPLETE, NO_TOTAL),
        ("missing", Verdict.INCOMPLETE, NO_TOTAL),
        ("null", Verdict.INCOMPLETE, NO_TOTAL),
        ("plus_one", Verdict.INCOMPLETE, "recordsCount says 301, but all windows hold 300"),
        ("minus_one", Verdict.CHANGED, "recordsCount says 299, and 300 came"),
    ],
)
async def test_counts_do_not_lose_a_record_and_doubts_are_told(
    count_style: Any, verdict: Verdict, reason: str
) -> None:
    settings = SandboxSettings(rows=300, count_style=count_style, spread="bulk")
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=40) as session:
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is verdict
        assert search.report.reasons == [] if not reason else reason in search.report.reasons


@pytest.mark.parametrize(
    ("page_cap", "spread"), [(3, "even"), (5, "bulk"), (13, "even"), (20, "bulk")]
)
async def test_a_cap_does_not_lose_a_record(page_cap: int, spread: Any) -> None:
    settings = SandboxSettings(rows=100, page_cap=page_cap, spread=spread)
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=40) as session:
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(
    ("first_offset", "page_cap", "spread"),
    [(0, None, "even"), (0, None, "bulk"), (0, 13, "bulk"), (1, None, "bulk")],
)
async def test_offsets_may_count_pages(
    first_offset: Any, page_cap: int | None, spread: Any
) -> None:
    settings = SandboxSettings(
        rows=200,
        offset_unit="pages",
        first_offset=first_offset,
        page_cap=page_cap,
        spread=spread,
    )
    options = {"offset_unit": "pages", "first_offset": first_offset, "page_size": 40}
    async with open_sandbox(settings) as sandbox, session_for(sandbox, **options) as session:
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE


async def test_an_order_that_changes_does_not_matter_where_windows_fit_a_page() -> None:
    settings = SandboxSettings(rows=200, unstable_order=True)
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=40) as session:
        search = session.customers.crawl(strict=True)
        assert sorted(map(str, await ids_of(search))) == sorted(sandbox.customer_ids())
        assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("without", [7, 100])
async def test_customers_without_created_on_are_told(without: int) -> None:
    settings = SandboxSettings(rows=100, rows_without_created_on=without)
    reason = f"{without} customers are in no window"
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=40) as session:
        expected = [row["customerId"] for row in sandbox.records() if row["createdOn"]]
        search = session.customers.crawl()
        assert await ids_of(search) == expected
        assert len(expected) == 100 - without
        assert search.report.verdict is Verdict.INCOMPLETE
        assert reason in str(search.report)

        seen: list[str | None] = []
        with pytest.raises(IncompleteSearchError, match=reason) as caught:
            await collect(session.customers.crawl(strict=True), seen)
        assert seen == expected
        assert caught.value.report is not None
        assert caught.value.report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("date_style", ["iso_offset", "blank", "compact", "epoch_ms", "epoch_s"])
async def test_dates_are_read_in_any_notation(date_style: Any) -> None:
    settings = SandboxSettings(rows=200, date_style=date_style, spread="bulk")
    async with (
        open_sandbox(settings) as sandbox,
        session_for(sandbox, page_size=40, naive_timezone=IST) as session,
    ):
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("hours", [0, 5.5, 14, -12])
@pytest.mark.parametrize(("rows", "spread"), [(100, "bulk"), (1200, "rising")])
async def test_a_wrong_zone_of_times_without_one_does_not_lose_a_record(
    rows: int, spread: Any, hours: float
) -> None:
    settings = SandboxSettings(rows=rows, date_style="blank", spread=spread)
    zone = timezone(timedelta(hours=hours))
    async with (
        open_sandbox(settings) as sandbox,
        session_for(sandbox, page_size=40, naive_timezone=zone) as session,
    ):
        search = session.customers.crawl()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        # What asks again because of it does so for the windows on their way at most.
        assert len(sandbox.searches) < (60 if rows > 1000 else 10)


@pytest.mark.parametrize("page_size", [20, 500])
async def test_windows_that_end_before_now_are_told_of(page_size: int) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=0)) as sandbox,
        session_for(sandbox, page_size=page_size) as session,
    ):
        sandbox.on_search = misread_ends(5.5)
        search = session.customers.crawl()
        assert len(await ids_of(search)) == 50
        assert search.report.verdict is Verdict.INCOMPLETE
        reasons = str(search.report)
        assert "10 customers are in no window" in reasons
        assert "reads the ends of windows in another zone" in reasons


# The caller's own filter, and parts of a list


@pytest.mark.parametrize(
    ("given", "created_on_bounds"),
    [("from", "exclusive"), ("to", "half_open"), ("both", "inclusive"), ("both", "exclusive")],
)
async def test_the_filter_is_kept_in_every_request(given: str, created_on_bounds: Any) -> None:
    settings = SandboxSettings(rows=300, created_on_bounds=created_on_bounds)
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=20) as session:
        times = [datetime.fromisoformat(row["createdOn"]) for row in sandbox.records()]
        # At records, so that it matters whether the bounds include their ends.
        first = times[60] if given != "to" else None
        last = times[220] if given != "from" else None
        criteria = CustomerFilter(
            customer_status="ACTIVE", created_on_from=first, created_on_to=last
        )
        expected = await ids_of(session.customers.search(criteria))
        sandbox.searches.clear()

        search = session.customers.crawl(criteria)
        assert await ids_of(search) == expected
        assert search.report.verdict is Verdict.COMPLETE
    assert 50 < len(expected) < 240
    assert len(sandbox.searches) > 5
    for call in sandbox.searches:
        assert call.body["customerStatus"] == "ACTIVE"
        assert first is None or datetime.fromisoformat(call.body["createdOnFrom"]) >= first
        assert last is None or datetime.fromisoformat(call.body["createdOnTo"]) <= last


async def test_all_but_the_census_ask_for_windows_that_end_by_now(sandbox: Sandbox) -> None:
    until = datetime(2100, 1, 1, tzinfo=UTC)
    async with session_for(sandbox) as session:
        search = session.customers.crawl(CustomerFilter(created_on_to=until))
        assert await ids_of(search) == sandbox.customer_ids()
    [census, *others] = sandbox.searches
    assert window_of(census) is None
    windows = [window_of(call) for call in others]
    assert all(window is not None and window[1] <= datetime.now(UTC) for window in windows)
    assert {(call.order_by, call.direction) for call in sandbox.searches} == {(None, None)}


async def test_max_records_ends_the_crawl(sandbox: Sandbox) -> None:
    async with session_for(sandbox, page_size=40) as session:
        for most in (1, 40, 101, 250, 1000):
            search = session.customers.crawl(max_records=most)
            assert await ids_of(search) == sandbox.customer_ids()[:most]
            assert search.report.verdict is Verdict.COMPLETE


async def test_going_on_counts_the_records_of_before(sandbox: Sandbox) -> None:
    async with (
        session_for(sandbox, page_size=40) as session,
        session.customers.crawl(max_records=120) as search,
    ):
        first = await take(search, 70)
        rest = session.customers.crawl(max_records=120, resume=search.resume_token)
        assert first + await ids_of(rest) == sandbox.customer_ids()[:120]


# Pages


@pytest.mark.parametrize("spread", ["even", "bulk"])
async def test_pages_follow_each_other_without_overlap(spread: Any) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=250, spread=spread)) as sandbox,
        session_for(sandbox, page_size=40) as session,
    ):
        search = session.customers.crawl()
        pages = [page async for page in search.pages()]
        assert search.report.verdict is Verdict.COMPLETE
        assert [c.customer_id for page in pages for c in page] == sandbox.customer_ids()
    lengths = [len(page) for page in pages]
    assert 0 < min(lengths) <= max(lengths) <= 40
    assert [page.offset + len(page) for page in pages] == list(accumulate(lengths))


async def test_raw_pages_hold_the_bytes_of_each_record(sandbox: Sandbox) -> None:
    async with session_for(sandbox, page_size=40) as session:
        search = session.customers.crawl()
        rows = [raw async for page in search.raw_pages() for raw in page]
        assert search.report.verdict is Verdict.COMPLETE
    assert len(rows) == 250
    assert all(id_.encode() in raw for id_, raw in zip(sandbox.customer_ids(), rows, strict=True))


@pytest.mark.parametrize("view", ["records", "pages"])
async def test_awaiting_a_crawl_gives_its_first_page_and_the_rest_follows(
    sandbox: Sandbox, view: str
) -> None:
    expected = sandbox.customer_ids()
    async with session_for(sandbox, page_size=40) as session:
        search = session.customers.crawl()
        page = await search
        assert await search is page
        assert page.offset == 0
        assert 0 < len(page) <= 40
        assert [customer.customer_id for customer in page] == expected[: len(page)]
        if view == "records":
            assert await ids_of(search) == expected
        else:
            seen = [customer.customer_id async for one in search.pages() for customer in one]
            assert seen == expected
        assert search.report.verdict is Verdict.COMPLETE
        assert search.report.records_delivered == 250


async def test_nothing_is_sent_before_the_crawl_is_used(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.crawl()
        await anyio.wait_all_tasks_blocked()
        assert sandbox.searches == []
        assert (search.total, search.resume_token.row) == (None, 0)


# Data that change


@pytest.mark.parametrize("window_pages", [1, 4, 16])
@pytest.mark.parametrize(
    ("spread", "max_concurrency"),
    [
        ("even", 1),
        ("even", 8),
        ("bulk", 8),
    ],
)
async def test_customers_that_live_through_changes_come_once(
    spread: Any, max_concurrency: int, window_pages: int
) -> None:
    async with open_sandbox(SandboxSettings(rows=300, spread=spread)) as sandbox:
        there_at_first = sandbox.customer_ids()
        # The sandbox creates customers right after its newest, which would be in the past.
        newest = datetime.fromisoformat(sandbox.records()[-1]["createdOn"])
        deleted: set[str] = set()

        async def change_the_list(call: SearchCall) -> None:
            there = sandbox.customer_ids()
            gone = there[call.number * 37 % len(there)]
            sandbox.delete([gone])
            deleted.add(gone)
            sandbox.insert(2)

        sandbox.on_search = change_the_list
        async with session_for(sandbox, page_size=40, max_concurrency=max_concurrency) as session:
            criteria = CustomerFilter(created_on_to=newest)
            search = session.customers.crawl(criteria, window_pages=window_pages)
            seen = await ids_of(search)
            assert search.report.verdict is Verdict.CHANGED
            assert search.report.reasons
    stayed = [id_ for id_ in there_at_first if id_ not in deleted]
    # A deletion with each request, of which windows of several pages take more here.
    assert (200 if window_pages == 1 else 100) < len(stayed) < 300
    came = [id_ for id_ in seen if id_ in set(stayed)]
    assert (came if window_pages == 1 else sorted(map(str, came))) == (
        stayed if window_pages == 1 else sorted(stayed)
    )
    assert len(set(seen)) == len(seen)


async def test_a_changed_list_is_an_error_for_the_strict() -> None:
    async with open_sandbox(SandboxSettings(rows=200)) as sandbox:

        async def delete_a_late_one(call: SearchCall) -> None:
            if call.number == 4:
                sandbox.delete(sandbox.customer_ids()[-1:])

        sandbox.on_search = delete_a_late_one
        async with session_for(sandbox, page_size=40, max_concurrency=1) as session:
            with pytest.raises(IncompleteSearchError, match="went from 200 to 199") as caught:
                await ids_of(session.customers.crawl(strict=True))
    assert caught.value.report is not None
    assert caught.value.report.verdict is Verdict.CHANGED


# Going on later


@pytest.mark.parametrize(
    ("spread", "stop"),
    [
        *(("even", stop) for stop in (0, 1, 33, 99, 100)),
        *(("bulk", stop) for stop in (39, 40, 41, 57, 70, 71)),
    ],
)
async def test_a_crawl_goes_on_in_another_session_behind_any_record(spread: Any, stop: int) -> None:
    async with open_sandbox(SandboxSettings(rows=100, spread=spread)) as sandbox:
        async with (
            session_for(sandbox, page_size=20) as session,
            session.customers.crawl() as search,
        ):
            first = await take(search, stop)
            text = str(search.resume_token)
        async with session_for(sandbox, page_size=25) as session:
            rest = session.customers.crawl(resume=text)
            assert first + await ids_of(rest) == sandbox.customer_ids()
            assert rest.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(
    "knobs",
    [
        {"created_on_bounds": "exclusive", "clock_resolution": "s"},
        {"count_style": "missing"},
        {"page_cap": 13},
    ],
)
async def test_a_crawl_goes_on_whatever_the_service_leaves_open(knobs: dict[str, Any]) -> None:
    settings = SandboxSettings(rows=120, spread="bulk", **knobs)
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=30) as session:
        seen: list[str | None] = []
        text: str | None = None
        # Stopped again and again, inside the crowd and around it.
        while len(seen) < 105:
            async with session.customers.crawl(resume=text) as search:
                seen += await take(search, 35)
                text = str(search.resume_token)
        seen += await ids_of(session.customers.crawl(resume=text))
        assert seen == sandbox.customer_ids()


async def test_going_on_still_tells_of_customers_without_created_on() -> None:
    settings = SandboxSettings(rows=100, rows_without_created_on=7)
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=30) as session:
        async with session.customers.crawl() as search:
            await take(search, 50)
        rest = session.customers.crawl(resume=search.resume_token)
        assert len(await ids_of(rest)) == 43
        assert rest.report.verdict is Verdict.INCOMPLETE
        assert "7 customers are in no window" in str(rest.report)


@pytest.mark.parametrize("page_size", [20, 500])
@pytest.mark.parametrize(
    ("knobs", "requests"),
    [
        *(({}, 0), ({"spread": "bulk"}, 0), ({"count_style": "missing"}, 0), ({"rows": 1}, 0)),
        # How many of these were created since, and stand in no window for that.
        ({"rows_without_created_on": 7}, 1),
        # Nothing came, so that it is begun anew.
        ({"rows": 0}, 2),
    ],
)
async def test_after_its_end_a_crawl_knows_no_ids_and_reads_nothing(
    knobs: dict[str, Any], requests: int, page_size: int
) -> None:
    settings = SandboxSettings(**{"rows": 120, **knobs})
    async with (
        open_sandbox(settings) as sandbox,
        session_for(sandbox, page_size=page_size) as session,
    ):
        search = session.customers.crawl()
        seen = await ids_of(search)
        token = search.resume_token
        assert isinstance(token.point, CrawlPoint)
        assert (token.delivered, token.point.edge) == (len(seen), ())
        before = len(sandbox.searches)
        rest = session.customers.crawl(resume=str(token))
        assert await ids_of(rest) == []
        assert rest.report.verdict is search.report.verdict
        assert rest.resume_token == token
        assert len(sandbox.searches) == before + requests


async def test_tokens_of_a_search_and_of_a_crawl_are_not_mixed_up(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        async with session.customers.search() as search, session.customers.crawl() as crawl:
            await take(search, 10)
            await take(crawl, 10)
        with pytest.raises(ValueError, match="another search"):
            session.customers.crawl(resume=str(search.resume_token))
        with pytest.raises(ValueError, match="another search"):
            session.customers.search(resume=str(crawl.resume_token))
        other = CustomerFilter(customer_status="ACTIVE")
        with pytest.raises(ValueError, match="another search"):
            session.customers.crawl(other, resume=crawl.resume_token)


@pytest.mark.parametrize("spread", ["even", "bulk"])
async def test_a_failing_window_raises_its_error_behind_the_records_before_it(
    spread: Any,
) -> None:
    async with open_sandbox(SandboxSettings(rows=250, spread=spread)) as sandbox:

        async def fail_late(call: SearchCall) -> web.Response | None:
            return failure("SYSTEM_ERROR", 500) if is_late(call) else None

        sandbox.on_search = fail_late
        expected = sandbox.customer_ids()
        seen: list[str | None] = []
        async with session_for(sandbox, page_size=40) as session:
            search = session.customers.crawl(window_pages=1)
            with pytest.raises(SystemFaultError) as caught:
                await collect(search, seen)
            assert 50 < len(seen) < 200
            assert seen == expected[: len(seen)]
            error = caught.value
            assert error.offset == len(seen)
            assert error.report is not None
            assert error.report.verdict is Verdict.INCOMPLETE
            assert error.report.records_delivered == len(seen)
            assert error.report.retries >= 3

            sandbox.on_search = None
            rest = session.customers.crawl(resume=error.resume_token)
            assert await ids_of(rest) == expected[len(seen) :]
            assert rest.report.verdict is Verdict.COMPLETE


# Limits, leaving and misuse


async def test_no_more_requests_are_in_flight_than_the_session_allows(sandbox: Sandbox) -> None:
    async with (
        session_for(sandbox, page_size=20, max_concurrency=3) as session,
        anyio.create_task_group() as group,
    ):
        for _ in range(3):
            group.start_soon(ids_of, session.customers.crawl())
    assert sandbox.max_in_flight == 3


async def test_one_request_at_a_time_if_the_session_allows_no_more(sandbox: Sandbox) -> None:
    async with session_for(sandbox, page_size=20, max_concurrency=1) as session:
        assert await ids_of(session.customers.crawl()) == sandbox.customer_ids()
    assert sandbox.max_in_flight == 1


async def test_leaving_the_block_stops_the_fetches_at_once(sandbox: Sandbox) -> None:
    reached, opened = anyio.Event(), anyio.Event()
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    before = sum(record["createdOn"] < "2025-01" for record in sandbox.records())

    async def hold_last(call: SearchCall) -> None:
        # Fewer windows than are in flight, so that those before go on.
        window = window_of(call)
        if window is not None and window[0] >= begin:
            reached.set()
            await opened.wait()

    sandbox.on_search = hold_last
    async with session_for(sandbox, page_size=20) as session:
        async with session.customers.crawl(window_pages=1) as search:
            # All but a page of what is not held back: with the last of these, reading might wait.
            for _ in range(before - 20):
                await anext(search)
            with anyio.fail_after(10):
                await reached.wait()
            assert tasks_in_flight() > 0
        assert tasks_in_flight() == 0
        opened.set()
        sent = len(sandbox.searches)
        assert await session.customers.count() == 250
        assert len(sandbox.searches) == sent + 1


async def test_a_wrong_argument_is_refused_before_anything_is_sent(sandbox: Sandbox) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"page_size": 0}, ValueError, "page_size"),
        ({"page_size": 5001}, ValueError, "5000"),
        ({"max_records": 0}, ValueError, "max_records"),
        ({"window_pages": 0}, ValueError, "window_pages"),
        ({"filter": {"level": "LEVEL_1"}}, TypeError, "CustomerFilter"),
        ({"resume": "{}"}, ValueError, "resume token"),
    ]
    async with session_for(sandbox) as session:
        for options, error, text in wrong:
            with pytest.raises(error, match=text):
                session.customers.crawl(**options)
    assert sandbox.searches == []


@pytest.mark.parametrize("past_end", ["empty", "last_page"])
async def test_a_single_customer_is_all_there_is_after_going_on_too(past_end: Any) -> None:
    settings = SandboxSettings(rows=1, past_end=past_end)
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        async with session.customers.crawl() as search:
            assert await take(search, 1) == sandbox.customer_ids()
        rest = session.customers.crawl(resume=search.resume_token)
        assert await ids_of(rest) == []
        assert rest.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("rows", [150, 2000])
@pytest.mark.parametrize("leaves", [False, True])
async def test_a_crawl_goes_on_after_an_error_in_place_of_any_answer(
    rows: int, leaves: bool
) -> None:
    # However often: each crawl fails a request later than the one before, until none does.
    settings = SandboxSettings(rows=rows, spread="bulk" if leaves else "even")
    async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=50) as session:
        there = set(sandbox.customer_ids())
        failed, seen, token = 0, list[str | None](), None
        while True:
            asked = 0

            async def fail(_: SearchCall, most: int = failed) -> web.Response | None:
                nonlocal asked
                asked += 1
                if leaves and asked == 3:
                    sandbox.delete(sandbox.customer_ids()[:1])
                return failure("VALIDATION_ERROR", 400) if asked > most else None

            sandbox.on_search = fail
            search = session.customers.crawl(resume=token)
            try:
                await collect(search, seen)
                break
            except ValidationError as error:
                token, failed = error.resume_token, failed + 1
        assert len(seen) == len(set(seen))
        assert set(seen) >= there & set(sandbox.customer_ids())
        assert leaves or search.report.verdict is Verdict.COMPLETE
        assert search.report.verdict is not Verdict.INCOMPLETE


# One answer that does not hold what it counts


@attrs.frozen
class LosesFirst(RowsOfPage):
    """The first row of the page is missing, though it is counted."""

    name = "loses_first"

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        return rows[1:]


@attrs.frozen
class LosesLast(RowsOfPage):
    """The last row of the page is missing, though it is counted."""

    name = "loses_last"

    def change(self, rows: list[msgspec.Raw], exchange: Exchange) -> list[msgspec.Raw]:
        return rows[:-1]


@pytest.mark.parametrize("kind", [DuplicateRows(), LosesFirst(), LosesLast()], ids=repr)
@pytest.mark.parametrize("count_style", ["total", "page"])
@pytest.mark.parametrize("rows", [1, 2, 29, 30, 31, 100])
async def test_one_odd_answer_hides_no_customer(rows: int, count_style: Any, kind: Any) -> None:
    # 30 to a page whatever is asked for: a row that comes twice makes up for one that does not.
    for number in range(4):
        faults = FaultScript([Fault(kind, requests=(number,))], seed=rows)
        settings = SandboxSettings(rows=rows, page_cap=30, count_style=count_style, faults=faults)
        async with open_sandbox(settings) as sandbox, session_for(sandbox, page_size=50) as session:
            crawl = session.customers.crawl()
            seen = await ids_of(crawl)
            is_sure = crawl.report.verdict is not Verdict.INCOMPLETE
            assert not is_sure or set(seen) == set(sandbox.customer_ids())
            assert not crawl.report.complete or len(seen) == rows
