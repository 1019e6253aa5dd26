"""What `enkash-async` runs first: it answers what needs neither the SDK nor click.

It is a package of its own, since a module inside `enkash_async` would import that, and aiohttp with
it, to say its version. All other commands are in `enkash_async.cli`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable


def main() -> int:
    """Run the command that the arguments ask for and return its exit status."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"enkash-async, version {_version()}")
        return 0
    # The import takes some tenths of a second, in which Ctrl-C would be answered with a traceback.
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    run = _sandbox(arguments[1:]) if arguments[:1] == ["sandbox"] else _command()
    if is_heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _command() -> Callable[[], int]:
    from enkash_async.cli import main as run

    return run


def _sandbox(arguments: list[str]) -> Callable[[], int]:
    # It reads its own options, so that it works without click.
    from enkash_async.sandbox.command import run

    return lambda: run(arguments, prog="enkash-async sandbox")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("enkash-async")
    except PackageNotFoundError:
        # It runs from its sources, which nobody installed.
        from enkash_async import __version__

        return __version__
