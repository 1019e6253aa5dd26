"""What an export makes of the pages of a search: bytes to write, and rows that are bad."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._search.search import Search
from enkash_async.export.bad import BadRow
from enkash_async.export.files import PartFile
from enkash_async.export.packing import Packer
from enkash_async.export.text import Encoder


@attrs.frozen
class Taken:
    """What is to be written of a page: its bytes, how many records they are, and the bad rows."""

    chunk: bytes
    records: int
    bad: list[BadRow]


@attrs.frozen
class RawRows:
    """Undecoded records of a page, and whether a parser of JSON has gone through them.

    They are neighbours in the list, where the first stands at *row*.
    """

    records: Sequence[bytes]
    are_parsed: bool
    row: int

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, place: slice) -> RawRows:
        return RawRows(self.records[place], self.are_parsed, self.row + (place.start or 0))


class Content(Protocol):
    """Makes bytes of one search."""

    ends_rarely: bool
    """Not each page is a place that can be gone on from."""

    @property
    def on_bad_record(self) -> OnBadRecord | None:
        """Return what the search is to be given, where it decodes."""
        ...

    def pages(self, search: Search[Any]) -> AsyncIterator[Any]:
        """Walk over the rows of *search* by the page: what has a length, and slices."""
        ...

    def head(self) -> bytes:
        """Return what stands before the first record."""
        ...

    def take(self, rows: Any) -> Taken:
        """Return what is to be written of *rows*, a page or a piece of one. Runs in a thread."""
        ...

    def begin_part(self) -> None:
        """Forget the bytes so far: what follows is a part of its own."""
        ...

    @property
    def may_end_here(self) -> bool:
        """Say whether the bytes so far can be gone on from."""
        ...

    def saved(self) -> list[int]:
        """Return what must be known to go on from here, besides the bytes."""
        ...

    def rest(self) -> list[BadRow]:
        """Return the bad rows that came after the last page."""
        ...

    def tail(self) -> bytes:
        """Return what stands behind the last record."""
        ...

    def whole(self, part: PartFile, place: Path) -> PartFile:
        """Return the file that gets the name: *part*, or one at *place* made of it.

        Runs in a thread.
        """
        ...


class TextContent:
    """Records as they came, encoded as text and perhaps compressed."""

    def __init__(
        self, encoder: Encoder, packer: Packer, rows: int, new_packer: Callable[[], Packer]
    ) -> None:
        self._encoder = encoder
        self._packer = packer
        self._new_packer = new_packer
        self._rows = rows
        """Rows taken, those of earlier runs included."""
        self._is_cut = True
        self.ends_rarely = packer.cut_every is not None

    @property
    def on_bad_record(self) -> OnBadRecord | None:
        """Return None: nothing is decoded."""
        return None

    async def pages(self, search: Search[Any]) -> AsyncGenerator[RawRows]:
        """Walk over raw pages, which end where the file is cut."""
        async for page in search.raw_pages(cut_every=self._packer.cut_every):
            yield RawRows(page.records, page.are_parsed, page.offset)

    def head(self) -> bytes:
        """Return the header."""
        packer = self._packer
        # Cut at once, so that the export can be gone on from before its first record.
        return packer.head() + packer.add(self._encoder.head()) + packer.cut()

    def take(self, rows: RawRows) -> Taken:
        """Encode *rows*."""
        records = rows.records
        text, refused = self._encoder.encode(records, are_parsed=rows.are_parsed)
        chunk = self._packer.add(text)
        bad = [BadRow(rows.row + index, reason, records[index]) for index, reason in refused]
        self._rows += len(rows)
        every = self._packer.cut_every
        self._is_cut = every is None or self._rows % every == 0
        if self._is_cut:
            chunk += self._packer.cut()
        return Taken(chunk, len(rows) - len(bad), bad)

    def begin_part(self) -> None:
        """Begin with another compressor."""
        self._packer = self._new_packer()
        self._is_cut = True

    @property
    def may_end_here(self) -> bool:
        """Say whether nothing waits in the compressor."""
        return self._is_cut

    def saved(self) -> list[int]:
        """Return the state of the compressor."""
        return self._packer.saved()

    def rest(self) -> list[BadRow]:
        """Return nothing: a page brings its bad rows with it."""
        return []

    def tail(self) -> bytes:
        """Return the rest of what is compressed, and its end."""
        return self._packer.cut() + self._packer.tail()

    def whole(self, part: PartFile, place: Path) -> PartFile:
        """Return *part* itself."""
        return part
