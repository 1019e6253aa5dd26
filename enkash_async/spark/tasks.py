"""What a task does: read its windows page by page, as batches that Spark takes as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow

from enkash_async import __version__
from enkash_async._decoding.arrow.untyped import pa, pc
from enkash_async.arrow.reading import BatchReading
from enkash_async.customers.search import CustomerSearch
from enkash_async.session import EnKashSession
from enkash_async.spark.options import SourceOptions
from enkash_async.spark.planning import Share
from enkash_async.spark.sessions import session_of


def read_share(options: SourceOptions, share: Share, schema: Any) -> Iterator[pyarrow.RecordBatch]:
    """Yield the batches of *share* as Spark's *schema*, one a page: a LIMIT ends it early."""
    if share.version != __version__:
        raise RuntimeError(
            f"this executor has enkash-async {__version__}, the driver {share.version}: install"
            " the same on both, and point PYSPARK_PYTHON at the Python that has it"
        )
    if not share.windows:
        return
    reading = BatchReading(
        lambda: session_of(options, share.concurrency, share.rate),
        lambda session: _searches(session, share),
        lambda search: search.arrow_batches(),
    )
    for batch in reading:
        yield _within(share, batch).cast(schema)


def _searches(session: EnKashSession, share: Share) -> Iterable[CustomerSearch]:
    for window in share.windows:
        yield session.customers.search(window, order_by="createdOn")


def _within(share: Share, batch: Any) -> Any:
    """Leave out what belongs to the batch of a stream before this one, or after it."""
    if share.end is None:
        return batch
    created = batch.column("created_on")
    inside = pc.less(created, pa.scalar(share.end, created.type))
    if share.begin is not None:
        begin = pa.scalar(share.begin, created.type)
        inside = pc.and_(inside, pc.greater_equal(created, begin))
    return batch.filter(inside)
