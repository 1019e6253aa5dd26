"""The FastAPI example under load: workers of their own, clients that read slowly or not at all."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from urllib.request import urlopen

import pytest

from enkash_async.sandbox import Sandbox, SandboxSettings, serve_sandbox
from tests.flows.recipes import EXAMPLES, recipe
from tests.support.served import session_of
from tests.support.uvicorn_server import serving

Address = tuple[str, int]

ROWS = 4_000
"""So many that their lines do not fit into the buffers between a service and its client."""


@pytest.fixture(scope="module")
def long_list() -> Iterator[Sandbox]:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


def download(address: Address) -> set[str]:
    with urlopen(f"http://{address[0]}:{address[1]}/customers.ndjson", timeout=60) as answer:
        return {json.loads(line)["customer_id"] for line in answer}


def begin_download(address: Address) -> socket.socket:
    """Ask for the download, and read nothing of it."""
    client = socket.socket()
    # Set before it connects: after that the system has promised the other end more.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(address)
    client.sendall(b"GET /customers.ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.recv(1, socket.MSG_PEEK)
    return client


@pytest.mark.parametrize("reads_on", [True, False])
def test_a_client_that_does_not_read_stops_the_requests(long_list: Sandbox, reads_on: bool) -> None:
    sandbox, session = long_list, session_of(long_list)
    sandbox.searches.clear()
    with serving(recipe("fastapi_service").make_app(session), send_buffer=4096) as address:
        everyone = download(address)
        of_one = len(sandbox.searches)
        with closing(begin_download(address)) as client:
            # As long as these take, the requests of the first would have been sent as well.
            for _ in range(2):
                assert download(address) == everyone
            assert len(sandbox.searches) < 3 * of_one + of_one // 2
            if reads_on:
                answer = HTTPResponse(client)
                answer.begin()
                assert {json.loads(line)["customer_id"] for line in answer} == everyone
        before = len(sandbox.searches)
        assert download(address) == everyone
        # Nothing was sent for the one that went away.
        assert len(sandbox.searches) - before <= of_one
    assert "closed" in repr(session)
    assert len(everyone) == ROWS


@contextmanager
def two_workers(sandbox: Sandbox) -> Iterator[tuple[Address, list[str]]]:
    """Run the example as its docstring says; yield where it is, and what it wrote in the end."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0"]
    app = ["--factory", "fastapi_service:create_app", "--workers", "2", "--loop", "uvloop"]
    lines = list[str]()
    with subprocess.Popen(
        [*command, *app], env=os.environ | sandbox.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            while sum("startup complete" in line for line in lines) < 2:
                lines.append(process.stderr.readline())
                assert lines[-1], "".join(lines)
            [port] = re.findall(r"running on http://127.0.0.1:(\d+)", "".join(lines))
            yield ("127.0.0.1", int(port)), lines
        finally:
            process.send_signal(signal.SIGTERM)
            lines += process.stderr.readlines()
    # uvicorn ends by the signal that it was sent.
    assert process.returncode in (0, -signal.SIGTERM), "".join(lines)


def test_two_workers_with_uvloop_serve_side_by_side(sandbox: Sandbox) -> None:
    with (
        two_workers(sandbox) as (address, lines),
        ThreadPoolExecutor(8) as pool,
    ):
        for found in pool.map(download, [address] * 8):
            assert found == set(sandbox.customer_ids())
    ended = "".join(lines)
    assert len(set(re.findall(r"Started server process \[(\d+)\]", ended))) == 2
    assert ended.count("Application shutdown complete") == 2
    assert "Traceback" not in ended
