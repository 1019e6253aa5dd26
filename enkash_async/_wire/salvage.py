"""The records of an answer that is not sound JSON, so that a bad one spoils itself alone. No I/O.

Text with a raw line break, a wrong escape, `NaN`, a comma too many: of a page of 5,000 it makes
something that no JSON parser reads. But where each record begins and ends can be told from quotes
and brackets alone. What stands between the records is held to sound JSON as ever.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import islice

import msgspec

from enkash_async._patterns import Pattern
from enkash_async._wire.nesting import is_sound_json
from enkash_async._wire.splitting import MARK

_BLANKS = b" \t\r\n"
"""White space of JSON; bytes.strip by itself takes more for that."""

_MAX_LISTS = 3
"""Lists of that name that are looked at, until one turns out to be the page's."""

MAX_MARKS = 1_000_000
"""Brackets and commas of an answer that are looked at: many times those of a page of 5,000."""

MAX_SOUND_MARKS = 3_000_000
"""The same of an answer that is sound JSON: its records are as small as can be."""

WINDOW = 64 * 1024
"""Bytes that one call goes through at most."""

STEP = 100
"""Calls between two pauses, or as much work in bytes: a fraction of a millisecond."""

# A quote inside a text is escaped, so that this is never the inside of one.
_NAME = b'"data"'
_LIST_OPENING = Pattern(rb'"data"\s*:\s*\[')

_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_TO_BRACKET = Pattern(rb'(?:[^"\[\]{}]++|%b)*+' % _TEXT, re.DOTALL)
_TO_SEPARATOR = Pattern(rb'(?:[^",\[\]{}]++|%b)*+' % _TEXT, re.DOTALL)
_INSIDE_TEXT = Pattern(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


class Salvaged(msgspec.Struct, frozen=True):
    """The items of a list, each as it stood there, and the answer with the mark in their place."""

    items: list[bytes]
    rest: bytes


class TooLongToSalvageError(Exception):
    """The answer has too many brackets and commas to be gone through."""

    def __init__(self, *, is_sound: bool) -> None:
        super().__init__(is_sound)
        self.is_sound = is_sound


def salvaged(answer: bytes) -> Generator[None, None, list[Salvaged]]:
    """Return the lists in *answer* that may be the page's, with pauses in between.

    TooLongToSalvageError if that would take seconds.
    """
    found: list[Salvaged] = []
    scanner = _Scanner(answer)
    for start in islice(_lists(answer), _MAX_LISTS):
        listed = yield from scanner.items(start)
        if listed is not None:
            items, end = listed
            found.append(Salvaged(items, answer[:start] + MARK + answer[end:]))
    return found


def _lists(answer: bytes) -> Iterator[int]:
    """Walk over the places at which a list of that name begins."""
    place = answer.find(_NAME)
    while place >= 0:
        found = _LIST_OPENING.match(answer, place)
        if found is not None:
            yield found.end()
        place = answer.find(_NAME, place + 1)


class _Scanner:
    """Goes through a text by its brackets, commas and quotes, so many bytes at a time."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._marks = 0
        self._max_marks = MAX_MARKS
        self._work = 0
        """Bytes gone through and marks seen since the last pause, in the same unit."""

    def items(self, begin: int) -> Generator[None, None, tuple[list[bytes], int] | None]:
        """Return the items of the list that begins there, and its end; None if it has no end."""
        text = self._text
        items: list[bytes] = []
        depth, place = 0, begin
        while place < len(text):
            to_mark = _TO_BRACKET if depth else _TO_SEPARATOR
            after = to_mark.match(text, place, place + WINDOW).end()  # type: ignore[union-attr]
            if self._is_time_to_pause(after - place):
                yield
            place, mark = after + 1, text[after : after + 1]
            if mark == b'"':
                place = yield from self._after_text(place)
            elif mark in (b"[", b"{"):
                depth += 1
            elif mark in (b"]", b"}") and depth:
                depth -= 1
            elif mark == b"}":
                break
            elif mark in (b",", b"]"):
                if depth:
                    continue
                item = text[begin:after].strip(_BLANKS)
                begin = place
                # Nothing between two commas is a bad record, nothing after the last one is none.
                if item or mark == b",":
                    items.append(item)
                if mark == b"]":
                    return items, after
            else:
                # The window ends there.
                place = after
        return None

    def _after_text(self, place: int) -> Generator[None, None, int]:
        """Return the place after the quote that ends the text, or that of the end."""
        text = self._text
        while place < len(text):
            after = _INSIDE_TEXT.match(text, place, place + WINDOW).end()  # type: ignore[union-attr]
            if self._is_time_to_pause(after - place):
                yield
            if text[after : after + 1] == b'"':
                return after + 1
            # Before a backslash whose escape the window cuts, unless it is the end of all.
            place = after if after > place else len(text)
        return place

    def _is_time_to_pause(self, nbytes: int) -> bool:
        self._marks += 1
        if self._marks > self._max_marks:
            self._allow_more()
        self._work += 1 + nbytes * STEP // (4 * WINDOW)
        if self._work < STEP:
            return False
        self._work = 0
        return True

    def _allow_more(self) -> None:
        """Go on if the text is sound, so that nobody sends it in order to be gone through."""
        is_sound = self._max_marks == MAX_SOUND_MARKS or is_sound_json(self._text)
        if not is_sound or self._marks > MAX_SOUND_MARKS:
            raise TooLongToSalvageError(is_sound=is_sound)
        self._max_marks = MAX_SOUND_MARKS
