"""The server alone: its bytes are received and thrown away, by a client that parses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from benchmarks.jobs import CONCURRENCY, ID_STEP, SEARCH_PATH, Check, Job, Tally

_BUFFER = 1024 * 1024
_REQUEST = "POST {path}?offset={offset}&limit={limit} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"


async def read(job: Job, tally: Tally) -> Check:
    """Receive all pages; what they hold is taken on trust, their length is not."""
    offsets = iter(range(0, job.rows, job.page_size))
    received = [0]
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(_receive_some(job, offsets, received, tally))
    return partial(_tick_off, job, received[0], tally)


async def _receive_some(
    job: Job, offsets: Iterator[int], received: list[int], tally: Tally
) -> None:
    address = urlsplit(job.base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=_BUFFER)
    for offset in offsets:
        request = _REQUEST.format(path=SEARCH_PATH, offset=offset, limit=job.page_size)
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while left:
            left -= len(await reader.read(min(left, _BUFFER)))
            tally.note_first()
        received[0] += length
    writer.close()
    await writer.wait_closed()


def _tick_off(job: Job, received: int, tally: Tally) -> None:
    if received < 1000 * job.rows:
        raise RuntimeError(f"only {received} bytes came for {job.rows} records")
    for row in range(1, job.rows + 1):
        tally.take(row * ID_STEP)
