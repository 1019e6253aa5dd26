"""Who reads a search, and what has become of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from enkash_async._search.row_stream import RowStream
from enkash_async.errors import EnKashError

P = TypeVar("P")


class Reading:
    """The reading of one search: by one task at a time, in one view, in one event loop.

    It ends with the last row, with an error of ours, or when it is closed. What else is raised
    in a step interrupts it, and it may go on.
    """

    def __init__(self, stream: RowStream) -> None:
        self._stream = stream
        self.view: str | None = None
        self.is_closed = False
        self.was_read = False
        """A loop has come to the end."""
        self._is_running = False
        self._error: EnKashError | None = None

    def use_as(self, view: str) -> None:
        """Settle on a *view*; RuntimeError if it is read in another already."""
        if self.view is not None and self.view != view:
            raise RuntimeError(
                f"this search is already read as {self.view}; start another search to read its"
                f" {view}"
            )
        self.view = view

    def begin_loop(self) -> None:
        """Note that a loop begins; RuntimeError if there is nothing left for it."""
        if self.was_read:
            raise RuntimeError(
                "this search was read to its end; start another one to read the list again"
            )

    async def run(self, step: Callable[[], Awaitable[P]]) -> P:
        """Run one *step*; errors are kept, so that no later step looks like an end."""
        self._check()
        self._is_running = True
        try:
            return await step()
        except EnKashError as error:
            self._error = error
            self._stream.note_place(error)
            raise
        except BaseException as error:
            # Cancelled, or a callback of the caller's raised: nothing is fetched ahead for now.
            self._stream.interrupt(error)
            raise
        finally:
            self._is_running = False

    def _check(self) -> None:
        if self._is_running:
            raise RuntimeError("another task is reading this search; one task reads at a time")
        if self._error is not None:
            raise self._error
        if self.is_closed and not self._stream.has_ended:
            raise RuntimeError("the search is closed; start another one")
        if self._stream.loop is None:
            self._stream.begin()
        elif asyncio.get_running_loop() is not self._stream.loop:
            raise RuntimeError("the search belongs to another event loop; start one in this loop")

    @property
    def state(self) -> str:
        """Return one word, or two, for how far it has come."""
        if self.is_closed:
            return "closed"
        return "ended" if self._stream.has_ended else self.view or "new"
