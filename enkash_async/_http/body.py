"""The body of an answer as it arrives: inflated, and bounded in every direction. No I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from enkash_async.errors import AnswerTooLargeError, ResponseError

PIECE = 64 * 1024
"""Bytes inflated at a time, so that memory grows by what is kept and not by what is sent."""

PLAIN = frozenset({"", "identity", "none", "utf-8", "utf8", "binary", "8bit", "aws-chunked"})
"""What servers write into Content-Encoding although the body is as it is."""

MAX_MEMBERS = 16
"""Members of one gzip stream. Each costs time however little it holds; servers write one."""

BYTES_PER_VALUE = 16
"""A value of a record takes more bytes than this, its name among them. Decoding an array of
single digits would take up to forty times its bytes, so values are bounded as bytes are."""

GZIP_START = b"\x1f"

NAMED = frozenset(
    {
        *("gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd", "dcb", "dcz"),
        *("exi", "pack200-gzip", "snappy", "lz4", "lzma", "xz", "bzip2", "x-bzip2"),
    }
)
"""Encodings that an error names. Any other is text of the server, which may repeat secrets."""

Z_GZIP, Z_ZLIB, Z_RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class Bound(msgspec.Struct, frozen=True):
    """How large a body may be, and what a caller can do where it is larger."""

    nbytes: int
    name: str
    advice: str

    def error(self, what: str, status: int | None, how: str) -> AnswerTooLargeError:
        """Return the error that names the bound; no other attempt at the same can help."""
        error = AnswerTooLargeError(
            f"{what}: the answer {how} {self.name}={self.nbytes}; {self.advice}", status
        )
        error.final = True
        return error


class Body:
    """Takes the pieces of one body as they come over the wire, and gives them inflated."""

    def __init__(self, what: str, status: int, encoding: str, bound: Bound) -> None:
        self._what = what
        self._status = status
        self._bound = bound
        self._inflate = self._inflater(encoding)
        self._pieces: list[bytes] = []
        self._received = 0
        self.nbytes = 0
        """Of what is kept, which is inflated."""

    def check_length(self, length: int | None) -> None:
        """Refuse at once what is said to be larger than the bound."""
        if length is not None and length > self._bound.nbytes:
            raise self._exceeded("is announced as larger than")

    def feed(self, data: bytes) -> None:
        """Take *data* as it came; ResponseError where it goes beyond the bound or is garbled."""
        self._received += len(data)
        if self._received > self._bound.nbytes:
            raise self._exceeded("is larger than")
        if self._inflate is None:
            self._keep(data)
            return
        try:
            for piece in self._inflate.feed(data):
                self._keep(piece)
        except zlib.error as error:
            raise self._garbled("cannot be inflated") from error

    def whole(self) -> list[bytes]:
        """Return the body, in pieces, once all has been fed."""
        if self._inflate is not None and self._received and not self._inflate.has_ended:
            error = self._garbled("broke off before its compressed end")
            error.broke_off = True
            raise error
        values = self._bound.nbytes // BYTES_PER_VALUE
        # A body of that many bytes cannot hold more values; pages of an ordinary size are.
        if self.nbytes > 2 * values and sum(p.count(b",") for p in self._pieces) > values:
            raise self._exceeded(f"holds more than {values} values, one for {BYTES_PER_VALUE} of")
        return self._pieces

    def _keep(self, piece: bytes) -> None:
        self.nbytes += len(piece)
        if self.nbytes > self._bound.nbytes:
            raise self._exceeded("is larger than")
        self._pieces.append(piece)

    def _inflater(self, encoding: str) -> _Inflater | None:
        """Return what inflates a body of this Content-Encoding, None where it is plain."""
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in PLAIN]
        if not names:
            return None
        if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
            shown = [name if name in NAMED else "one of another name" for name in names[:5]]
            raise self._garbled(
                f"is encoded in a way that was not asked for, Content-Encoding: {', '.join(shown)}"
            )
        return _Inflater(is_gzip=names[0] != "deflate")

    def _exceeded(self, how: str) -> AnswerTooLargeError:
        return self._bound.error(self._what, self._status, how)

    def _garbled(self, how: str) -> ResponseError:
        return ResponseError(f"{self._what}: the answer {how}", self._status)


class _Inflater:
    """Inflates gzip, or deflate with or without the header that its name promises."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._member: Any = zlib.decompressobj(Z_GZIP) if is_gzip else None
        self._members = 1
        self._is_padded = False
        """What came after the end is no further member, and nothing that follows is one."""

    @property
    def has_ended(self) -> bool:
        return self._member is not None and self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        # A full piece may have more after it although all of the input is used up.
        full = False
        while (data := self._without_padding(data)) or full:
            member = self._member_for(data)
            piece = member.decompress(data, PIECE)
            yield piece
            # In a member that has ended, what is left belongs to the next.
            data = member.unused_data if member.eof else member.unconsumed_tail
            full = len(piece) == PIECE and not member.eof

    def _without_padding(self, data: bytes) -> bytes:
        """Return *data* without what follows the end and cannot be a further member.

        Some servers fill up what they send, and all that the answer holds has come by then.
        """
        if not self.has_ended:
            return data
        data = b"" if self._is_padded else data.lstrip(b"\0")
        if data and not (self._is_gzip and data.startswith(GZIP_START)):
            self._is_padded = True
            return b""
        return data

    def _member_for(self, data: bytes) -> Any:
        if self._member is None:
            # Some servers leave the header of zlib out (RFC 9110, 8.4.1.2).
            self._member = zlib.decompressobj(Z_ZLIB if data[0] & 0x0F == 8 else Z_RAW)
        elif self._member.eof:
            self._members += 1
            if self._members > MAX_MEMBERS:
                raise zlib.error("more members than are read")
            self._member = zlib.decompressobj(Z_GZIP)
        return self._member
