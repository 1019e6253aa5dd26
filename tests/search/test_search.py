"""What a search delivers, against the sandbox over a real socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any

import anyio
import pytest
from aiohttp import web

from enkash_async import (
    APIError,
    BadRecord,
    BearerToken,
    CustomerFilter,
    CustomerSearch,
    DecodeError,
    EnKashSession,
    IncompleteSearchError,
    RecordNotFoundError,
    ResumeToken,
    SystemFaultError,
    UnknownServiceError,
    ValidationError,
    Verdict,
)
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


async def ids_of(search: CustomerSearch) -> list[str | None]:
    return [customer.customer_id async for customer in search]


async def collect(search: CustomerSearch, seen: list[str | None]) -> None:
    """Add the ids to *seen*, which keeps them when the search raises."""
    async for customer in search:
        seen.append(customer.customer_id)  # noqa: PERF401


def failure(error_type: str, status: int) -> web.Response:
    error = {"errorType": error_type, "errorMessage": "no", "requestId": "r-1"}
    return web.json_response({"errorResponse": error}, status=status)


# Records and order


@pytest.mark.parametrize("max_concurrency", [1, 2, 8])
@pytest.mark.parametrize("page_size", [1, 7, 50, 249, 250, 251, 5000])
async def test_every_record_comes_in_the_order_of_the_service(
    page_size: int, max_concurrency: int
) -> None:
    rows = 30 if page_size == 1 else 250
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        session_for(sandbox, max_concurrency=max_concurrency) as session,
    ):
        search = session.customers.search(page_size=page_size)
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE


async def test_order_is_kept_whatever_order_pages_land_in(sandbox: Sandbox) -> None:
    behind = anyio.Event()

    async def hold_the_head_until_a_later_page_was_asked_for(call: SearchCall) -> None:
        if call.offset == 99:
            await behind.wait()
        if call.offset == 149:
            behind.set()

    sandbox.on_search = hold_the_head_until_a_later_page_was_asked_for
    async with session_for(sandbox) as session:
        assert await ids_of(session.customers.search()) == sandbox.customer_ids()


async def test_a_slow_head_does_not_stop_the_refill_behind_it() -> None:
    async with open_sandbox(SandboxSettings(rows=400)) as sandbox:
        others_done = anyio.Event()

        async def hold_the_head(call: SearchCall) -> None:
            if call.offset == 199:
                await others_done.wait()
            # Four in flight, four waiting: the head and the seven behind it.
            if call.offset == 199 + 7 * 20:
                others_done.set()

        async with session_for(sandbox, page_size=20, max_concurrency=4) as session:
            search = session.customers.search()
            pages = search.pages()
            for _ in range(10):
                await anext(pages)
            sandbox.on_search = hold_the_head
            with anyio.fail_after(10):
                rest = [page async for page in pages]
    assert sum(len(page) for page in rest) == 200


async def test_a_filter_is_sent_with_every_page(sandbox: Sandbox) -> None:
    active = [record["customerId"] for record in sandbox.records() if record["active"]]
    async with session_for(sandbox, page_size=20) as session:
        search = session.customers.search(CustomerFilter(customer_status="ACTIVE"))
        assert await ids_of(search) == active
    assert {str(call.body) for call in sandbox.searches} == {"{'customerStatus': 'ACTIVE'}"}


async def test_order_and_direction_hold_for_every_page(sandbox: Sandbox) -> None:
    async with session_for(sandbox, page_size=20) as session:
        search = session.customers.search(order_by="createdOn", direction="DESC")
        assert await ids_of(search) == sandbox.customer_ids()[::-1]
    asked = {(call.order_by, call.direction) for call in sandbox.searches}
    assert asked == {("createdOn", "DESC")}


async def test_records_hold_what_the_service_sent(sandbox: Sandbox) -> None:
    [sent, *_] = sandbox.records()
    async with session_for(sandbox) as session:
        customer = await anext(session.customers.search())
    assert customer.legal_name == sent["legalName"]
    assert customer.net_amount == sent["netAmount"]
    assert customer.branch_codes == tuple(sent["branchCodes"])
    contacts = [contact["mail_enabled"] for contact in sent["customerKeyContacts"]]
    assert [contact.mail_enabled for contact in customer.customer_key_contacts] == contacts


async def test_money_keeps_its_digits(sandbox: Sandbox) -> None:
    async def answer(call: SearchCall) -> web.Response:
        row = '{"customerId":"KC1","netAmount":12345678901234567.89}'
        return web.Response(text=f'{{"payload":{{"data":[{row}],"recordsCount":1}}}}')

    sandbox.on_search = answer
    async with session_for(sandbox) as session:
        customer = await anext(session.customers.search())
    assert customer.net_amount == Decimal("12345678901234567.89")
    assert str(customer.net_amount) == "12345678901234567.89"


# Parts of a list


@pytest.mark.parametrize(("offset", "most"), [(0, 1), (0, 60), (49, 51), (200, 100), (300, 5)])
async def test_offset_and_max_records_cut_a_part_out(
    sandbox: Sandbox, offset: int, most: int
) -> None:
    expected = sandbox.customer_ids()[offset : offset + most]
    async with session_for(sandbox) as session:
        search = session.customers.search(offset=offset, max_records=most)
        assert await ids_of(search) == expected
        assert search.report.verdict is Verdict.COMPLETE


async def test_no_more_is_asked_for_than_max_records(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        await ids_of(session.customers.search(max_records=60))
    assert [(call.offset, call.limit) for call in sandbox.searches] == [(0, 50), (49, 11)]


async def test_awaiting_a_search_gives_its_first_page_by_one_request(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        page = await session.customers.search(page_size=30)
    assert [customer.customer_id for customer in page] == sandbox.customer_ids()[:30]
    assert (page.offset, page.total, len(page)) == (0, 250, 30)
    assert len(sandbox.searches) == 1


@pytest.mark.parametrize("view", ["records", "pages", "raw pages"])
async def test_the_awaited_page_is_not_fetched_again(sandbox: Sandbox, view: str) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        first = await search
        assert await search is first
        assert len(sandbox.searches) == 1
        if view == "records":
            assert await ids_of(search) == sandbox.customer_ids()
        elif view == "pages":
            assert await _ids_of_pages(search) == sandbox.customer_ids()
        else:
            assert await _count_raw(search) == 250
    assert sum(call.offset == 0 for call in sandbox.searches) == 1


async def _ids_of_pages(search: CustomerSearch) -> list[str | None]:
    return [customer.customer_id async for page in search.pages() for customer in page]


async def _count_raw(search: CustomerSearch) -> int:
    return sum([len(page) async for page in search.raw_pages()])


async def test_pages_follow_each_other_without_overlap(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        pages = [page async for page in session.customers.search().pages()]
    assert [page.offset for page in pages] == [0, 50, 100, 150, 200]
    assert [len(page) for page in pages] == [50] * 5
    assert [c.customer_id for page in pages for c in page] == sandbox.customer_ids()


async def test_raw_pages_hold_the_bytes_of_each_record(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        rows = [raw async for page in session.customers.search().raw_pages() for raw in page]
    assert len(rows) == 250
    assert all(id_.encode() in raw for id_, raw in zip(sandbox.customer_ids(), rows, strict=True))


async def test_an_empty_list_ends_at_once() -> None:
    async with open_sandbox(SandboxSettings(rows=0)) as sandbox, session_for(sandbox) as session:
        search = session.customers.search()
        assert await ids_of(search) == []
        assert search.report.verdict is Verdict.COMPLETE
        page = await session.customers.search()
        assert (page.records, page.total) == ((), 0)


async def test_count_takes_one_request_for_one_record(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        assert await session.customers.count() == 250
    assert [(call.offset, call.limit) for call in sandbox.searches] == [(0, 1)]


async def test_count_without_a_count_says_so() -> None:
    settings = SandboxSettings(rows=5, count_style="missing")
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        with pytest.raises(IncompleteSearchError, match="no recordsCount"):
            await session.customers.count()


async def test_get_returns_the_customer_with_the_id(sandbox: Sandbox) -> None:
    wanted = sandbox.customer_ids()[123]
    async with session_for(sandbox) as session:
        customer = await session.customers.get(wanted)
        assert customer.customer_id == wanted
        with pytest.raises(RecordNotFoundError, match="KC0000000000NONE"):
            await session.customers.get("KC0000000000NONE")


@pytest.mark.parametrize("ask", ["get", "count", "first_page", "read"])
async def test_a_wrong_base_url_does_not_read_as_no_such_customer(
    sandbox: Sandbox, ask: str
) -> None:
    async with EnKashSession(f"{sandbox.base_url}/api", BearerToken(sandbox.token)) as session:
        customers = session.customers
        asking: dict[str, Callable[[], Awaitable[object]]] = {
            "get": lambda: customers.get(sandbox.customer_ids()[0]),
            "count": customers.count,
            "first_page": customers.search().first_page,
            "read": customers.crawl().first_page,
        }
        with pytest.raises(APIError, match="Nothing is served at this path") as caught:
            await asking[ask]()
    assert type(caught.value) is UnknownServiceError
    assert (caught.value.status, caught.value.attempts) == (404, 1)


# What the service leaves open


@pytest.mark.parametrize(
    "knobs",
    [
        *({"count_style": style} for style in ("text", "fraction", "huge")),
        *({"success_error": kind} for kind in ("missing", "text", "list", "nulls")),
    ],
    ids=str,
)
async def test_what_is_written_in_another_way_means_the_same(knobs: dict[str, Any]) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=120, **knobs)) as sandbox,
        session_for(sandbox, page_size=40) as session,
    ):
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        assert search.total == (None if knobs.get("count_style") == "huge" else 120)


@pytest.mark.parametrize("count_style", ["total", "page", "missing", "null", "plus_one"])
@pytest.mark.parametrize("page_cap", [None, 2, 13, 50])
@pytest.mark.parametrize("offset_unit", ["rows", "pages"])
async def test_caps_counts_and_units_do_not_lose_a_record(
    count_style: Any, page_cap: int | None, offset_unit: Any
) -> None:
    settings = SandboxSettings(
        rows=120, page_cap=page_cap, count_style=count_style, offset_unit=offset_unit
    )
    async with (
        open_sandbox(settings) as sandbox,
        session_for(sandbox, page_size=40, offset_unit=offset_unit) as session,
    ):
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        tiny_pages = offset_unit == "pages" and page_cap == 2
        if count_style != "plus_one" and not tiny_pages:
            assert search.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(
    ("knobs", "options", "setting"),
    [
        ({"offset_unit": "pages"}, {}, 'offset_unit="pages"'),
        ({}, {"offset_unit": "pages"}, 'offset_unit="rows"'),
        ({"first_offset": 1}, {}, "first_offset=1"),
        ({"first_offset": 1, "offset_unit": "pages"}, {"offset_unit": "pages"}, "first_offset=1"),
        ({"ignore_offset": True}, {}, "ignores offsets"),
    ],
)
async def test_a_wrong_setting_is_an_error_that_names_the_right_one(
    knobs: dict[str, Any], options: dict[str, Any], setting: str
) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=120, **knobs)) as sandbox,
        session_for(sandbox, page_size=40, **options) as session,
    ):
        with pytest.raises(IncompleteSearchError, match=setting):
            await ids_of(session.customers.search())


@pytest.mark.parametrize(("unit", "rows"), [("rows", 1), ("rows", 2), ("pages", 1), ("pages", 3)])
@pytest.mark.parametrize("past_end", ["empty", "last_page"])
@pytest.mark.parametrize("count_style", ["total", "page", "missing"])
async def test_few_customers_take_two_requests_or_some_more_where_no_count_shows_the_end(
    unit: Any, rows: int, past_end: Any, count_style: Any
) -> None:
    settings = SandboxSettings(
        rows=rows, offset_unit=unit, past_end=past_end, count_style=count_style
    )
    async with open_sandbox(settings) as sandbox, session_for(sandbox, offset_unit=unit) as session:
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE
        is_counted = count_style == "total" and (rows > 1 or past_end == "empty")
        if is_counted or (unit == "pages" and rows < 3):
            assert len(sandbox.searches) == 2
        elif unit == "pages":
            # A page that may end early shows the edge last, and one of a row what is after it.
            assert len(sandbox.searches) == 3
        else:
            # A count of one may be that of the page. The edge alone, what is after it, and where
            # that is the last page again, the edge once more.
            assert len(sandbox.searches) == (3 if past_end == "empty" or rows == 1 else 4)


@pytest.mark.parametrize("unit", ["rows", "pages"])
@pytest.mark.parametrize("cap", [2, None])
@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("count_style", ["total", "page", "missing"])
async def test_a_service_that_stays_at_its_last_page_is_noticed_soon(
    unit: Any, cap: int | None, rows: int, count_style: Any
) -> None:
    settings = SandboxSettings(
        rows=rows,
        offset_unit=unit,
        page_cap=cap,
        past_end="last_page",
        count_style=count_style,
    )
    async with open_sandbox(settings) as sandbox, session_for(sandbox, offset_unit=unit) as session:
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        again = session.customers.search(resume=search.resume_token)
        assert await ids_of(again) == []
        assert len(sandbox.searches) < 50


@pytest.mark.parametrize("unit", ["rows", "pages"])
@pytest.mark.parametrize("past_end", ["empty", "last_page"])
@pytest.mark.parametrize("count_style", ["total", "missing"])
async def test_offsets_from_1_work_with_the_setting(
    unit: Any, past_end: Any, count_style: Any
) -> None:
    settings = SandboxSettings(
        rows=120, offset_unit=unit, first_offset=1, past_end=past_end, count_style=count_style
    )
    async with (
        open_sandbox(settings) as sandbox,
        session_for(sandbox, page_size=40, offset_unit=unit, first_offset=1) as session,
    ):
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.COMPLETE


async def test_a_count_off_by_one_is_told_and_not_raised() -> None:
    async with (
        open_sandbox(SandboxSettings(rows=120, count_style="plus_one")) as sandbox,
        session_for(sandbox) as session,
    ):
        search = session.customers.search()
        assert await ids_of(search) == sandbox.customer_ids()
        assert search.report.verdict is Verdict.INCOMPLETE
        assert "recordsCount says 121" in str(search.report)
        with pytest.raises(IncompleteSearchError, match="recordsCount says 121"):
            await ids_of(session.customers.search(strict=True))


async def test_a_list_that_ends_long_before_its_count_raises(sandbox: Sandbox) -> None:
    async def refuse_depth(call: SearchCall) -> web.Response | None:
        if call.offset < 100:
            return None
        return web.Response(text='{"payload":{"data":[],"recordsCount":250}}')

    sandbox.on_search = refuse_depth
    seen: list[str | None] = []
    async with session_for(sandbox) as session:
        with pytest.raises(IncompleteSearchError) as caught:
            await collect(session.customers.search(), seen)
    assert seen == sandbox.customer_ids()[: len(seen)]
    assert caught.value.report is not None
    assert caught.value.report.verdict is Verdict.INCOMPLETE


async def test_an_order_that_changes_is_told_with_advice() -> None:
    settings = SandboxSettings(rows=300, unstable_order=True)
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        search = session.customers.search()
        with contextlib.suppress(IncompleteSearchError):
            await ids_of(search)
        assert search.report.verdict is Verdict.INCOMPLETE
        assert await ids_of(session.customers.search(order_by="customerId")) == sorted(
            sandbox.customer_ids()
        )


@pytest.mark.parametrize("max_concurrency", [1, 8])
async def test_rows_that_live_through_changes_come_once(max_concurrency: int) -> None:
    async with open_sandbox(SandboxSettings(rows=600)) as sandbox:
        there_at_first = sandbox.customer_ids()
        deleted: set[str] = set()

        async def change_the_list(call: SearchCall) -> None:
            there = sandbox.customer_ids()
            gone = there[call.number * 37 % len(there)]
            sandbox.delete([gone])
            deleted.add(gone)
            sandbox.insert_at(call.number * 53 % len(there), 2)

        sandbox.on_search = change_the_list
        async with session_for(sandbox, page_size=40, max_concurrency=max_concurrency) as session:
            search = session.customers.search()
            seen = await ids_of(search)
            assert search.report.verdict is Verdict.CHANGED
            assert search.report.repairs > 0
    stayed = [id_ for id_ in there_at_first if id_ not in deleted]
    delivered = [id_ for id_ in seen if id_ in set(stayed)]
    assert delivered == stayed


# Limits


async def test_no_more_requests_are_in_flight_than_the_session_allows(sandbox: Sandbox) -> None:
    async with (
        session_for(sandbox, page_size=10, max_concurrency=3) as session,
        anyio.create_task_group() as group,
    ):
        for _ in range(5):
            group.start_soon(ids_of, session.customers.search())
    assert sandbox.max_in_flight == 3


async def test_one_slow_search_does_not_starve_another(sandbox: Sandbox) -> None:
    other_is_done = anyio.Event()
    active = CustomerFilter(customer_status="ACTIVE")

    async def hold_the_big_search(call: SearchCall) -> None:
        # Its second page holds one of the two places, and soon nothing more may be asked ahead.
        if not call.body and call.offset == 9:
            await other_is_done.wait()

    sandbox.on_search = hold_the_big_search
    async with (
        session_for(sandbox, page_size=10, max_concurrency=2) as session,
        anyio.create_task_group() as group,
    ):
        group.start_soon(ids_of, session.customers.search())
        with anyio.fail_after(10):
            found = await ids_of(session.customers.search(active))
        other_is_done.set()
    assert len(found) > 100


async def test_prefetch_keeps_to_its_bytes(sandbox: Sandbox) -> None:
    async with session_for(sandbox, page_size=10, prefetch_bytes=1) as session:
        search = session.customers.search()
        await anext(search)
        await anyio.wait_all_tasks_blocked()
        assert len(sandbox.searches) <= 2
        assert 1 + len(await ids_of(search)) == 250


# Bad records


def with_bad_record(sandbox: Sandbox, index: int) -> None:
    """Break the record at *index* of every page that holds offset 100."""

    async def answer(call: SearchCall) -> web.Response | None:
        if call.offset != 99:
            return None
        rows = sandbox.records()[99 : 99 + call.limit]
        rows[index]["customerKeyContacts"] = [{"createdOn": "no time"}]
        text = json.dumps({"payload": {"data": rows, "recordsCount": 250}}, default=str)
        return web.Response(text=text)

    sandbox.on_search = answer


async def test_a_bad_record_raises_behind_the_good_ones_with_its_place(sandbox: Sandbox) -> None:
    with_bad_record(sandbox, index=6)
    seen: list[str | None] = []
    async with session_for(sandbox) as session:
        search = session.customers.search()
        with pytest.raises(DecodeError, match=r"customerKeyContacts\[0\].createdOn") as caught:
            await collect(search, seen)
        assert (caught.value.offset, caught.value.index) == (105, 6)
        assert len(seen) == 105
        with pytest.raises(DecodeError):
            await anext(search)


async def test_a_bad_record_goes_to_the_callback_and_the_rest_arrives(sandbox: Sandbox) -> None:
    with_bad_record(sandbox, index=6)
    bad: list[BadRecord] = []
    async with session_for(sandbox) as session:
        search = session.customers.search(on_bad_record=bad.append)
        seen = await ids_of(search)
        assert search.report.bad_records == 1
    expected = sandbox.customer_ids()
    del expected[105]
    assert seen == expected
    assert [(record.offset, record.index) for record in bad] == [(105, 6)]
    assert b"no time" in bad[0].raw
    assert "no time" not in repr(bad[0])


# Failing pages and going on


async def test_a_failing_page_raises_its_error_behind_the_records_before_it(
    sandbox: Sandbox,
) -> None:
    async def fail_late(call: SearchCall) -> web.Response | None:
        return failure("SYSTEM_ERROR", 500) if call.offset >= 199 else None

    sandbox.on_search = fail_late
    seen: list[str | None] = []
    async with session_for(sandbox) as session:
        search = session.customers.search()
        with pytest.raises(SystemFaultError) as caught:
            await collect(search, seen)
        assert seen == sandbox.customer_ids()[:200]
        error = caught.value
        assert error.offset == 199
        assert error.report is not None
        assert error.report.verdict is Verdict.INCOMPLETE
        assert error.report.retries >= 3

        sandbox.on_search = None
        rest = session.customers.search(resume=error.resume_token)
        assert await ids_of(rest) == sandbox.customer_ids()[200:]
        assert rest.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize("stop", [0, 1, 49, 50, 51, 99, 249])
async def test_a_search_goes_on_in_another_session_behind_any_record(
    sandbox: Sandbox, stop: int
) -> None:
    first: list[str | None] = []
    async with session_for(sandbox) as session:
        search = session.customers.search()
        while len(first) < stop:
            first.append((await anext(search)).customer_id)
        text = str(search.resume_token)
    async with session_for(sandbox, page_size=17) as session:
        rest = await ids_of(session.customers.search(resume=text))
    assert first + rest == sandbox.customer_ids()


async def test_going_on_counts_the_records_of_before(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search(max_records=120)
        for _ in range(70):
            await anext(search)
        rest = session.customers.search(max_records=120, resume=search.resume_token)
        assert await ids_of(rest) == sandbox.customer_ids()[70:120]


async def test_max_records_are_found_behind_many_rows_that_moved_on(sandbox: Sandbox) -> None:
    seen: list[str | None] = []
    async with session_for(sandbox) as session:
        newest_first = partial(
            session.customers.search, order_by="createdOn", direction="DESC", max_records=140
        )
        async with newest_first() as search:
            async for customer in search:
                seen.append(customer.customer_id)
                if len(seen) == 60:
                    sandbox.insert(5)
                if len(seen) == 130:
                    break
        # More of what was delivered stands behind the place now than the pager has patience for.
        sandbox.insert(115)
        seen += [one.customer_id async for one in newest_first(resume=search.resume_token)]
    assert len(set(seen)) == len(seen) == 140
    assert seen == [one for one in sandbox.customer_ids()[::-1] if one in seen]


async def test_rows_deleted_at_the_seam_do_not_make_a_hole(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        for _ in range(110):
            await anext(search)
        before = sandbox.customer_ids()
        sandbox.delete(before[100:110] + before[3:6])
        rest = session.customers.search(resume=search.resume_token)
        assert await ids_of(rest) == before[110:]
        assert rest.report.verdict is Verdict.CHANGED


@pytest.mark.parametrize(
    "other",
    [
        {"filter": CustomerFilter(customer_status="ACTIVE")},
        {"order_by": "createdOn"},
        {"direction": "DESC"},
        {"offset": 5},
    ],
)
async def test_a_token_of_another_search_is_refused(
    sandbox: Sandbox, other: dict[str, Any]
) -> None:
    async with session_for(sandbox) as session:
        token = session.customers.search().resume_token
        assert isinstance(token, ResumeToken)
        with pytest.raises(ValueError, match="another search"):
            session.customers.search(resume=token, **other)


# Misuse


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"page_size": 0}, ValueError, "page_size"),
        ({"page_size": 5001}, ValueError, "5000"),
        ({"page_size": True}, TypeError, "page_size"),
        ({"offset": -1}, ValueError, "offset"),
        ({"max_records": 0}, ValueError, "max_records"),
        ({"direction": "UP"}, ValueError, "ASC, DESC"),
        ({"order_by": ""}, ValueError, "order_by"),
        ({"filter": {"level": "LEVEL_1"}}, TypeError, "CustomerFilter"),
        ({"resume": "{}"}, ValueError, "resume token"),
        ({"strict": "no"}, TypeError, "strict must be True or False, not str"),
        ({"strict": 0}, TypeError, "strict must be True or False"),
        ({"full_check": "no"}, TypeError, "full_check must be True or False"),
        ({"full_check": None}, TypeError, "full_check must be True or False"),
    ],
)
async def test_a_wrong_argument_is_refused_before_anything_is_sent(
    sandbox: Sandbox, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    async with session_for(sandbox) as session:
        with pytest.raises(error, match=text):
            session.customers.search(**options)
        if options.keys() & {"page_size", "max_records", "strict"}:
            with pytest.raises(error, match=text):
                session.customers.crawl(**options)
    assert sandbox.searches == []


async def test_nothing_is_sent_before_the_search_is_used(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        await anyio.wait_all_tasks_blocked()
        assert sandbox.searches == []
        assert search.total is None
        assert search.resume_token.row == 0


async def test_one_search_is_read_in_one_way(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        search = session.customers.search()
        await anext(search)
        with pytest.raises(RuntimeError, match="already read as records"):
            search.pages()
        with pytest.raises(RuntimeError, match="before it is iterated"):
            await search


async def test_an_error_of_the_service_leaves_the_session_usable(sandbox: Sandbox) -> None:
    async with session_for(sandbox) as session:
        with pytest.raises(ValidationError, match="order"):
            await session.customers.search(order_by="noSuchField")
        assert await session.customers.count() == 250
