"""Every path by which customers leave the SDK, and what a target holds afterwards.

Each fills a target from a service that a test has set up, and returns its rows; a path that fails
raises, and leaves nothing under the name of the target that could be taken for the whole.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg
import attrs
import dlt
import duckdb
import pandas
import polars
import pyarrow as pa

from enkash_async import Customer, EnKashSession, IncompleteSearchError
from enkash_async.arrow import CustomerStream, customer_schema
from enkash_async.export import ExportResult, export
from enkash_async.sandbox import Sandbox
from tests.flows.recipes import recipe
from tests.flows.rows import Row, as_cells, as_plain, as_published, make_aware, of_cells, with_times
from tests.support.served import session_of
from tests.support.uvicorn_server import serving

FIELDS = [field.name for field in attrs.fields(Customer)]
LISTS = ("branch_codes", "customer_key_contacts", "customer_reminders", "warnings")


@attrs.frozen
class Service:
    """Where a path begins: a sandbox, a folder to write to, and servers that a test can ask for."""

    sandbox: Sandbox
    folder: Path
    fixture: Callable[[str], Any]

    def open_session(self) -> EnKashSession:
        return session_of(self.sandbox)

    def stream(self) -> CustomerStream:
        return CustomerStream(self.open_session)


@attrs.frozen
class Target:
    """A path: *fill* it and get its rows; *shape* is what it has of a row of the service."""

    name: str
    fill: Callable[[Service], list[Row]]
    shape: Callable[[Row], Row] = dict


@contextmanager
def nothing_left(is_there: Callable[[], bool]) -> Iterator[None]:
    """See to it that a failure leaves nothing that looks whole."""
    try:
        yield
    except Exception:
        assert not is_there()
        raise


# The Arrow stream


def of_arrow(table: pa.Table) -> list[Row]:
    assert {*table.column_names} >= {*customer_schema().names}
    return [*table.select(customer_schema().names).to_pylist()]


def into_pyarrow(service: Service) -> list[Row]:
    return of_arrow(pa.table(service.stream()))


def tables_in(file: str | Path) -> list[str]:
    """Return the tables of customers in a file of DuckDB."""
    with closing(duckdb.connect(str(file))) as database:
        query = "SELECT table_name FROM duckdb_tables() WHERE NOT starts_with(table_name, '_dlt')"
        return [str(name) for [name] in database.execute(query).fetchall()]


def into_duckdb(service: Service) -> list[Row]:
    customers = service.stream()  # DuckDB finds it by this name
    assert customers.report is None
    file = service.folder / "customers.duckdb"
    with (
        nothing_left(lambda: bool(tables_in(file))),
        closing(duckdb.connect(str(file))) as database,
    ):
        database.execute("SET TimeZone = 'UTC'")
        database.execute("CREATE TABLE there AS FROM customers")
        return of_arrow(database.sql("FROM there").to_arrow_table())


def into_parquet_by_duckdb(service: Service) -> list[Row]:
    path = service.folder / "customers.parquet"
    with nothing_left(path.exists):
        recipe("duckdb_polars").export(service.stream(), path)
    return [*polars.read_parquet(path).to_dicts()]


def into_polars(service: Service) -> list[Row]:
    return [*polars.DataFrame(service.stream()).to_dicts()]


def into_pandas(service: Service) -> list[Row]:
    frame: pandas.DataFrame = recipe("pandas_frame").frame_of(service.stream())
    return of_arrow(pa.Table.from_pandas(frame, preserve_index=False))


# Loaders


def into_duckdb_by_dlt(service: Service) -> list[Row]:
    customers = recipe("dlt_customers").customers(service.open_session)
    file = service.folder / "customers.duckdb"
    pipeline = dlt.pipeline(
        "enkash",
        pipelines_dir=str(service.folder / "dlt"),
        destination=dlt.destinations.duckdb(str(file)),
        dataset_name="enkash",
    )
    with nothing_left(lambda: file.exists() and bool(tables_in(file))):
        pipeline.run(customers)
    with closing(duckdb.connect(str(file))) as database:
        database.execute("SET TimeZone = 'UTC'")
        rows = of_arrow(database.sql("FROM enkash.customers").to_arrow_table())
    # DuckDB has them as JSON there.
    return [with_times(row | {name: json.loads(row[name]) for name in LISTS}) for row in rows]


def into_postgresql(service: Service) -> list[Row]:
    return asyncio.run(_into_postgresql(service, service.fixture("dsn")))


async def _into_postgresql(service: Service, dsn: str) -> list[Row]:
    load = recipe("etl_postgresql").load
    database = await asyncpg.connect(dsn)
    try:
        async with service.open_session() as session:
            report = await load(session, database)
        # Rows come page by page, and the table says whether that is all of them.
        is_whole = await database.fetchval("SELECT whole_run FROM progress") is not None
        if not is_whole:
            # What the recipe says by its exit status.
            raise IncompleteSearchError(str(report))
        found = [dict(row) for row in await database.fetch("SELECT * FROM customers")]
    except Exception:
        assert await database.fetchval("SELECT whole_run FROM progress") is None
        raise
    finally:
        await database.execute("DROP TABLE customers, progress")
        await database.close()
    rows = [{name: row[name] for name in FIELDS} for row in found]
    for row in rows:
        for name in LISTS:
            row[name] = [with_times(one) if isinstance(one, dict) else one for one in row[name]]
    return rows


# Files


def exported(service: Service, name: str) -> Path:
    path = service.folder / name

    async def write() -> ExportResult:
        async with service.open_session() as session:
            return await export(session.customers, path)

    with nothing_left(path.exists):
        result = asyncio.run(write())
        if not result.is_good:
            # What the command says by its exit status.
            raise IncompleteSearchError(str(result.report))
    return path


def into_json_lines(service: Service) -> list[Row]:
    lines = exported(service, "customers.jsonl").read_bytes().splitlines()
    return [with_times(as_plain(json.loads(line, parse_float=Decimal))) for line in lines]


def into_csv(service: Service) -> list[Row]:
    with exported(service, "customers.csv").open(newline="", encoding="utf-8") as file:
        return [of_cells(cells) for cells in csv.DictReader(file)]


def into_parquet(service: Service) -> list[Row]:
    return [*polars.read_parquet(exported(service, "customers.parquet")).to_dicts()]


# Beyond this process


def into_download(service: Service) -> list[Row]:
    app = recipe("fastapi_service").make_app(service.open_session())
    with (
        serving(app) as (host, port),
        # An answer that is broken off has no last chunk, which is an IncompleteRead here.
        urlopen(f"http://{host}:{port}/customers.ndjson", timeout=60) as answer,
    ):
        lines = answer.read().splitlines()
    rows = [with_times(json.loads(line)) for line in lines]
    for row in rows:
        # Amounts are text there, since a number of JSON is a float to many.
        row["net_amount"] = row["net_amount"] and Decimal(row["net_amount"])
    return rows


def into_spark(service: Service) -> list[Row]:
    spark = service.fixture("spark")
    options = {"baseUrl": service.sandbox.base_url, "pageSize": "100", "partitionRecords": "400"}
    found = spark.read.format("enkash").options(**options).load().collect()
    return [make_aware(row.asDict(recursive=True)) for row in found]


TARGETS = [
    Target("pyarrow", into_pyarrow),
    Target("duckdb", into_duckdb),
    Target("parquet by duckdb", into_parquet_by_duckdb),
    Target("polars", into_polars),
    Target("pandas", into_pandas),
    Target("dlt", into_duckdb_by_dlt),
    Target("postgresql", into_postgresql),
    Target("json lines", into_json_lines),
    Target("csv", into_csv, as_cells),
    Target("parquet", into_parquet),
    Target("download", into_download, as_published),
    Target("spark", into_spark),
]
