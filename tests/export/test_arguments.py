"""What an export cannot do as it is asked for: said by name, before anything is sent or written."""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from enkash_async import (
    ArgumentTypeError,
    BearerToken,
    CustomerFilter,
    EnKashSession,
    InvalidArgumentError,
)
from enkash_async.export import CsvStyle, export
from enkash_async.sandbox import Sandbox, SearchCall
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


def names_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def async_function(_: object) -> None: ...


WRONG_TYPES: list[tuple[str, Any]] = [
    ("resource", None),
    ("resource", "customers"),
    ("path", None),
    ("path", 5),
    ("path", b"c.jsonl"),
    ("filter", {"level": "LEVEL_1"}),
    ("filter", "active"),
    ("format", 5),
    ("compression", b"gzip"),
    ("order_by", 5),
    ("direction", 5),
    ("page_size", "50"),
    ("page_size", True),
    ("max_records", 1.5),
    ("window_pages", "1"),
    ("strict", "yes"),
    ("full_check", 1),
    ("extra_body", ["a"]),
    ("extra_query", 5),
    ("columns", "legalName"),
    ("columns", b"legalName"),
    ("columns", 5),
    ("columns", [5]),
    ("columns", [["legalName"]]),
    ("mask", "personal"),
    ("mask", None),
    ("mask", [None]),
    ("rename", "a=b"),
    ("rename", {"legalName": 5}),
    ("rename", {5: "name"}),
    ("csv", {"bom": True}),
    ("bad_path", 5),
    ("parts", "2"),
    ("parts", True),
    ("resume", "yes"),
    ("keep_incomplete", 1),
    ("service", 5),
    ("on_progress", 5),
    ("on_bad_record", "print"),
    ("on_note", async_function),
    ("stop", True),
    ("stop", lambda: True),
    ("level", 5),
    ("customer_ids", "KC1"),
    ("not_there", 5),
    ("offset", 5),
]

UNUSABLE: list[tuple[str, Any]] = [
    ("path", ""),
    ("path", "."),
    ("path", "a\0.jsonl"),
    ("path", "a\ud800.jsonl"),
    ("path", "c.xlsx"),
    ("path", "c.parquet.gz"),
    ("format", "xml"),
    ("format", "csv"),
    ("compression", "bzip2"),
    ("compression", "gzip"),
    ("method", "scroll"),
    ("method", 5),
    ("order_by", ""),
    ("direction", "UP"),
    ("page_size", 0),
    ("page_size", 5001),
    ("max_records", 0),
    ("window_pages", 0),
    ("extra_body", {"legalName": "A"}),
    ("extra_query", {"offset": "5"}),
    ("columns", ["nope"]),
    ("columns", []),
    ("mask", ["nope"]),
    ("rename", {"nope": "b"}),
    ("rename", {"legalName": ""}),
    ("rename", {"legalName": "companyId"}),
    ("rename", {"legalName": "a\nb"}),
    ("rename", {"legalName": "a", "legal_name": "b"}),
    ("csv", CsvStyle(bom=True)),
    ("bad_path", "c.jsonl"),
    ("bad_path", "."),
    ("bad_path", ""),
    ("parts", 0),
    ("parts", 2**31),
    ("level", "LEVEL_9"),
    ("created_on_from", datetime(2026, 1, 1)),
]

TOGETHER: list[dict[str, Any]] = [
    {"method": "crawl", "order_by": "createdOn"},
    {"method": "crawl", "direction": "ASC"},
    {"method": "crawl", "full_check": True},
    {"method": "search", "window_pages": 2},
    {"order_by": "createdOn", "window_pages": 2},
    {"columns": ["legalName"], "rename": {"state": "b"}},
    {"path": "c.csv", "columns": ["customerKeyContacts"], "csv": CsvStyle(nested=False)},
    {"path": "c.csv", "rename": {"customerKeyContacts": "a"}, "csv": CsvStyle(nested=False)},
    {"path": "-", "resume": True},
    {"path": "-", "parts": 5},
    {"path": "-", "format": "parquet"},
    {"filter": CustomerFilter(created_on_from=date(2026, 1, 1)), "created_on_to": date(2025, 1, 1)},
]


def case(error: type[Exception], said: str | None, **given: Any) -> Any:
    """Return a case whose name holds no address, so that it is the same in each process."""
    shown = "-".join(f"{name}={getattr(v, '__qualname__', repr(v))}" for name, v in given.items())
    return pytest.param(given, error, said, id=shown)


CASES = [
    *(case(ArgumentTypeError, name, **{name: value}) for name, value in WRONG_TYPES),
    *(case(InvalidArgumentError, None, **{name: value}) for name, value in UNUSABLE),
    *(case(InvalidArgumentError, None, **given) for given in TOGETHER),
]


