"""What `enkash-async` runs first: it answers what needs neither the SDK nor click.

It is a package of its own, since a module inside `enkash_async` would import that, and aiohttp with
it, to say its version. All other commands are in `enkash_async.cli`.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command that the arguments ask for and return its exit status."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"enkash-async, version {_version()}")
        return 0
    if arguments[:1] == ["sandbox"]:
        # It reads its own options, so that it works without click.
        from enkash_async.sandbox.command import run

        return run(arguments[1:], prog="enkash-async sandbox")
    from enkash_async.cli import main as run_command

    return run_command()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("enkash-async")
    except PackageNotFoundError:
        # It runs from its sources, which nobody installed.
        from enkash_async import __version__

        return __version__
