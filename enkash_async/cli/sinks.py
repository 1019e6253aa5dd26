"""Where exported bytes go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Protocol, Self

from enkash_async.cli.running import Misuse


class Sink(Protocol):
    """Takes bytes. Leaving it as a context manager removes what is not finished and not kept."""

    async def write(self, chunk: bytes) -> None:
        """Write all of *chunk*."""
        ...

    def finish(self) -> None:
        """Say that everything has been written and is good."""
        ...

    def keep_partial(self) -> str | None:
        """Keep what was written, but not as a result; return where it is."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def open_sink(output: str) -> Sink:
    """Open *output*, "-" for stdout; Misuse if that is impossible."""
    try:
        if output == "-":
            return StreamSink(_stdout())
        target = Path(output)
        if target.exists() and not target.is_file():
            # A pipe or a device, which a file must not take the place of.
            return StreamSink(os.open(target, os.O_WRONLY), owned=True)
        return FileSink(target)
    except OSError as error:
        raise Misuse(f"cannot write to {output}: {error.strerror or error}") from error


def _stdout() -> int:
    # Without one, descriptor 1 may by now be a socket.
    if sys.stdout is None:
        raise Misuse("stdout is closed; give --output")
    sys.stdout.flush()
    return sys.stdout.fileno()


class FileSink:
    """A file that gets its name when it is finished, and is removed if it never is."""

    def __init__(self, target: Path) -> None:
        # Where *target* is a link, the file that it points to is replaced, and not the link.
        self._target = target.resolve()
        self._part = self._target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        self._file = self._part.open("xb")
        self._is_kept = False
        with contextlib.suppress(OSError):
            shutil.copymode(self._target, self._part)

    async def write(self, chunk: bytes) -> None:
        """Write all of *chunk*."""
        # Written in the event loop, the largest pages, 7 MB, would hold it up for 30 ms. If this is
        # cancelled, the thread goes on; `close` waits for it, since a buffered file has a lock.
        await _in_daemon_thread(partial(self._file.write, chunk))

    def finish(self) -> None:
        """Give the file its name, in place of any that had it before."""
        self._save()
        self._part.replace(self._target)

    def keep_partial(self) -> str | None:
        """Keep the file under its temporary name and return that; None if it is empty."""
        if not self._file.tell():
            return None
        self._save()
        return str(self._part)

    def _save(self) -> None:
        """Write all of it to the disk, and keep it when the sink is left."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._is_kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        finally:
            if not self._is_kept:
                self._part.unlink(missing_ok=True)


class StreamSink:
    """A pipe, a terminal or a device, whose reader may be slow."""

    def __init__(self, descriptor: int, *, owned: bool = False) -> None:
        self._descriptor = descriptor
        self._owned = owned

    async def write(self, chunk: bytes) -> None:
        """Write all of *chunk*, leaving the event loop free while the reader takes its time."""
        await _in_daemon_thread(partial(_write_all, self._descriptor, chunk))

    def finish(self) -> None:
        """Do nothing: what was written is gone."""

    def keep_partial(self) -> None:
        """Do nothing: what was written is gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._owned:
            os.close(self._descriptor)


def _write_all(descriptor: int, chunk: bytes) -> None:
    # Not through sys.stdout.buffer: its lock, held by a thread that is stuck, ends in a crash.
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


async def _in_daemon_thread(work: Callable[[], object]) -> None:
    """Run *work* in a thread that, if it is stuck, does not keep the process from ending.

    The threads of anyio and of asyncio are waited for.
    """
    outcome: Future[object] = Future()

    def settle() -> None:
        outcome.set_running_or_notify_cancel()
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    Thread(target=settle, daemon=True).start()
    await asyncio.wrap_future(outcome)
