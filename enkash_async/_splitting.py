"""The bytes of a large answer into its records, a piece at a time. No I/O.

Finding where each of 5,000 records begins takes some milliseconds, in which nothing else could
run. So the list is cut in pieces between two records, and each is read by itself.

A cut is right if the text before it, closed with a bracket, is a JSON list: what a parser makes of
that text does not depend on what follows, so at the cut it stood between two items of the list.
"""

from __future__ import annotations

import re
from collections.abc import Generator

import attrs
import msgspec

PIECE = 256 * 1024
"""Bytes read at once: about a quarter of a millisecond's work."""

MAX_TRIES = 8
"""Cuts that may turn out to be wrong, because a record holds what looks like the next one."""

_LIST = b'"data":['
# A quote inside a text is escaped, so that this is never the inside of one.

_match_opening = re.compile(rb'\{"\w{1,64}":').match

_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


@attrs.frozen
class Front:
    """The records at the front of an answer, and the answer as it is without them."""

    records: list[msgspec.Raw]
    rest: bytes
    next_record: int
    """Where in *rest* the list goes on, with a record."""


def split_front(body: bytes) -> Generator[None, None, Front | None]:
    """Read the records of *body* but for the last ones, with a pause after each piece.

    None if the answer is small, or not written as expected; then it is to be read as a whole.
    """
    begin = body.find(_LIST) + len(_LIST)
    opening = _match_opening(body, begin)
    if begin < len(_LIST) or opening is None:
        return None
    border = b"}," + opening.group()
    records: list[msgspec.Raw] = []
    place = begin
    while len(body) - place > 2 * PIECE:
        cut = _cut(body, place, border, records)
        if cut is None:
            break
        place = cut
        yield
    if place == begin:
        return None
    return Front(records, body[:begin] + body[place:], begin)


def _cut(body: bytes, place: int, border: bytes, records: list[msgspec.Raw]) -> int | None:
    """Add the next piece's records to *records* and return where the piece after it begins."""
    found = place + PIECE
    for _ in range(MAX_TRIES):
        found = body.find(border, found)
        if found < 0:
            return None
        try:
            records += _decode_list(b"[" + body[place : found + 1] + b"]")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found += 1
        else:
            return found + 2
    return None
