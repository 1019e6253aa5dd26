"""Export all customers to a file; exit 0 only if every one that stayed in the list is in it.

    python examples/bulk_export.py --sandbox --output customers.jsonl

The name says the form: .jsonl, .csv or .parquet. What ends it leaves what came, and the same
command goes on there. Without --sandbox, address and credentials come from the ENKASH_ variables of
the environment.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from enkash_async import BearerToken, EnKashError, EnKashSession
from enkash_async.export import BadRow, export
from enkash_async.sandbox import SandboxSettings, open_sandbox


@asynccontextmanager
async def open_sandbox_session(rows: int) -> AsyncGenerator[EnKashSession, None]:
    async with (
        open_sandbox(SandboxSettings(rows=rows)) as sandbox,
        EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        yield session


def name_bad(bad: BadRow) -> None:
    print(f"row {bad.row} {bad.reason}", file=sys.stderr)


async def main(options: argparse.Namespace) -> int:
    opening = open_sandbox_session(options.rows) if options.sandbox else EnKashSession.from_env()
    try:
        async with opening as session:
            result = await export(
                session.customers,
                options.output,
                order_by="createdOn",
                resume=True,
                on_bad_record=name_bad,
            )
    except EnKashError as error:
        print(f"{error}\n{error.report or 'Nothing was read.'}", file=sys.stderr)
        return 1
    print(result.report)
    return 0 if result.is_good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export all customers to a file.")
    parser.add_argument("--output", type=Path, default=Path("customers.jsonl"))
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(asyncio.run(main(parser.parse_args())))
