"""Export all customers to JSON Lines, as the service sent them; exit 0 only if nothing is missing.

    python examples/bulk_export.py --sandbox --output customers.jsonl

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from enkash_async import BearerToken, EnKashError, EnKashSession, SearchReport
from enkash_async.sandbox import SandboxSettings, open_sandbox


async def export(session: EnKashSession, path: Path) -> SearchReport:
    """Write one line per customer; *path* is there only once the export is complete."""
    partial = path.with_name(f"{path.name}.partial")
    async with (
        await anyio.open_file(partial, "wb") as file,
        session.customers.search(order_by="createdOn") as search,
    ):
        async for page in search.raw_pages():
            await file.write(b"".join(as_line(record) for record in page))
    if search.report.complete:
        partial.replace(path)
    return search.report


def as_line(record: bytes) -> bytes:
    # The bytes are the service's own. A line break in JSON is only ever between two tokens.
    return b" ".join(record.splitlines()) + b"\n"


@asynccontextmanager
async def open_sandbox_session(rows: int) -> AsyncGenerator[EnKashSession, None]:
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        yield session


async def main(options: argparse.Namespace) -> int:
    opening = open_sandbox_session(options.rows) if options.sandbox else EnKashSession.from_env()
    try:
        async with opening as session:
            report = await export(session, options.output)
    except EnKashError as error:
        print(f"{error}\n{error.report or 'Nothing was read.'}", file=sys.stderr)
        return 1
    print(report)
    return 0 if report.complete else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export all customers to JSON Lines.")
    parser.add_argument("--output", type=Path, default=Path("customers.jsonl"))
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(asyncio.run(main(parser.parse_args())))
