"""Every view, cancelled anywhere and gone on with, hands over each row once.

The thorough run: ENKASH_EXAMPLES=5000 pytest tests/promises/test_exact_reading.py
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from collections.abc import Awaitable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import (
    BadRecord,
    CustomerSearch,
    IncompleteSearchError,
    ResumeToken,
    ValidationError,
    Verdict,
)
from enkash_async._decoding.arrow import lane
from tests.models.answers import Answer, Ask, Pages, Row, new_row
from tests.models.crawled_world import CrawlService, CrawlWorld
from tests.models.listed_world import ListService, ListWorld
from tests.models.planners import DAMAGE_TAKEN_TODAY, damaged_tokens
from tests.models.world_http import session_with

T = TypeVar("T")

EXAMPLES = int(os.environ.get("ENKASH_EXAMPLES", "60"))
some = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

SPOILT = 7
"""Of so many records one is bad, where some are."""

VIEWS = ("records", "pages", "raw_pages", "arrow_batches")


class Stepped(Generic[T]):
    """Waits for *awaitable*, and cancels its task when that waits for the *cancel_at*-th time."""

    def __init__(self, awaitable: Awaitable[T], cancel_at: int) -> None:
        self._awaitable = awaitable
        self._cancel_at = cancel_at

    def __await__(self) -> Generator[Any, Any, T]:
        inner = self._awaitable.__await__()
        error: BaseException | None = None
        steps = 0
        while True:
            try:
                waited = inner.send(None) if error is None else inner.throw(error)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            error = None
            steps += 1
            if steps == self._cancel_at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield waited
            except BaseException as thrown:
                error = thrown


async def cancelled_at(step: int, awaitable: Awaitable[T]) -> T | None:
    """Return the result; None where the wait for it was cancelled at *step*."""
    try:
        return await Stepped(awaitable, step)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return None


def keys_of(unit: Any) -> list[str]:
    if hasattr(unit, "legal_name"):
        return [unit.legal_name]
    if hasattr(unit, "column"):
        return list(unit.column("legal_name").to_pylist())
    return [json.loads(r)["legalName"] if isinstance(r, bytes) else r.legal_name for r in unit]


async def read_with_cancellations(
    search: CustomerSearch, view: str, *, awaits: int = 0, steps: list[int]
) -> list[str]:
    """Read to the end in *view*, each wait cancelled at one of *steps* until they are used up.

    Before that the search is awaited, at most *awaits* times, until it is not cancelled.
    """
    left = list(steps)
    for _ in range(awaits):
        if await cancelled_at(left.pop(0) if left else 0, search) is not None:
            break
    seen: list[str] = []
    source: Any = search if view == "records" else getattr(search, view)()
    while True:
        try:
            unit = await cancelled_at(left.pop(0) if left else 0, anext(source))
        except StopAsyncIteration:
            return seen
        if unit is not None:
            seen += keys_of(unit)


def spoilt(row: Row) -> Row:
    """Return *row* as a record that cannot be decoded, though its id and its time can be read."""
    return attrs.evolve(row, raw=msgspec.Raw(b'{"netAmount":{},' + bytes(row.raw)[1:]))


@some
@given(
    st.sampled_from(VIEWS),
    st.sampled_from(["search", "crawl"]),
    st.lists(st.integers(1, 25), max_size=12),
    st.integers(0, 3),
    st.sampled_from([1, 8]),
    st.booleans(),
)
def test_a_reading_cancelled_anywhere_goes_on_where_it_stopped(
    view: str, method: str, steps: list[int], awaits: int, concurrency: int, has_bad: bool
) -> None:
    async def read() -> None:
        service: Any = ListService(ListWorld(rows=700, page_size=300), random.Random(0))
        if method == "crawl":
            service = CrawlService(CrawlWorld(rows=400, page_size=300), random.Random(0))
        if has_bad:
            service.rows[::SPOILT] = [spoilt(row) for row in service.rows[::SPOILT]]
        async with session_with(service, page_size=300, max_concurrency=concurrency) as session:
            bad: list[BadRecord] = []
            search = getattr(session.customers, method)(on_bad_record=bad.append)
            seen = await read_with_cancellations(search, view, awaits=awaits, steps=steps)
        keys = [row.key for row in service.rows]
        aside = [json.loads(record.raw)["legalName"] for record in bad]
        # Undecoded, a record is bad only where its page was decoded before.
        if view != "raw_pages":
            assert aside == has_bad * keys[::SPOILT]
        assert len(aside) == len(set(aside))
        assert seen == [key for key in keys if key not in aside]
        assert search.report.verdict is Verdict.COMPLETE
        assert search.report.records_delivered == len(seen)

    asyncio.run(read())


MOST_INTERRUPTIONS = 400
"""More than the turns of the loop that all pages and their slices take."""


async def no_thread_reads() -> None:
    """Wait until no thread reads an Arrow batch any more."""
    loop, number = asyncio.get_running_loop(), os.cpu_count() or 1
    all_at_once = threading.Barrier(number)
    await asyncio.gather(
        *(loop.run_in_executor(lane._executor(), all_at_once.wait) for _ in range(number))
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("method", ["search", "crawl"])
@pytest.mark.parametrize("has_bad", [False, True])
def test_a_reading_cancelled_whenever_it_waits_gets_on(
    view: str, method: str, has_bad: bool
) -> None:
    async def read() -> None:
        service: Any = ListService(ListWorld(rows=2600, page_size=1200), random.Random(0))
        if method == "crawl":
            service = CrawlService(CrawlWorld(rows=1300, page_size=1200), random.Random(0))
        if has_bad:
            service.rows[::SPOILT] = [spoilt(row) for row in service.rows[::SPOILT]]
        bad: list[BadRecord] = []
        async with session_with(service, page_size=1200) as session:
            search = getattr(session.customers, method)(on_bad_record=bad.append)
            source: Any = search if view == "records" else getattr(search, view)()
            seen: list[str] = []
            interruptions = 0
            while True:
                try:
                    unit = await cancelled_at(1, anext(source))
                except StopAsyncIteration:
                    break
                if unit is not None:
                    seen += keys_of(unit)
                    continue
                interruptions += 1
                assert interruptions < MOST_INTERRUPTIONS
                # What goes on in a thread takes as long as the machine has it.
                await no_thread_reads()
        keys = [row.key for row in service.rows]
        aside = [] if view == "raw_pages" else has_bad * keys[::SPOILT]
        assert seen == [key for key in keys if key not in set(aside)]
        assert len(bad) == len(aside)
        assert search.report.verdict is Verdict.COMPLETE

    asyncio.run(read())


@pytest.mark.parametrize(
    "view",
    [
        "records",
        "pages",
        "raw_pages",
        "arrow_batches",
    ],
)
def test_a_first_page_cancelled_while_it_is_decoded_is_not_lost(view: str) -> None:
    async def read(step: int) -> None:
        service = ListService(ListWorld(rows=3000, page_size=2500), random.Random(0))
        async with session_with(service, page_size=2500) as session:
            search = session.customers.search()
            await cancelled_at(step, search)
            seen = await read_with_cancellations(search, view, steps=[])
        assert seen == [row.key for row in service.rows]
        assert search.report.verdict is Verdict.COMPLETE

    for step in range(1, 14):
        asyncio.run(read(step))


# Errors past the end


async def read_into(seen: list[str | None], search: CustomerSearch) -> None:
    async for customer in search:
        seen.append(customer.legal_name)  # noqa: PERF401 - an error must not take them along


@pytest.mark.parametrize(("rows", "offset"), [(1, 0), (1, 1), (25, 0), (25, 25), (25, 80)])
def test_an_error_past_the_end_is_the_end(rows: int, offset: int) -> None:
    async def read() -> None:
        world = ListWorld(rows=rows, page_size=10, pages=Pages(past_end="error"))
        service = ListService(world, random.Random(0))
        async with session_with(service, page_size=10) as session:
            search = session.customers.search(offset=offset)
            seen = [customer.legal_name async for customer in search]
        assert seen == [row.key for row in service.rows[offset:]]
        assert search.report.verdict is Verdict.COMPLETE

    asyncio.run(read())


@pytest.mark.parametrize("offset", [0, 30])
@pytest.mark.parametrize("refused_from", [0, 40])
def test_an_error_about_something_else_is_raised_as_itself(offset: int, refused_from: int) -> None:
    class Limited(ListService):
        """Answers no offset from *refused_from* on, although there are rows."""

        def answer(self, ask: Ask) -> Answer:
            return Answer(is_error=True) if ask.offset >= refused_from else super().answer(ask)

    async def read() -> None:
        service = Limited(ListWorld(rows=95, page_size=10), random.Random(0))
        seen: list[str | None] = []
        async with session_with(service, page_size=10, max_concurrency=1) as session:
            search = session.customers.search(offset=offset)
            with pytest.raises(ValidationError):
                await read_into(seen, search)
        assert seen == [row.key for row in service.rows[offset : max(offset, refused_from and 50)]]
        assert service.requests < 15

    asyncio.run(read())


# Tokens


def test_an_awaited_page_of_bad_records_only_has_a_token() -> None:
    class Bad(ListService):
        def answer(self, ask: Ask) -> Answer:
            answer = super().answer(ask)
            rows = [spoilt(r) if int(r.key.removeprefix("old")) < 10 else r for r in answer.rows]
            return Answer(rows, answer.count)

    async def read() -> None:
        service = Bad(ListWorld(rows=40, page_size=10), random.Random(0))
        bad: list[BadRecord] = []
        async with session_with(service, page_size=10) as session:
            search = session.customers.search(on_bad_record=bad.append)
            await search
            token = str(search.resume_token)
            rest = [
                customer.legal_name async for customer in session.customers.search(resume=token)
            ]
        assert len(bad) == 10
        assert rest == [row.key for row in service.rows[10:]]

    asyncio.run(read())


def test_max_records_reached_leaves_a_token_that_says_the_same_under_strict() -> None:
    async def read() -> list[str | None]:
        service = ListService(ListWorld(rows=100, page_size=30), random.Random(0))
        async with session_with(service, page_size=30) as session:
            first = session.customers.search(max_records=60)
            assert len([customer async for customer in first]) == 60
            again = session.customers.search(
                resume=str(first.resume_token), max_records=60, strict=True
            )
            return [customer.legal_name async for customer in again]

    assert asyncio.run(read()) == []


@pytest.mark.parametrize("name", sorted(damaged_tokens()))
def test_a_damaged_token_is_refused(name: str, request: pytest.FixtureRequest) -> None:
    if name in DAMAGE_TAKEN_TODAY:
        mark = pytest.mark.xfail(strict=True, reason="a damaged token is taken")
        request.applymarker(mark)
    with pytest.raises(ValueError, match="token"):
        ResumeToken.parse(damaged_tokens()[name])


# Crawls


class Slow(CrawlService):
    """One customer is created between the call and its first request."""

    def answer(self, ask: Ask) -> Answer:
        if not self.requests:
            moment = datetime.now(UTC) + timedelta(milliseconds=1)
            self.rows.append(new_row("late", created=moment))
        return super().answer(ask)


def test_a_customer_created_before_the_first_request_is_no_doubt() -> None:
    async def read() -> None:
        service = Slow(CrawlWorld(rows=5, page_size=10), random.Random(0))
        async with session_with(service, page_size=10) as session:
            search = session.customers.crawl()
            assert len([customer async for customer in search]) >= 5
        assert search.report.verdict is not Verdict.INCOMPLETE, search.report.reasons

    asyncio.run(read())


def test_a_customer_created_before_the_first_request_is_no_error_for_windows() -> None:
    async def read() -> int:
        service = Slow(CrawlWorld(rows=5, page_size=10), random.Random(0))
        async with session_with(service, page_size=10) as session:
            return len(await session.customers.windows())

    assert asyncio.run(read()) == 1


def test_a_crawl_of_one_customer_by_pages_of_one_is_complete() -> None:
    async def read() -> Verdict:
        service = CrawlService(CrawlWorld(rows=1, page_size=1), random.Random(0))
        async with session_with(service, page_size=1) as session:
            search = session.customers.crawl()
            assert len([customer async for customer in search]) == 1
        return search.report.verdict

    assert asyncio.run(read()) is Verdict.COMPLETE


class Lagging(CrawlService):
    """Answers the second half of time with nothing, the first time it is asked for all of it."""

    emptied = 0

    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        if ask.begin is not None and ask.limit > 1 and len(answer.rows) > 1 and not self.emptied:
            self.emptied += 1
            return Answer((), 0)
        return answer


def test_the_token_of_a_crawl_that_fell_short_leads_to_the_rest_or_there_is_none() -> None:
    async def read() -> None:
        service = Lagging(CrawlWorld(rows=300, page_size=20), random.Random(3))
        seen: list[str | None] = []
        async with session_with(service, page_size=20) as session:
            search = session.customers.crawl()
            try:
                async for customer in search:
                    seen.append(customer.legal_name)  # noqa: PERF401
            except IncompleteSearchError as error:
                if error.resume_token is None:
                    return
                rest = session.customers.crawl(resume=error.resume_token)
                seen += [customer.legal_name async for customer in rest]
        assert sorted(map(str, seen)) == sorted(row.key for row in service.rows)

    asyncio.run(read())
