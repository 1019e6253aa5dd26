"""How many lines of a kind the log takes in a burst. No I/O."""

from __future__ import annotations

MOST = 10
"""Lines of one kind in a span of time."""

SPAN = 10.0
"""Seconds."""


class Bursts:
    """Lets the first lines of each kind through, and counts those that it holds back."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[float, int]] = {}

    def held_back_before(self, kind: str, now: float) -> int | None:
        """Return how many lines of *kind* were held back before this one; None to hold it back."""
        began, count = self._spans.get(kind, (now, 0))
        if now - began >= SPAN:
            held_back, began, count = max(0, count - MOST), now, 0
        else:
            held_back = 0
        self._spans[kind] = (began, count + 1)
        return held_back if count < MOST else None
