"""Lines for people on stderr. Whatever stands in them, they command no terminal.

Some of it others have written: the service, or whoever named a file.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import traceback
from collections.abc import Sequence

from enkash_async._wire.printable import printable


def say(text: str) -> None:
    """Write one line to stderr, if there is one; stdout is for data."""
    say_exactly(printable(text))


def say_error(error: object) -> None:
    """Write an error as one line."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        error = f"{error.filename}: {error.strerror}"
    say(f"error: {error}")


def say_traceback(error: BaseException) -> None:
    """Write the traceback of *error*, for who looks for its cause."""
    say_lines("".join(traceback.format_exception(error)))


def say_lines(text: str) -> None:
    """Write several lines, as they are indented."""
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        say_exactly(" " * indent + printable(line))


def say_exactly(line: str) -> None:
    """Write a line of which each character counts, and is known to be harmless."""
    if sys.stderr is not None:
        # Nobody is left to be told that nobody can be told.
        with contextlib.suppress(OSError, ValueError):
            print(line, file=sys.stderr, flush=True)


def shell_line(arguments: Sequence[str]) -> str:
    """Return the line by which a shell runs a command with just these *arguments*."""
    return " ".join(map(_shell_word, arguments))


def _shell_word(argument: str) -> str:
    if argument.isprintable():
        return shlex.quote(argument)
    # As bash, zsh and newer shells of POSIX read it; between plain quotes nothing can be escaped.
    return f"$'{''.join(map(_escaped, argument))}'"


def _escaped(char: str) -> str:
    if char.isprintable() and char not in "'\\":
        return char
    # In octal, of three digits each: what follows must not be taken for one more.
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(char))
