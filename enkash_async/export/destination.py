"""Where an export goes: which of the files is meant by its path, and what is there already."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from enkash_async.export.files import target_of
from enkash_async.export.folder import FolderOutput, FolderPlaces, clear_folder, places_in
from enkash_async.export.forms import Form, Format
from enkash_async.export.output import FileOutput, clear_file, places_of
from enkash_async.export.state import Places, State, load
from enkash_async.report import Verdict

AnyPlaces = Places | FolderPlaces


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Say whether *path* is written as that of a folder."""
    return os.fspath(path).endswith(("/", os.sep))


def places_for(path: Path, bad: Path | None, form: Form, *, in_parts: bool) -> AnyPlaces:
    """Return the files of an export to *path*; an error if it cannot be written there."""
    if not in_parts:
        return places_of(path, bad)
    return places_in(path, bad, form.ending, is_spooled=form.format is Format.PARQUET)


def begin(places: AnyPlaces) -> tuple[str | None, FileOutput | FolderOutput]:
    """Begin an export anew, and return what is said of one that was left there."""
    if isinstance(places, FolderPlaces):
        return clear_folder(places), FolderOutput.create(places)
    return clear_file(places), FileOutput.create(places)


def reopen(places: AnyPlaces, state: State) -> FileOutput | FolderOutput:
    """Go on with what *state* says; an error if that is not there."""
    if isinstance(places, FolderPlaces):
        return FolderOutput.reopen(places, state)
    return FileOutput.reopen(places, state)


@attrs.frozen
class Leftover:
    """What an export left: where its *records* are.

    It can be gone on with, unless it came to its end with a *verdict* that was not good enough, or
    was gone on with *in_vain*: then it is begun anew.
    """

    part: Path
    records: int
    verdict: Verdict | None = None
    in_vain: bool = False


def left_by(path: str | os.PathLike[str]) -> Leftover | None:
    """Return what an export to *path* has left, None if there is nothing."""
    try:
        target = target_of(Path(path))
        places: AnyPlaces = Places(target, target)
        if target.is_dir():
            places = FolderPlaces(target, target, "", is_spooled=False)
        state = load(places.state)
    except (OSError, ValueError):
        return None
    if state is None or not places.part.exists():
        return None
    verdict = None if state.ended is None else Verdict(state.ended.verdict)
    return Leftover(places.part, state.records, verdict, state.in_vain)
