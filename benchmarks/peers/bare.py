"""The practical limit: aiohttp and msgspec structs, eight requests at a time, nothing checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from benchmarks.jobs import CONCURRENCY, HEADERS, SEARCH_PATH, Job, Tally
from benchmarks.peers.fields import Customer, Envelope

decode = msgspec.json.Decoder(Envelope).decode


async def read(job: Job, tally: Tally) -> None:
    """Read a list whose length is known beforehand, in whatever order pages come."""
    offsets = iter(range(0, job.rows, job.page_size))
    async with open_http(job) as http, asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(_read_some(http, job, offsets, tally))


async def keep(job: Job, tally: Tally) -> None:
    """Read the same, and keep every record."""
    async with open_http(job) as http:
        for offset in range(0, job.rows, job.page_size):
            tally.kept += decode(await page(http, job, offset)).payload.data
    for customer in tally.kept:
        assert isinstance(customer, Customer)
        tally.take(customer.id)


async def _read_some(
    http: aiohttp.ClientSession, job: Job, offsets: Iterator[int], tally: Tally
) -> None:
    take = tally.take
    for offset in offsets:
        for customer in decode(await page(http, job, offset)).payload.data:
            take(customer.id)


async def page(http: aiohttp.ClientSession, job: Job, offset: int) -> bytes:
    """Return the bytes of the page at *offset*."""
    query = {"offset": str(offset), "limit": str(job.page_size)}
    async with http.post(SEARCH_PATH, params=query, json={}) as response:
        response.raise_for_status()
        return await response.read()


@asynccontextmanager
async def open_http(job: Job) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Open aiohttp's session with its own defaults."""
    async with aiohttp.ClientSession(job.base_url, headers=HEADERS) as http:
        yield http


@asynccontextmanager
async def open_pages(job: Job) -> AsyncGenerator[Callable[[], Awaitable[int]], None]:
    """Lend a function that reads the first page."""
    async with open_http(job) as http:

        async def read_page() -> int:
            return len(decode(await page(http, job, 0)).payload.data)

        yield read_page
