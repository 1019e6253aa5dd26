"""This SDK, in each of the ways in which it hands out customers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.jobs import CONCURRENCY, TOKEN, Check, Job, ShortfallError, Tally
from enkash_async import BearerToken, CustomerFilter, CustomerSearch, EnKashSession

WINDOWS = 4


def open_session(job: Job) -> EnKashSession:
    """Return a session with the SDK's own defaults."""
    return EnKashSession(
        job.base_url, BearerToken(TOKEN), page_size=job.page_size, max_concurrency=CONCURRENCY
    )


async def records(job: Job, tally: Tally) -> None:
    """`async for customer in search`."""
    async with open_session(job) as session:
        await _take_records(session.customers.search(), tally)


async def again(job: Job, tally: Tally) -> None:
    """The second search of a session for the same; the first does not count."""
    async with open_session(job) as session:
        first = session.customers.search()
        async for _ in first:
            pass
        _check(first)
        tally.begin()
        await _take_records(session.customers.search(), tally)


async def keep(job: Job, tally: Tally) -> None:
    """`[customer async for customer in search]`."""
    async with open_session(job) as session:
        customers = [customer async for customer in session.customers.search()]
    for customer in customers:
        tally.take(customer.id)
    tally.kept += customers


async def crawl(job: Job, tally: Tally) -> None:
    """The same from `customers.crawl()`."""
    async with open_session(job) as session:
        await _take_records(session.customers.crawl(), tally)


async def windows(job: Job, tally: Tally) -> None:
    """`customers.windows()`, then all of its filters at a time."""
    async with open_session(job) as session:
        filters = await session.customers.windows(max_records=job.rows // WINDOWS + 1)
        async with asyncio.TaskGroup() as group:
            for criteria in filters:
                group.create_task(_take_window(session, criteria, tally))


async def _take_window(session: EnKashSession, criteria: CustomerFilter, tally: Tally) -> None:
    await _take_records(session.customers.search(criteria), tally)


async def _take_records(search: CustomerSearch, tally: Tally) -> None:
    take = tally.take
    async for customer in search:
        take(customer.id)
    _check(search)


async def pages(job: Job, tally: Tally) -> None:
    """`async for page in search.pages()`."""
    take = tally.take
    async with open_session(job) as session:
        search = session.customers.search()
        async for page in search.pages():
            for customer in page:
                take(customer.id)
        _check(search)


async def raw_to_json_lines(job: Job, tally: Tally) -> Check:
    """`search.raw_pages()` written to a JSON Lines file, which is read back afterwards."""
    path = Path(job.folder) / "customers.jsonl"
    with path.open("wb") as lines:
        async with open_session(job) as session:
            search = session.customers.search()
            async for page in search.raw_pages():
                tally.note_first()
                lines.write(b"\n".join(page.records) + b"\n")
            _check(search)
    return partial(_tick_off_lines, path, tally)


def _tick_off_lines(path: Path, tally: Tally) -> None:
    with path.open("rb") as lines:
        for line in lines:
            tally.take(json.loads(line)["id"])
    path.unlink()


async def arrow(job: Job, tally: Tally) -> None:
    """`async for batch in search.arrow_batches()`."""
    async with open_session(job) as session:
        search = session.customers.search()
        async for batch in search.arrow_batches():
            for record_id in batch.column("id").to_pylist():
                tally.take(record_id)
        _check(search)


@asynccontextmanager
async def open_pages(job: Job) -> AsyncGenerator[Callable[[], Awaitable[int]], None]:
    """Lend a function that awaits the first page."""
    async with open_session(job) as session:

        async def read_page() -> int:
            return len(await session.customers.search(page_size=job.page_size))

        yield read_page


def _check(search: CustomerSearch) -> None:
    if not search.report.complete:
        raise ShortfallError(f"the SDK says of its own search: {search.report}")
