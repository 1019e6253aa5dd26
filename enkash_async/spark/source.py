"""The data source `enkash`, and its readers: what Spark calls, and nothing else."""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)

from enkash_async.customers.filters import CustomerFilter
from enkash_async.spark.options import SourceOptions, read_options
from enkash_async.spark.planning import Share, plan, plan_span
from enkash_async.spark.pushing import narrowed_by
from enkash_async.spark.schema import customer_ddl
from enkash_async.spark.tasks import read_share

try:
    # Since 4.2. Without it a stream works, but does not stop at what is there.
    from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
except ImportError:
    SupportsTriggerAvailableNow = object

FORMAT = "enkash"


class SharePartition(InputPartition):
    """One share, as Spark carries it to a task."""

    def __init__(self, share: Share) -> None:
        super().__init__(share)
        self.share = share


class EnKashDataSource(DataSource):
    """Customers of an EnKash account: `spark.read.format("enkash").options(...).load()`.

    `SourceOptions` lists the options, in camel case. Address and credentials come from the ENKASH_
    variables of driver and executors; none of it is an option, but for the address.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        super().__init__(options)
        self._read_options = read_options(options)

    @classmethod
    def name(cls) -> str:
        """Return what `format()` is given."""
        return FORMAT

    def schema(self) -> str:
        """Return the columns of customers."""
        return customer_ddl()

    def reader(self, schema: Any) -> DataSourceReader:
        """Return what reads a table."""
        # A reader that has pushFilters is refused unless Spark's own setting is on as well.
        kind = NarrowingReader if self._read_options.pushdown else TableReader
        return kind(self._read_options, schema)

    def streamReader(self, schema: Any) -> DataSourceStreamReader:  # noqa: N802
        """Return what reads a stream of new customers."""
        return NewCustomersReader(self._read_options, schema)


class TableReader(DataSourceReader):
    """Reads the customers created until the planning. A task that runs again asks the same."""

    def __init__(self, options: SourceOptions, schema: Any) -> None:
        self._options = options
        self._schema = schema
        self._filter: CustomerFilter = options.filter

    def partitions(self) -> Sequence[InputPartition]:
        """Return one partition a task."""
        return _partitions(plan(self._options, self._filter))

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """Yield the customers of a partition by the page."""
        return _read(self._options, partition, self._schema)


class NarrowingReader(TableReader):
    """Besides lets filters on `created_on` narrow what is asked for.

    For `spark.sql.python.filterPushdown.enabled=true`; without it Spark refuses this reader.
    """

    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:  # noqa: N802
        """Take note of *filters*, and leave them all to Spark: only it knows where to cut."""
        self._filter = narrowed_by(self._filter, filters)
        return filters


class NewCustomersReader(DataSourceStreamReader, SupportsTriggerAvailableNow):  # pyright: ignore[reportGeneralTypeIssues]
    """Reads who was created since; an offset is the end of the last span of time.

    It stays behind the clock, so that a span is closed when it is read. It sees neither edits nor
    deletions, nor customers without `createdOn`.
    """

    def __init__(self, options: SourceOptions, schema: Any) -> None:
        self._options = options
        self._schema = schema
        self._last: datetime | None = None

    def initialOffset(self) -> dict[str, str]:  # noqa: N802
        """Return where a stream begins that has no checkpoint."""
        return _offset(self._options.created_on_from)

    def latestOffset(  # noqa: N802
        self, start: dict[str, str] | None = None, limit: Any = None
    ) -> dict[str, str]:
        """Return up to where it can be read now."""
        begin = None if start is None else _moment(start)
        end = self._last or self._closed_until()
        return _offset(end if begin is None or end > begin else begin)

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """Fix the end of a stream that reads what is there, and stops."""
        self._last = self._closed_until()

    def partitions(self, start: dict[str, str], end: dict[str, str]) -> Sequence[InputPartition]:
        """Return the partitions of one batch."""
        begin, until = _moment(start), _moment(end)
        if until is None or (begin is not None and until <= begin):
            return []
        return _partitions(plan_span(self._options, begin, until))

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """Yield the customers of a partition by the page."""
        return _read(self._options, partition, self._schema)

    def _closed_until(self) -> datetime:
        end = (datetime.now(UTC) - self._options.behind).replace(microsecond=0)
        latest = self._options.created_on_to
        return end if latest is None else min(end, latest)


def _partitions(shares: Sequence[Share]) -> list[InputPartition]:
    return [SharePartition(share) for share in shares]


def _read(
    options: SourceOptions, partition: InputPartition, schema: Any
) -> Iterator[pyarrow.RecordBatch]:
    if not isinstance(partition, SharePartition):
        # What Spark makes of no partitions.
        return iter(())
    from pyspark.sql.pandas.types import to_arrow_schema

    return read_share(options, partition.share, to_arrow_schema(schema, timezone="UTC"))


def _offset(moment: datetime | None) -> dict[str, str]:
    return {} if moment is None else {"createdOn": moment.isoformat()}


def _moment(offset: dict[str, str]) -> datetime | None:
    return datetime.fromisoformat(offset["createdOn"]) if offset else None
