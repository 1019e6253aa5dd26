"""Records that cannot be written, kept as the bytes that came. No I/O."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import attrs
import msgspec


@attrs.frozen
class BadRow:
    """A record that is left out of the file: its row, its bytes, and why.

    *row* is where it stood in the list when it came, counted from 0, as in the `BadRecord` of a
    search; of a crawl, among the records in the order in which they are delivered.
    """

    row: int
    reason: str
    raw: bytes = attrs.field(repr=False)


def lines_of(bad: Sequence[BadRow]) -> bytes:
    """Return JSON Lines that keep the bytes of *bad* rows, in base64, each with its reason."""
    return b"".join(
        msgspec.json.encode(
            {
                "row": one.row,
                "reason": one.reason,
                "base64": base64.b64encode(one.raw).decode(),
            }
        )
        + b"\n"
        for one in bad
    )
