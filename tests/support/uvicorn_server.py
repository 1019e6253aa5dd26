"""An app over uvicorn and uvloop in a thread, as a service runs it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the example needs uvicorn")
pytest.importorskip("uvloop", reason="uvloop is not for this system")


@contextmanager
def serving(app: Any, *, send_buffer: int | None = None) -> Iterator[tuple[str, int]]:
    """Serve *app* until the block is left; yield where it is.

    The system holds up to *send_buffer* bytes for a client that does not read; megabytes if None.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    started = threading.Event()

    class Server(uvicorn.Server):  # type: ignore[misc,name-defined]
        async def startup(self, *given: Any, **options: Any) -> None:
            await super().startup(*given, **options)
            started.set()

    server = Server(uvicorn.Config(app, loop="uvloop", log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        assert started.wait(20)
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive()
