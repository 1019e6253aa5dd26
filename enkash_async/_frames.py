"""Which frames of ours a traceback leaves out, where a tool asks. No I/O."""

from __future__ import annotations

import sys
from typing import Any

from enkash_async.errors import EnKashError


def is_hidden(raised: Any) -> bool:
    """Say to pytest whether frames of ours say nothing about what was *raised*.

    An error of the tree says what happened and what to do; where in the SDK it was noticed is of no
    use to who called it. Whatever else is raised there may be our own mistake, and is shown whole.
    """
    # The outermost frame is asked first: those of modules loaded since then, as a crawl's, follow.
    hide()
    return isinstance(raised.value, EnKashError)


def hide() -> None:
    """Let all of our modules that are loaded by now say so.

    Modules that callers import by themselves call it too, as their frames may be the outermost.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("enkash_async."):
            module.__dict__["__tracebackhide__"] = is_hidden
