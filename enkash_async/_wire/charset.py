"""The bytes of an answer as UTF-8, in which JSON is written. No I/O."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Mapping, Sequence
from typing import cast

from enkash_async._patterns import Pattern
from enkash_async._wire.response import Response

STEP = 1024 * 1024
"""Bytes that are converted at once: about a millisecond's work."""

_UTF8_MARK = b"\xef\xbb\xbf"

# RFC 8259 asks for UTF-8 without a mark, and readers to bear with one.
_MARKS: Mapping[bytes, str] = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
} | dict.fromkeys((b"\xff\xfe", b"\xfe\xff"), "utf-16")
_CHARSETS: Mapping[str, str] = {
    **dict.fromkeys(("iso88591", "latin1"), "latin-1"),
    **dict.fromkeys(("windows1252", "cp1252"), "cp1252"),
    **{f"utf{bits}": f"utf-{bits}" for bits in (16, 32)},
    **{f"utf{bits}{end}": f"utf-{bits}-{end}" for bits in (16, 32) for end in ("le", "be")},
}
"""What a declared charset, without its dashes, is called in Python."""

_IN_ASCII = Pattern(r"(?:unicode11)?utf7(?:imap)?|cs(?:unicode11)?utf7|hz(?:gb2312)?|iso2022\w*")
"""Charsets whose bytes are those of ASCII, and mean other text."""

_DECLARED = Pattern(r";\s*charset\s*=\s*\"?([\w-]{1,20})", re.ASCII | re.IGNORECASE)


def in_utf8(response: Response) -> Response:
    """Return *response* with its body in UTF-8, without a mark.

    A declared charset is believed where it is true: bytes that are sound UTF-8 are that, whatever
    is said of them.
    """
    steps = utf8_steps(response)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Response", end.value)


def utf8_steps(response: Response) -> Generator[None, None, Response]:
    """Return what `in_utf8` does, with a pause after each mebibyte."""
    head = _head(response.pieces)
    charset = _charset(response.headers)
    if charset is None and head[:1] in (b"{", b"["):
        return response
    if head.startswith(_UTF8_MARK):
        return response.with_body(_without_mark(response.pieces))
    charset = next((name for mark, name in _MARKS.items() if head.startswith(mark)), charset)
    if charset is None:
        return response
    # JSON begins with ASCII, so that there are zeros in what is no UTF-8 by design.
    if not charset.startswith("utf") or b"\0" not in head[:4]:
        is_utf8 = (yield from _converted(response.pieces, "utf-8")) is not None
        if is_utf8:
            return response
    body = yield from _converted(response.pieces, charset)
    return response if body is None else response.with_body(body)


def _head(pieces: Sequence[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece[:4]
        if len(head) >= 4:
            break
    return head


def unreadable_charset(response: Response) -> str | None:
    """Return the charset that *response* declares if it is read as other text than is meant."""
    declared = _declared(response.headers)
    return declared if declared and _IN_ASCII.fullmatch(_plain(declared)) else None


def _declared(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "")
    found = _DECLARED.search(kind) if ";" in kind else None
    return "" if found is None else found[1]


def _plain(charset: str) -> str:
    return charset.lower().replace("-", "").replace("_", "")


def _charset(headers: Mapping[str, str]) -> str | None:
    return _CHARSETS.get(_plain(_declared(headers)))


def _without_mark(pieces: Sequence[bytes]) -> Sequence[bytes]:
    # The first pieces may be of a byte each.
    rest, left = list[bytes](), len(_UTF8_MARK)
    for piece in pieces:
        rest.append(piece[left:])
        left = max(0, left - len(piece))
    return rest


def _converted(
    pieces: Sequence[bytes], charset: str
) -> Generator[None, None, Sequence[bytes] | None]:
    """Return *pieces* in UTF-8, None where they are not in *charset*."""
    decode = codecs.getincrementaldecoder(charset)().decode
    converted, nbytes = list[bytes](), 0
    try:
        for piece in pieces:
            for begin in range(0, len(piece), STEP):
                part = piece[begin : begin + STEP]
                converted.append(decode(part).encode())
                nbytes += len(part)
                if nbytes >= STEP:
                    nbytes = 0
                    yield
        converted.append(decode(b"", True).encode())
    except UnicodeError:
        return None
    return converted
