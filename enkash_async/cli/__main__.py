"""`python -m enkash_async.cli`."""

import sys

from enkash_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
