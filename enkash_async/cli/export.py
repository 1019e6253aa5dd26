"""`customers export`: pages in, lines out, and a summary of what came."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]  # stubs: types-tqdm

from enkash_async import (
    CustomerFilter,
    CustomerSearch,
    EnKashError,
    IncompleteSearchError,
    ResumeToken,
    SearchReport,
    Verdict,
)
from enkash_async.cli.connection import Connection, open_session
from enkash_async.cli.options import Extent
from enkash_async.cli.running import Status, misuse_shown, say, say_error
from enkash_async.cli.sinks import Sink, open_sink


@attrs.frozen(kw_only=True)
class Export:
    """One run of `customers export`."""

    connection: Connection
    criteria: CustomerFilter
    extent: Extent
    concurrency: int
    output: str
    quiet: bool

    async def run(self) -> int:
        """Write every customer and return the exit status."""
        with open_sink(self.output) as sink:
            async with open_session(
                self.connection, quiet=self.quiet, max_concurrency=self.concurrency
            ) as session:
                started = time.monotonic()
                with misuse_shown():
                    search = session.customers.search(self.criteria, **self.extent.as_arguments())
                async with search:
                    await self._read(search, sink, started)
            return _finish(search.report, sink)

    async def _read(self, search: CustomerSearch, sink: Sink, started: float) -> None:
        try:
            await self._copy(search, sink)
        except EnKashError as error:
            self._summarise(search.report, started, error.resume_token)
            if isinstance(error, IncompleteSearchError) and (place := sink.keep_partial()):
                say(f"what came is in {place}")
            raise
        self._summarise(search.report, started)

    async def _copy(self, search: CustomerSearch, sink: Sink) -> None:
        with progress_bar(shown=not self.quiet and _has_room_for_a_bar(self.output)) as bar:
            async for page in search.raw_pages():
                await sink.write(json_lines(page.records))
                bar.total = self._expected(search.total)
                bar.update(len(page))

    def _expected(self, total: int | None) -> int | None:
        limit = self.extent.max_records
        return limit if total is None else min(total, limit or total)

    def _summarise(
        self, report: SearchReport, started: float, token: ResumeToken | None = None
    ) -> None:
        if self.quiet:
            return
        records, seconds = report.records_delivered, time.monotonic() - started
        say(
            f"{records:,} records in {report.pages:,} pages, {seconds:.1f} s,"
            f" {records / max(seconds, 1e-9):,.0f} records/s"
        )
        say(": ".join(filter(None, [f"verdict {report.verdict}", "; ".join(report.reasons)])))
        if token is not None and token.delivered:
            say(f"resume token: {token}")


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What is raised for JSON that msgspec does not read, and that yet may be a record."""


def json_lines(records: Sequence[bytes]) -> bytes:
    """Return *records* as JSON Lines, their bytes untouched unless they hold a line break."""
    lines = b"\n".join([*records, b""])
    if lines.count(b"\n") == len(records) and b"\r" not in lines:
        return lines
    return b"\n".join([*map(_one_line, records), b""])


def _one_line(record: bytes) -> bytes:
    try:
        return msgspec.json.format(record, indent=-1)
    except UNREADABLE:
        # A bad record, or one that is nested deeper than a parser goes, is written all the same.
        return record.replace(b"\r", b" ").replace(b"\n", b" ")


def progress_bar(*, shown: bool) -> Any:
    """Return a bar on stderr, or one that stays invisible. It has no colours."""
    return tqdm(disable=not shown, file=sys.stderr, unit=" records", unit_scale=True, leave=False)


def _has_room_for_a_bar(output: str) -> bool:
    """Say whether stderr is a terminal that can redraw a line, without data in between."""
    mixed = output == "-" and sys.stdout.isatty()
    return sys.stderr.isatty() and not mixed and os.environ.get("TERM") != "dumb"


def _finish(report: SearchReport, sink: Sink) -> int:
    """Keep what was written, as a result or as a part of one, and return the exit status."""
    if report.verdict is Verdict.INCOMPLETE:
        place = sink.keep_partial()
        say_error(
            "the export is not proven to be complete"
            + ("" if place is None else f"; what came is in {place}")
        )
        return Status.INCOMPLETE
    sink.finish()
    return Status.COMPLETE if report.verdict is Verdict.COMPLETE else Status.INCOMPLETE
