"""A page as it came: undecoded records, and their ids where somebody asks. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import cached_property

import msgspec

PIECE, PIECE_BYTES = 200, 512 * 1024
"""Records whose ids are read at once, and their bytes: less than a millisecond's work."""

HEAVY_PAGE, HEAVY_ROW = 8 * 1024 * 1024, 4096
"""Bytes beyond which a page, or a row on average, is too heavy to be kept for its ids."""

Identify = Callable[[msgspec.Raw], str]
"""Returns what tells a record apart from all others of its list."""


class RawPage:
    """Records of one answer in its order, with the `recordsCount` that stood beside them."""

    def __init__(
        self,
        records: Sequence[msgspec.Raw],
        total: int | None = None,
        nbytes: int = 0,
        *,
        identify: Identify,
        stands_for_error: bool = False,
        asked: int | None = None,
        are_parsed: bool = False,
    ) -> None:
        self.records = records
        self.total = total
        self.nbytes = nbytes
        self.stands_for_error = stands_for_error
        """An error came instead, as where some services are asked for what is past the end."""
        self.asked = asked
        """How many rows were asked for; None where nobody noted it."""
        self.are_parsed = are_parsed
        """A parser of JSON has gone through the records."""
        self.identify = identify

    @classmethod
    def of_error(cls) -> RawPage:
        """Return the page that stands for an error, with nothing on it."""
        return cls((), identify=repr, stands_for_error=True)

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, max_rows: int) -> RawPage:
        """Return a page of at most *max_rows* of the records, evenly spread."""
        return RawPage(self.records[:: max(1, -(-len(self) // max_rows))], identify=self.identify)

    @property
    def is_heavy(self) -> bool:
        """Say whether its ids are read when it arrives, so that nobody need keep its records."""
        return self.nbytes > min(HEAVY_PAGE, HEAVY_ROW * len(self))

    # Reading the ids of a whole page costs a fifth of decoding it, so it is put off until pages
    # do not fit, which most searches never see; the two at the edges are always looked at.

    @cached_property
    def first_id(self) -> str:
        """Return the id of the first record."""
        return self.identify(self.records[0])

    @cached_property
    def last_id(self) -> str:
        """Return the id of the last record."""
        return self.identify(self.records[-1])

    @property
    def ends_as_it_begins(self) -> bool:
        """Say whether its last record is its first again, as in no page of a list."""
        return len(self) > 1 and self.first_id == self.last_id

    def id_at(self, index: int) -> str:
        """Return the id of one record."""
        return self.first_id if index == 0 else self.identify(self.records[index])

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of all records."""
        return [self.identify(raw) for raw in self.records]

    def ids_from(self, index: int) -> list[str]:
        """Return the ids of the records from *index* on, without reading those of others."""
        if "ids" in self.__dict__:
            return self.ids[index:]
        return [self.identify(raw) for raw in self.records[index:]]

    def id_steps(self) -> Generator[None, None, None]:
        """Read the ids of all records, with a pause after each piece of the page."""
        ids: list[str] = []
        piece = max(1, min(PIECE, PIECE_BYTES * len(self) // max(1, self.nbytes)))
        while len(ids) < len(self):
            ids += [self.identify(raw) for raw in self.records[len(ids) : len(ids) + piece]]
            yield
        self.ids = ids
