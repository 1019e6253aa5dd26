"""Who reads what: windows of time dealt out to tasks, with their shares of what is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

import attrs

from enkash_async import __version__
from enkash_async.customers.filters import CustomerFilter
from enkash_async.errors import IncompleteSearchError
from enkash_async.spark.options import SourceOptions
from enkash_async.spark.pushing import MARGIN
from enkash_async.spark.sessions import session_of

PLANS = 3
"""How often time is cut anew where the counts of its windows do not add up."""


@attrs.frozen(kw_only=True)
class Share:
    """What one task reads, and how much of the service it may take. It travels to an executor."""

    windows: tuple[CustomerFilter, ...]
    concurrency: int
    rate: float | None
    begin: datetime | None = None
    end: datetime | None = None
    """Of a stream: only customers created from *begin* on, and before *end*."""
    version: str = __version__
    """Of the driver: an executor with another one may mean something else by all this."""


def plan(options: SourceOptions, filter: CustomerFilter) -> list[Share]:
    """Ask the service how its customers are spread, and return the shares of all tasks.

    There are no more of them than requests may be in flight, so that each has a place.
    """
    return deal(asyncio.run(_windows(options, filter)), options)


def plan_span(options: SourceOptions, begin: datetime | None, end: datetime) -> list[Share]:
    """Return the shares for all created from *begin* on, and before *end*."""
    asked = attrs.evolve(
        options.filter, created_on_from=begin and begin - MARGIN, created_on_to=end + MARGIN
    )
    return [attrs.evolve(share, begin=begin, end=end) for share in plan(options, asked)]


async def _windows(options: SourceOptions, filter: CustomerFilter) -> list[CustomerFilter]:
    async with session_of(options, options.max_concurrency, options.max_rate) as session:
        cut = partial(session.customers.windows, filter, max_records=options.partition_records)
        for _ in range(PLANS - 1):
            # A customer was deleted between two counts. Spark plans a job only once.
            with suppress(IncompleteSearchError):
                return await cut()
        return await cut()


def deal(windows: Sequence[CustomerFilter], options: SourceOptions) -> list[Share]:
    """Divide *windows*, and the concurrency and rate of *options*, among as many tasks as may be.

    Neighbouring windows go to the same task. The shares add up to what all may take together.
    """
    tasks = max(1, min(len(windows), options.max_concurrency))
    places, more = divmod(options.max_concurrency, tasks)
    rate = None if options.max_rate is None else options.max_rate / tasks
    cuts = [len(windows) * task // tasks for task in range(tasks + 1)]
    return [
        Share(
            windows=tuple(windows[cuts[task] : cuts[task + 1]]),
            concurrency=places + (task < more),
            rate=rate,
        )
        for task in range(tasks)
    ]
