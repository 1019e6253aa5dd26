"""httpx and pydantic, one page after the other until a short one: the usual loop."""

from __future__ import annotations

import typing
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pydantic

from benchmarks.jobs import HEADERS, SEARCH_PATH, Job, Tally
from benchmarks.peers import fields
from benchmarks.peers.fields import rebuilt


def _model(name: str, hints: dict[str, Any]) -> Any:
    """Return a pydantic model; what may be null may also be absent."""
    members = {
        field: (hint, None if type(None) in typing.get_args(hint) else ...)
        for field, hint in hints.items()
    }
    make: Any = pydantic.create_model
    return make(name, **members)


Envelope = rebuilt(fields.Envelope, _model)


def decode(body: bytes) -> list[Any]:
    """Return the models on a page."""
    records: list[Any] = Envelope.model_validate_json(body).payload.data
    return records


async def read(job: Job, tally: Tally) -> None:
    """Read until a page is shorter than was asked for."""
    offset = 0
    async with httpx.AsyncClient(base_url=job.base_url, headers=HEADERS) as http:
        while True:
            customers = decode(await _page(http, job, offset))
            for customer in customers:
                tally.take(customer.id)
            if len(customers) < job.page_size:
                return
            offset += job.page_size


async def _page(http: httpx.AsyncClient, job: Job, offset: int) -> bytes:
    query = {"offset": offset, "limit": job.page_size}
    response = await http.post(SEARCH_PATH, params=query, json={})
    response.raise_for_status()
    body: bytes = response.content
    return body


@asynccontextmanager
async def open_pages(job: Job) -> AsyncGenerator[Callable[[], Awaitable[int]], None]:
    """Lend a function that reads the first page."""
    async with httpx.AsyncClient(base_url=job.base_url, headers=HEADERS) as http:

        async def read_page() -> int:
            return len(decode(await _page(http, job, 0)))

        yield read_page
