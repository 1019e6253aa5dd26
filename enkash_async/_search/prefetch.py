"""The pages a search is about to need, fetched ahead of it in bounded number and bytes."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from functools import partial

from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.planner import Planner
from enkash_async._paging.raw_page import RawPage
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.page_ticket import Refit, Shrink
from enkash_async._tasks import TaskOwner, cancel_soon, paced, shielded
from enkash_async._telemetry.search_watch import SearchWatch
from enkash_async.errors import (
    APIError,
    ClientRequestError,
    RecordNotFoundError,
    RequestTimeoutError,
    UnprocessableRequestError,
    ValidationError,
)
from enkash_async.timeout import Timeout, setting_of

Fetch = Callable[[Refit, Shrink], Awaitable[RawPage]]
"""Fetches one page: the request is asked for before each attempt, and told when it is too heavy."""

CLOSED = "the search or its session was closed while the search was being read"

NOTHING_THERE = (
    ClientRequestError,
    RecordNotFoundError,
    UnprocessableRequestError,
    ValidationError,
)
"""Errors about the request itself: of one past the end, some services send such."""


def _says_nothing_there(error: Exception) -> bool:
    # A bare 404 too: past the end it is what some frameworks answer by themselves.
    is_bare = isinstance(error, APIError) and error.error_type is None and error.status == 404
    return is_bare or isinstance(error, NOTHING_THERE)


ASSUMED_ROW_BYTES = 1024
"""What a row is taken to weigh until the first page has come."""


class _Slot:
    """A page on its way: first a task, then a page or the error that came instead."""

    def __init__(self, request: PageRequest, nbytes: int) -> None:
        self.request = request
        self.task: asyncio.Task[None] | None = None
        self.has_begun = False
        self.done = asyncio.Event()
        self.page: RawPage | None = None
        self.error: Exception | None = None
        self.nbytes = nbytes
        self._gave_turn = False

    def cancel(self) -> None:
        """Stop the fetch, if it is under way."""
        if self.task is None or self.done.is_set():
            return
        if self.has_begun:
            self.task.cancel()
        else:
            cancel_soon(self.task)

    def begin(self, task: asyncio.Task[None]) -> None:
        """Learn which task fetches the page: when it has ended, nothing more comes."""
        self.task = task
        # It may be cancelled before it began. The slot itself would hold the page a turn longer.
        done = self.done
        task.add_done_callback(lambda _: done.set())

    async def landed(self) -> None:
        """Wait until the page or an error has come, giving other tasks a turn.

        One turn only: a reader that is cancelled whenever it waits must get on all the same.
        """
        if not self.done.is_set():
            await self.done.wait()
        elif not self._gave_turn:
            self._gave_turn = True
            await asyncio.sleep(0)


class Prefetch:
    """Fetches what a plan wants. One task reads; the fetches are tasks of the session.

    At most *max_pages* are in flight or waiting, and as many bytes as the session's *budget*
    allows beside what the plan remembers of rows; the page that is needed next is fetched whatever
    the budget says, and waited for as long as *timeout* says. Where the plan asks for it, a page
    counts as arrived when the ids of its records have been read.
    """

    def __init__(
        self,
        planner: Planner,
        fetch: Fetch,
        owner: TaskOwner,
        budget: ByteBudget,
        max_pages: int,
        timeout: Timeout,
        watch: SearchWatch,
    ) -> None:
        self._planner = planner
        self._fetch = fetch
        self._owner = owner
        self._budget = budget
        self._max_pages = max_pages
        self._timeout = timeout
        self._watch = watch
        self._slots: dict[PageRequest, _Slot] = {}
        self._remembered = 0
        self._row_bytes = float(ASSUMED_ROW_BYTES)
        self._paused = True
        self._reads_on = True
        self._discarded = False

    def fill(self, *, read_on: bool = True) -> None:
        """Start the fetches that the bounds allow, and stop those no longer wanted.

        Unless the reader will *read_on*, from now on only the page that is needed next is fetched.
        """
        self._reads_on = read_on
        self._refill()

    def _refill(self) -> None:
        if self._discarded:
            return
        self._paused = False
        max_pages = self._max_pages if self._reads_on else 1
        for request in [r for r in self._slots if not self._planner.is_wanted(r)]:
            self._drop(request)
        self._remember(self._planner.held_bytes)
        for place, request in enumerate(self._planner.wanted(max_pages)):
            if request in self._slots:
                continue
            nbytes = int(request.limit * self._row_bytes)
            # The page that is needed next comes whatever the budget says, or nobody got on.
            if place and not self._budget.has_room(nbytes):
                break
            self._budget.take(nbytes)
            slot = self._slots[request] = _Slot(request, nbytes)
            slot.begin(self._watch.run(self._owner.start, self._run, slot))

    async def _run(self, slot: _Slot) -> None:
        slot.has_begun = True
        try:
            page = await self._fetch(partial(self._refit, slot), partial(self._shrink, slot))
            if self._planner.needs_ids or page.is_heavy:
                await paced(page.id_steps())
            slot.page = page
        except Exception as error:
            # Raised in its turn, by the task that reads: here it would end all other fetches.
            slot.error = error
        finally:
            slot.done.set()
        if slot.page is not None and self._holds(slot):
            self._weigh(slot, slot.page)
            self._planner.note_arrival(slot.request, slot.page)
            if not self._paused and self._owner.is_open:
                self._refill()

    def _shrink(self, slot: _Slot, least: int) -> int | None:
        return self._planner.shrink(slot.request, least) if self._holds(slot) else None

    def _refit(self, slot: _Slot) -> PageRequest:
        """Return the request to send: the plan may want a smaller page by now."""
        request = self._planner.refit(slot.request) if self._holds(slot) else slot.request
        if request is not slot.request:
            del self._slots[slot.request]
            self._slots[request] = slot
            slot.request = request
            self._resize(slot, int(request.limit * self._row_bytes))
            if not self._paused and self._owner.is_open:
                self._refill()
        return request

    def _holds(self, slot: _Slot) -> bool:
        return self._slots.get(slot.request) is slot

    def _weigh(self, slot: _Slot, page: RawPage) -> None:
        self._resize(slot, page.nbytes)
        if len(page):
            self._row_bytes = page.nbytes / len(page)

    def _resize(self, slot: _Slot, nbytes: int) -> None:
        self._budget.take(nbytes - slot.nbytes)
        slot.nbytes = nbytes

    async def head(self) -> RawPage:
        """Return the page that is needed next, or raise the error that came instead.

        An error that may mean that nothing stands there becomes an empty page.

        RequestTimeoutError if it does not come in time. A page stays until the plan no longer wants
        it.
        """
        slot, patience = self._head(), self._timeout.progress
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if patience == math.inf else patience):
                await slot.landed()
                # By then the plan may have preferred other pages, and want this one no more.
                while (head := self._head()) is not slot:
                    slot = head
                    await slot.landed()
        return self._outcome(slot)

    def _head(self) -> _Slot:
        request = self._planner.wanted(1)[0]
        if request not in self._slots:
            self._refill()
        if self._discarded:
            raise RuntimeError(CLOSED)
        return self._slots[request]

    def _outcome(self, slot: _Slot) -> RawPage:
        if slot.error is not None:
            if _says_nothing_there(slot.error) and self._planner.reads_as_empty(slot.request):
                return RawPage.of_error()
            raise slot.error
        if slot.page is not None:
            return slot.page
        if not slot.done.is_set():
            raise RequestTimeoutError(
                "the page that comes next did not arrive within the session's timeout,"
                f" {setting_of(self._timeout, 'progress')}"
            )
        raise RuntimeError(CLOSED)

    def cancel(self) -> None:
        """Stop all fetches but that of the page that is needed next.

        It and the pages that have come are kept, so that a reader gets on who is cancelled again
        and again. A search that nobody goes on with has that one request until it is closed.
        """
        self._paused = True
        needed = [] if self._planner.ended else self._planner.wanted(1)
        for slot in [s for s in self._slots.values() if s.page is None]:
            if slot.request not in needed:
                self._drop(slot.request)

    def discard(self) -> None:
        """Stop all fetches and give the bytes of all pages back: nobody will read them."""
        self._discarded = self._paused = True
        for request in list(self._slots):
            self._drop(request)
        self._remember(0)

    async def aclose(self) -> None:
        """Discard everything, and wait until the tasks have ended."""
        slots = [slot for slot in self._slots.values() if not slot.done.is_set()]
        self.discard()
        if not slots:
            return
        with shielded(5):
            for slot in slots:
                await slot.done.wait()

    def __repr__(self) -> str:
        state = "discarded" if self._discarded else "paused" if self._paused else "running"
        slots = self._slots.values()
        came = sum(slot.page is not None for slot in slots)
        failed = sum(slot.error is not None for slot in slots)
        nbytes = sum(slot.nbytes for slot in slots)
        return (
            f"<Prefetch {state}: {len(slots) - came - failed} in flight, {came} came,"
            f" {failed} failed, {nbytes} bytes>"
        )

    def _remember(self, nbytes: int) -> None:
        """Count what the plan holds by now of pages that were accepted."""
        self._budget.remember(nbytes - self._remembered)
        self._remembered = nbytes

    def _drop(self, request: PageRequest) -> None:
        slot = self._slots.pop(request)
        self._budget.take(-slot.nbytes)
        slot.cancel()
