"""The Spark source, by Spark in local mode, where a task may fail three times."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiohttp import web

from enkash_async import CustomerFilter, IncompleteSearchError
from enkash_async.arrow import customer_schema
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    Sandbox,
    SandboxSettings,
    SearchCall,
    faults,
    serve_sandbox,
)
from enkash_async.spark import EnKashDataSource
from enkash_async.spark.options import SourceOptions, read_options
from enkash_async.spark.planning import Share, deal, plan
from enkash_async.spark.pushing import narrowed_by
from enkash_async.spark.tasks import read_share
from tests.flows.killing import Killer, write_all
from tests.flows.rows import as_plain, by_id, make_aware, with_times
from tests.support.served import ROWS

# pyspark warns of pandas 3, and leaves sockets to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")


@pytest.fixture
def source(spark: Any, sandbox: Sandbox) -> Any:
    """A reader of the sandbox, whose token is in the environment."""
    options = {"baseUrl": sandbox.base_url, "pageSize": "100", "partitionRecords": "500"}
    return spark.read.format("enkash").options(**options)


def test_spark_holds_what_the_service_holds(source: Any, sandbox: Sandbox) -> None:
    table = source.load()
    rows = [make_aware(row.asDict(recursive=True)) for row in table.collect()]
    assert by_id(rows) == by_id([with_times(as_plain(one)) for one in sandbox.records()])
    # Neither the credentials nor their names are in the plan.
    assert sandbox.token not in table._jdf.queryExecution().toString()


@pytest.mark.anyio
async def test_a_limit_reads_the_first_pages(source: Any, sandbox: Sandbox) -> None:
    # Asynchronous, since a loop runs in the driver of a notebook too.
    table = source.load()
    assert len(table.limit(5).collect()) == 5
    planned = [call for call in sandbox.searches if call.limit == 1]
    assert len(sandbox.searches) - len(planned) < ROWS // 100


def test_a_task_that_fails_is_run_again_and_gives_the_same_rows(
    source: Any, sandbox: Sandbox
) -> None:
    table, failed = source.load(), list[int]()

    async def fail_once(call: SearchCall) -> web.Response | None:
        if call.offset == 0 or failed:
            return None
        failed.append(call.offset)
        error = {"errorType": "CLIENT_REQUEST_ERROR", "errorMessage": "not today"}
        return web.json_response({"errorResponse": error}, status=400)

    sandbox.on_search = fail_once
    rows = table.select("customer_id").collect()
    assert len(failed) == 1
    assert sorted(row.customer_id for row in rows) == sorted(sandbox.customer_ids())


def test_a_job_gives_each_row_once_although_tasks_are_killed(
    spark: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    killer = sandbox.on_search = Killer(at=[12, 24])
    options = {"pageSize": "100", "partitionRecords": "500"}

    rows = write_all(spark, sandbox, tmp_path, **options)

    assert len(set(killer.killed)) == 2
    assert sorted(rows["customer_id"]) == sorted(sandbox.customer_ids())


def test_a_job_that_cannot_read_a_part_fails_with_our_text(source: Any, sandbox: Sandbox) -> None:
    async def fail(call: SearchCall) -> web.Response | None:
        error = {"errorType": "CLIENT_REQUEST_ERROR", "errorMessage": "not today"}
        return web.json_response({"errorResponse": error}, status=400) if call.offset else None

    sandbox.on_search = fail
    with pytest.raises(Exception, match="not today") as raised:
        source.load().count()
    assert sandbox.token not in str(raised.value)


def test_filters_are_pushed_where_both_settings_say_so(
    spark: Any, source: Any, sandbox: Sandbox
) -> None:
    middle = sorted(record["createdOn"] for record in sandbox.records())[ROWS * 9 // 10]
    wanted = sum(record["createdOn"] > middle for record in sandbox.records())
    with pytest.raises(Exception, match="DATA_SOURCE_PUSHDOWN_DISABLED"):
        source.option("pushdown", "true").load().count()
    assert sandbox.searches == []
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    try:
        table = source.option("pushdown", "true").load()
        assert table.filter(f"created_on > timestamp'{middle}'").count() == wanted
    finally:
        spark.conf.unset("spark.sql.python.filterPushdown.enabled")
    assert len(sandbox.searches) < ROWS // 100


def test_a_stream_reads_each_customer_once(spark: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    options = {"baseUrl": sandbox.base_url, "lag": "2"}
    stream = spark.readStream.format("enkash").options(**options).load()
    writer = (
        stream.writeStream.format("parquet")
        .option("path", str(tmp_path / "table"))
        .option("checkpointLocation", str(tmp_path / "checkpoint"))
        .trigger(availableNow=True)
    )
    for _ in range(2):
        writer.start().awaitTermination()
        rows = spark.read.parquet(str(tmp_path / "table")).select("customer_id").collect()
        assert sorted(row.customer_id for row in rows) == sorted(sandbox.customer_ids())


# Without Spark

SHARE = Share(windows=(CustomerFilter(),), concurrency=1, rate=None)


@pytest.mark.parametrize("pushdown", [False, True])
def test_only_a_reader_that_is_asked_to_narrow_can(pushdown: bool) -> None:
    # Spark refuses one that can, unless its own setting is on.
    from pyspark.sql.datasource import DataSourceReader

    source = EnKashDataSource({"pushdown": str(pushdown)})
    assert (
        type(source.reader(schema=None)).pushFilters is DataSourceReader.pushFilters
    ) != pushdown


def test_a_task_yields_batches_page_by_page_and_needs_no_pandas(sandbox: Sandbox) -> None:
    code = """
