"""A record that could not be read, as its caller is told of it. No I/O."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from enkash_async.errors import DecodeError


@attrs.frozen
class BadRecord:
    """A record that could not be structured: its bytes, why, and its place.

    *offset* is its row in the list, *index* its place in its page.
    """

    raw: bytes = attrs.field(repr=False)
    reason: str
    offset: int
    index: int


OnBadRecord = Callable[[BadRecord], None]
"""Takes a bad record, after all records before it; what it raises ends the search."""


def error_of(bad: BadRecord) -> DecodeError:
    """Return the error that would have been raised for a *bad* record."""
    path, _, reason = bad.reason.partition(": ")
    return DecodeError(path, reason, bad.offset, bad.index)
