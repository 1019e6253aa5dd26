"""How many bytes of pages searches may hold. No I/O."""

from __future__ import annotations


class ByteBudget:
    """Bytes held of pages, counted over all searches: of those that wait for their readers, and
    of those *remembered*, to know rows again.

    What is remembered cannot be given back before the search has gone on, so it only leaves less
    room for pages ahead.
    """

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.used = 0
        """All of them."""
        self.remembered = 0
        """Those of pages that were handed over."""

    def has_room(self, nbytes: int) -> bool:
        """Say whether *nbytes* more fit."""
        return self.used + nbytes <= self.nbytes

    def take(self, nbytes: int) -> None:
        """Count *nbytes*; a negative number gives them back."""
        self.used += nbytes

    def remember(self, nbytes: int) -> None:
        """Count *nbytes* of pages that were handed over; a negative number gives them back."""
        self.used += nbytes
        self.remembered += nbytes

    def __repr__(self) -> str:
        return f"<ByteBudget {self.used} of {self.nbytes} bytes used>"
