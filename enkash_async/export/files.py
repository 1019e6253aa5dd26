"""Files that nobody else can read, that appear when they are whole, and stay when power fails."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from enkash_async.errors import InvalidArgumentError

try:
    import fcntl as _fcntl
except ImportError:  # pragma: no cover - Windows
    _fcntl = None  # type: ignore[assignment]

fcntl: Any = _fcntl

PRIVATE = 0o600

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def target_of(path: Path) -> Path:
    """Return the file that *path* leads to: where it is a link, what it points to is meant.

    InvalidArgumentError for a link that another user made, who could have it point anywhere, and
    for one that leads nowhere but to itself.
    """
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) and not is_trusted(found):
            raise InvalidArgumentError(
                f"{path} is a link that another user made; it is not followed"
            )
    try:
        return path.resolve()
    except RuntimeError:
        raise InvalidArgumentError(f"{path} is a link that leads to itself") from None


def is_trusted(found: os.stat_result) -> bool:
    """Say whether this user made what was *found*, or root."""
    return not hasattr(os, "geteuid") or found.st_uid in (0, os.geteuid())


def write_private(path: Path, content: bytes) -> None:
    """Give *path* this *content* at once: whoever reads it finds all of it or what was there."""
    new = path.with_name(f"{path.name}.new")
    remove(new)
    try:
        with _created(new) as descriptor:
            write_all(descriptor, content)
            os.fsync(descriptor)
        new.replace(path)
    except OSError:
        remove(new)
        raise
    sync_folder(path)


@contextlib.contextmanager
def _created(path: Path) -> Any:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, PRIVATE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of *content*."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(path: Path) -> None:
    """Make durable that *path* has its name."""
    if not hasattr(os, "O_DIRECTORY"):  # pragma: no cover - Windows
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove the file or link at *path* itself, if there is one."""
    path.unlink(missing_ok=True)


class PartFile:
    """A file that grows, is made durable, and at last gets its name.

    One process has it at a time; BlockingIOError if another one does.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self.length = 0
        """Bytes written."""
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path) -> PartFile:
        """Create *path*, which only its owner can read; FileExistsError if it is there."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK
        return cls(path, os.open(path, flags, PRIVATE))

    @classmethod
    def reopen(cls, path: Path) -> PartFile:
        """Open *path* to write on; OSError if it is a link, another error if not ours."""
        part = cls(path, os.open(path, os.O_RDWR | _NO_LINK))
        found = os.fstat(part.descriptor)
        part.length = found.st_size
        if not stat.S_ISREG(found.st_mode) or not is_trusted(found):
            part.close()
            raise InvalidArgumentError(f"{path} is not a file of this user; it is left alone")
        return part

    @property
    def descriptor(self) -> int:
        """Return the descriptor of the open file."""
        assert self._descriptor is not None
        return self._descriptor

    def cut_back(self, length: int) -> None:
        """Forget what stands behind *length* bytes, and go on there."""
        os.ftruncate(self.descriptor, length)
        os.lseek(self.descriptor, length, os.SEEK_SET)
        self.length = length

    def write(self, content: bytes) -> None:
        """Write all of *content*."""
        write_all(self.descriptor, content)
        self.length += len(content)

    def sync(self) -> None:
        """Make durable what was written."""
        os.fsync(self.descriptor)

    def publish(self, target: Path) -> None:
        """Give the file its name, in place of any that had it, whose mode it takes over."""
        if hasattr(os, "fchmod"):
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(self.descriptor, stat.S_IMODE(target.stat().st_mode))
        self.sync()
        self.close()
        self.path.replace(target)
        sync_folder(target)

    def close(self) -> None:
        """Close the file, and leave it where it is."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def cut_back(file: PartFile, length: int) -> None:
    """Cut *file* back to what is durable; InvalidArgumentError if it holds less."""
    if file.length < length:
        raise InvalidArgumentError(
            f"{file.path} has {file.length:,} bytes, {length:,} were durable: it was changed;"
            " export anew without resuming"
        )
    file.cut_back(length)


def made_anew(path: Path) -> PartFile:
    """Create *path*; InvalidArgumentError if it is there."""
    try:
        return PartFile.create(path)
    except FileExistsError:
        raise InvalidArgumentError(
            f"{path} is there: another export may be writing it; remove it if none is"
        ) from None


def reopened(path: Path) -> PartFile:
    """Open *path* to write on; InvalidArgumentError if another export does."""
    try:
        return PartFile.reopen(path)
    except BlockingIOError:
        raise InvalidArgumentError(
            f"another export is writing {path}; wait until it has ended"
        ) from None
