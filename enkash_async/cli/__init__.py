"""The command line: `enkash-async`. Needs the extra `enkash-async[cli]`.

It knows options, signals, exit statuses, and what is said to people; the bytes of an export are
made by `export`. It must never know how a search pages, retries or decodes.
Begin with `commands.py`, then `export.py`, the largest of the jobs that the commands run.
"""

import sys


def main() -> int:
    """Run the command that the arguments ask for and return its exit status."""
    try:
        from enkash_async.cli.commands import run
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        if error.name not in ("click", "tqdm"):
            raise
        if sys.stderr is not None:
            print(
                "The command line needs click and tqdm: pip install 'enkash-async[cli]'",
                file=sys.stderr,
            )
        return 2
    try:
        return run()
    except KeyboardInterrupt:
        return 130
