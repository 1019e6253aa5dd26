"""Times as people write them. No I/O."""

from __future__ import annotations

import contextlib
from datetime import date, datetime


def time_of(text: str) -> date:
    """Return the day, or the aware datetime, that *text* spells; ValueError.

    Which instant a day stands for, the filter says.
    """
    with contextlib.suppress(ValueError):
        return date.fromisoformat(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO date or time") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; add one, such as Z or +05:30")
    return instant
