"""The account of a search: how much was read, and whether anything is missing. No I/O."""

from __future__ import annotations

from enum import StrEnum
from typing import cast

import attrs

__all__ = [
    "SearchReport",
    "Verdict",
]


class Verdict(StrEnum):
    """Whether a search delivered what was there."""

    COMPLETE = "COMPLETE"
    """Every page fitted its neighbour, the end was reached, and the counts agree."""

    CHANGED = "CHANGED"
    """The list changed while it was read; every record that was there throughout was delivered."""

    INCOMPLETE = "INCOMPLETE"
    """Not finished, or not proven: `reasons` says what is missing."""


@attrs.define(kw_only=True)
class SearchReport:
    """The account of one search, kept up to date while it runs.

    *rows_received* counts rows as they came over the wire. A search of a list that stays the same
    receives the sum of *records_delivered*, *bad_records*, *rows_overlapping* (the row by which
    neighbouring pages overlap), *duplicates_dropped*, *rows_reread* (by repairs), and what has been
    fetched but not handed over. A crawl receives more, since it counts, and cuts windows; and where
    the list changes, a row may be both reread and a duplicate, so that no sum holds.

    *missing* holds ranges of rows, first and last, that `recordsCount` speaks of and the list did
    not hold. *undeclared_fields* says on how many pages the first record had which fields that this
    version does not know: the service may have changed. *pages_decoded_tolerantly* counts pages
    that pyarrow could not read as a whole, which took longer. Times are in seconds;
    *longest_stall* is the longest time for which the decoder held up the event loop.

    *retry_reasons* says how many retries were made for what (`rate_limited`, `timeout`, `connect`,
    `broken_answer`, `too_large`, `service_error`, `token_renewed`), *stop_reasons* why others
    were not (`not_retryable`, `attempts`, `retry_after`, `call_timeout`, `quota`).
    *seconds_paused* is the time for which pages waited because the service refused one of the
    session's requests; *lowest_concurrency* and *smallest_page_size* are what session and search
    came down to, None where they stayed as they were set.

    *unfinished*: the search has not been read to its end (yet), so that the verdict is none.
    *limited*: `max_records`, or `max_rows` of a table, ended it; the verdict is about what came
    until then.
    """

    verdict: Verdict = Verdict.INCOMPLETE
    reasons: list[str] = attrs.field(factory=list[str])
    total_at_start: int | None = None
    total_at_end: int | None = None
    rows_received: int = 0
    records_delivered: int = 0
    rows_overlapping: int = 0
    duplicates_dropped: int = 0
    rows_reread: int = 0
    repairs: int = 0
    missing: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])
    bad_records: int = 0
    undeclared_fields: dict[str, int] = attrs.field(factory=dict[str, int])
    pages: int = 0
    pages_decoded_tolerantly: int = 0
    attempts: int = 0
    retries: int = 0
    retry_reasons: dict[str, int] = attrs.field(factory=dict[str, int])
    stop_reasons: dict[str, int] = attrs.field(factory=dict[str, int])
    bytes_received: int = 0
    seconds_paused: float = 0.0
    lowest_concurrency: int | None = None
    smallest_page_size: int | None = None
    seconds_waiting: float = 0.0
    seconds_decoding: float = 0.0
    longest_stall: float = 0.0
    unfinished: bool = False
    limited: bool = False

    @property
    def complete(self) -> bool:
        """Say whether the verdict is COMPLETE."""
        return self.verdict is Verdict.COMPLETE

    def __str__(self) -> str:
        total = self.total_at_start if self.unfinished else self.total_at_end
        counted = "an unknown number" if total is None else f"{total:,}"
        so_far = " so far" if self.unfinished else ""
        text = (
            f"{self._headline()}: {number(self.records_delivered, 'record')}{so_far} of {counted}"
            f" in {number(self.pages, 'page')}, {number(self.retries, 'retry', 'retries')},"
            f" {number(self.duplicates_dropped, 'duplicate')} dropped,"
            f" {number(self.repairs, 'repair')}"
        )
        return text if not self.reasons else f"{text} ({'; '.join(self.reasons)})"

    def _headline(self) -> str:
        if self.unfinished:
            return "UNFINISHED"
        if not self.limited:
            return str(self.verdict)
        # What came so far fits; of the rest nothing is known, so it must not read like a whole.
        return "LIMITED as asked" + ("" if self.complete else f", {self.verdict}")

    def _repr_html_(self) -> str:
        """Return a table of what the report holds, for notebooks."""
        # Nobody else needs it, so that it is not loaded before.
        from enkash_async._html import table

        rows = [
            (attribute.name.replace("_", " "), _in_a_cell(value))
            for attribute in attrs.fields(type(self))
            if (value := getattr(self, attribute.name)) or attribute.name in _ALWAYS_SHOWN
        ]
        return table([self._headline(), ""], rows[1:])


def number(count: int, noun: str, several: str | None = None) -> str:
    """Return *count* with its *noun*, as people write it."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


_ALWAYS_SHOWN = {"verdict", "records_delivered", "total_at_end"}


def _in_a_cell(value: object) -> object:
    if isinstance(value, list):
        return "; ".join(map(str, cast("list[object]", value)))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {n}" for key, n in cast("dict[str, int]", value).items())
    return f"{value:,.3f}" if isinstance(value, float) else value
