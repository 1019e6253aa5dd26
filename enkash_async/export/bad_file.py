"""The bad rows of an export: they grow in a file beside it, which is there once there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from enkash_async.errors import InvalidArgumentError
from enkash_async.export.bad import BadRow, lines_of
from enkash_async.export.files import PartFile, cut_back, remove, reopened
from enkash_async.export.state import State


class BadFile:
    """Keeps bad rows in the file *part* until they get their name."""

    def __init__(self, part: Path) -> None:
        self._part = part
        self._file: PartFile | None = None
        self._is_published = False

    def reopen(self, state: State) -> None:
        """Go on behind what *state* says is durable; an error if less is there."""
        if self._part.exists():
            self._file = reopened(self._part)
            cut_back(self._file, state.bad_length)
        elif state.bad_length and state.ended is not None:
            # The process ended after they got their name.
            self._is_published = True
        elif state.bad_length:
            raise InvalidArgumentError(f"{self._part} is gone; export anew without resuming")

    @property
    def length(self) -> int:
        """Return the bytes of the rows."""
        return 0 if self._file is None else self._file.length

    def write(self, bad: Sequence[BadRow]) -> None:
        """Add *bad* rows, if there are any."""
        if not bad:
            return
        if self._file is None:
            # What is in the way by now is a matter of the disk, no argument.
            self._file = PartFile.create(self._part)
        self._file.write(lines_of(bad))

    def sync(self) -> None:
        """Make durable what was written."""
        if self._file is not None:
            self._file.sync()

    def publish(self, path: Path) -> None:
        """Give the rows their name, unless an earlier process did."""
        if not self._is_published:
            publish_bad(self._file, path)

    def close(self) -> None:
        """Close the file, and leave it where it is."""
        if self._file is not None:
            self._file.close()


def publish_bad(bad: PartFile | None, path: Path) -> None:
    """Give the bad rows their name, if there are any."""
    if bad is not None and bad.length:
        bad.publish(path)
        return
    if bad is not None:
        bad.close()
        remove(bad.path)
    # Those of an earlier export belong to a file that is replaced.
    remove(path)
