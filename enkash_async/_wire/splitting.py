"""The bytes of a large answer into its records, a piece at a time. No I/O.

Finding where each of 5,000 records begins takes some milliseconds, in which nothing else could
run. So the list is cut in pieces between two records, and each is read by itself.

A cut is right if the text before it, closed with a bracket, is a JSON list: what a parser makes of
that text does not depend on what follows, so at the cut it stood between two items of the list.
Whether it is the page's list is told by a mark that takes the place of what was cut off.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator

import msgspec

from enkash_async._patterns import Pattern

PIECE = 256 * 1024
"""Bytes read at once: about a quarter of a millisecond's work."""

MAX_TRIES = 8
"""Cuts that may turn out to be wrong, because a record holds what looks like the next one."""

MARK = b'"%b"' % os.urandom(16).hex().encode()
"""Stands for the records that were cut off. Nobody outside this process can write it."""

# A quote inside a text is escaped, so that this is never the inside of one.
_LIST = b'"data":['

_OPENING = Pattern(rb'\{"\w{1,64}":')

_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ListText(msgspec.Struct, frozen=True):
    """The records of a page from *start* up to *stop* as one JSON list, which they are cut from.

    To make objects of a list takes less time than to make them of each of its items.
    """

    start: int
    stop: int
    text: bytes


class CutRecords(list[msgspec.Raw]):
    """Records of a page. Those that were cut off lie in *texts* too, many in each."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[ListText] = []

    def take(self, records: list[msgspec.Raw], text: bytes) -> None:
        """Add the *records* that lie in *text*."""
        start = len(self)
        self += records
        self.texts.append(ListText(start, len(self), text))


class SplitAnswer(msgspec.Struct, frozen=True):
    """The records at the front of an answer, and the answer with the mark in their place."""

    records: CutRecords
    rest: bytes


def split_records(pieces: Iterable[bytes]) -> Generator[None, None, SplitAnswer | None]:
    """Read the records of an answer but for the last ones, with a pause after each cut.

    None if the answer is small, or not written as expected; then it is to be read as a whole.
    """
    splitter = _Splitter()
    for block in _blocks(pieces):
        yield from splitter.feed(block)
    return splitter.answer()


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Walk over *pieces*, small ones joined: a cut is looked for inside of one."""
    small, nbytes = list[bytes](), 0
    for piece in pieces:
        if not small and len(piece) >= PIECE // 8:
            yield piece
            continue
        small.append(piece)
        nbytes += len(piece)
        if nbytes >= PIECE // 8:
            yield b"".join(small)
            small, nbytes = [], 0
    if small:
        yield b"".join(small)


class _Splitter:
    """Takes the bytes of an answer in turn, and cuts records off as soon as there are enough.

    A byte of a large block is copied once: into the text that is decoded, which its records share.
    """

    def __init__(self) -> None:
        self._first: list[bytes] = []
        """Blocks that came before the list was found."""
        self._parts: list[bytes | memoryview] = []
        """What has not been cut off. It begins with a record."""
        self._nbytes = 0
        self._head = b""
        self._separator: bytes | None = None
        """Where one record ends and the next begins: all begin with the same name."""
        self._has_no_list = False
        self._records = CutRecords()
        self._enough = PIECE
        """So many bytes must stand before the next cut."""

    def feed(self, block: bytes) -> Generator[None, None, None]:
        """Take some bytes, with a pause after each cut and each try."""
        if self._has_no_list:
            return
        if self._separator is not None:
            yield from self._cut_up(block, 0)
            return
        self._first.append(block)
        if sum(map(len, self._first)) >= PIECE:
            blocks, begin = self._find_list()
            for kept in blocks:
                yield from self._cut_up(kept, begin)
                begin = 0

    def _cut_up(self, block: bytes, begin: int) -> Generator[None, None, None]:
        """Read what *block* brings from *begin* on, and keep what is not enough for a cut."""
        while (place := (yield from self._cut(block, begin))) is not None:
            begin = place
            yield
        self._keep(memoryview(block)[begin:])

    def answer(self) -> SplitAnswer | None:
        """Return what was cut off, if anything was."""
        if not self._records:
            return None
        return SplitAnswer(self._records, b"".join((self._head, MARK, b",", *self._parts)))

    def _keep(self, part: bytes | memoryview) -> None:
        self._parts.append(part)
        self._nbytes += len(part)

    def _find_list(self) -> tuple[list[bytes], int]:
        """Return the first blocks, and where in the first of them the first record begins."""
        blocks, self._first = self._first, []
        # That is where the list begins, unless much stands before it.
        begin = self._begin_of_list(blocks[0])
        if begin is None and len(blocks) > 1:
            blocks = [b"".join(blocks)]
            begin = self._begin_of_list(blocks[0])
        if begin is None:
            # Much may stand before the list, but not so much.
            self._has_no_list = len(blocks[0]) >= 2 * PIECE
            self._first = [] if self._has_no_list else blocks
            return [], 0
        return blocks, begin

    def _begin_of_list(self, text: bytes) -> int | None:
        """Return where the first record begins, and see with which name records begin."""
        begin = text.find(_LIST) + len(_LIST)
        opening = _OPENING.match(text, begin)
        if begin < len(_LIST) or opening is None:
            return None
        self._separator = b"}," + opening.group()
        self._head = text[:begin]
        return begin

    def _cut(self, block: bytes, begin: int) -> Generator[None, None, int | None]:
        """Read records up to one that ends in *block*, and return where the next begins."""
        assert self._separator is not None
        found = begin + max(0, self._enough - self._nbytes)
        for _ in range(MAX_TRIES):
            found = block.find(self._separator, found)
            if found < 0:
                return None
            text = b"".join((b"[", *self._parts, memoryview(block)[begin : found + 1], b"]"))
            try:
                records = _decode_list(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                found += 1
                yield
            else:
                self._records.take(records, text)
                self._parts, self._nbytes, self._enough = [], 0, PIECE
                return found + 2
        # A record may be larger than a piece: no other try for a while.
        self._enough = 2 * (self._nbytes + len(block) - begin)
        return None
