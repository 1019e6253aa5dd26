"""The same rows, values and types in every target, compared with the sandbox's own table."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import attrs
import duckdb
import pandas
import polars
import pyarrow as pa
import pytest
from aiohttp import web

from enkash_async import Customer
from enkash_async.arrow import CustomerStream, customer_schema
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, serve_sandbox
from tests.flows.conftest import session_of

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
LISTS = ("branch_codes", "customer_key_contacts", "customer_reminders", "warnings")
Row = dict[str, Any]


ODD_NAMES = ["\U0001f4b0 & Sons", "a \"b\" 'c', d;\te\\f", "one\ntwo\r\nthree", "", "नमस्ते"]


@attrs.frozen
class OddList:
    """What a sandbox answers here: its own customers, with names that are hard to carry."""

    sandbox: Sandbox
    records: list[Row]

    async def answer(self, call: SearchCall) -> web.Response:
        data = self.records[call.offset : call.offset + call.limit]
        payload = {"data": data, "recordsCount": len(self.records)}
        text = json.dumps({"payload": payload, "response_code": 0}, default=str)
        return web.Response(text=text, content_type="application/json")


@pytest.fixture(scope="module")
def odd() -> Iterator[OddList]:
    with serve_sandbox(SandboxSettings(rows=400)) as sandbox:
        records = sandbox.records()
        for record, name in zip(records, ODD_NAMES * len(records), strict=False):
            record["legalName"] = name
        there = OddList(sandbox, records)
        sandbox.on_search = there.answer
        yield there


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def plain(value: Any) -> Any:
    """Return *value* as all targets can be compared: times in UTC, amounts without their zeros."""
    if isinstance(value, dict):
        return {snake(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(plain, value)]
    if isinstance(value, datetime):
        assert value.tzinfo is not None
        return value.astimezone(UTC)
    return value.normalize() if isinstance(value, Decimal) else value


def with_times(row: Row) -> Row:
    """Return a row of JSON with its times read."""
    return {
        name: [with_times(one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else datetime.fromisoformat(value)
        if value is not None and name.endswith(("created_on", "modified_on"))
        else value
        for name, value in row.items()
    }


def by_id(rows: list[Row]) -> dict[str, Row]:
    found = {row["customer_id"]: row for row in map(plain, rows)}
    assert len(found) == len(rows)
    return found


def of_arrow(table: pa.Table) -> list[Row]:
    assert {*table.column_names} >= {*customer_schema().names}
    return [*table.select(customer_schema().names).to_pylist()]


def pyarrow_rows(stream: CustomerStream, tmp_path: Path) -> list[Row]:
    return of_arrow(pa.table(stream))


def duckdb_rows(customers: CustomerStream, tmp_path: Path) -> list[Row]:
    with closing(duckdb.connect()) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute("CREATE TABLE there AS FROM customers")
        return of_arrow(database.sql("FROM there").to_arrow_table())


def parquet_rows(customers: CustomerStream, tmp_path: Path) -> list[Row]:
    runpy.run_path(str(EXAMPLES / "duckdb_polars.py"))["export"](customers, tmp_path / "c.parquet")
    return [*polars.read_parquet(tmp_path / "c.parquet").to_dicts()]


def polars_rows(stream: CustomerStream, tmp_path: Path) -> list[Row]:
    return [*polars.DataFrame(stream).to_dicts()]


def pandas_rows(stream: CustomerStream, tmp_path: Path) -> list[Row]:
    frame: pandas.DataFrame = runpy.run_path(str(EXAMPLES / "pandas_frame.py"))["frame_of"](stream)
    return of_arrow(pa.Table.from_pandas(frame, preserve_index=False))


WAYS: list[Callable[[CustomerStream, Path], list[Row]]] = [
    *(pyarrow_rows, duckdb_rows, parquet_rows, polars_rows, pandas_rows)
]


def expected(records: list[Row]) -> dict[str, Row]:
    rows = [with_times(plain(record)) for record in records]
    return by_id(rows)


@pytest.mark.parametrize("way", WAYS)
def test_tools_hold_what_the_service_holds(
    odd: OddList, tmp_path: Path, way: Callable[[CustomerStream, Path], list[Row]]
) -> None:
    stream = CustomerStream(lambda: session_of(odd.sandbox))
    assert by_id(way(stream, tmp_path)) == expected(odd.records)


async def load_into_postgresql(sandbox: Sandbox, dsn: str) -> list[Row]:
    recipe = runpy.run_path(str(EXAMPLES / "etl_postgresql.py"))
    database = await asyncpg.connect(dsn)
    try:
        async with session_of(sandbox) as session:
            await recipe["load"](session, database)
        return [dict(row) for row in await database.fetch("SELECT * FROM customers")]
    finally:
        await database.execute("DROP TABLE customers, progress")
        await database.close()


@pytest.mark.anyio
async def test_postgresql_holds_what_the_service_holds(odd: OddList, dsn: str) -> None:
    rows = await load_into_postgresql(odd.sandbox, dsn)
    names = [field.name for field in attrs.fields(Customer)]
    kept = [{name: row[name] for name in names} for row in rows]
    for row in kept:
        for name in LISTS:
            row[name] = [with_times(one) if isinstance(one, dict) else one for one in row[name]]
    assert by_id(kept) == expected(odd.records)
