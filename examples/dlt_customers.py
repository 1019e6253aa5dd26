"""A dlt source of customers, loaded into DuckDB.

    pip install 'enkash-async[arrow]' 'dlt[duckdb]'
    python examples/dlt_customers.py --sandbox

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.

A second run reads what was created since the first one, and a day before. Such an increment sees
neither edits nor deletions, since it asks by createdOn: run it with --full now and then. That reads
everything and puts it in place of the table, so that what was deleted is gone from it too.
"""

import argparse
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import dlt
import pyarrow
from dlt.sources import DltResource

from enkash_async import BearerToken, CustomerFilter, EnKashSession, IncompleteSearchError, Verdict
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import SandboxSettings, serve_sandbox

LAG = timedelta(days=1)
"""How far before the last creation seen an increment begins: clocks and commits come late."""

KEY = customer_schema().get_field_index("customer_id")
SCHEMA = customer_schema().set(KEY, customer_schema().field(KEY).with_nullable(False))
"""With a key that is never null, as dlt wants it."""


def customers(open_session: Callable[[], EnKashSession], *, full: bool = False) -> DltResource:
    """Return a resource of Arrow tables, one a page; merged by id, or with *full* replaced."""
    cursor = dlt.sources.incremental[datetime](
        "created_on", lag=LAG.total_seconds(), on_cursor_value_missing="include"
    )

    async def pages(
        created_on: dlt.sources.incremental[datetime] | None = None,
    ) -> AsyncIterator[pyarrow.Table]:
        since = None if created_on is None else created_on.last_value
        matching = CustomerFilter(created_on_from=since and since.astimezone(UTC))
        async with (
            open_session() as session,
            session.customers.search(matching, order_by="createdOn") as search,
        ):
            async for batch in search.arrow_batches():
                yield pyarrow.Table.from_batches([batch]).cast(SCHEMA)
            if search.report.verdict is Verdict.INCOMPLETE:
                # Then nothing of this run is loaded, and the next one begins at the same place.
                raise IncompleteSearchError(str(search.report))

    resource = dlt.resource(
        pages,
        name="customers",
        primary_key="customer_id",
        write_disposition="replace" if full else "merge",
    )
    return resource() if full else resource(created_on=cursor)


def main(options: argparse.Namespace) -> int:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:

        def open_session() -> EnKashSession:
            if sandbox is None:
                return EnKashSession.from_env()
            return EnKashSession(sandbox.base_url, BearerToken(sandbox.token))

        pipeline = dlt.pipeline(
            "enkash",
            pipelines_dir=options.pipelines_dir,
            destination=dlt.destinations.duckdb(options.database),
            dataset_name="enkash",
        )
        print(pipeline.run(customers(open_session, full=options.full)))
        print(pipeline.last_trace.last_normalize_info)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Load customers into DuckDB by dlt.")
    # DuckDB takes the name of the file for a catalog: it must not be that of the dataset.
    parser.add_argument("--database", default="customers.duckdb")
    parser.add_argument("--pipelines-dir", help="where dlt keeps its state")
    parser.add_argument(
        "--full", action="store_true", help="read everything, and replace the table"
    )
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(main(parser.parse_args()))