@pytest.mark.parametrize(("given", "error", "said"), CASES)
async def test_what_cannot_be_is_in_the_tree_and_touches_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    error: type[Exception],
    said: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    # It is not open: whatever is asked would be a RuntimeError.
    customers = EnKashSession("https://api.example", BearerToken("t")).customers
    arguments: dict[str, Any] = {"resource": customers, "path": "c.jsonl"} | given
    with pytest.raises(InvalidArgumentError) as caught:
        await export(**arguments)
    assert type(caught.value) is error
    assert said is None or said in str(caught.value)
    assert names_in(tmp_path) == []


def test_each_parameter_is_among_them() -> None:
    """One that is added is checked, too."""
    given = {name for case in CASES for name in case.values[0]}
    parameters = {
        one.name
        for one in inspect.signature(export).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    }
    assert parameters <= given


async def test_what_stands_in_the_way_is_left_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    folder, stop = tmp_path / "others", asyncio.Event()
    folder.mkdir()
    (folder / "notes.txt").touch()
    (tmp_path / "round").symlink_to("round")
    stop.set()
    async with session_for(sandbox) as session:
        customers = session.customers
        await export(customers, tmp_path / "c.jsonl", stop=stop)
        (tmp_path / "damaged.jsonl.state").write_text("{")
        before = names_in(tmp_path)
        asked = len(sandbox.searches)
        cases: list[tuple[Path | str, dict[str, Any]]] = [
            (folder, {}),
            (f"{folder}/", {}),
            (f"{tmp_path}/c.jsonl.part/", {}),
            (tmp_path / "round", {}),
            (tmp_path / "damaged.jsonl", {"resume": True}),
            (tmp_path / "c.jsonl", {"resume": True, "mask": ["personal"]}),
            (tmp_path / "c.jsonl", {"resume": True, "service": "another"}),
            (tmp_path / "c.jsonl", {"resume": True, "method": "search"}),
            (tmp_path / "c.jsonl", {"resume": True, "level": "LEVEL_1"}),
            (tmp_path / "c.jsonl", {"resume": True, "extra_query": {"a": "b"}}),
        ]
        for path, options in cases:
            with pytest.raises(InvalidArgumentError):
                await export(customers, path, **options)
    assert names_in(tmp_path) == before
    assert len(sandbox.searches) == asked


@pytest.mark.parametrize("method", [None, "crawl", "search"])
async def test_what_is_asked_for_is_what_a_search_asks_for(
    sandbox: Sandbox, tmp_path: Path, method: Any
) -> None:
    """By position, by keyword, or both; and added fields go with each request."""
    path = tmp_path / "c.jsonl"
    async with session_for(sandbox) as session:
        customers = session.customers
        filter = CustomerFilter(level="LEVEL_2")
        wanted = [one async for one in customers.search(level="LEVEL_1")]
        before = len(sandbox.searches)
        result = await export(
            customers,
            path,
            filter,
            method=method,
            level="level_1",
            extra_body={"tag": "a"},
            extra_query={"mark": "b"},
        )
    calls = sandbox.searches[before:]
    assert result.records == len(wanted) > 0
    sent = {(call.body.get("tag"), call.request.query.get("mark")) for call in calls}
    assert sent == {("a", "b")}
    assert {call.body.get("level") for call in calls} == {"LEVEL_1"}


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({"full_check": True}, "search"),
        ({"window_pages": 1}, "crawl"),
        ({"order_by": "createdOn"}, "search"),
        ({"created_on_from": datetime.max.replace(year=9998, tzinfo=UTC)}, "search"),
    ],
)
async def test_what_only_one_way_of_reading_knows_asks_for_that(
    sandbox: Sandbox, tmp_path: Path, options: dict[str, Any], method: str
) -> None:
    async with session_for(sandbox) as session:
        result = await export(session.customers, tmp_path / "c.jsonl", **options)
    assert (result.method, result.is_finished) == (method, True)


async def test_names_that_are_given_once_only_are_heeded(sandbox: Sandbox, tmp_path: Path) -> None:
    """What masks is looked at twice, and an iterator can be only once."""
    call_with_secret = b'{"errorResponse":null,"payload":{"data":[%b],"recordsCount":1}}' % (
        b'{"customerId":"K1","legalName":"A","secretName":"B"}'
    )

    async def answer(_: SearchCall) -> web.Response:
        return web.Response(body=call_with_secret, content_type="application/json")

    path = tmp_path / "c.jsonl"
    sandbox.on_search = answer
    async with session_for(sandbox) as session:
        await export(session.customers, path, method="search", mask=iter(["personal"]))
    assert path.read_bytes() == b'{"customerId":"K1","legalName":"***"}\n'
