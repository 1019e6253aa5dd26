"""A task of the caller's that reads the list, leg by leg, and leaves as its plan says."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Protocol

from enkash_async import (
    BadRecord,
    Customer,
    CustomerSearch,
    EnKashError,
    EnKashSession,
    IncompleteSearchError,
    ResumeToken,
)
from tests.promises.simulation.ledger import Ledger
from tests.promises.simulation.odd import id_in
from tests.promises.simulation.plan import Leg, Reader

MAX_TIMEOUTS = 4
"""How often a caller that has no patience tries again."""


class OwnError(Exception):
    """What the caller's own code raises in the middle of a loop."""


class Surroundings(Protocol):
    """What all readers of a run share."""

    async def session(self) -> EnKashSession:
        """Return the session, opened anew if it was closed."""
        ...

    async def close_session(self) -> None:
        """Close the session, under all who use it."""
        ...

    def place(self) -> tuple[float, int]:
        """Return the time, and how many searches the service has received."""
        ...

    def expect_in_time(self, since: tuple[float, int]) -> None:
        """Note a problem if a search that began then took too long, once all went well."""
        ...

    def problem(self, kind: str, text: str) -> None:
        """Note that something happened that must not happen."""
        ...

    def log(self, text: str) -> None:
        """Note what happened."""
        ...


class ReaderTask:
    """Reads the list once, over all its legs."""

    def __init__(self, name: str, reader: Reader, stage: Surroundings, ledger: Ledger) -> None:
        self.name = name
        self.reader = reader
        self.stage = stage
        self.ledger = ledger
        self.token: str | None = None
        self.ended = False
        self.incomplete = False
        """A search said with an error that it cannot prove to have read the list."""

    async def read_legs(self) -> None:
        """Read as the plan says, as far as that comes."""
        await asyncio.sleep(self.reader.starts)
        for leg in self.reader.legs:
            if not self.ended:
                await self.read_leg(leg)

    async def read_leg(self, leg: Leg) -> None:
        """Search on from where the leg before ended."""
        session = await self.stage.session()
        try:
            search = self._search(session, leg)
        except RuntimeError as error:
            # Another reader closed the session in the meantime.
            self._note_unless_closed(error)
            return
        self.ledger.legs.append([])
        began = self.stage.place()
        reading = _Reading(self, search, leg)
        task = asyncio.create_task(reading.run(), name=f"reader {self.name}")
        how = await self._outcome_of(task, leg)
        if self.ended and leg.leaving == "never" and not leg.pause:
            self.stage.expect_in_time(began)
        await reading.settle()
        if leg.leaving != "drop":
            await search.aclose()
        self.stage.log(f"{self.name} {how}: {len(self.ledger.legs[-1])} records, {search.report}")
        self.token = str(search.resume_token)
        ResumeToken.parse(self.token)
        if self.ended:
            self.ledger.verdict = search.report.verdict
            self.ledger.reasons = list(search.report.reasons)

    def _search(self, session: EnKashSession, leg: Leg) -> CustomerSearch:
        options: dict[str, Any] = {
            "page_size": leg.page_size,
            "max_records": self.reader.max_records,
            "on_bad_record": self._set_aside if self.reader.sets_aside else None,
            "resume": self.token,
        }
        if self.reader.crawls:
            return session.customers.crawl(**options)
        options |= {
            "order_by": self.reader.order_by,
            "direction": self.reader.direction,
            "offset": self.reader.offset,
        }
        return session.customers.search(**options)

    def _set_aside(self, record: BadRecord) -> None:
        self.ledger.aside.add(id_in(record.raw))

    async def _outcome_of(self, task: asyncio.Task[bool], leg: Leg) -> str:
        await asyncio.wait([task])
        if task.cancelled():
            if leg.leaving != "cancel_task":
                self.stage.problem("foreign", f"{self.name} was cancelled by nobody")
            return "cancelled"
        error = task.exception()
        if error is None:
            self.ended = task.result()
            return "ended" if self.ended else "left"
        if isinstance(error, EnKashError):
            self._note_error(error)
        elif isinstance(error, RuntimeError):
            self._note_unless_closed(error)
        elif not isinstance(error, OwnError):
            self.stage.problem("foreign", f"{type(error).__name__}: {error}")
        return type(error).__name__

    def _note_error(self, error: EnKashError) -> None:
        self.ledger.errors.append(f"{type(error).__name__}: {error}")
        self.stage.log(f"{self.name} {self.ledger.errors[-1]}")
        self.incomplete = self.incomplete or isinstance(error, IncompleteSearchError)
        # A crawl that has read all its windows, and not all records, leaves nothing to go on with.
        is_spent = self.incomplete and self.reader.crawls and "crawl anew" in str(error)
        has_token = error.resume_token is not None or is_spent
        if error.offset is None or error.report is None or not has_token:
            self.stage.problem("foreign", f"{type(error).__name__} without place: {error}")

    def _note_unless_closed(self, error: RuntimeError) -> None:
        if "closed" not in str(error) and "not open" not in str(error):
            self.stage.problem("foreign", f"{type(error).__name__}: {error}")


