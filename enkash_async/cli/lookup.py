"""`customers count` and `customers get`: one request each."""

from __future__ import annotations

import sys

import click
import msgspec

from enkash_async import CustomerFilter, RecordNotFoundError
from enkash_async._wire.fields import identity_reader
from enkash_async.cli.connection import Connection, open_session
from enkash_async.cli.export import UNREADABLE, json_lines
from enkash_async.cli.running import Status


async def print_count(connection: Connection, criteria: CustomerFilter) -> int:
    """Print the service's own count and return the exit status."""
    async with open_session(connection) as session:
        click.echo(await session.customers.count(criteria))
    return Status.COMPLETE


async def print_record(connection: Connection, customer_id: str) -> int:
    """Print the customer with this id and return the exit status."""
    record = await _raw_customer(connection, customer_id)
    click.echo(_spread_out(record) if sys.stdout.isatty() else json_lines([record]), nl=False)
    return Status.COMPLETE


def _spread_out(record: bytes) -> bytes:
    try:
        return msgspec.json.format(record, indent=2) + b"\n"
    except UNREADABLE:
        return json_lines([record])


async def _raw_customer(connection: Connection, customer_id: str) -> bytes:
    identify = identity_reader("customerId")
    # Not `customers.get`, whose record lacks the fields that the SDK does not know.
    async with (
        open_session(connection) as session,
        session.customers.search(CustomerFilter(customer_ids=[customer_id]), page_size=2) as search,
    ):
        async for page in search.raw_pages():
            for record in page:
                if identify(msgspec.Raw(record)) == customer_id:
                    return record
            break
    raise RecordNotFoundError(f"no customer has the id {customer_id!r}", 200)
