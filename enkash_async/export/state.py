"""What an export that was broken off is gone on with: written beside its file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import attrs
import msgspec

from enkash_async.errors import InvalidArgumentError
from enkash_async.export.files import remove, sync_folder, write_private
from enkash_async.report import Verdict

VERSION = 1

MAX_BYTES = 64 * 1024 * 1024
"""More than any state takes."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How the reading ended, where nothing more would come."""

    verdict: str
    reasons: list[str]

    def may_be_kept(self, *, strict: bool, keep_incomplete: bool) -> bool:
        """Say whether what came may get its name."""
        verdict = Verdict(self.verdict)
        if keep_incomplete or verdict is Verdict.COMPLETE:
            return True
        return verdict is Verdict.CHANGED and not strict


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is durable of an export, and where its reading goes on.

    *shape* is a hash of the form, the columns and all else that shows in the file; *service* one of
    what the caller calls the service. *token* is a resume token: it holds ids and no other data.
    *length* and *bad_length* are bytes of the two files that are durable, *packed* what their
    compressor must know. *records* and *bad* count what is in them. In a folder so many *parts* are
    whole before the one that grows, which holds *part_rows* rows. Once reading has *ended*, all
    that came is durable, and the file lacks its name or a proof. *in_vain* says that who went on
    from here got no further, since the pages contradict each other.
    """

    version: int = VERSION
    shape: str
    service: str
    method: str
    token: str
    records: int
    bad: int
    length: int
    bad_length: int
    packed: list[int]
    seconds: float
    parts: int = 0
    part_rows: int = 0
    ended: Ended | None = None
    in_vain: bool = False


def hashed(value: Any) -> str:
    """Return a short text that differs where *value* does, and tells nothing else of it."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


@attrs.frozen
class Places:
    """The files of one export: the target, and what stands beside it until it is whole."""

    target: Path
    bad: Path

    @property
    def part(self) -> Path:
        """Return where the bytes grow."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def whole(self) -> Path:
        """Return where a file grows that is made of the part when that is whole."""
        return self.target.with_name(f"{self.target.name}.part.whole")

    @property
    def state(self) -> Path:
        """Return where the state stands."""
        return self.target.with_name(f"{self.target.name}.state")

    def found(self, *, is_finished: bool) -> tuple[Path, Path]:
        """Return where the records are, and the bad ones: under their names, if it is finished."""
        return (self.target, self.bad) if is_finished else (self.part, self.bad_part)

    @property
    def bad_part(self) -> Path:
        """Return where bad records are kept until the target is whole."""
        return self.bad.with_name(f"{self.bad.name}.part")


def save(path: Path, state: State) -> None:
    """Make *state* durable, in place of the one before."""
    write_private(path, msgspec.json.encode(state))


def load(path: Path) -> State | None:
    """Return the state at *path*, None if there is none; an error if it is of no use."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except FileNotFoundError:
        return None
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("version")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        version = None
    if version != VERSION:
        raise InvalidArgumentError(
            f"{path} is no state of an export that this release can go on with; delete it, or"
            " export anew without resuming"
        )
    try:
        return msgspec.json.decode(content, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgumentError(
            f"{path} is damaged: {error}; delete it to export anew"
        ) from None


def left_in(places: Any) -> str:
    """Return the sentence that tells what is removed."""
    try:
        found = load(places.state)
    except InvalidArgumentError:
        found = None
    records = "" if found is None else f" with {found.records:,} records"
    return f"{places.part}{records}, which an earlier export had left, was removed"


def forget(places: Places) -> None:
    """Remove the state, since the file has its name."""
    remove(places.state)
    sync_folder(places.state)
