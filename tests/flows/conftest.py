"""One sandbox and one PostgreSQL for all flows; `.ci/flows` installs what they need."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from enkash_async.sandbox import Sandbox
from tests.support.postgresql import programs, running_postgresql
from tests.support.served import sandbox, served

__all__ = ["dsn", "sandbox", "served", "spark"]


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    program = programs()
    if program is None:
        pytest.skip("PostgreSQL is not installed: .ci/flows says why")
    with running_postgresql(program) as dsn:
        yield dsn


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
