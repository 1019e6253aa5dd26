"""aiohttp, json and cattrs, with `asyncio.gather` over all pages: the usual way to be faster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import attrs
import cattrs.preconf.json

from benchmarks.jobs import Job, Tally
from benchmarks.peers import fields
from benchmarks.peers.bare import open_http, page
from benchmarks.peers.fields import rebuilt


def _class(name: str, hints: dict[str, Any]) -> Any:
    members = {field: attrs.field(type=hint, default=None) for field, hint in hints.items()}
    return attrs.make_class(name, members, slots=True)


def _structure_hook() -> Callable[[Any, Any], list[Any]]:
    converter = cattrs.preconf.json.make_converter()
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    customers: Any = list.__class_getitem__(rebuilt(fields.Customer, _class))
    hook: Callable[[Any, Any], list[Any]] = converter.get_structure_hook(customers)
    return hook


_structure = _structure_hook()


def decode(body: bytes) -> list[Any]:
    """Return the attrs records on a page."""
    return _records(json.loads(body, parse_float=Decimal))


def _records(envelope: Any) -> list[Any]:
    return _structure(envelope["payload"]["data"], None)


async def read(job: Job, tally: Tally) -> None:
    """Read the first page for the total, then all others at once."""
    async with open_http(job) as http:
        envelope = json.loads(await page(http, job, 0), parse_float=Decimal)
        rest = range(job.page_size, envelope["payload"]["recordsCount"], job.page_size)
        tally_page(_records(envelope), tally)
        bodies = await asyncio.gather(*(_customers(http, job, offset) for offset in rest))
    for customers in bodies:
        tally_page(customers, tally)


def tally_page(customers: list[Any], tally: Tally) -> None:
    """Tick off the customers of one page."""
    for customer in customers:
        tally.take(customer.id)


async def _customers(http: Any, job: Job, offset: int) -> list[Any]:
    return decode(await page(http, job, offset))


@asynccontextmanager
async def open_pages(job: Job) -> AsyncGenerator[Callable[[], Awaitable[int]], None]:
    """Lend a function that reads the first page."""
    async with open_http(job) as http:

        async def read_page() -> int:
            return len(await _customers(http, job, 0))

        yield read_page
