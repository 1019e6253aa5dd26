"""A coroutine run to its end, signals and errors among them, and its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Generator
from enum import IntEnum
from typing import IO, Any

import click

from enkash_async import (
    AuthenticationError,
    EnKashError,
    IncompleteSearchError,
    UnauthorizedError,
)
from enkash_async._wire.printable import printable


class Status(IntEnum):
    """The exit status of a command, as `EXIT_STATUSES` tells its users."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    INCOMPLETE = 4
    INTERRUPTED = 128 + 2
    READER_GONE = 128 + 13
    TERMINATED = 128 + 15


EXIT_STATUSES = """\b
Exit status:
  0    complete
  1    failed
  2    wrong usage, or configuration missing from the environment
  3    the credentials or the token were refused
  4    read to the end, but not COMPLETE: the list CHANGED meanwhile,
       or nothing proves that all of it came (INCOMPLETE)
  130  Ctrl-C, 143 SIGTERM, 141 the reader of the output went away
"""


debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


def say(text: str) -> None:
    """Write one line for people; stdout is for data."""
    click.echo(text, err=True)


def say_error(error: object) -> None:
    """Write an error as one line."""
    # Some of it the service wrote.
    say("error: " + printable(str(error)))


class Misuse(click.ClickException):
    """The arguments or the environment cannot be used as they are."""

    exit_code = Status.USAGE

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message as one line."""
        say_error(self.message)


@contextlib.contextmanager
def misuse_shown(cure: str = "") -> Generator[None, None, None]:
    """Turn what the SDK says of wrong values into Misuse, with a *cure* at the end."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise Misuse(f"{error}{cure}") from error


def run_job(job: Callable[[], Coroutine[Any, Any, int]], *, debug: bool) -> int:
    """Run *job* until it ends or a signal comes, and return the exit status."""
    try:
        return asyncio.run(_cancelled_by_sigterm(job))
    except asyncio.CancelledError:
        say_error("terminated")
        return Status.TERMINATED
    except KeyboardInterrupt:
        say_error("interrupted")
        return Status.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return Status.READER_GONE
    except (EnKashError, OSError) as error:
        if debug:
            traceback.print_exc()
        say_error(error)
        return status_of(error)


def status_of(error: Exception) -> Status:
    """Return the exit status that *error* stands for."""
    if isinstance(error, (AuthenticationError, UnauthorizedError)):
        return Status.REFUSED
    if isinstance(error, IncompleteSearchError):
        return Status.INCOMPLETE
    return Status.FAILED


async def _cancelled_by_sigterm(job: Callable[[], Coroutine[Any, Any, int]]) -> int:
    task = asyncio.current_task()
    assert task is not None
    # asyncio itself cleans up after Ctrl-C only. Windows has no signal handlers in its loops.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await job()


def _forget_stdout() -> None:
    """Let the flush at the exit of the interpreter succeed, although nobody reads stdout any more.

    See the note on SIGPIPE in docs.python.org/3/library/signal.html.
    """
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
