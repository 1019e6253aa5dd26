"""Copy all customers into SQLite. A run that was interrupted goes on where it stopped.

    python examples/etl_sqlite.py --sandbox --database customers.sqlite

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing

from anyio.to_thread import run_sync

from enkash_async import BearerToken, Customer, EnKashError, EnKashSession, SearchReport, Verdict
from enkash_async.sandbox import SandboxSettings, open_sandbox

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers
    (customer_id TEXT NOT NULL PRIMARY KEY, legal_name TEXT, net_amount TEXT, created_on TEXT);
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, resume_token TEXT);
INSERT OR IGNORE INTO progress VALUES (1, NULL);
"""
UPSERT = """
INSERT INTO customers VALUES (?, ?, ?, ?) ON CONFLICT (customer_id) DO UPDATE SET
    legal_name = excluded.legal_name, net_amount = excluded.net_amount
"""
Row = tuple[str | None, ...]


async def load(session: EnKashSession, database: sqlite3.Connection) -> SearchReport:
    """Read on from the saved place; while one page is saved, the next ones are on their way."""
    # run_sync keeps the loop free, and waits for its thread even if this task is cancelled.
    token = await run_sync(saved_place, database)
    async with session.customers.search(order_by="createdOn", resume=token) as search:
        async for page in search.pages():
            rows = [as_row(customer) for customer in page]
            await run_sync(save, database, rows, str(search.resume_token))
            print(f"rows {page.offset:,} to {page.offset + len(page):,} saved", flush=True)
    # The end was reached: the next run reads everything anew.
    await run_sync(save, database, (), None)
    return search.report


def as_row(customer: Customer) -> Row:
    amount, created = customer.net_amount, customer.created_on
    return (
        customer.customer_id,
        customer.legal_name,
        None if amount is None else format(amount, "f"),  # SQLite's own numbers lose digits
        None if created is None else created.isoformat(),
    )


def saved_place(database: sqlite3.Connection) -> str | None:
    token: str | None = database.execute("SELECT resume_token FROM progress").fetchone()[0]
    return token


def save(database: sqlite3.Connection, rows: Sequence[Row], token: str | None) -> None:
    with database:  # one transaction: the rows, and the place after them
        database.executemany(UPSERT, rows)
        database.execute("UPDATE progress SET resume_token = ?", (token,))


@asynccontextmanager
async def open_sandbox_session(rows: int) -> AsyncGenerator[EnKashSession, None]:
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        yield session


async def main(options: argparse.Namespace) -> int:
    opening = open_sandbox_session(options.rows) if options.sandbox else EnKashSession.from_env()
    with closing(sqlite3.connect(options.database, check_same_thread=False)) as database:
        database.executescript(SCHEMA)
        try:
            async with opening as session:
                report = await load(session, database)
        except EnKashError as error:
            print(f"{error}\nRun it again to go on from the last page saved.", file=sys.stderr)
            return 1
    print(report)
    return 1 if report.verdict is Verdict.INCOMPLETE else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Copy all customers into SQLite.")
    parser.add_argument("--database", default="customers.sqlite")
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(asyncio.run(main(parser.parse_args())))
