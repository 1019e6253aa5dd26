"""dlt's REST client with its OffsetPaginator: dicts, one page after the other, in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

from benchmarks.jobs import SEARCH_PATH, TOKEN, Job, Tally


async def read(job: Job, tally: Tally) -> None:
    """Read in a thread, since the client blocks."""
    await asyncio.to_thread(_read, job, tally)


def _read(job: Job, tally: Tally) -> None:
    auth: Any = BearerTokenAuth(TOKEN)
    client = RESTClient(base_url=job.base_url, auth=auth, data_selector="payload.data")
    paginator = OffsetPaginator(limit=job.page_size, total_path="payload.recordsCount")
    for page in client.paginate(SEARCH_PATH, method="POST", json={}, paginator=paginator):
        for customer in page:
            tally.take(customer["id"])
