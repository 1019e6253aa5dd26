"""Copy all customers into PostgreSQL by COPY; the table afterwards equals the service.

    pip install enkash-async asyncpg
    python examples/etl_postgresql.py --sandbox --dsn postgresql:///customers

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.

Each run is a full read: rows are inserted or updated page by page, each page in one transaction
with the place after it, so that a run that was interrupted goes on where it stopped. At the end,
customers that did not come, and that the service no longer knows by their id, are deleted. Then
`progress.whole_run` is the number of this run: before the first such run the table is not whole.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
import attrs

from enkash_async import (
    BearerToken,
    Customer,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    SearchReport,
    Verdict,
)
from enkash_async.sandbox import SandboxSettings, open_sandbox

LISTS = ("branch_codes", "customer_key_contacts", "customer_reminders", "warnings")
TYPES = {
    "active": "boolean",
    "created_on": "timestamptz",
    "customer_id": "text PRIMARY KEY",
    "dso_median": "numeric",
    "id": "bigint",
    "modified_on": "timestamptz",
    "net_amount": "numeric",
    **dict.fromkeys(LISTS, "jsonb"),
}
FIELDS = [field.name for field in attrs.fields(Customer)]
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS customers (
    {", ".join(f"{name} {TYPES.get(name, 'text')}" for name in FIELDS)}, run bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), run bigint NOT NULL, resume_token text,
    whole_run bigint
);
INSERT INTO progress VALUES (true, 1) ON CONFLICT DO NOTHING;
CREATE TEMPORARY TABLE IF NOT EXISTS arrived (LIKE customers) ON COMMIT DELETE ROWS;
"""
UPSERT = f"""
INSERT INTO customers SELECT * FROM arrived ON CONFLICT (customer_id) DO UPDATE SET
    run = excluded.run, {", ".join(f"{name} = excluded.{name}" for name in FIELDS)}
"""
ONE_LOADER = 4_035_200_117
"""The advisory lock of this table: two runs at once would delete what the other one loads."""
ASKED_AT_ONCE = 500


async def load(session: EnKashSession, database: asyncpg.Connection) -> SearchReport:
    """Read on from the saved place, and delete at the end what is gone."""
    await prepare(database)
    run, token = await database.fetchrow("SELECT run, resume_token FROM progress")
    async with session.customers.search(order_by="createdOn", resume=token) as search:
        # While one page is saved, the next ones are on their way.
        async for page in search.pages():
            await save(database, run, page.records, str(search.resume_token))
            print(f"rows {page.offset:,} to {page.offset + len(page):,} saved", flush=True)
    if search.report.verdict is not Verdict.INCOMPLETE:
        await delete_gone(session, database, run)
        await database.execute("UPDATE progress SET whole_run = run")
    # The end was reached: the next run reads everything anew.
    await database.execute("UPDATE progress SET run = run + 1, resume_token = NULL")
    return search.report


async def prepare(database: asyncpg.Connection) -> None:
    if not await database.fetchval("SELECT pg_try_advisory_lock($1)", ONE_LOADER):
        raise RuntimeError("another run loads this table; wait until it has ended")
    await database.execute(SCHEMA)
    # COPY is binary here, and a jsonb begins with the number of its version.
    await database.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + as_json(value).encode(),
        decoder=lambda value: json.loads(value[1:]),
    )


async def save(
    database: asyncpg.Connection, run: int, records: Sequence[Customer], token: str
) -> None:
    async with database.transaction():  # the rows, and the place after them
        await database.copy_records_to_table("arrived", records=[as_row(r, run) for r in records])
        await database.execute(UPSERT)
        await database.execute("UPDATE progress SET resume_token = $1", token)


async def delete_gone(session: EnKashSession, database: asyncpg.Connection, run: int) -> None:
    """Delete what this run did not meet, and the service does not know by its id either.

    The question is needed: a customer may be met by one run and created by a clock that is slow,
    and an answer without it costs a request only.
    """
    missed = await database.fetch("SELECT customer_id FROM customers WHERE run < $1", run)
    for first in range(0, len(missed), ASKED_AT_ONCE):
        ids = {row["customer_id"] for row in missed[first : first + ASKED_AT_ONCE]}
        there = session.customers.search(CustomerFilter(customer_ids=sorted(ids)))
        ids -= {customer.customer_id async for customer in there}
        await database.execute("DELETE FROM customers WHERE customer_id = ANY($1)", list(ids))


def as_row(customer: Customer, run: int) -> tuple[Any, ...]:
    return (*(as_value(getattr(customer, name)) for name in FIELDS), run)


def as_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [as_value(item) for item in value]
    if attrs.has(type(value)):
        return {name: as_value(inner) for name, inner in attrs.asdict(value, recurse=False).items()}
    # PostgreSQL has no text with a NUL in it.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def as_json(value: Any) -> str:
    return json.dumps(value, default=as_text, ensure_ascii=False)


def as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no JSON for {type(value).__name__}")


@asynccontextmanager
async def open_sandbox_session(rows: int) -> AsyncGenerator[EnKashSession, None]:
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        yield session


async def main(options: argparse.Namespace) -> int:
    opening = open_sandbox_session(options.rows) if options.sandbox else EnKashSession.from_env()
    database = await asyncpg.connect(options.dsn)
    try:
        async with opening as session:
            report = await load(session, database)
    except EnKashError as error:
        print(f"{error}\nRun it again to go on from the last page saved.", file=sys.stderr)
        return 1
    finally:
        await database.close()
    print(report)
    return 1 if report.verdict is Verdict.INCOMPLETE else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Copy all customers into PostgreSQL.")
    parser.add_argument("--dsn", help="else PGHOST, PGDATABASE and the like are read")
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(asyncio.run(main(parser.parse_args())))
