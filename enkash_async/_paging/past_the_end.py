"""What an error in answer to one page may mean. No I/O."""

from __future__ import annotations

from enkash_async._paging.page_request import PageRequest, Purpose
from enkash_async._paging.place import Place


class PastTheEnd:
    """Tells which errors may stand for nothing: those for pages that may lie past the end.

    The page in line begins with a row that was there, so that it lies past the end only if the
    list has become shorter. Then the row is found elsewhere, or is gone; where it still stands in
    its place, the next error is about something else.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._refused: PageRequest | None = None
        self._edge: str | None = None
        self._moves = 0

    def is_possible(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* may mean that nothing stands there."""
        if request.row <= 0:
            return False
        if request.purpose is not Purpose.NEXT or self._place.edge is None:
            return True
        place, last = self._place, self._refused
        if last is not None and last.row == request.row and self._edge == place.edge:
            # It is asked about until a page is taken.
            return last is request and self._moves == place.moves
        self._refused, self._edge, self._moves = request, place.edge, place.moves
        return True