class _Reading:
    """Reads one search in one view."""

    def __init__(self, owner: ReaderTask, search: CustomerSearch, leg: Leg) -> None:
        self._owner = owner
        self._search: CustomerSearch | None = search
        self._leg = leg
        self._count = 0
        self._timeouts = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def run(self) -> bool:
        """Read, and say whether the end was reached."""
        search, leg = self._search, self._leg
        # Only the frame below refers to it, so that it is collected where it is dropped.
        self._search = search if leg.leaving == "close_search" else None
        assert search is not None
        if leg.first:
            await self._take(search)
        source: Any = search if leg.view == "records" else getattr(search, leg.view)()
        while True:
            if self._count >= leg.after and leg.leaving != "never":
                if leg.leaving in ("break", "drop"):
                    return False
                if leg.leaving == "raise":
                    raise OwnError
                self._disturb()
            try:
                unit = await self._take(anext(source))
            except StopAsyncIteration:
                return True
            if unit is not None:
                self._note(unit)
                if leg.pause:
                    await asyncio.sleep(leg.pause)

    async def _take(self, awaitable: Any) -> Any:
        """Return what comes next; None if waiting for it was cancelled."""
        leg = self._leg
        is_hasty = leg.leaving == "cancel_reads" and self._timeouts < MAX_TIMEOUTS
        if not is_hasty or self._count < leg.after:
            return await awaitable
        try:
            async with asyncio.timeout(leg.delay):
                return await awaitable
        except TimeoutError:
            self._timeouts += 1
            self._owner.stage.log(f"{self._owner.name} waited no longer")
            return None

    def _note(self, unit: Any) -> None:
        ids = _ids(unit)
        self._owner.ledger.add(ids)
        self._count += len(ids)

    def _disturb(self) -> None:
        """Arrange, once, that something happens to the search from outside."""
        if self._timer is not None or self._leg.leaving == "cancel_reads":
            return
        task = asyncio.current_task()
        assert task is not None
        actions: dict[str, Any] = {"cancel_task": task.cancel}
        action = actions.get(self._leg.leaving, self._close)
        self._timer = asyncio.get_running_loop().call_later(self._leg.delay, action)

    def _close(self) -> None:
        self._owner.stage.log(f"{self._owner.name}: {self._leg.leaving}")
        if self._leg.leaving == "close_search" and self._search is not None:
            closing = self._search.aclose()
        else:
            closing = self._owner.stage.close_session()
        self._closing = asyncio.create_task(closing, name="closing")

    async def settle(self) -> None:
        """Wait for what was arranged."""
        if self._timer is not None:
            self._timer.cancel()
        if self._closing is not None:
            with suppress(asyncio.CancelledError):
                await self._closing


def _ids(unit: Any) -> list[str]:
    if isinstance(unit, Customer):
        return [str(unit.customer_id)]
    if hasattr(unit, "num_rows"):
        return [str(one) for one in unit.column("customer_id").to_pylist()]
    return [id_in(one) if isinstance(one, bytes) else str(one.customer_id) for one in unit]
