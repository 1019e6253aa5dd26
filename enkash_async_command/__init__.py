"""The entry of the command `enkash-async`, apart so that Ctrl-C ends it while the SDK is imported.

That takes some tenths of a second, in which Python would answer with a traceback.
"""

import signal


def main() -> int:
    """Run the command that the arguments ask for and return its exit status."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from enkash_async.cli import main as run

    if is_heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()
