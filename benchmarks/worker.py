"""`python -m benchmarks.worker JOB`: does one job in this process, and prints what it took."""

from __future__ import annotations

import asyncio
import gc
import importlib
import resource
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks.jobs import Check, Job, ShortfallError, Tally
from benchmarks.stalls import percentile, percentile_by_time, watched_loop

Read = Callable[[Job, Tally], Awaitable[Check | None]]
OpenPages = Callable[[Job], AbstractAsyncContextManager[Callable[[], Awaitable[int]]]]
Measures = dict[str, float]

MIB = 1024 * 1024


async def measure_read(read: Read, job: Job) -> Measures:
    """Read all customers, check that all came, and return what it took."""
    if job.watch:
        # What a program does once, such as the imports of a first session, is not in the stalls.
        await _read_unwatched(read, job)
    tally = Tally(job.rows)
    measures: Measures = {}
    resident = _resident_bytes()
    async with _watched(job, measures):
        cpu, started = time.process_time(), time.perf_counter()
        check = await read(job, tally)
        ended, cpu_ended = time.perf_counter(), time.process_time()
    if tally.begun_at is not None:
        started, cpu = tally.begun_at, tally.cpu_at_begin
    if tally.kept:
        measures["collection_ms"] = _longest_collection() * 1e3
    peak = _peak_bytes()
    if check is not None:
        check()
    tally.check()
    assert tally.first_at is not None
    return measures | {
        "seconds": ended - started,
        "records_per_s": job.rows / (ended - started),
        "cpu_us": (cpu_ended - cpu) / job.rows * 1e6,
        "first_ms": (tally.first_at - started) * 1e3,
        "peak_mib": peak / MIB,
        "growth_mib": max(0, peak - resident) / MIB,
    }


async def _read_unwatched(read: Read, job: Job) -> None:
    tally = Tally(job.rows)
    check = await read(job, tally)
    if check is not None:
        check()
    tally.check()


@asynccontextmanager
async def _watched(job: Job, measures: Measures) -> AsyncGenerator[None, None]:
    if not job.watch:
        yield
        return
    async with watched_loop() as waits:
        yield
    measures["stall_ms"] = max(waits.late) * 1e3
    measures["stall_p999_ms"] = percentile_by_time(waits.late, 0.999) * 1e3
    measures["stall_p999_ticks_ms"] = percentile(waits.late, 0.999) * 1e3
    measures["stall_cpu_ms"] = max(waits.cpu) * 1e3
    measures["stall_cpu_p999_ms"] = percentile_by_time(waits.cpu, 0.999) * 1e3


def _longest_collection() -> float:
    """Return how long the garbage collector takes to walk over all there is."""
    seconds = list[float]()
    for _ in range(3):
        started = time.thread_time()
        gc.collect()
        seconds.append(time.thread_time() - started)
    # The first one frees what the reading left.
    return median(seconds)


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _resident_bytes() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return _peak_bytes()  # macOS keeps no such file; nothing large was freed before
    return int(pages) * resource.getpagesize()


async def measure_pages(open_pages: OpenPages, job: Job) -> Measures:
    """Read one page again and again, then many times at once."""
    async with open_pages(job) as read_page:
        await _timed(read_page, job.page_size)  # opens the connection
        cpu = time.process_time()
        alone = [await _timed(read_page, job.page_size) for _ in range(job.calls)]
        cpu = time.process_time() - cpu
        started = time.perf_counter()
        together = await asyncio.gather(
            *(_timed(read_page, job.page_size) for _ in range(job.burst))
        )
        seconds = time.perf_counter() - started
    return {
        "p50_ms": percentile(alone, 0.5) * 1e3,
        "p99_ms": percentile(alone, 0.99) * 1e3,
        "call_cpu_ms": cpu / job.calls * 1e3,
        "burst_ms": seconds * 1e3,
        "burst_p50_ms": percentile(together, 0.5) * 1e3,
        "burst_p99_ms": percentile(together, 0.99) * 1e3,
    }


async def _timed(read_page: Callable[[], Awaitable[int]], page_size: int) -> float:
    started = time.perf_counter()
    records = await read_page()
    seconds = time.perf_counter() - started
    if records != page_size:
        raise ShortfallError(f"{records} records came on a page of {page_size}")
    return seconds


def main(text: str) -> None:
    """Do the job and print its measures as JSON."""
    job = msgspec.json.decode(text, type=Job)
    module, _, name = job.target.partition(":")
    function: Any = getattr(importlib.import_module(module), name)
    measure = measure_pages if job.calls else measure_read
    print(msgspec.json.encode(asyncio.run(measure(function, job))).decode())


if __name__ == "__main__":
    main(sys.argv[1])
