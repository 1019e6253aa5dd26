"""Read customers by Dask, each window of time in a process of its own.

    pip install 'enkash-async[arrow]' dask
    python examples/dask_windows.py --sandbox

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment, which
all workers must have. For lists that one process reads in minutes this is slower than one process.
"""

import argparse
import asyncio
import os
from contextlib import nullcontext
from typing import Any

import dask
import pyarrow

from enkash_async import CustomerFilter, EnKashSession
from enkash_async.arrow import CustomerStream, customer_schema
from enkash_async.sandbox import SandboxSettings, serve_sandbox


async def plan(max_records: int) -> list[CustomerFilter]:
    async with EnKashSession.from_env() as session:
        return await session.customers.windows(max_records=max_records)


def read(window: CustomerFilter, concurrency: int) -> pyarrow.Table:
    """Read one window, in a worker; an error, or a window that is not whole, fails the task."""
    return pyarrow.table(
        CustomerStream(
            lambda: EnKashSession.from_env(max_concurrency=concurrency),
            lambda session: session.customers.search(window, order_by="createdOn"),
        )
    )


def tables(max_records: int, max_concurrency: int) -> list[Any]:
    """Return what is to be computed: a table a window, which share *max_concurrency*."""
    windows = asyncio.run(plan(max_records))
    at_once = max(1, max_concurrency // (os.cpu_count() or 1))
    return [dask.delayed(read)(window, at_once) for window in windows]


def main(options: argparse.Namespace) -> None:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:
        if sandbox is not None:
            os.environ |= sandbox.environ
        parts = tables(options.window_records, max_concurrency=8)
        # As many processes as there are processors. A cluster takes Client(address) before this.
        read_parts = dask.compute(*parts, scheduler="processes")
    whole = pyarrow.concat_tables(read_parts) if read_parts else customer_schema().empty_table()
    print(f"{whole.num_rows:,} customers in {len(parts)} windows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read customers by Dask.")
    parser.add_argument("--window-records", type=int, default=100_000)
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    main(parser.parse_args())
