"""The server's process, as the benchmark sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

import attrs
import msgspec

from benchmarks.server.records import Times
from benchmarks.server.service import Account, Load

SEED = 1


@attrs.frozen
class Server:
    """A running server of *rows* customers."""

    base_url: str
    rows: int

    def take_load(self, load: Load) -> None:
        """Set how slow the server is, and begin a new account."""
        self._post("/load", msgspec.json.encode(load))

    def account(self) -> Account:
        """Return what the server has done since it was given a load."""
        return msgspec.json.decode(self._post("/account", b""), type=Account)

    def page(self, offset: int, limit: int) -> bytes:
        """Return the bytes of one page."""
        return self._post(f"/api/v0/customer/search?offset={offset}&limit={limit}", b"{}")

    def _post(self, target: str, body: bytes) -> bytes:
        request = urllib.request.Request(self.base_url + target, data=body, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: bytes = response.read()
            return answer


@contextmanager
def open_server(rows: int, times: Times = "even") -> Generator[Server, None, None]:
    """Run a server of *rows* customers in a process of its own; it answers when this returns."""
    command = [sys.executable, "-m", "benchmarks.server", str(rows), str(SEED), times]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().decode().strip()
            if not address:
                raise RuntimeError("the benchmark's server did not start; its own message is above")
            yield Server(address, rows)
        finally:
            process.stdin.close()


def records_of(page: bytes) -> int:
    """Return how many records stand on *page*."""
    return len(json.loads(page)["payload"]["data"])
