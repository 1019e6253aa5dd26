"""A folder of parts, which appear in it under their names when the last of them is whole.

Until then they grow in a folder within it, whose name readers of such folders pass over, as they do
for all that begins with `_`. `_SUCCESS` says that the parts beside it are one export, and whole.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from enkash_async.errors import InvalidArgumentError
from enkash_async.export.bad import BadRow
from enkash_async.export.bad_file import BadFile
from enkash_async.export.files import (
    PartFile,
    cut_back,
    is_trusted,
    made_anew,
    remove,
    reopened,
    sync_folder,
    target_of,
)
from enkash_async.export.output import Whole, made_whole
from enkash_async.export.state import State, left_in, save

SUCCESS = "_SUCCESS"
UNFINISHED = "_unfinished"
BAD = "_bad.jsonl"

_ENDING_OF_A_SPOOL = ".arrow"

_PART = re.compile(r"part-(\d{5,})(\..+)").fullmatch

_OWNER_ONLY = 0o700


@attrs.frozen
class FolderPlaces:
    """The files of one export to a folder. *ending* is that of its parts, such as `.csv.gz`.

    Where a part *is_spooled*, it grows in another form, and its file is made of that.
    """

    target: Path
    bad: Path
    ending: str
    is_spooled: bool

    @property
    def part(self) -> Path:
        """Return the folder in which parts grow."""
        return self.target / UNFINISHED

    @property
    def state(self) -> Path:
        """Return where the state stands."""
        return self.part / "state"

    @property
    def lock(self) -> Path:
        """Return the file that the process at work has locked."""
        return self.part / "lock"

    @property
    def bad_part(self) -> Path:
        """Return where bad records are kept until all is whole."""
        return self.part / "bad.jsonl"

    def name(self, index: int) -> str:
        """Return the name of a part, counted from 0."""
        return f"part-{index:05}{self.ending}"

    def growing(self, index: int) -> Path:
        """Return where the bytes of a part grow."""
        return self.part / (self.name(index) + _ENDING_OF_A_SPOOL * self.is_spooled)

    def index_of(self, name: str) -> int | None:
        """Return which part has this *name*, spooled or not, None if it is none of these."""
        found = _PART(name)
        if found is None or found[2].removesuffix(_ENDING_OF_A_SPOOL) != self.ending:
            return None
        return int(found[1])

    def parts_in(self, folder: Path) -> Iterator[tuple[int, Path]]:
        """Walk over the parts in *folder*, each with its index."""
        for path in [*folder.iterdir()]:
            index = self.index_of(path.name)
            if index is not None:
                yield index, path

    def found(self, *, is_finished: bool) -> tuple[Path, Path]:
        """Return where the records are, and the bad ones."""
        return (self.target, self.bad) if is_finished else (self.part, self.bad_part)


def places_in(path: Path, bad: Path | None, ending: str, *, is_spooled: bool) -> FolderPlaces:
    """Return the files of an export to the folder *path*.

    InvalidArgumentError if something is there that no export in this form wrote.
    """
    target = target_of(path)
    aside = target / BAD if bad is None else target_of(bad)
    places = FolderPlaces(target, aside, ending, is_spooled)
    if not target.exists():
        return places
    if not target.is_dir():
        raise InvalidArgumentError(
            f"{path} is a file, and cannot be a folder of parts; name another one"
        )
    names = {one.name for one in target.iterdir() if not one.name.startswith(".")}
    parts = {name for name in names if name.endswith(ending) and places.index_of(name) is not None}
    others = names - parts - {SUCCESS, UNFINISHED, BAD}
    if parts and not names & {SUCCESS, UNFINISHED}:
        others |= parts
    if others:
        raise InvalidArgumentError(
            f"{path} holds {min(others)}, which no export in this form has finished; name a folder"
            " that is empty, not there yet, or holds such an export"
        )
    _check_ours(places.part)
    return places


def _check_ours(folder: Path) -> None:
    if not os.path.lexists(folder):
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or not is_trusted(found):
        raise InvalidArgumentError(f"{folder} is not a folder of this user; it is left alone")


class FolderOutput:
    """The part that grows, those before it, the bad rows and the state of all of them."""

    is_durable = True

    def __init__(self, places: FolderPlaces, lock: PartFile) -> None:
        self.places = places
        self._lock = lock
        self._part: PartFile | None = None
        """None once it has its name."""
        self._bad = BadFile(places.bad_part)
        self.parts = 0
        """Parts that are whole, before the one that grows."""
        self._size_before = 0

    @classmethod
    def create(cls, places: FolderPlaces) -> FolderOutput:
        """Begin anew, where nothing stands in the way."""
        places.target.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        places.part.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        output = cls(places, made_anew(places.lock))
        output._part = made_anew(places.growing(0))
        return output

    @classmethod
    def reopen(cls, places: FolderPlaces, state: State) -> FolderOutput:
        """Go on behind what *state* says is durable; an error if less is there."""
        output = cls(places, reopened(places.lock))
        try:
            output._reopen_parts(state)
            output._bad.reopen(state)
        except BaseException:
            output.close()
            raise
        return output

    def _reopen_parts(self, state: State) -> None:
        places, self.parts = self.places, state.parts
        growing = places.growing(state.parts)
        if growing.exists():
            self._part = reopened(growing)
            cut_back(self._part, state.length)
        whole = [places.part / places.name(index) for index in range(state.parts)]
        if state.ended is None:
            for path in (growing, *whole):
                if not path.exists():
                    raise InvalidArgumentError(f"{path} is gone; export anew without resuming")
        self._size_before = sum(path.stat().st_size for path in whole if path.exists())
        for index, path in places.parts_in(places.part):
            # Of work that the state knows nothing of.
            if index > state.parts:
                remove(path)

    @property
    def length(self) -> int:
        """Return the bytes of the part that grows."""
        return 0 if self._part is None else self._part.length

    @property
    def size(self) -> int:
        """Return the bytes of all parts."""
        return self._size_before + self.length

    @property
    def bad_length(self) -> int:
        return self._bad.length

    def write(self, chunk: bytes, bad: Sequence[BadRow]) -> None:
        assert self._part is not None
        self._bad.write(bad)
        self._part.write(chunk)

    def next_part(self, whole: Whole) -> None:
        """Make the part durable that is full, and begin another one.

        What it was made of stays until a state says that it is whole.
        """
        self._end_part(whole)
        self.parts += 1
        self._part = PartFile.create(self.places.growing(self.parts))

    def _end_part(self, whole: Whole) -> None:
        if self._part is None:
            return
        place = self.places.part / self.places.name(self.parts)
        self._size_before += made_whole(self._part, whole, place)
        self._part = None

    def commit(self, state: State) -> None:
        self._bad.sync()
        if self._part is not None:
            self._part.sync()
        save(self.places.state, state)
        if self.places.is_spooled and state.parts:
            for index, path in self.places.parts_in(self.places.part):
                if index < state.parts and path.name.endswith(_ENDING_OF_A_SPOOL):
                    remove(path)

    def publish(self, whole: Whole) -> None:
        """Give all parts their names. May be repeated if it was broken off."""
        places = self.places
        self._end_part(whole)
        remove(places.target / SUCCESS)
        sync_folder(places.target / SUCCESS)
        self._move_parts()
        for index, path in places.parts_in(places.target):
            # Of an earlier export, which had more of them.
            if index > self.parts:
                remove(path)
        self._bad.publish(places.bad)
        remove(places.part / SUCCESS)
        success = PartFile.create(places.part / SUCCESS)
        success.publish(places.target / SUCCESS)
        self._forget()

    def _move_parts(self) -> None:
        places = self.places
        first = places.target / places.name(0)
        mode = stat.S_IMODE(first.stat().st_mode) if first.exists() else None
        for index in range(self.parts + 1):
            made, target = (one / places.name(index) for one in (places.part, places.target))
            if made.exists():
                if mode is not None:
                    made.chmod(mode)
                made.replace(target)
        sync_folder(first)

    def _forget(self) -> None:
        self.close()
        remove_work(self.places)
        sync_folder(self.places.part)

    def account(self, *, is_finished: bool) -> tuple[Path, Path, int]:
        """Return where the records and the bad ones are, and the bytes of the former."""
        path, bad = self.places.found(is_finished=is_finished)
        parts = self.places.parts_in(path) if is_finished else ()
        return path, bad, sum(part.stat().st_size for _, part in parts) or self.size

    def discard(self) -> None:
        """Remove what was begun, since nothing of it is of use."""
        self._forget()
        if not any(self.places.target.iterdir()):
            self.places.target.rmdir()

    def close(self) -> None:
        if self._part is not None:
            self._part.close()
        self._bad.close()
        self._lock.close()


def remove_work(places: FolderPlaces) -> None:
    """Remove the folder in which parts grew, and what an export put into it; the state first."""
    remove(places.state)
    for path in [*places.part.iterdir()]:
        if _PART(path.name):
            remove(path)
    for path in (places.bad_part, places.part / SUCCESS, places.part / "state.new", places.lock):
        remove(path)
    places.part.rmdir()


def clear_folder(places: FolderPlaces) -> str | None:
    """Remove what an earlier export left; return what it was; an error if it is at work."""
    if not places.part.exists():
        return None
    if places.lock.exists():
        reopened(places.lock).close()
    left = left_in(places)
    try:
        remove_work(places)
    except OSError as error:
        raise InvalidArgumentError(
            f"{places.part} holds something that is not of an export"
        ) from error
    return left
