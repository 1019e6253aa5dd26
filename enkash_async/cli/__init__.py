"""The command line: `enkash-async`. Needs the extra `enkash-async[cli]`.

It knows options, exit statuses, and where the bytes of an export go, and uses the public API alone.
It must never know how a search pages, retries or decodes.
Begin with `commands.py`, then `export.py`, the largest of the jobs that the commands run.
"""

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
