"""Times as people write them. No I/O."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time


def instant_of(text: str) -> datetime:
    """Return the aware datetime that *text* spells; a bare date is midnight UTC. ValueError."""
    with contextlib.suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO date or time") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; add one, such as Z or +05:30")
    return instant
