"""One sandbox and one PostgreSQL for all flows; `.ci/flows` installs what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from enkash_async import BearerToken, EnKashSession
from enkash_async.sandbox import Sandbox, SandboxSettings, serve_sandbox

ROWS, PAGE = 1_500, 100


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The sandbox of all tests that do not change it."""
    served.searches.clear()
    yield served
    served.on_search = None


def session_of(sandbox: Sandbox) -> EnKashSession:
    return EnKashSession(
        sandbox.base_url, BearerToken(sandbox.token), page_size=PAGE, max_concurrency=2
    )


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    """A PostgreSQL of our own on a socket of its own; its programs refuse to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    if not programs and found is None:
        pytest.skip("PostgreSQL is not installed: .ci/flows says why")
    program = programs[-1] if programs else Path(str(found)).parent
    folder = Path(mkdtemp(prefix="enkash-pg-"))
    owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    as_owner = owner if os.getuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres", "postgres")

    def run(name: str, *arguments: str) -> None:
        command = [*as_owner, str(program / name), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses='' -k {folder} -F"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
