"""The Arrow stream, by pyarrow; what other tools make of it is in `tests/flows/`."""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import threading
from typing import Any

import pyarrow as pa
import pytest
from aiohttp import web
from anyio import to_thread

from enkash_async import (
    ArgumentTypeError,
    ClientRequestError,
    CustomerFilter,
    EnKashSession,
    IncompleteSearchError,
    Verdict,
)
from enkash_async.arrow import CustomerStream, customer_schema
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, serve_sandbox
from tests.support.served import PAGE, ROWS, session_of


def stream_of(sandbox: Sandbox) -> CustomerStream:
    return CustomerStream(lambda: session_of(sandbox))


def ids(table: pa.Table) -> list[object]:
    return [*table.column("customer_id").to_pylist()]


def is_running() -> bool:
    return any(thread.name == "enkash-async stream" for thread in threading.enumerate())


def test_a_tool_reads_all_customers_and_the_report_stands_on_the_stream(sandbox: Sandbox) -> None:
    stream = stream_of(sandbox)
    assert stream.report is None

    table = pa.table(stream)

    assert table.schema == customer_schema()
    assert set(ids(table)) == set(sandbox.customer_ids())
    assert table.num_rows == ROWS
    assert stream.report is not None
    assert stream.report.verdict is Verdict.COMPLETE
    assert stream.error is None
    assert not is_running()


@pytest.mark.anyio
async def test_it_is_read_where_a_loop_runs(sandbox: Sandbox) -> None:
    assert pa.table(stream_of(sandbox)).num_rows == ROWS
    assert (await to_thread.run_sync(pa.table, stream_of(sandbox))).num_rows == ROWS


def test_nothing_is_sent_before_the_first_batch_is_asked_for(sandbox: Sandbox) -> None:
    stream = stream_of(sandbox)
    # DuckDB looks three times before it reads.
    capsules = [stream.__arrow_c_schema__(), *(stream.__arrow_c_stream__() for _ in range(3))]
    schema: Any = stream  # the stubs of pyarrow do not know it
    assert pa.schema(schema) == customer_schema()
    del capsules
    gc.collect()

    assert sandbox.searches == []
    assert not is_running()


def test_two_readings_at_once_do_not_disturb_each_other(sandbox: Sandbox) -> None:
    stream = stream_of(sandbox)
    readers = [pa.RecordBatchReader.from_stream(stream) for _ in range(2)]

    firsts = [reader.read_next_batch() for reader in readers]
    rests = [reader.read_all() for reader in readers]

    for first, rest in zip(firsts, rests, strict=True):
        assert first.num_rows + rest.num_rows == ROWS


def test_the_search_is_the_callers(sandbox: Sandbox) -> None:
    active = CustomerFilter(customer_status="ACTIVE")
    for start in (
        lambda session: session.customers.search(active),
        lambda session: session.customers.crawl(active),
    ):
        table = pa.table(CustomerStream(lambda: session_of(sandbox), start))
        assert set(ids(table)) == {one["customerId"] for one in sandbox.records() if one["active"]}


@pytest.mark.parametrize("leave", ["close", "collect"])
def test_leaving_early_stops_the_fetches(sandbox: Sandbox, leave: str) -> None:
    batches = stream_of(sandbox).batches()
    assert next(batches).num_rows == PAGE
    assert is_running()
    if leave == "close":
        batches.close()  # type: ignore[attr-defined]
    del batches
    gc.collect()

    # The thread was waited for, and it closes its session before it ends.
    assert not is_running()
    assert len(sandbox.searches) < ROWS // PAGE


async def refuse_late(call: SearchCall) -> web.Response | None:
    if call.offset < ROWS // 2:
        return None
    error = {"errorType": "CLIENT_REQUEST_ERROR", "errorMessage": "not today"}
    return web.json_response({"errorResponse": error}, status=400)


def test_an_error_is_the_tools_with_our_text(sandbox: Sandbox) -> None:
    sandbox.on_search = refuse_late
    stream = stream_of(sandbox)

    with pytest.raises(pa.ArrowInvalid, match="not today"):
        pa.table(stream)

    assert isinstance(stream.error, ClientRequestError)
    assert stream.error.resume_token is not None
    assert stream.report is not None
    assert 0 < stream.report.records_delivered < ROWS
    sandbox.on_search = None
    assert pa.table(stream).num_rows == ROWS
    assert stream.error is None


def test_a_session_that_cannot_be_opened_is_an_error_of_the_tool(sandbox: Sandbox) -> None:
    stream = CustomerStream(lambda: EnKashSession.from_env({}))
    with pytest.raises(pa.ArrowInvalid, match="set ENKASH_BASE_URL"):
        pa.table(stream)
    assert isinstance(stream.error, ValueError)


def test_a_table_that_is_not_whole_does_not_look_whole() -> None:
    # A service that counts nothing and changes its order with each request proves nothing.
    settings = SandboxSettings(rows=300, unstable_order=True)
    with serve_sandbox(settings) as sandbox:
        stream = CustomerStream(
            lambda: session_of(sandbox), lambda session: session.customers.search()
        )
        with pytest.raises((pa.ArrowInvalid, IncompleteSearchError)):
            pa.table(stream)
        assert isinstance(stream.error, IncompleteSearchError)
        assert stream.error.report is not None


def test_a_session_in_place_of_a_function_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ArgumentTypeError, match="a function that returns a session"):
        CustomerStream(session_of(sandbox))  # type: ignore[arg-type]
    search: Any = session_of(sandbox).customers.search()
    with pytest.raises(ArgumentTypeError, match="start must be a function that returns a search"):
        CustomerStream(lambda: session_of(sandbox), search)


@pytest.mark.skipif(
    "flat" not in inspect.signature(customer_schema).parameters, reason="there is no flat schema"
)
def test_flat_has_no_lists(sandbox: Sandbox) -> None:
    stream = CustomerStream(lambda: session_of(sandbox), flat=True)
    table = pa.table(stream)
    assert table.schema == stream.schema
    assert not any(pa.types.is_nested(field.type) for field in table.schema)
    assert table.num_rows == ROWS


def test_a_program_ends_although_a_reading_was_left_half_way(sandbox: Sandbox) -> None:
    code = f"""
from enkash_async import BearerToken, EnKashSession
from enkash_async.arrow import CustomerStream

def open_session():
    return EnKashSession({sandbox.base_url!r}, BearerToken({sandbox.token!r}), page_size={PAGE})

batches = CustomerStream(open_session).batches()
print(next(batches).num_rows)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=20
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{PAGE}\n", "")
