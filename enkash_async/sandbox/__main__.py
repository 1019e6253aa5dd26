"""`python -m enkash_async.sandbox`."""

import sys

from enkash_async.sandbox.command import add_arguments, run, settings_from

__all__ = ["add_arguments", "run", "settings_from"]

if __name__ == "__main__":
    sys.exit(run())
