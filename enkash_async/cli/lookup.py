"""`customers count`, `get` and `windows`: a few requests each, and lines of what came."""

from __future__ import annotations

import asyncio
import sys

import click
import msgspec

from enkash_async import CustomerFilter, EnKashError
from enkash_async._decoding.lines import one_line, why_refused
from enkash_async.cli.connection import Connection, open_session
from enkash_async.cli.running import Status, need_stdout
from enkash_async.export.streams import escaped

_encode = msgspec.json.Encoder(decimal_format="number").encode


async def print_count(connection: Connection, criteria: CustomerFilter, _: asyncio.Event) -> int:
    """Print the service's own count and return the exit status."""
    need_stdout()
    async with open_session(connection) as session:
        click.echo(await session.customers.count(criteria))
    return Status.GOOD


async def print_windows(
    connection: Connection, criteria: CustomerFilter, max_records: int, _: asyncio.Event
) -> int:
    """Print filters that divide the customers, as JSON Lines, and return the exit status."""
    need_stdout()
    async with open_session(connection) as session:
        windows = await session.customers.windows(criteria, max_records=max_records)
    for window in windows:
        click.echo(_encode(window.as_wire()))
    return Status.GOOD


async def print_record(connection: Connection, customer_id: str, _: asyncio.Event) -> int:
    """Print the customer with this id and return the exit status."""
    need_stdout()
    async with open_session(connection) as session:
        # Not what `get` returns, which lacks the fields that the SDK does not know.
        record = await session.customers._get_raw(  # pyright: ignore[reportPrivateUsage]
            customer_id
        )
    if (reason := why_refused(record)) is not None:
        raise EnKashError(f"the customer {customer_id!r} {reason}")
    if sys.stdout.isatty():
        click.echo(escaped(msgspec.json.format(record, indent=2)))
    else:
        click.echo(one_line(record))
    return Status.GOOD
