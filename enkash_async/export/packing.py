"""Compression that can be broken off and gone on with, byte for byte. No I/O.

What follows a cut does not depend on what stands before it, and cuts are made after a fixed number
of rows. So a file that is cut back to such a place and written on is the file that would have come
of one go. Within a cut the compressor is fed blocks of one size, since what it makes may depend on
how it is fed.
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from enkash_async.export.forms import Compression

CUT_EVERY = 5_000
"""Rows between two cuts: some megabytes, so that files are less than 1 % larger for them."""

BLOCK = 1024 * 1024

_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_EMPTY_LAST_BLOCK = b"\x03\0"


class Packer(Protocol):
    """Compresses a stream of bytes."""

    cut_every: int | None
    """Rows between two cuts, None where each row may be the last."""

    def head(self) -> bytes:
        """Return what stands before everything."""
        ...

    def add(self, chunk: bytes) -> bytes:
        """Take *chunk*, and return what is to be written by now."""
        ...

    def cut(self) -> bytes:
        """Return the rest of what was taken; what follows does not depend on it."""
        ...

    def tail(self) -> bytes:
        """Return what stands behind the last cut."""
        ...

    def saved(self) -> list[int]:
        """Return what must be known, besides the bytes written, to go on after a cut."""
        ...


def packer_of(compression: Compression, saved: list[int] | None = None) -> Packer:
    """Return a packer that begins, or goes on where another one has *saved*."""
    if compression is Compression.GZIP:
        return Gzip(*(saved or ()))
    return Zstd(*(saved or ())) if compression is Compression.ZSTD else Plain()


class Plain:
    """Leaves bytes as they are."""

    cut_every: int | None = None

    def head(self) -> bytes:
        return b""

    def add(self, chunk: bytes) -> bytes:
        return chunk

    def cut(self) -> bytes:
        return b""

    def tail(self) -> bytes:
        return b""

    def saved(self) -> list[int]:
        return []


class _Blocks:
    """Feeds a compressor blocks of one size; with each cut another compressor begins."""

    cut_every: int | None = CUT_EVERY

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._compressor: Any = None

    def add(self, chunk: bytes) -> bytes:
        self._waiting += chunk
        made = list[bytes]()
        while len(self._waiting) >= BLOCK:
            made.append(self._compress(bytes(self._waiting[:BLOCK])))
            del self._waiting[:BLOCK]
        return b"".join(made)

    def cut(self) -> bytes:
        if not self._waiting and self._compressor is None:
            return b""
        rest = self._compress(bytes(self._waiting))
        self._waiting.clear()
        compressor, self._compressor = self._compressor, None
        return rest + self._ended(compressor)

    def _compress(self, block: bytes) -> bytes:
        if self._compressor is None:
            self._compressor = self._begun()
        made: bytes = self._compressor.compress(block)
        return made

    def _begun(self) -> Any:
        raise NotImplementedError

    def _ended(self, compressor: Any) -> bytes:
        raise NotImplementedError


class Gzip(_Blocks):
    """One member, whose compressor forgets at each cut all that it has seen."""

    def __init__(self, checksum: int = 0, size: int = 0) -> None:
        super().__init__()
        self._checksum, self._size = checksum, size

    def head(self) -> bytes:
        return _GZIP_HEAD

    def add(self, chunk: bytes) -> bytes:
        self._checksum = zlib.crc32(chunk, self._checksum)
        self._size += len(chunk)
        return super().add(chunk)

    def tail(self) -> bytes:
        return (
            _EMPTY_LAST_BLOCK
            + self._checksum.to_bytes(4, "little")
            + (self._size % 2**32).to_bytes(4, "little")
        )

    def saved(self) -> list[int]:
        return [self._checksum, self._size]

    def _begun(self) -> Any:
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def _ended(self, compressor: Any) -> bytes:
        made: bytes = compressor.flush(zlib.Z_FULL_FLUSH)
        return made


class Zstd(_Blocks):
    """A frame for each cut; readers take frames that follow each other for one stream."""

    def __init__(self, frames: int = 0) -> None:
        super().__init__()
        self._frames = frames
        try:
            import zstandard
        except ImportError as error:
            raise ImportError(
                "zstd needs zstandard, which is not installed; install it with"
                " pip install 'enkash-async[zstd]', or write .gz"
            ) from error
        self._compression: Any = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)

    def head(self) -> bytes:
        return b""

    def tail(self) -> bytes:
        # No frame at all is no file of zstd.
        empty: bytes = b"" if self._frames else self._compression.compress(b"")
        return empty

    def saved(self) -> list[int]:
        return [self._frames]

    def _begun(self) -> Any:
        self._frames += 1
        return self._compression.compressobj()

    def _ended(self, compressor: Any) -> bytes:
        made: bytes = compressor.flush()
        return made
