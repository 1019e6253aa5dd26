"""How many bytes of pages may wait for their readers. No I/O."""

from __future__ import annotations


class ByteBudget:
    """Bytes of fetched pages that wait for their readers, counted over all searches."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.used = 0

    def has_room(self, nbytes: int) -> bool:
        """Say whether *nbytes* more fit."""
        return self.used + nbytes <= self.nbytes

    def take(self, nbytes: int) -> None:
        """Count *nbytes*; a negative number gives them back."""
        self.used += nbytes

    def __repr__(self) -> str:
        return f"<ByteBudget {self.used} of {self.nbytes} bytes used>"
