"""The client that openapi-python-client makes of `openapi.json`: attrs classes on httpx."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.jobs import TOKEN, Job, Tally

DESCRIPTION = Path(__file__).parent.parent / "openapi.json"
PACKAGE = "enkash_customers_client"


def generate(folder: Path) -> str:
    """Generate the client in *folder* and return where to import it from."""
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(DESCRIPTION), "--output-path", str(folder / PACKAGE)),
        ],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return str(folder)


def _load(job: Job) -> tuple[Any, Any]:
    """Return the client and the module of its operation."""
    sys.path.insert(0, job.client)
    module = importlib.import_module(PACKAGE)
    operation = importlib.import_module(f"{PACKAGE}.api.customer.search_customer")
    client: Any = module.AuthenticatedClient(base_url=job.base_url, token=TOKEN)
    return client, operation


async def _customers(client: Any, operation: Any, job: Job, offset: int) -> list[Any]:
    body = operation.CustomerSearchRequest()
    answer = await operation.asyncio(client=client, body=body, offset=offset, limit=job.page_size)
    records: list[Any] = answer.payload.data
    return records


async def read(job: Job, tally: Tally) -> None:
    """Read until a page is shorter than was asked for."""
    client, operation = _load(job)
    offset = 0
    async with client:
        while True:
            customers = await _customers(client, operation, job, offset)
            for customer in customers:
                tally.take(customer.id)
            if len(customers) < job.page_size:
                return
            offset += job.page_size


@asynccontextmanager
async def open_pages(job: Job) -> AsyncGenerator[Callable[[], Awaitable[int]], None]:
    """Lend a function that reads the first page."""
    client, operation = _load(job)
    async with client:

        async def read_page() -> int:
            return len(await _customers(client, operation, job, 0))

        yield read_page
