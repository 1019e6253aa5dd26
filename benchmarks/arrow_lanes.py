"""What Arrow batches cost: CPU time per record of each way to make them, and the loop's share.

The first table holds one page in memory; the ways take turns, so that a busy machine slows all
of them alike. The second reads a sandbox in a process of its own, while a task of the same loop
sleeps a millisecond again and again: what the loop works meanwhile keeps a neighbour waiting.

Usage: python -m benchmarks.arrow_lanes [--repeats 15] [--rows 50000]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from multiprocessing.connection import Connection
from typing import Any

import attrs
import msgspec
import pyarrow as pa
import pyarrow.json

from enkash_async import BearerToken, Customer, CustomerSearch, EnKashSession
from enkash_async._decoding.arrow.columns import check_fits, record_batch
from enkash_async._decoding.arrow.rows import RowReader
from enkash_async._decoding.arrow.schema import INSTANT, wire_schema
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import SandboxSettings, open_sandbox

PAGE = 5000


def lanes(rows: list[msgspec.Raw]) -> dict[str, Callable[[], Any]]:
    """Return the ways, each of which takes *rows* to what it makes of them."""
    decoder, reader = RecordDecoder(Customer, UTC), RowReader(Customer, UTC)
    wire: Any = wire_schema(Customer, INSTANT)

    def records() -> list[Customer]:
        return [decoder.decode(row) for row in rows]

    def tolerant() -> Any:
        customers = records()
        for customer in customers:
            check_fits(customer)
        return record_batch(Customer, customers)

    def by_pylist() -> Any:
        plain = [attrs.asdict(customer) for customer in records()]
        return pa.Table.from_pylist(plain, schema=customer_schema())

    def json_alone() -> Any:
        return pyarrow.json.read_json(
            pa.BufferReader(b"\n".join(rows)),  # type: ignore[arg-type]
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=1 << 26),
            parse_options=pyarrow.json.ParseOptions(wire, unexpected_field_behavior="ignore"),
        )

    return {
        "records (the record lane)": records,
        "records, from_pylist": by_pylist,
        "records, columns (tolerant pages)": tolerant,
        "pyarrow's JSON reader, unchecked": json_alone,
        "arrow_batches": lambda: reader.read(rows),
    }


def table_of_cpu(rows: list[msgspec.Raw], repeats: int) -> None:
    ways = lanes(rows)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.process_time()
            made = way()
            spent[name].append((time.process_time() - started) * 1e6 / len(rows))
            assert len(made) == len(rows)
    print(f"\n{len(rows)} records of {sum(map(len, map(bytes, rows))) // len(rows)} bytes a page")
    print(f"{'µs CPU per record':36}{'least':>10}{'median':>10}")
    for name, times in spent.items():
        print(f"{name:36}{min(times):10.2f}{statistics.median(times):10.2f}")


def serve(rows: int, connection: Connection) -> None:
    async def run() -> None:
        async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
            connection.send((sandbox.base_url, sandbox.token))
            await asyncio.to_thread(connection.recv)

    asyncio.run(run())


@contextmanager
def served(rows: int) -> Generator[tuple[str, str], None, None]:
    """Run a sandbox in a process of its own; give its address and token."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(rows, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join()


@asynccontextmanager
async def watched(turns: list[float]) -> AsyncGenerator[None, None]:
    async def tick() -> None:
        while True:
            # Its CPU time, since other processes take the processor away as well.
            started = time.thread_time()
            await asyncio.sleep(0.001)
            turns.append(time.thread_time() - started)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])


async def by_record(search: CustomerSearch) -> int:
    return sum([1 async for _ in search])


async def by_batch(search: CustomerSearch) -> int:
    return sum([len(batch) async for batch in search.arrow_batches()])


async def table_of_loops(base_url: str, token: str, rows: int) -> None:
    print(f"\n{rows} rows over a socket, pages of {PAGE}")
    print(
        f"{'':20}{'rows/s':>10}{'CPU s':>8}{'of the loop':>12}{'longest turns of the loop, ms':>32}"
    )
    for name, read in [("records", by_record), ("arrow_batches", by_batch)] * 2:
        turns: list[float] = []
        async with EnKashSession(base_url, BearerToken(token), page_size=PAGE) as session:
            started, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
            async with watched(turns):
                assert await read(session.customers.search()) == rows
            cpu, own = time.process_time() - cpu, time.thread_time() - own
            rate = rows / (time.perf_counter() - started)
        longest = "  ".join(f"{turn * 1000:.1f}" for turn in sorted(turns)[-4:])
        print(f"{name:20}{rate:10,.0f}{cpu:8.2f}{own:12.2f}{longest:>32}")


async def first_page(base_url: str, token: str) -> list[msgspec.Raw]:
    async with EnKashSession(base_url, BearerToken(token), page_size=PAGE) as session:
        page = await anext(session.customers.search().raw_pages())
    body = b"[" + b",".join(page.records) + b"]"
    return msgspec.json.decode(body, type=list[msgspec.Raw])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with served(options.rows) as (base_url, token):
        rows = asyncio.run(first_page(base_url, token))
        expected = record_batch(
            Customer, [RecordDecoder(Customer, UTC).decode(row) for row in rows]
        )
        assert RowReader(Customer, UTC).read(rows) == expected
        assert expected.schema == customer_schema()
        table_of_cpu(rows, options.repeats)
        asyncio.run(table_of_loops(base_url, token, options.rows))


if __name__ == "__main__":
    main()