import sys
sys.modules["pandas"] = None
from pyspark.sql.types import StructType
from enkash_async.spark import EnKashDataSource
from enkash_async.spark.schema import customer_ddl
from enkash_async.arrow import customer_schema
from pyspark.sql.pandas.types import from_arrow_schema
reader = EnKashDataSource({"pageSize": "100"}).reader(schema=from_arrow_schema(customer_schema()))
[partition] = reader.partitions()
for batch in reader.read(partition):
    print(type(batch).__name__, batch.num_rows)
"""
    environ = os.environ | sandbox.environ
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) >= ROWS // 100
    assert {line.split()[0] for line in lines} == {"RecordBatch"}
    assert sum(int(line.split()[1]) for line in lines) == ROWS


def test_a_task_that_is_not_proven_to_have_read_all_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_sandbox(SandboxSettings(rows=300, count_style="plus_one")) as sandbox:
        monkeypatch.setenv("ENKASH_TOKEN", sandbox.token)
        options = SourceOptions(base_url=sandbox.base_url, page_size=100)
        with pytest.raises(IncompleteSearchError, match="300 records of 301"):
            sum(batch.num_rows for batch in read_share(options, SHARE, customer_schema()))


def test_an_executor_with_another_version_says_what_to_do() -> None:
    other = attrs.evolve(SHARE, version="0.0.1")
    with pytest.raises(
        RuntimeError, match=r"the driver 0\.0\.1: install the same .* PYSPARK_PYTHON"
    ):
        next(read_share(SourceOptions(), other, None))


def test_an_executor_without_credentials_names_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ENKASH_TOKEN", raising=False)
    options = SourceOptions(base_url="http://127.0.0.1:9", variables="SALES_")
    with pytest.raises(ValueError, match=r"executorEnv.*begin with SALES_"):
        next(read_share(options, SHARE, None))


def test_a_stream_stays_behind_the_clock_and_never_goes_back() -> None:
    reader = EnKashDataSource({"lag": "600"}).streamReader(schema=None)
    end = datetime.fromisoformat(reader.latestOffset()["createdOn"])
    assert timedelta(seconds=599) < datetime.now(UTC) - end < timedelta(seconds=660)

    later = {"createdOn": (end + timedelta(days=1)).isoformat()}
    assert reader.latestOffset(later) == later
    assert reader.partitions(later, later) == []

    # What reads what is there and stops has one end, however long it takes.
    reader.prepareForTriggerAvailableNow()
    assert reader.latestOffset() == reader.latestOffset(reader.latestOffset())


@pytest.mark.parametrize("tasks", [1, 3, 8])
@pytest.mark.parametrize("windows", [0, 1, 2, 3, 7, 8, 9, 40])
def test_shares_add_up_to_what_is_allowed(windows: int, tasks: int) -> None:
    filters = [CustomerFilter(dso_from=number) for number in range(windows)]
    shares = deal(filters, SourceOptions(max_concurrency=tasks, max_rate=10.0))

    assert [window for share in shares for window in share.windows] == filters
    assert sum(share.concurrency for share in shares) == tasks
    assert all(share.concurrency for share in shares)
    assert sum(share.rate or 0 for share in shares) == pytest.approx(10)
    assert pickle.loads(pickle.dumps(shares)) == shares


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"token": "x"}, "no option 'token'.*Credentials are no options"),
        ({"maxConcurrency": "0"}, "maxConcurrency .* at least 1"),
        ({"maxRate": "nan"}, "maxRate .* at least"),
        ({"lag": "1"}, "lag .* at least 2"),
        ({"pushdown": "yes"}, "pushdown .* true or false"),
        ({"createdOnFrom": "soon"}, "createdOnFrom .* ISO"),
    ],
)
def test_a_wrong_option_is_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_options(given)


def test_time_is_cut_anew_where_a_customer_was_deleted_between_two_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve_sandbox(SandboxSettings(rows=300)) as sandbox:
        monkeypatch.setenv("ENKASH_TOKEN", sandbox.token)
        sandbox.faults = FaultScript([Fault(faults.DeleteRows(), requests=[3])])
        options = SourceOptions(base_url=sandbox.base_url, partition_records=100)
        shares = plan(options, options.filter)
        assert sandbox.faults_injected == {"delete_rows": 1}
    assert sum(len(share.windows) for share in shares) >= 3


def test_filters_never_narrow_too_far() -> None:
    from pyspark.sql.datasource import EqualTo, GreaterThan, LessThan

    moment, second = datetime(2024, 1, 1, tzinfo=UTC), timedelta(seconds=1)
    after = narrowed_by(CustomerFilter(), [GreaterThan(("created_on",), moment)])
    assert after == CustomerFilter(created_on_from=moment - second)
    before = narrowed_by(after, [LessThan(("created_on",), moment), EqualTo(("state",), "x")])
    assert before == CustomerFilter(created_on_from=moment - second, created_on_to=moment + second)
