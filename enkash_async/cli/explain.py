"""`customers explain`: what an export would ask for, and what it would find."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import attrs
import click
import msgspec

from enkash_async import CustomerFilter, Page
from enkash_async._search.method import Choice, expected_windows
from enkash_async.cli.connection import Connection, open_session
from enkash_async.cli.options import Extent
from enkash_async.cli.running import Status, need_stdout
from enkash_async.report import number

CRAWL_FACTOR = 1.2
"""Requests of a crawl beside the least number, as docs/behaviour.md has it: 1.05 to 1.2."""


@attrs.frozen(kw_only=True)
class Explanation:
    """What one export would take, estimated from a few counts and one page."""

    method: str
    why: str | None
    customers: int | None
    page_size: int
    page_rows: int
    requests: int | None
    windows: int | None
    bytes: int | None
    seconds_of_a_page: float
    seconds: float | None
    findings: list[str]

    def lines(self) -> list[str]:
        """Return it for people."""
        customers = "unknown" if self.customers is None else f"{self.customers:,}"
        lines = [f"customers      {customers}"]
        lines.append(f"read by        {self.method}" + (f": {self.why}" if self.why else ""))
        if self.requests is not None:
            records = number(self.page_size, "record")
            lines.append(f"requests       about {self.requests:,} of {records}")
        if self.windows is not None:
            lines.append(f"windows        about {self.windows:,}")
        if self.bytes is not None:
            lines.append(f"bytes          about {self.bytes / 1e6:,.0f} MB of JSON")
        lines.append(f"a page took    {self.seconds_of_a_page:.2f} s")
        if self.seconds is not None:
            lines.append(f"time           at least {self.seconds:,.0f} s, if pages take as long")
        return [*lines, *(f"found          {finding}" for finding in self.findings)]


async def explain(
    connection: Connection,
    criteria: CustomerFilter,
    extent: Extent,
    concurrency: int,
    as_json: bool,
    _: asyncio.Event,
) -> int:
    """Print what an export would ask for, after a few requests, and return the exit status."""
    need_stdout()
    async with open_session(connection, max_concurrency=concurrency) as session:
        customers = session.customers
        choice = await customers._choose_method(criteria)  # pyright: ignore[reportPrivateUsage]
        size = customers._arguments.page_size(  # pyright: ignore[reportPrivateUsage]
            extent.page_size
        )
        search = customers.search(
            criteria,
            order_by=extent.order_by,
            direction=extent.direction,
            page_size=size,
            on_bad_record=lambda bad: None,
        )
        started = time.monotonic()
        async with search:
            page = await search
            took = time.monotonic() - started
            received = search.report.bytes_received
    found = _explanation(choice, page, size, extent, concurrency, took, received)
    if as_json:
        click.echo(msgspec.json.encode(attrs.asdict(found)))
    else:
        click.echo("\n".join(found.lines()))
    return Status.GOOD


def _explanation(
    choice: Choice,
    page: Page[Any],
    size: int,
    extent: Extent,
    concurrency: int,
    took: float,
    received: int,
) -> Explanation:
    method = extent.method or ("search" if extent.order_by or extent.direction else choice.method)
    total = choice.total
    if total is not None and extent.max_records is not None:
        total = min(total, extent.max_records)
    # Those among them that cannot be read came, too.
    came = page.next_offset - page.offset
    is_capped = total is not None and came < min(size, choice.total or 0)
    rows = max(1, came if is_capped else size)
    requests = windows = volume = seconds = None
    if total is not None:
        least = max(1, math.ceil(total / max(1, rows - 1)))
        is_crawl = method == "crawl"
        requests = math.ceil(least * CRAWL_FACTOR) + 1 if is_crawl else least + 1
        windows = expected_windows(total, rows) if is_crawl else None
        volume = math.ceil(total * received / max(1, came))
        seconds = requests * took / concurrency
    return Explanation(
        method=method,
        why=choice.why if method == choice.method else None,
        customers=total,
        page_size=size,
        page_rows=came,
        requests=requests,
        windows=windows,
        bytes=volume,
        seconds_of_a_page=round(took, 4),
        seconds=None if seconds is None else round(seconds, 1),
        findings=[*choice.findings, *_of_page(page, came if is_capped else None, size)],
    )


def _of_page(page: Page[Any], cap: int | None, size: int) -> list[str]:
    found = list[str]()
    if cap is not None:
        most = number(cap, "record")
        found.append(f"a page holds at most {most}, though {size:,} were asked for")
    times = [one.created_on for one in page if one.created_on is not None]
    if len(times) > 1 and times[0] != times[-1]:
        is_rising, is_falling = times == sorted(times), times == sorted(times, reverse=True)
        order = "ascending" if is_rising else "descending" if is_falling else "not"
        found.append(f"the first page is {order} in the order of createdOn")
    if page.total is None:
        found.append("the service sends no recordsCount")
    return found
