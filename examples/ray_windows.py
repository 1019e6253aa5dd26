"""Read customers by Ray, each window of time in a task.

    pip install 'enkash-async[arrow]' ray
    python examples/ray_windows.py --sandbox

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment, which
all workers must have. For lists that one process reads in minutes this is slower than one process.
"""

import argparse
import asyncio
import os
from contextlib import nullcontext

import pyarrow
import ray

from enkash_async import CustomerFilter, EnKashError, EnKashSession
from enkash_async.arrow import CustomerStream, customer_schema
from enkash_async.sandbox import SandboxSettings, serve_sandbox


async def plan(max_records: int) -> list[CustomerFilter]:
    async with EnKashSession.from_env() as session:
        return await session.customers.windows(max_records=max_records)


def read(window: CustomerFilter, concurrency: int) -> pyarrow.Table:
    """Read one window, in a worker; an error, or a window that is not whole, fails the task."""
    customers = CustomerStream(
        lambda: EnKashSession.from_env(max_concurrency=concurrency),
        lambda session: session.customers.search(window, order_by="createdOn"),
    )
    try:
        return pyarrow.table(customers)
    except pyarrow.ArrowInvalid as error:
        # The original: it says whether a window is missing, or the service refused.
        raise customers.error or error from None


def tables(max_records: int, max_concurrency: int) -> list[pyarrow.Table]:
    """Return a table a window; the tasks that run at once share *max_concurrency*."""
    windows = asyncio.run(plan(max_records))
    at_once = max(1, max_concurrency // int(ray.cluster_resources().get("CPU", 1)))
    # Without retry_exceptions Ray tries again only what a dying worker took with it.
    task = ray.remote(max_retries=3, retry_exceptions=[EnKashError])(read)
    found: list[pyarrow.Table] = ray.get([task.remote(window, at_once) for window in windows])
    return found


def main(options: argparse.Namespace) -> None:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:
        if sandbox is not None:
            os.environ |= sandbox.environ
        # Workers of this machine inherit the environment. A cluster takes ray.init(address=...).
        ray.init(include_dashboard=False, log_to_driver=False)
        parts = tables(options.window_records, max_concurrency=8)
        ray.shutdown()
    whole = pyarrow.concat_tables(parts) if parts else customer_schema().empty_table()
    print(f"{whole.num_rows:,} customers in {len(parts)} windows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read customers by Ray.")
    parser.add_argument("--window-records", type=int, default=100_000)
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    main(parser.parse_args())
