"""An app over uvicorn and uvloop in a thread, as a service runs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the example needs uvicorn")
pytest.importorskip("uvloop", reason="uvloop is not for this system")


@contextmanager
def serving(app: Any) -> Iterator[tuple[str, int]]:
    """Serve *app* until the block is left; yield where it is."""
    started = threading.Event()

    class Server(uvicorn.Server):  # type: ignore[misc,name-defined]
        async def startup(self, *given: Any, **options: Any) -> None:
            await super().startup(*given, **options)
            started.set()

    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, loop="uvloop", log_level="critical", ws="none"
    )
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(20)
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
