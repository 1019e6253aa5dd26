"""How many bytes of pages may wait for their readers. No I/O."""

from __future__ import annotations


class ByteBudget:
    """Bytes of fetched pages that wait for their readers, counted over all searches."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0

    def has_room(self, size: int) -> bool:
        """Say whether *size* more bytes fit."""
        return self.used + size <= self.size

    def take(self, size: int) -> None:
        """Count *size* bytes; a negative number gives them back."""
        self.used += size
