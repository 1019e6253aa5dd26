"""Where an export writes to: a file with its checkpoint, or a stream without one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from enkash_async.errors import InvalidArgumentError
from enkash_async.export.bad import BadRow, lines_of
from enkash_async.export.bad_file import BadFile, publish_bad
from enkash_async.export.files import PartFile, cut_back, made_anew, remove, reopened, target_of
from enkash_async.export.state import Places, State, forget, left_in, save
from enkash_async.export.streams import Stream

Whole = Callable[[PartFile, Path], PartFile]
"""Returns the file that a part becomes when all has come: itself, or one made of it at a place."""


class StreamOutput:
    """A stream: what was written is gone. Bad rows are kept if there is a place for them."""

    is_durable = False
    parts = 0

    def __init__(self, stream: Stream, bad: Path | None) -> None:
        self._stream = stream
        self._bad = None if bad is None else made_anew(bad.with_name(f"{bad.name}.part"))
        self.bad_path = bad

    @property
    def length(self) -> int:
        return self._stream.length

    @property
    def bad_length(self) -> int:
        return 0 if self._bad is None else self._bad.length

    @property
    def size(self) -> int:
        return self._stream.length

    def write(self, chunk: bytes, bad: Sequence[BadRow]) -> None:
        if bad and self._bad is not None:
            self._bad.write(lines_of(bad))
        self._stream.write(chunk)

    def commit(self, state: State) -> None:
        """Give the bad rows their name."""
        if self._bad is not None and self.bad_path is not None:
            publish_bad(self._bad, self.bad_path)

    def close(self) -> None:
        if self._bad is not None:
            self._bad.close()
            if not self._bad.length:
                remove(self._bad.path)
        self._stream.close()


class FileOutput:
    """A part that grows beside its target, the bad rows beside it, and the state of both."""

    is_durable = True
    parts = 0

    def __init__(self, places: Places, part: PartFile) -> None:
        self.places = places
        self.part = part
        self._bad = BadFile(places.bad_part)

    @classmethod
    def create(cls, places: Places) -> FileOutput:
        """Begin anew, where nothing stands in the way."""
        return cls(places, made_anew(places.part))

    @classmethod
    def reopen(cls, places: Places, state: State) -> FileOutput:
        """Go on behind what *state* says is durable; an error if less is there."""
        output = cls(places, reopened(places.part))
        try:
            cut_back(output.part, state.length)
            output._bad.reopen(state)
        except BaseException:
            output.close()
            raise
        return output

    @property
    def length(self) -> int:
        return self.part.length

    @property
    def bad_length(self) -> int:
        return self._bad.length

    @property
    def size(self) -> int:
        """Return the bytes of the file."""
        return self.part.length

    def write(self, chunk: bytes, bad: Sequence[BadRow]) -> None:
        self._bad.write(bad)
        self.part.write(chunk)

    def commit(self, state: State) -> None:
        # In this order: a state never speaks of bytes that may be lost.
        self._bad.sync()
        self.part.sync()
        save(self.places.state, state)

    def publish(self, whole: Whole) -> None:
        """Give the file its name, and the bad rows theirs. May be repeated if it was broken off."""
        made = whole(self.part, self.places.whole)
        self._bad.publish(self.places.bad)
        made.publish(self.places.target)
        if made is not self.part:
            self.part.close()
            remove(self.part.path)
        forget(self.places)

    def account(self, *, is_finished: bool) -> tuple[Path, Path, int]:
        """Return where the records and the bad ones are, and the bytes of the former."""
        path, bad = self.places.found(is_finished=is_finished)
        return path, bad, path.stat().st_size

    def discard(self) -> None:
        """Remove what was begun, since nothing of it is of use."""
        self.close()
        for path in (self.places.part, self.places.bad_part, self.places.state):
            remove(path)

    def close(self) -> None:
        self.part.close()
        self._bad.close()


def places_of(path: Path, bad: Path | None) -> Places:
    """Return the files of an export to *path*; an error if a name leads astray."""
    target = target_of(path)
    if target.is_dir():
        raise InvalidArgumentError(
            f"{path} is a folder; name a file in it, or end it in / for parts there"
        )
    aside = target.with_name(f"{target.name}.bad.jsonl") if bad is None else target_of(bad)
    if aside == target:
        raise InvalidArgumentError("bad records need a file of their own")
    return Places(target, aside)


def is_stream(path: Path) -> bool:
    """Say whether *path* is there and no file: a pipe or a device, which no file must replace."""
    return path.exists() and not path.is_file() and not path.is_dir()


def finished_before(places: Places, state: State) -> bool:
    """Say whether *state* is of an export whose file got its name before the process ended."""
    return state.ended is not None and not places.part.exists() and places.target.exists()


def clear_file(places: Places) -> str | None:
    """Remove what an earlier export left; return what it was; an error if it is at work."""
    left = left_in(places)
    was_there = False
    for path in (places.part, places.bad_part, places.whole):
        if os.path.lexists(path):
            reopened(path).close()
            was_there = True
            remove(path)
    remove(places.state)
    return left if was_there else None


def made_whole(part: PartFile, whole: Whole, place: Path) -> int:
    """Close *part* after what it becomes is durable, and return the bytes of that."""
    made = whole(part, place)
    made.sync()
    made.close()
    part.close()
    return made.path.stat().st_size
