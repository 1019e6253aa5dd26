"""The command line of the sandbox: every knob is an option."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence

from enkash_async.sandbox.account import ACCOUNT
from enkash_async.sandbox.faults import FaultScript
from enkash_async.sandbox.faults.script import describe
from enkash_async.sandbox.service import welcome
from enkash_async.sandbox.service.opening import open_sandbox
from enkash_async.sandbox.settings import SandboxSettings, knobs

_DEFAULTS = SandboxSettings()


def run(argv: Sequence[str] | None = None, *, prog: str = "python -m enkash_async.sandbox") -> int:
    """Serve a sandbox until Ctrl-C or SIGTERM and return the exit status.

    *prog* is the command that it was started by.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Serve invented customers over the API of EnKash as it is documented.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_arguments(parser)
    namespace = parser.parse_args(argv)
    try:
        settings = settings_from(namespace)
    except ValueError as error:
        parser.error(str(error))
    if settings.access_log:
        logging.basicConfig(format="%(asctime)s %(message)s")
        logging.getLogger("enkash_async.sandbox").setLevel(logging.INFO)
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_serve(settings))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Cannot listen on {settings.host}:{settings.port}: {error}", file=sys.stderr)
        return 1
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an option for every knob of `SandboxSettings`."""
    for name, knob in knobs().items():
        option = "--" + name.replace("_", "-")
        default = getattr(_DEFAULTS, name)
        parser.add_argument(option, default=default, help=knob.help, **knob.argument())
    parser.add_argument(
        "--faults",
        metavar="SCRIPT",
        type=_read_script,
        default=argparse.SUPPRESS,
        help="TOML file that says what goes wrong on purpose, with the kinds of --list-faults",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        dest="access_log",
        action="store_true",
        default=argparse.SUPPRESS,
        help="the same as --access-log: a line on stderr for each request",
    )
    parser.add_argument(
        "--list-faults", action=_ListFaults, help="list what can go wrong, and exit"
    )


def settings_from(namespace: argparse.Namespace) -> SandboxSettings:
    """Return the settings that the options of `add_arguments` stand for.

    Raises ValueError for a value out of range.
    """
    given = {name: getattr(namespace, name) for name in knobs()}
    return SandboxSettings(**given, faults=getattr(namespace, "faults", _DEFAULTS.faults))


def _read_script(path: str) -> FaultScript:
    try:
        return FaultScript.read(path)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path!r}: {error}") from error


class _ListFaults(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(describe())
        parser.exit()


async def _serve(settings: SandboxSettings) -> None:
    _stop_on_sigterm()
    async with open_sandbox(settings) as sandbox:
        print(f"Sandbox with {settings.rows} invented customers on {sandbox.base_url}\n")
        if scripted := len(settings.faults.faults):
            print(f"{scripted} fault{'s' if scripted > 1 else ''} scripted\n")
        print(welcome.exports(sandbox.base_url, ACCOUNT, sandbox.ca_file), end="\n\n")
        print(welcome.curl_for_search(sandbox.base_url, ACCOUNT, sandbox.ca_file), end="\n\n")
        print("Ctrl-C stops it.", flush=True)
        await asyncio.Event().wait()


def _stop_on_sigterm() -> None:
    """Let SIGTERM cancel this task, as asyncio lets Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    # Windows has no signal handlers in its event loops.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
