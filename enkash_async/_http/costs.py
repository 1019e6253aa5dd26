"""What requests cost: attempts, bytes, pauses, put into a report. No I/O."""

from __future__ import annotations

from enkash_async._http.throttle import Throttle
from enkash_async.errors import EnKashError
from enkash_async.report import SearchReport
from enkash_async.retry import STOP_NOTES, RetryReason, StopReason


class Costs:
    """What the requests of one search cost, put into its report."""

    def __init__(self, report: SearchReport, throttle: Throttle) -> None:
        self._report = report
        self._throttle = throttle
        self._counted = 0.0

    def note_attempt(self) -> None:
        self._report.attempts += 1

    def note_answer(self, nbytes: int) -> None:
        self._report.bytes_received += nbytes

    def note_pauses(self, since: float, now: float) -> None:
        """Count the pauses *since* a time. Requests that wait at the same time count once."""
        paused = self._throttle.paused_seconds(now)
        before = max(self._counted, self._throttle.paused_seconds(since))
        self._report.seconds_paused += max(0.0, paused - before)
        self._counted = max(self._counted, paused)

    def note_limit(self) -> None:
        """Note to how many requests in flight the session has come down, if it has."""
        limit, lowest = self._throttle.limit, self._report.lowest_concurrency
        if limit < self._throttle.at_most:
            self._report.lowest_concurrency = limit if lowest is None else min(lowest, limit)

    def note_page_size(self, rows: int) -> None:
        """Note to how many rows the search's pages have come down."""
        smallest = self._report.smallest_page_size
        self._report.smallest_page_size = rows if smallest is None else min(smallest, rows)

    def note_retry(self, reason: RetryReason) -> None:
        report = self._report
        report.retries += 1
        report.retry_reasons[reason] = report.retry_reasons.get(reason, 0) + 1

    def note_stop(self, reason: StopReason, error: EnKashError) -> None:
        """Count that a request was given up, and say why in a note of *error*."""
        counts = self._report.stop_reasons
        counts[reason] = counts.get(reason, 0) + 1
        if reason in STOP_NOTES:
            error.add_note(STOP_NOTES[reason])
