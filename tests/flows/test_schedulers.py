"""The export as a task: as cron starts it, and as a function that is ended and started again."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import to_thread

from enkash_async.sandbox import FaultScript, Sandbox, SandboxSettings, SearchCall, serve_sandbox
from tests.flows.recipes import EXAMPLES

ROWS = 6_000
PAGE = (EXAMPLES.parent / "docs" / "schedulers" / "cron.md").read_text()
OF_CRON = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "somebody"}
"""What cron hands down, beside HOME."""

BREAKS_ONCE = """
[[fault]]
kind = "error"
error_type = "CLIENT_REQUEST_ABORT"
offset_from = 4500
times = 1
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    served.searches.clear()
    yield served
    served.on_search, served.faults = None, FaultScript()


def start_as_cron_does(
    folder: Path, sandbox: Sandbox, token: str, *, attempts: int = 3
) -> subprocess.CompletedProcess[str]:
    """Run the line of the page, with files of this test in place of the reader's."""
    settings = folder / "enkash.env"
    command = Path(sys.executable).parent / "enkash-async"
    settings.write_text(
        f"ENKASH_BASE_URL={sandbox.base_url}\nENKASH_TOKEN={token}\nENKASH_ASYNC={command}\n"
        f"ENKASH_PAUSE=0\nENKASH_ATTEMPTS={attempts}\n"
    )
    [line] = re.findall(r"^30 2 \* \* \* (.+)$", PAGE, re.M)
    for theirs, here in {
        "/opt/enkash/nightly_export.sh": EXAMPLES / "nightly_export.sh",
        "/etc/enkash.env": settings,
        "/srv/enkash/": f"{folder}/",
    }.items():
        assert theirs in line
        line = line.replace(theirs, str(here))
    cron = ["/bin/sh", "-c", line]
    return subprocess.run(
        cron, env=OF_CRON | {"HOME": str(folder)}, cwd=folder, capture_output=True, text=True
    )


def ids_in(path: Path) -> list[str]:
    return [
        json.loads(line)["customerId"] for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def test_cron_starts_an_export_that_goes_on_after_a_failure(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults = FaultScript.parse(BREAKS_ONCE)
    ended = start_as_cron_does(tmp_path, sandbox, sandbox.token)

    assert ended.returncode == 0, ended.stderr
    assert "CLIENT_REQUEST_ABORT" in ended.stderr
    assert sandbox.faults_injected == {"error": 1}
    assert sorted(ids_in(tmp_path / "customers.jsonl.gz")) == sorted(sandbox.customer_ids())
    # The second attempt went on, so that it did not count again to choose a method.
    assert sum(call.limit == 1 for call in sandbox.searches) == 5


def test_cron_does_not_try_refused_credentials_again(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = start_as_cron_does(tmp_path, sandbox, "wrong")
    assert ended.returncode == 3
    assert len(sandbox.searches) <= 4


def test_cron_gives_up_in_the_end_with_the_status_of_the_last_attempt(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults = FaultScript.parse(BREAKS_ONCE.replace("offset_from = 4500\ntimes = 1", ""))
    ended = start_as_cron_does(tmp_path, sandbox, sandbox.token, attempts=2)
    assert ended.returncode == 1
    assert ended.stderr.count("CLIENT_REQUEST_ABORT") == 2
    assert not (tmp_path / "customers.jsonl.gz").exists()


def test_a_task_that_is_ended_goes_on_when_it_is_started_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "customers.jsonl.gz"
    came, go_on = threading.Event(), threading.Event()
    command = [sys.executable, str(EXAMPLES / "export_task.py"), "--output", str(path)]
    environ = os.environ | sandbox.environ

    async def hold(call: SearchCall) -> None:
        if len(sandbox.searches) > 8:
            came.set()
            await to_thread.run_sync(go_on.wait)

    sandbox.on_search = hold
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as task:
        try:
            assert came.wait(120)
            task.send_signal(signal.SIGTERM)
        finally:
            go_on.set()
        assert task.stderr is not None
        assert "the next attempt goes on with" in task.stderr.read()
    assert task.returncode == 1
    assert not path.exists()

    sandbox.on_search = None
    ended = subprocess.run(command, env=environ, capture_output=True, text=True)
    account = json.loads(ended.stdout)
    assert (account["records"], account["verdict"]) == (ROWS, "COMPLETE")
    assert sorted(ids_in(path)) == sorted(sandbox.customer_ids())
