"""`python -m enkash_async`."""

import sys

from enkash_async_command import main

if __name__ == "__main__":
    sys.exit(main())
