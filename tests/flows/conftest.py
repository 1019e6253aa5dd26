"""One sandbox and one PostgreSQL for all flows; `.ci/flows` installs what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from enkash_async.sandbox import Sandbox
from tests.support.served import sandbox, served

__all__ = ["dsn", "sandbox", "served", "spark"]


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


@pytest.fixture(scope="session")
def spark(served: Sandbox) -> Iterator[Any]:
    """Spark in local mode, where a task may fail three times; all sandboxes take its token."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: .ci/flows says why")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        # What is in the environment when Spark's machine starts is what its workers see.
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("ENKASH_TOKEN", served.token)
        # Tests are over before a better compiler of the machine would pay.
        quick = "--driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' pyspark-shell"
        patch.setenv("PYSPARK_SUBMIT_ARGS", quick)
        builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
        session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()
