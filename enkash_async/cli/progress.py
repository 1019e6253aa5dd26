"""How an export is seen to go: a bar where a terminal can show one, else a line now and then."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]  # stubs: types-tqdm

from enkash_async.cli.running import is_log_shown
from enkash_async.cli.words import say
from enkash_async.export import ExportProgress
from enkash_async.report import number

EVERY = 5.0
"""Seconds between two lines."""


class Progress:
    """Shows the progress of one export on stderr."""

    def __init__(self, *, quiet: bool, output: str) -> None:
        self._has_bar = not quiet and _has_room_for_a_bar(output)
        self._has_lines = not quiet and not self._has_bar
        self._bar: Any = None
        self._started = self._told_at = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, progress: ExportProgress) -> None:
        """Show how far it has come."""
        if self._has_bar:
            self._update_bar(progress)
        elif self._has_lines:
            self._update_lines(progress)

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(text)

    def _update_bar(self, progress: ExportProgress) -> None:
        if self._bar is None:
            # In the colours of the terminal, as tqdm has none of its own.
            self._bar = tqdm(
                file=sys.stderr,
                unit=" records",
                unit_scale=True,
                leave=False,
                dynamic_ncols=True,
                initial=progress.records,
            )
        self._bar.total = progress.total
        if progress.report.retries:
            retries = number(progress.report.retries, "retry", "retries")
            self._bar.set_postfix_str(retries, refresh=False)
        self._bar.update(progress.records - self._bar.n)

    def _update_lines(self, progress: ExportProgress) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = progress.records
        if now - self._told_at < EVERY:
            return
        self._told_at = now
        rate = (progress.records - self._first) / max(now - self._started, 1e-9)
        of = "" if progress.total is None else f" of {progress.total:,}"
        say(
            f"{progress.records:,}{of} records, {rate:,.0f} records/s,"
            f" {number(progress.report.retries, 'retry', 'retries')}"
        )


def _has_room_for_a_bar(output: str) -> bool:
    """Say whether stderr is a terminal that can redraw a line, without other lines in between."""
    if is_log_shown() or sys.stderr is None or not sys.stderr.isatty():
        return False
    mixed = output == "-" and sys.stdout is not None and sys.stdout.isatty()
    return not mixed and os.environ.get("TERM") not in (None, "", "dumb")
