"""Pages that take too long, break off or are too large are asked for in smaller parts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from enkash_async import (
    BearerToken,
    CustomerSearch,
    EnKashSession,
    OAuthPassword,
    RequestTimeoutError,
    ResponseError,
    RetryPolicy,
    Timeout,
    Verdict,
)
from enkash_async._paging.page_sizes import (
    GROW_AFTER,
    SMALLEST,
    SMALLEST_WORTH_HALVING,
    KnownSize,
    PageSizes,
)
from enkash_async.sandbox import SandboxSettings, SearchCall, open_sandbox
from tests.support.raw_server import Call, page, raw_server, reply, token_answer
from tests.support.reading import read_into
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

Hook = Callable[[SearchCall], Awaitable[web.StreamResponse | None]]
Read = Callable[[EnKashSession], CustomerSearch]

QUICK = RetryPolicy(first_delay=0)


# The policy


def test_a_page_that_does_not_come_halves_the_size_once_for_all_of_that_size() -> None:
    sizes = PageSizes(1000)

    assert [sizes.shrink(1001) for _ in range(8)] == [500] * 8
    assert [sizes.fit(limit) for limit in (1001, 501, 30, 1)] == [501, 501, 30, 1]
    assert sizes.shrink(501) == 250


def test_a_small_page_that_does_not_come_says_nothing_of_larger_ones() -> None:
    sizes = PageSizes(1000)

    assert [sizes.shrink(limit) for limit in (1, 2, 10, 500)] == [None] * 4
    assert sizes.size == 1000


def test_the_size_grows_back_in_steps_ever_more_slowly() -> None:
    sizes = PageSizes(80)
    sizes.shrink(81)
    grown: list[int] = []
    for _ in range(12 * GROW_AFTER):
        sizes.note_taken(sizes.size)
        grown.append(sizes.size)

    assert grown[:: 2 * GROW_AFTER] == [40, 50, 60, 70, 80, 80]
    assert grown[2 * GROW_AFTER - 2] == 40


def test_pages_that_are_short_by_themselves_do_not_make_the_others_larger() -> None:
    sizes = PageSizes(80)
    sizes.shrink(81)
    for _ in range(1000):
        sizes.note_taken(10)

    assert sizes.size == 40


@given(
    most=st.integers(1, 5000),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 5001)), max_size=200),
)
def test_the_size_stays_in_its_bounds_and_halving_comes_to_an_end(
    most: int, steps: list[tuple[bool, int]]
) -> None:
    sizes = PageSizes(most, grow_after=1)
    for came, limit in steps:
        sent = sizes.fit(min(limit, most + 1))
        if came:
            sizes.note_taken(sent)
        elif sizes.shrink(sent) is not None:
            assert sizes.fit(sent) < sent
        assert 1 <= sizes.size <= most
    limit, halvings = most + 1, 0
    while sizes.shrink(limit) is not None:
        limit, halvings = sizes.fit(limit), halvings + 1
    assert halvings <= 13
    assert limit <= SMALLEST or halvings == 0


# What the searches of a session tell each other


def test_what_is_too_large_for_one_is_known_to_those_that_have_not_begun() -> None:
    known = KnownSize()
    one, other, small, begun = (PageSizes(most, known=known) for most in (1000, 800, 50, 1000))
    begun.note_taken(1000)
    one.shrink(1001)

    assert [sizes.size for sizes in (one, other, small, begun)] == [500, 500, 50, 1000]
    assert PageSizes(1000, known=known).fit(1001) == 501
    assert other.shrink(801) == 500  # the same news
    assert other.shrink(501) == 250
    assert (PageSizes(1000, known=known).size, one.size) == (250, 500)


def test_what_comes_late_is_nothing_that_others_are_told() -> None:
    known = KnownSize()
    PageSizes(1000, known=known).shrink(1001, SMALLEST_WORTH_HALVING)

    assert PageSizes(1000, known=known).size == 1000


def test_one_that_does_not_adapt_neither_tells_nor_hears() -> None:
    known = KnownSize()
    assert PageSizes(1000, adaptive=False, known=known).shrink(1001) is None
    PageSizes(1000, known=known).shrink(1001)

    assert PageSizes(1000, adaptive=False, known=known).size == 1000


def test_one_that_grows_again_lets_the_next_begin_with_as_much() -> None:
    known = KnownSize()
    PageSizes(1000, known=known).shrink(1001)
    growing, low = PageSizes(1000, known=known), PageSizes(1000, known=known)
    low.shrink(501, SMALLEST_WORTH_HALVING)
    for _ in range(2 * GROW_AFTER):
        low.note_taken(250)
    assert (low.size, PageSizes(1000, known=known).size) == (375, 500)

    for _ in range(GROW_AFTER):
        growing.note_taken(500)
    assert PageSizes(1000, known=known).size == growing.size == 625


# Over a socket


@asynccontextmanager
async def serving(hook: Hook | None, **options: Any) -> AsyncGenerator[Any, None]:
    settings = options.pop("settings", SandboxSettings(rows=500))
    async with open_sandbox(settings) as sandbox:
        sandbox.on_search = hook
        options = {"page_size": 100, "retry": QUICK, **options}
        async with session_for(sandbox, **options) as session:
            yield sandbox, session


async def hang(call: SearchCall) -> None:
    await anyio.sleep_forever()


async def gateway_timeout(call: SearchCall) -> web.StreamResponse:
    return web.Response(status=504, text="<html>Gateway timeout</html>", content_type="text/html")


def above(most: int, fail: Hook) -> Hook:
    """Return a hook that fails for pages of more than *most* rows."""

    async def answer(call: SearchCall) -> web.StreamResponse | None:
        return await fail(call) if (call.limit or 0) > most else None

    return answer


def search_of(session: EnKashSession) -> CustomerSearch:
    return session.customers.search()


def crawl_of(session: EnKashSession) -> CustomerSearch:
    return session.customers.crawl()


@pytest.mark.parametrize("read", [search_of, crawl_of])
@pytest.mark.parametrize("fail", [hang, gateway_timeout])
async def test_pages_too_heavy_for_the_service_are_halved_until_they_come(
    fail: Hook, read: Read
) -> None:
    options: dict[str, Any] = {"timeout": Timeout(read=0.5)}
    async with serving(above(30, fail), **options) as (sandbox, session):
        search = read(session)
        ids = [one.customer_id async for one in search]
        assert sorted(map(str, ids)) == sorted(sandbox.customer_ids())
        answered = [call for call in sandbox.searches if (call.limit or 0) <= 30]
    report = search.report
    assert report.verdict is Verdict.COMPLETE
    assert report.smallest_page_size == 25
    assert report.duplicates_dropped == 0
    assert len(answered) == report.pages


@pytest.mark.parametrize("read", [search_of, crawl_of])
async def test_pages_above_the_bound_on_bodies_are_asked_for_again_though_no_attempt_is_left(
    read: Read,
) -> None:
    options: dict[str, Any] = {"max_body_bytes": 60_000, "retry": RetryPolicy(attempts=1)}
    async with serving(None, page_size=400, **options) as (sandbox, session):
        search = read(session)
        ids = [one.customer_id async for one in search]
        assert sorted(map(str, ids)) == sorted(sandbox.customer_ids())
    report = search.report
    assert set(report.retry_reasons) == {"too_large"}
    assert report.stop_reasons == {}
    assert report.smallest_page_size is not None
    assert 10 < report.smallest_page_size < 60


@pytest.mark.parametrize("read", [search_of, crawl_of])
async def test_searches_of_a_session_learn_once_which_answers_are_too_large(read: Read) -> None:
    options: dict[str, Any] = {"max_body_bytes": 30_000, "max_concurrency": 4}
    async with serving(None, page_size=400, **options) as (_, session):
        searches = [read(session) for _ in range(40)]
        async with anyio.create_task_group() as group:
            for search in searches:
                group.start_soon(anext, search)
        for search in searches:
            await search.aclose()
        too_large = sum(search.report.retries for search in searches)
        await (last := read(session))

    # Each alone would ask for 400, 200, 100, 50 and 25 rows before any came.
    assert 0 < too_large < len(searches)
    assert last.report.retries == 0


async def test_a_page_that_breaks_off_twice_is_halved() -> None:
    whole = page(*[f"KC{number:014d}" for number in range(40)])

    async def answer(call: Call) -> bytes:
        limit = int(call.query["limit"])
        return reply(whole)[:-100] if limit > 60 else reply(whole)

    async with raw_server(answer) as server:
        options: dict[str, Any] = {"page_size": 100, "retry": QUICK}
        async with EnKashSession(server.base_url, BearerToken("t"), **options) as session:
            search = session.customers.search()
            assert len(await search) == 40
            assert [call.query["limit"] for call in server.calls] == ["100", "100", "51"]
    assert search.report.smallest_page_size == 50


async def test_a_search_whose_pages_shrank_can_be_resumed() -> None:
    async with serving(above(30, gateway_timeout)) as (sandbox, session):
        seen: list[str | None] = []
        async with session.customers.search() as search:
            async for customer in search:
                seen.append(customer.customer_id)
                if len(seen) == 230:
                    break
            token = str(search.resume_token)
        await read_into(seen, session.customers.search(resume=token))
        assert seen == sandbox.customer_ids()


async def test_small_pages_that_hang_are_not_halved_further() -> None:
    async with serving(hang, timeout=Timeout(read=0.05)) as (sandbox, session):
        with pytest.raises(RequestTimeoutError) as caught:
            await session.customers.search()
        assert [call.limit for call in sandbox.searches] == [100, 51, 26, 26]
    assert caught.value.report is not None
    assert caught.value.report.stop_reasons == {"attempts": 1}


async def test_a_session_that_does_not_adapt_asks_for_the_same_page_again() -> None:
    async with serving(hang, timeout=Timeout(read=0.05), adaptive=False) as (sandbox, session):
        with pytest.raises(RequestTimeoutError):
            await session.customers.search()
        assert [call.limit for call in sandbox.searches] == [100] * 4


async def test_where_offsets_count_pages_only_a_crawl_can_ask_for_less() -> None:
    settings = SandboxSettings(rows=300, offset_unit="pages")
    options: dict[str, Any] = {"settings": settings, "offset_unit": "pages"}
    async with serving(above(40, gateway_timeout), **options) as (sandbox, session):
        crawl = session.customers.crawl()
        assert len([one async for one in crawl]) == 300
        assert crawl.report.verdict is Verdict.COMPLETE
        sandbox.searches.clear()
        with pytest.raises(Exception, match="504"):
            await session.customers.search()
        assert [call.limit for call in sandbox.searches] == [100] * 4


async def test_a_login_that_takes_too_long_makes_no_page_smaller() -> None:
    async def answer(call: Call) -> bytes:
        if not call.path.endswith("/token"):
            return reply(page("KC1"))
        if len(server.calls_of("/oauth/token")) == 1:
            await anyio.sleep_forever()
        return reply(token_answer())

    auth = OAuthPassword(client_id="c", client_secret="s", username="u", password="p")
    options: dict[str, Any] = {"retry": QUICK, "timeout": Timeout(read=0.05)}
    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, auth, **options) as session,
    ):
        search = session.customers.search()
        await search
    assert search.report.retry_reasons == {"timeout": 1}
    assert search.report.smallest_page_size is None


async def test_one_row_that_is_too_large_is_an_error() -> None:
    async with serving(None, max_body_bytes=500) as (sandbox, session):
        with pytest.raises(ResponseError, match="max_body_bytes"):
            await session.customers.search()
        assert [call.limit for call in sandbox.searches] == [100, 51, 26, 14, 8, 5, 3, 2]
