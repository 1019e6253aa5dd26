"""How the rows of an export are divided among parts. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PART_ROWS = 250_000
"""Rows of a part unless given: ten row groups of Parquet, some 350 MB of JSON Lines."""


class Division:
    """Cuts pages where a part is full. A part is begun only when there is a row for it."""

    def __init__(self, part_rows: int | None, taken: int = 0) -> None:
        self._part_rows = part_rows
        self.taken = taken
        """Rows in the part that grows."""

    def pieces(self, rows: Any) -> Iterator[tuple[bool, Any]]:
        """Walk over the pieces of *rows*, each with whether it begins another part."""
        if self._part_rows is None:
            yield False, rows
            return
        begin = 0
        while begin < len(rows):
            begins_part = self.taken >= self._part_rows
            if begins_part:
                self.taken = 0
            piece = rows[begin : begin + self._part_rows - self.taken]
            begin += len(piece)
            self.taken += len(piece)
            yield begins_part, piece
