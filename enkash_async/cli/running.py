"""A coroutine run to its end, signals and errors among them, and its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from enum import IntEnum
from typing import IO, Any

import click

from enkash_async import (
    AuthenticationError,
    ConfigurationError,
    EnKashError,
    IncompleteSearchError,
    InvalidAccessError,
    InvalidArgumentError,
    UnauthorizedError,
)
from enkash_async.cli.advice import as_options
from enkash_async.cli.words import say, say_error, say_traceback

LOG_VARIABLE = "ENKASH_LOG"

GRACE = 5.0
"""Seconds for the page that is being read when the first signal comes."""


class Status(IntEnum):
    """The exit status of a command, as `EXIT_STATUSES` tells its users."""

    GOOD = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    INCOMPLETE = 4
    HUNG_UP = 128 + 1
    INTERRUPTED = 128 + 2
    READER_GONE = 128 + 13
    TERMINATED = 128 + 15


EXIT_STATUSES = """\b
Exit status:
  0    COMPLETE, or CHANGED: every customer that was there throughout has come
  1    failed; the last line says how to go on
  2    wrong usage, or configuration missing from the environment
  3    the credentials or the token were refused, or may not do this
  4    INCOMPLETE: nothing proves that all came; or records were bad;
       or CHANGED, with --strict
  130  Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 the reader of the output went away
"""

_WORDS = {Status.HUNG_UP: "hung up", Status.INTERRUPTED: "interrupted"}


def _show_log(ctx: click.Context, param: click.Parameter, times: int) -> None:
    if times:
        # A session reads it when it is made, and would undo a level that was set before.
        os.environ[LOG_VARIABLE] = "info" if times == 1 else "debug"


_log_option = click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    callback=_show_log,
    help=f"Show retries, pauses and logins on stderr, and every request with -vv; before"
    f" {LOG_VARIABLE}.",
)
_debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


def diagnostic_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that show more of what goes wrong."""
    return _log_option(_debug_option(command))


def is_log_shown() -> bool:
    """Say whether lines of the log come to stderr."""
    return bool(os.environ.get(LOG_VARIABLE, "").strip())


class Stop(asyncio.Event):
    """Is set when a job is asked to end; *status* is what the first signal stands for."""

    status: Status | None = None


Job = Callable[[Stop], Coroutine[Any, Any, int]]
"""Returns an exit status."""


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


def need_stdout() -> None:
    """Raise Misuse if stdout is closed, before anything is asked for that would go there."""
    if sys.stdout is None:
        raise Misuse("stdout is closed, and what was asked for would go there")


def run_job(job: Job, *, debug: bool, hint: Callable[[], None] | None = None) -> int:
    """Run *job* until it ends or a signal comes, and return the exit status.

    The first signal sets its event, where a *hint* says that there is something to go on with;
    otherwise, and with the second, it is cancelled. What the hint says comes last.
    """
    signals = _Signals(is_patient=hint is not None)
    status, error = _outcome(job, signals)
    if status == Status.READER_GONE:
        _forget_stdout()
        return status
    if error is not None and (debug or _is_defect(error)):
        say_traceback(error)
    if isinstance(error, Misuse):
        raise error
    if error is not None:
        said: object = f"{type(error).__name__}: {error}" if _is_defect(error) else error
        if isinstance(error, EnKashError):
            said = as_options(str(error))
        say_error(said if signals.status is None else _words(signals.status))
    elif signals.status is not None:
        say_error(_words(signals.status))
    if hint is not None and status != Status.GOOD:
        hint()
    return status


def _outcome(job: Job, signals: _Signals) -> tuple[int, BaseException | None]:
    try:
        status = asyncio.run(signals.watched(job))
        return signals.status or status, None
    except asyncio.CancelledError as error:
        return signals.status or Status.TERMINATED, error
    except KeyboardInterrupt as error:
        signals.status = Status.INTERRUPTED
        return Status.INTERRUPTED, error
    except (BrokenPipeError, Misuse) as error:
        return status_of(error), error
    except Exception as error:
        # Of whatever kind: how to go on must be said all the same.
        return signals.status or status_of(error), error


def _is_defect(error: BaseException) -> bool:
    """Say whether *error* is none that the SDK or the system has words for.

    It is shown as it came, since it may take hours to come again.
    """
    known = (EnKashError, OSError, ImportError, click.ClickException)
    return isinstance(error, Exception) and not isinstance(error, known)


def _words(status: int) -> str:
    return _WORDS.get(Status(status), "terminated")


def status_of(error: BaseException) -> Status:
    """Return the exit status that *error* stands for."""
    if isinstance(error, BrokenPipeError):
        return Status.READER_GONE
    if isinstance(error, (AuthenticationError, UnauthorizedError, InvalidAccessError)):
        return Status.REFUSED
    if isinstance(error, (ConfigurationError, ImportError, InvalidArgumentError, Misuse)):
        return Status.USAGE
    if isinstance(error, IncompleteSearchError):
        return Status.INCOMPLETE
    return Status.FAILED


class _Signals:
    """Asks a job to end, and then ends it."""

    def __init__(self, *, is_patient: bool) -> None:
        self._is_patient = is_patient
        self._count = 0
        self.status: Status | None = None

    async def watched(self, job: Job) -> int:
        loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), Stop()
        assert task is not None
        for number in _numbers():
            # Windows has no signal handlers in its loops.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, self._receive, number, task, stop)
        return await job(stop)

    def _receive(self, number: int, task: asyncio.Task[Any], stop: Stop) -> None:
        self._count += 1
        self.status = stop.status = self.status or Status(128 + number)
        if self._count > 2:
            # It was cancelled, and does not end.
            os._exit(self.status)
        if self._count == 2 or not self._is_patient:
            task.cancel()
            return
        say("stopping after the page that is being read; a second signal stops at once")
        stop.set()
        asyncio.get_running_loop().call_later(GRACE, task.cancel)


def _numbers() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [signal.Signals[name] for name in names if hasattr(signal, name)]
    # One that is ignored, as under nohup, stays so.
    return [one for one in numbers if signal.getsignal(one) is not signal.SIG_IGN]


def _forget_stdout() -> None:
    """Let the flush at the exit of the interpreter succeed, although nobody reads stdout any more.

    See the note on SIGPIPE in docs.python.org/3/library/signal.html.
    """
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
