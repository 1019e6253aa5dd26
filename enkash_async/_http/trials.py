"""Whether it helps to hold requests back after a refusal, as far as that was tried. No I/O.

Each rate that was measured is tried, and believed where far more are taken before the next refusal.
After one that did not help, requests are not held back at all, to see what that brings; so it is
left as long as it brings more, with rarer and rarer trials between.
"""

from __future__ import annotations

from enkash_async._http.span import Span

HELPS = 2
"""A rate is believed where so many times as many are taken between two refusals as without it."""

WORTH = 1.5
"""Not to hold back must bring so many times as many in a second.

Where a service bounds what it takes, that brings hardly more, but many refusals.
"""

LESS = 0.9
MOST_LESS = 3
"""For each trial in vain, up to so many, the next begins with this part of the rate measured: if
there is a rate, it was too high."""

MOST_SKIPS = 16
"""Measurements let pass at most before another trial, after many that were in vain; and trials
before it is seen anew what requests that are not held back bring."""


class Trials:
    """The rates that were kept to in vain, and what was taken with and without them."""

    def __init__(self) -> None:
        self._misses = 0
        """Rates in a row that were kept to in vain."""
        self._skips = 0
        """Measurements that are let pass before another rate is tried."""
        self._run_before = 0.0
        """How many were taken from one refusal to the next without a rate."""
        self._run_held = self._rate_held = 0.0
        """How many were where requests were held back; and in a second, with a rate."""
        self._failures = 0
        """Times in a row that it brought little not to hold back."""
        self._missing = 0
        """Misses that it takes before requests are not held back again."""

    @property
    def are_vain(self) -> bool:
        """Say whether the last rate was kept to in vain, and nothing says that it is better so."""
        return self._misses > 0 and not self._missing

    def rate_of(self, span: Span) -> float | None:
        """Return the rate to try after *span*, in which none was kept to; None for not now."""
        self._run_before = span.run
        if not span.is_free:
            self._run_held = span.run
        elif not span.is_flood:
            self._note_free(span.rate)
        self._skips -= 1
        return None if self._skips >= 0 else span.rate * LESS ** min(self._misses, MOST_LESS)

    def note_trial(self, span: Span, *, is_due: bool) -> bool:
        """Say whether the rate kept to in *span* has helped, where a refusal *is_due* by then."""
        self._rate_held = (self._rate_held + span.rate) / 2 if self._rate_held else span.rate
        self._run_held = span.run
        helped = is_due and span.run >= HELPS * self._run_before
        if helped:
            self._misses = 0
        else:
            self._misses += 1
            self._skips = min(2 ** (self._misses - 1) - 1, MOST_SKIPS)
            self._missing = max(0, self._missing - 1)
        return helped

    def note_refused(self, span: Span) -> None:
        """Hold requests back at once where those of *span* are refused far more often so."""
        if span.is_free and not span.is_flood and span.is_worse(self._run_held):
            span.is_flood = True
            self._note_free(0.0)

    def _note_free(self, rate: float) -> None:
        if rate >= WORTH * self._rate_held:
            self._failures = 0
        else:
            self._failures += 1
            self._missing = min(2 ** (self._failures - 1), MOST_SKIPS)
            self._skips = 0
