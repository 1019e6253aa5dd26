"""Where faults hold up answers."""

import anyio


class Holds:
    """Where faults wait, so that they can be let go all at once."""

    def __init__(self) -> None:
        self._released = anyio.Event()
        self._closed = False

    async def wait(self, seconds: float | None) -> None:
        """Wait until released, or until so many seconds are over."""
        with anyio.move_on_after(seconds):
            await self._released.wait()

    def release(self) -> None:
        """Let go what waits now; what comes later waits again."""
        self._released.set()
        if not self._closed:
            self._released = anyio.Event()

    def close(self) -> None:
        """Let go what waits now and later."""
        self._closed = True
        self.release()
