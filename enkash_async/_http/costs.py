"""What requests cost: attempts, bytes, pauses, put into a report. No I/O."""

from __future__ import annotations

import time

from enkash_async._http.throttle import Throttle
from enkash_async.errors import EnKashError
from enkash_async.report import SearchReport
from enkash_async.retry import STOP_NOTES, RetryReason, StopReason


class Costs:
    """What the requests of one search cost, as its report has it."""

    def __init__(self, report: SearchReport, throttle: Throttle) -> None:
        self.report = report
        self._throttle = throttle
        self._counted = 0.0

    def waited(self, since: float) -> None:
        """Count the pauses *since* a time. Pages that wait at the same time count once."""
        now = self._throttle.paused_seconds(time.monotonic())
        before = max(self._counted, self._throttle.paused_seconds(since))
        self.report.seconds_paused += max(0.0, now - before)
        self._counted = max(self._counted, now)

    def note_limit(self) -> None:
        limit, lowest = self._throttle.limit, self.report.lowest_concurrency
        if limit < self._throttle.most:
            self.report.lowest_concurrency = limit if lowest is None else min(lowest, limit)

    def note_page_size(self, size: int) -> None:
        smallest = self.report.smallest_page_size
        self.report.smallest_page_size = size if smallest is None else min(smallest, size)

    def retried(self, reason: RetryReason) -> None:
        report = self.report
        report.retries += 1
        report.retry_reasons[reason] = report.retry_reasons.get(reason, 0) + 1

    def stopped(self, reason: StopReason, error: EnKashError) -> None:
        counts = self.report.stop_reasons
        counts[reason] = counts.get(reason, 0) + 1
        if reason in STOP_NOTES:
            error.add_note(STOP_NOTES[reason])
