"""The bytes of a large answer into its records, a piece at a time. No I/O.

Finding where each of 5,000 records begins takes some milliseconds, in which nothing else could
run. So the list is cut in pieces between two records, and each is read by itself.

A cut is right if the text before it, closed with a bracket, is a JSON list: what a parser makes of
that text does not depend on what follows, so at the cut it stood between two items of the list.
Whether it is the page's list is told by a mark that takes the place of what was cut off.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Generator, Iterable

import attrs
import msgspec

PIECE = 256 * 1024
"""Bytes read at once: about a quarter of a millisecond's work."""

MAX_TRIES = 8
"""Cuts that may turn out to be wrong, because a record holds what looks like the next one."""

MARK = b'"%b"' % secrets.token_hex(16).encode()
"""Stands for the records that were cut off. Nobody outside this process can write it."""

# A quote inside a text is escaped, so that this is never the inside of one.
_LIST = b'"data":['

_NEVER = sys.maxsize

_match_opening = re.compile(rb'\{"\w{1,64}":').match

_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


@attrs.frozen
class SplitAnswer:
    """The records at the front of an answer, and the answer with the mark in their place."""

    records: list[msgspec.Raw]
    rest: bytes


def split_records(pieces: Iterable[bytes]) -> Generator[None, None, SplitAnswer | None]:
    """Read the records of an answer but for the last ones, with a pause after each cut.

    None if the answer is small, or not written as expected; then it is to be read as a whole.
    """
    splitter = _Splitter()
    for piece in pieces:
        yield from splitter.feed(piece)
    return splitter.answer()


class _Splitter:
    """Takes the bytes of an answer in turn, and cuts records off as soon as there are enough."""

    def __init__(self) -> None:
        self._text = bytearray()
        """What has not been cut off; once the list is found, it begins with a record."""
        self._head = b""
        self._separator: bytes | None = None
        """Where one record ends and the next begins: all begin with the same name."""
        self._records: list[msgspec.Raw] = []
        self._enough = 2 * PIECE
        """So many bytes must be there for the next cut."""

    def feed(self, piece: bytes) -> Generator[None, None, None]:
        """Take a piece, with a pause after each cut and each try."""
        # Not at once, since a piece may be the whole answer.
        for place in range(0, len(piece), PIECE):
            self._text += piece[place : place + PIECE] if len(piece) > PIECE else piece
            while len(self._text) >= self._enough:
                yield from self._cut()
                yield

    def answer(self) -> SplitAnswer | None:
        """Return what was cut off, if anything was."""
        if not self._records:
            return None
        return SplitAnswer(self._records, b"".join((self._head, MARK, b",", self._text)))

    def _cut(self) -> Generator[None, None, None]:
        """Cut records off; if that cannot be, do not try again for a while."""
        if self._separator is None and not self._find_list():
            self._enough = _NEVER
            return
        place = yield from self._read_records()
        if place is None:
            # A record may be larger than a piece.
            self._enough = 2 * len(self._text)
        else:
            del self._text[:place]
            self._enough = 2 * PIECE

    def _find_list(self) -> bool:
        """Look where the list begins, and with which name its records begin."""
        begin = self._text.find(_LIST) + len(_LIST)
        opening = _match_opening(self._text, begin)
        if begin < len(_LIST) or opening is None:
            return False
        self._separator = b"}," + bytes(opening.group())
        self._head = bytes(self._text[:begin])
        del self._text[:begin]
        return True

    def _read_records(self) -> Generator[None, None, int | None]:
        """Read the records of a piece and return where the piece after it begins."""
        assert self._separator is not None
        found = PIECE
        for _ in range(MAX_TRIES):
            found = self._text.find(self._separator, found)
            if found < 0:
                return None
            try:
                self._records += _decode_list(b"[" + self._text[: found + 1] + b"]")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                found += 1
                yield
            else:
                return found + 2
        return None
