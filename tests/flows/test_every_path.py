"""Every path, on good days and bad: complete by values and types, or a clear failure.

What comes is compared with the sandbox's own table: exact amounts, times in UTC, nulls, nested
lists, and names that are hard to carry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from enkash_async.sandbox import FaultScript, Sandbox, SandboxSettings, serve_sandbox
from tests.flows.rows import Row, as_plain, by_id, with_times
from tests.flows.targets import TARGETS, Service, Target

pytestmark = pytest.mark.filterwarnings(
    # pyspark warns of pandas 3, and leaves sockets to the collector.
    "ignore::FutureWarning",
    "ignore::ResourceWarning",
)

ODD_NAMES = ["\U0001f4b0 & Sons", "a \"b\" 'c', d;\te\\f", "one\ntwo\r\nthree", "", "नमस्ते", None]

HARD_DAY = """
seed = 5

[[fault]]
kind = "latency"
seconds = 0.001
jitter = 0.01
probability = 0.3

[[fault]]
kind = "rate_limit"
retry_after = 0
requests = [3]

[[fault]]
kind = "reset"
requests = [1]

[[fault]]
kind = "reset_inside"
requests = [5]

[[fault]]
kind = "http_error"
status = 503
requests = [7]
"""

DRIFT = """
[[fault]]
kind = "insert_rows"
skip = 2
every = 2
times = 4

[[fault]]
kind = "delete_rows"
skip = 3
every = 2
times = 4
"""

REFUSED_HALF_WAY = """
[[fault]]
kind = "error"
error_type = "CLIENT_REQUEST_ERROR"
skip = 4
"""


def make_odd(sandbox: Sandbox) -> None:
    """Give some customers names that are hard to carry."""
    for customer_id, name in zip(sandbox.customer_ids()[::40], ODD_NAMES * 2, strict=False):
        sandbox.update(customer_id, {"legal_name": name})


def rows_of(sandbox: Sandbox) -> list[Row]:
    """Return the sandbox's own table, with names and values of Python."""
    return [with_times(as_plain(record)) for record in sandbox.records()]


def service_of(sandbox: Sandbox, folder: Path, request: pytest.FixtureRequest) -> Service:
    return Service(sandbox, folder, request.getfixturevalue)


@pytest.fixture(params=TARGETS, ids=[target.name for target in TARGETS])
def target(request: Any) -> Target:
    found: Target = request.param
    return found


SETTINGS = SandboxSettings(rows=500, extremes=True, rows_without_created_on=0)


def test_a_target_holds_what_the_service_holds(
    target: Target, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with serve_sandbox(SETTINGS) as sandbox:
        make_odd(sandbox)
        rows = target.fill(service_of(sandbox, tmp_path, request))
        assert by_id(rows) == by_id([*map(target.shape, rows_of(sandbox))])


def test_a_hard_day_of_a_list_that_changes_leaves_nobody_out(
    target: Target, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with serve_sandbox(SETTINGS) as sandbox:
        make_odd(sandbox)
        before = rows_of(sandbox)
        sandbox.faults = FaultScript.parse(HARD_DAY + DRIFT)
        rows = target.fill(service_of(sandbox, tmp_path, request))
        injected, after = sandbox.faults_injected, rows_of(sandbox)

    assert {"rate_limit", "reset", "reset_inside", "insert_rows", "delete_rows"} <= {*injected}
    found, begun, ended = (
        by_id([*map(target.shape, table)] if table is not rows else rows)
        for table in (rows, before, after)
    )
    assert {*begun} & {*ended} <= {*found}
    known = begun | ended
    for customer_id, row in found.items():
        # Nobody came who was added and deleted in between: what is deleted was there at first.
        assert row == known[customer_id]


def test_a_path_that_cannot_go_on_fails_with_a_reason(
    target: Target, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with serve_sandbox(SETTINGS) as sandbox:
        sandbox.faults = FaultScript.parse(REFUSED_HALF_WAY)
        with pytest.raises(Exception, match=r"CLIENT_REQUEST_ERROR|IncompleteRead"):
            target.fill(service_of(sandbox, tmp_path, request))


def test_a_list_that_is_not_proven_to_be_whole_fails(
    target: Target, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # All pages fit, and one customer less comes than the service counts.
    with (
        serve_sandbox(attrs.evolve(SETTINGS, count_style="plus_one")) as sandbox,
        pytest.raises(Exception, match=r"INCOMPLETE|IncompleteSearchError|IncompleteRead"),
    ):
        target.fill(service_of(sandbox, tmp_path, request))
