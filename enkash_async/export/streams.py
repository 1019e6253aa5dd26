"""A pipe, a terminal or a device, whose reader may be slow."""

from __future__ import annotations

import os
import select
import sys

from enkash_async.errors import InvalidArgumentError


class Stream:
    """Takes bytes that cannot be taken back."""

    def __init__(self, descriptor: int, *, owned: bool) -> None:
        self._descriptor = descriptor
        self._owned = owned
        self._is_terminal = os.isatty(descriptor)
        self.length = 0
        """Bytes written."""

    @classmethod
    def stdout(cls) -> Stream:
        """Return standard output; InvalidArgumentError if it is closed."""
        # Without one, descriptor 1 may by now be a socket.
        if sys.stdout is None:
            raise InvalidArgumentError("stdout is closed; name a file to write to")
        sys.stdout.flush()
        return cls(sys.stdout.fileno(), owned=False)

    @classmethod
    def open(cls, path: str) -> Stream:
        """Open what has this *path* and is no file; OSError if it cannot be."""
        return cls(os.open(path, os.O_WRONLY), owned=True)

    def write(self, content: bytes) -> None:
        """Write all of *content*, however long its reader takes."""
        # Not through sys.stdout.buffer: its lock, held by a thread that is stuck, ends in a crash.
        rest = memoryview(escaped(content) if self._is_terminal else content)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:
                # Whoever has the other end made it non-blocking.
                select.select([], [self._descriptor], [])
                continue
            rest = rest[written:]
            self.length += written

    @property
    def is_terminal(self) -> bool:
        """Say whether people read it as it comes."""
        return self._is_terminal

    def close(self) -> None:
        """Close it, if it was opened here."""
        if self._owned:
            os.close(self._descriptor)


def escaped(text: bytes) -> bytes:
    """Return UTF-8 *text* with an escape for each character that may command a terminal.

    Line breaks stay; of JSON the meaning stays too.
    """
    if text.isascii() and text.translate(None, b"\n").decode().isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else _escape(char)
        for char in text.decode("utf-8", "replace")
    ).encode()


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
