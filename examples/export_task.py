"""Export all customers as a task of a scheduler, which starts it again when it fails.

    pip install enkash-async
    python examples/export_task.py --sandbox --output customers.jsonl.gz

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment. The
body of a task is `export_customers`: docs/schedulers/ has it in Airflow and Dagster.
"""

import argparse
import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from enkash_async import EnKashSession, IncompleteSearchError
from enkash_async.export import ExportResult, export
from enkash_async.sandbox import SandboxSettings, serve_sandbox


def export_customers(path: str) -> dict[str, Any]:
    """Write all customers to *path*, and return an account for JSON; raise unless all came.

    What an attempt before this one left is gone on with, so that a scheduler may start it again
    whenever it failed or was ended, on the same disk.
    """
    account = asyncio.run(_export(path)).as_dict()
    return {name: account[name] for name in ("path", "records", "bytes", "seconds", "verdict")}


async def _export(path: str) -> ExportResult:
    stop = asyncio.Event()
    with stopped_by_sigterm(stop):
        async with EnKashSession.from_env() as session:
            result = await export(session.customers, path, resume=True, stop=stop)
    if result.is_stopped:
        raise InterruptedError(f"ended by SIGTERM; the next attempt goes on with {result.path}")
    if not result.is_good:
        raise IncompleteSearchError(f"{result.bad_records} bad records. {result.report}")
    return result


@contextmanager
def stopped_by_sigterm(stop: asyncio.Event) -> Iterator[None]:
    """Set *stop* on SIGTERM, by which schedulers end a task: the page in hand is still written."""
    if threading.current_thread() is not threading.main_thread():
        # Signals come to the main thread only. What is killed there is gone on with, too.
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def main(options: argparse.Namespace) -> None:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:
        if sandbox is not None:
            os.environ |= sandbox.environ
        print(json.dumps(export_customers(options.output)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export all customers as a task.")
    parser.add_argument("--output", default="customers.jsonl.gz")
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    main(parser.parse_args())
