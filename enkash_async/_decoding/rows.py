"""Rows of a page that are about to be decoded. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from enkash_async._wire.splitting import CutRecords, ListText

_start_of = attrgetter("start")


class Rows(msgspec.Struct, eq=False):
    """New rows of a page: those of its *records* that stand at *indices*, undecoded.

    *row* is the place in the list of the first record of the page.
    """

    records: Sequence[msgspec.Raw]
    indices: Sequence[int]
    row: int
    texts: Sequence[ListText] = ()
    """Where many records lie together, and can be read together. Not all records do."""
    aside: set[int] = msgspec.field(default_factory=set[int])
    """Indices of records that could not be read and were handed to the caller as such."""

    def __post_init__(self) -> None:
        if isinstance(self.records, CutRecords):
            self.texts = self.records.texts

    def __len__(self) -> int:
        return len(self.indices)

    def row_at(self, place: int) -> int:
        """Return the place in the list of the new row at *place* among the new ones."""
        return self.row + self.indices[place]

    def text_at(self, place: int) -> ListText | None:
        """Return the text with the row at *place*, if it is worth reading from its beginning.

        All its records from that row on are new rows, and fewer than half stand before it: on most
        pages one, which the page before ended with.
        """
        if not isinstance(self.indices, range) or place >= len(self.indices):
            return None
        index = self.indices[place]
        at = bisect_right(self.texts, index, key=_start_of) - 1
        if at < 0:
            return None
        text = self.texts[at]
        is_wanted = text.stop <= self.indices.stop and 2 * index < text.start + text.stop
        return text if is_wanted else None

    def forget(self, text: ListText) -> None:
        """Have the records in *text* read one at a time."""
        self.texts = [other for other in self.texts if other is not text]

    def leave_out_aside(self) -> None:
        """Forget the rows that were set aside."""
        if self.aside:
            self.indices = [index for index in self.indices if index not in self.aside]
