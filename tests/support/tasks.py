"""Tasks without a session that owns them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_running: set[asyncio.Task[None]] = set()


def in_task(function: Callable[[Any], Coroutine[Any, Any, None]], argument: Any) -> None:
    """Start `function(argument)` as a task, which the event loop of the test owns."""
    task = asyncio.create_task(function(argument))
    _running.add(task)
    task.add_done_callback(_running.discard)
