"""The snippets of docs/records.md run as they stand there, and what it says of traps is so."""

from __future__ import annotations

import ast
import asyncio
import csv
import dataclasses
import inspect
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from enkash_async import Customer, EnKashSession, Page
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import SandboxSettings, open_sandbox
from tests.support.sessions import session_for

PAGE = (Path(__file__).parent.parent / "docs" / "records.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
NEEDS = {"to_pandas": "pandas", "TypeAdapter": "pydantic"}


async def run_snippet(source: str, session: EnKashSession, names: dict[str, Any]) -> dict[str, Any]:
    """Run *source*, which may await, and return *names* with those that it gave values to."""
    found = {**names, "session": session}
    code = compile(source, "docs/records.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    # What awaits becomes a coroutine.
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, found)
    else:
        exec(code, found)
    return found


@pytest.mark.parametrize("source", SNIPPETS, ids=lambda source: source.split("\n")[0])
def test_a_snippet_runs(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, module in NEEDS.items():
        if name in source:
            pytest.importorskip(module, reason="not everybody has it; .ci/run installs it")
    if "to_polars" in source:
        pytest.importorskip("polars", reason="takes long to install; .ci/run installs it")
    monkeypatch.chdir(tmp_path)

    async def main() -> list[dict[str, Any]]:
        async with (
            open_sandbox(SandboxSettings(rows=120)) as sandbox,
            session_for(sandbox) as session,
        ):
            page = await session.customers.search()
            names = {
                "Customer": Customer,
                "customer_id": page.records[0].customer_id,
                "customer_schema": customer_schema,
                "page": page,
            }
            await run_snippet(source, session, names)
            return sandbox.records()

    records = asyncio.run(main())

    ids = [record["customerId"] for record in records]
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    if "customers.jsonl" in source:
        lines = written["customers.jsonl"].splitlines()
        assert [json.loads(line)["customerId"] for line in lines] == ids
    if "customers.csv" in source:
        rows = [*csv.DictReader(written["customers.csv"].splitlines())]
        assert [row["customer_id"] for row in rows] == ids
    if "print(search.report)" in source:
        assert capsys.readouterr().out.startswith("COMPLETE: 120 records of 120")


def test_the_page_has_the_headings_that_people_look_for() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.M)
    assert {"A Customer as dict, JSON, DataFrame", "Write a CSV"} <= set(headings)
    assert len(SNIPPETS) == 7


def test_what_the_page_says_of_other_ways_to_data() -> None:
    customer = Customer(customer_id="KC1", branch_codes=("A",))

    assert attrs.asdict(customer) == {
        **customer.to_dict(),
        "branch_codes": ("A",),
        "customer_key_contacts": (),
        "customer_reminders": (),
        "warnings": (),
    }
    refusing: list[Any] = [dataclasses.asdict, vars, json.dumps]
    for refused in refusing:
        with pytest.raises(TypeError):
            refused(customer)


def test_what_the_page_says_of_msgspec() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)
    customer = Customer(customer_id="KC1", net_amount=Decimal("0.10"), created_on=moment)
    page = Page((customer,), 0, 1)

    as_json = {**customer.to_dict(json=True), "created_on": "2026-01-02T03:04:05.120000Z"}
    assert msgspec.json.decode(msgspec.json.encode(customer)) == as_json
    encoded = msgspec.json.decode(msgspec.json.encode(page))
    assert encoded == {**page.to_dict(json=True), "records": [as_json], "are_parsed": False}
    with pytest.raises(TypeError):
        msgspec.json.decode(customer.to_json(), type=Customer)


def test_a_frame_made_of_records_has_no_columns_of_theirs() -> None:
    pandas = pytest.importorskip("pandas", reason="takes long to install; .ci/run installs it")
    page = Page((Customer(customer_id="KC1"),) * 2, 0, 2)
    assert pandas.DataFrame(page.records).shape == (2, 1)
    assert pandas.DataFrame([one.to_dict() for one in page]).shape == (2, 31)
