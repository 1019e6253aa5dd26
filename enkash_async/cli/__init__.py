"""The command line: `enkash-async`. Needs the extra `enkash-async[cli]`."""

import sys


def main() -> int:
    """Run the command that the arguments ask for and return its exit status."""
    try:
        from enkash_async.cli.commands import run
    except ModuleNotFoundError as error:
        if error.name not in ("click", "tqdm"):
            raise
        print(
            "The command line needs click and tqdm: pip install 'enkash-async[cli]'",
            file=sys.stderr,
        )
        return 2
    return run()
