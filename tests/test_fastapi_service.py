"""The FastAPI example over uvicorn and uvloop, with the client that hangs up."""

from __future__ import annotations

import json
import runpy
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from enkash_async import BearerToken, EnKashSession, RetryPolicy
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    Sandbox,
    SandboxSettings,
    SearchCall,
    faults,
    serve_sandbox,
)
from tests.support.uvicorn_server import serving

pytest.importorskip("fastapi", reason="the example needs FastAPI")

EXAMPLE = Path(__file__).parent.parent / "examples" / "fastapi_service.py"

ROWS = 200


@contextmanager
def served(sandbox: Sandbox) -> Iterator[tuple[str, int]]:
    """Run the example over uvicorn in a thread; yield where it is."""
    auth = BearerToken(sandbox.token)
    session = EnKashSession(
        sandbox.base_url, auth, page_size=20, retry=RetryPolicy(attempts=1), max_concurrency=4
    )
    with serving(runpy.run_path(str(EXAMPLE))["make_app"](session)) as address:
        yield address


def get(address: tuple[str, int], path: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}{path}", timeout=20) as got:
            return got.status, dict(got.headers), got.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_a_service_answers_pages_customers_streams_and_errors() -> None:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox, served(sandbox) as address:
        status, _, body = get(address, "/customers?page_size=3")
        page = json.loads(body)
        assert (status, len(page["records"]), page["total"]) == (200, 3, ROWS)
        first = page["records"][0]

        status, _, body = get(address, f"/customers/{first['customer_id']}")
        assert (status, json.loads(body)) == (200, first)

        status, _, body = get(address, "/customers.ndjson")
        lines = body.decode().splitlines()
        assert (status, len(lines)) == (200, ROWS)
        assert {json.loads(line)["customer_id"] for line in lines} == set(sandbox.customer_ids())

        status, _, body = get(address, "/customers?status=gone")
        assert status == 400
        assert "customer_status must be one of ACTIVE" in json.loads(body)["message"]
        assert get(address, "/customers?page_size=9999")[0] == 400
        assert get(address, "/customers/KC0000000000NONE")[0] == 404


@pytest.mark.parametrize(("fault", "expected"), [(503, 502), (429, 503)])
def test_errors_of_the_service_have_the_status_that_they_suggest(fault: int, expected: int) -> None:
    script = FaultScript([Fault(faults.HttpError(fault), requests=[0])])
    settings = SandboxSettings(rows=ROWS, faults=script)
    with serve_sandbox(settings) as sandbox, served(sandbox) as address:
        status, headers, body = get(address, "/customers")
        assert status == expected
        assert b"error" in body
        assert ("retry-after" in {name.lower() for name in headers}) == (fault == 429)


def test_a_client_that_hangs_up_stops_the_fetches() -> None:
    asked, gone, held = threading.Event(), threading.Event(), set[int]()

    async def hold(call: SearchCall) -> None:
        if call.offset >= 50:
            held.add(call.offset)
            asked.set()
            # What is held is never answered: only that it is not wanted any more can end it.
            try:
                await anyio.sleep_forever()
            finally:
                held.discard(call.offset)
                if not held:
                    gone.set()

    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox, served(sandbox) as address:
        sandbox.on_search = hold
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"GET /customers.ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in client.recv(1024)
            assert asked.wait(20)
            assert not gone.is_set()
        assert gone.wait(20)
        sandbox.on_search = None
        assert get(address, "/customers?page_size=3")[0] == 200
