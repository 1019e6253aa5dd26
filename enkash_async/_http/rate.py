"""The rate that a caller sets for all requests of a session. No I/O."""

from __future__ import annotations


class RateLimit:
    """At most *per_second* requests a second, evenly: each goes so long after the one before.

    None sets no limit. No request that was late is made up for, so that no second, wherever it
    begins, has more.
    """

    def __init__(self, per_second: float | None) -> None:
        self._gap = 0.0 if per_second is None else 1 / per_second
        self.next_at = 0.0
        """From when on the next request may be sent."""

    def note_sent(self, now: float) -> None:
        """Note that a request is sent."""
        self.next_at = now + self._gap
