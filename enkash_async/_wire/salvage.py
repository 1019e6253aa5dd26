"""The records of an answer that is not sound JSON, so that a bad one spoils itself alone. No I/O.

Text with a raw line break, a wrong escape, `NaN`, a comma too many: of a page of 5,000 it makes
something that no JSON parser reads. But where each record begins and ends can be told from quotes
and brackets alone. What stands between the records is held to sound JSON as ever.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import islice

import attrs

_MAX_LISTS = 3
"""Lists of that name that are looked at, until one turns out to be the page's."""

_STEP = 50
"""Records found at once: about half a millisecond's work."""

PLACE_OF_ITEMS = b"0"
"""Stands in the list for its records, which tells it from another list of that name."""

# A quote inside a text is escaped, so that this is never the inside of one.
_lists = re.compile(rb'"data"\s*:\s*\[').finditer

_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_next_bracket = re.compile(rb'(?:[^"\[\]{}]++|%b)*+([\[\]{}])' % _TEXT, re.DOTALL).match
_next_separator = re.compile(rb'(?:[^",\[\]{}]++|%b)*+([,\[\]{}])' % _TEXT, re.DOTALL).match


@attrs.frozen
class Salvaged:
    """The items of a list, each as it stood there, and the answer with a 0 in their place."""

    items: list[bytes]
    rest: bytes


def salvaged(answer: bytes) -> Generator[None, None, list[Salvaged]]:
    """Return the lists in *answer* that may be the page's, with pauses in between."""
    found: list[Salvaged] = []
    for start in islice(_lists(answer), _MAX_LISTS):
        items, end = yield from _items(answer, start.end())
        if items:
            rest = answer[: start.end()] + PLACE_OF_ITEMS + answer[end:]
            found.append(Salvaged(items, rest))
    return found


def _items(text: bytes, begin: int) -> Generator[None, None, tuple[list[bytes], int]]:
    """Return the items of the list that begins there, and where it ends; none if it does not."""
    items: list[bytes] = []
    depth, place = 0, begin
    while (found := (_next_bracket if depth else _next_separator)(text, place)) is not None:
        mark, place = found[1], found.end()
        if mark in b"[{":
            depth += 1
        elif depth:
            depth -= 1
        elif mark == b"}":
            break
        else:
            item = text[begin : place - 1].strip()
            begin = place
            # Nothing between two commas is a bad record, nothing after the last one is none.
            if item or mark == b",":
                items.append(item)
            if mark == b"]":
                return items, place - 1
            if len(items) % _STEP == 0:
                yield
    return [], begin
