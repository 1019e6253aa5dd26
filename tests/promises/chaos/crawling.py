"""One crawl of the chaos run: a sandbox with faults, and searches that go on from each other."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import resource
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from enkash_async import (
    BadRecord,
    BearerToken,
    Customer,
    CustomerSearch,
    EnKashError,
    EnKashSession,
    IncompleteSearchError,
    OAuthPassword,
    Page,
    ResumeToken,
    RetryPolicy,
    Timeout,
)
from enkash_async.sandbox import FaultScript, Sandbox, SearchCall, open_sandbox
from tests.promises.chaos.ledger import Ledger, Outcome
from tests.promises.chaos.plan import BODY_MEGABYTES, Leg, Plan, draw

DEADLINE = 120.0
"""Seconds without a request after which a crawl counts as hung; it takes one or two in all."""

MOST_SEARCHES = 20_000
"""Requests after which it does too. Without an order a search takes some hundreds to give up."""

_RETRY = RetryPolicy(attempts=3, first_delay=0.01, max_delay=0.05, max_retry_after=0.2)

_HASTY = Timeout(connect=2, read=0.3, attempt=2, call=4, progress=6)
"""Where answers stall, so that somebody gives up on them."""

_UNHURRIED = Timeout(connect=10, read=10, attempt=20, call=40, progress=60)
"""Elsewhere, so that a machine that is busy does not look like a service that stalls."""

_QUIET = Leg(
    view="records",
    page_size=1000,
    first=False,
    companion=False,
    new_session=True,
    leaving="never",
    share=0,
    delay=0,
)
"""How the last leg reads, when nothing goes wrong any more."""

# What else is in a record need not be sound JSON, as long as nobody declared it.
_find_id = re.compile(rb'"customerId"\s*:\s*"([^"\\]*)"').search


def _id_of(record: bytes) -> str:
    found = _find_id(record)
    assert found is not None, f"no customerId in {record!r}"
    return found[1].decode()


class OwnError(Exception):
    """What the caller's own code raises in the middle of a loop."""


def crawl_once(seed: int, rows: int, number: int) -> Outcome:
    """Carry out crawl *number* of a run."""
    return run(draw(seed, number, rows))


def run(plan: Plan) -> Outcome:
    """Carry out *plan*, in an event loop of its own, and look what is left behind."""
    outcome = Outcome(crawls=1)
    with _strays(outcome):
        before = _open_files()
        asyncio.run(_main(plan, outcome))
        gc.collect()
        outcome.leaked_files = max(0, _open_files() - before)
    outcome.peak_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return outcome


async def _main(plan: Plan, outcome: Outcome) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: _note_stray(outcome, context["message"]))
    try:
        async with asyncio.timeout(DEADLINE) as deadline, open_sandbox(plan.settings) as sandbox:

            async def go_on(_: SearchCall) -> None:
                if len(sandbox.searches) < MOST_SEARCHES and not deadline.expired():
                    deadline.reschedule(loop.time() + DEADLINE)

            sandbox.on_search = go_on
            await _Crawl(plan, sandbox, outcome).run()
            outcome.requests += len(sandbox.searches)
            outcome.faults += sandbox.faults_injected
    except TimeoutError:
        outcome.hung += 1
    except Exception as error:
        _note_stray(outcome, repr(error))
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0)
    outcome.leaked_tasks += len(asyncio.all_tasks() - {asyncio.current_task()})


class _Crawl:
    """A list read to its end over all its troubles."""

    def __init__(self, plan: Plan, sandbox: Sandbox, outcome: Outcome) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._outcome = outcome
        self._ledger = Ledger()
        self._token: str | None = None
        self._session: EnKashSession | None = None
        self._finished = True

    async def run(self) -> None:
        expected = self._customers()
        timeout = _HASTY if self._plan.stalls else _UNHURRIED
        try:
            for leg in self._plan.legs:
                if await self._leg(leg, retry=_RETRY, timeout=timeout):
                    break
            else:
                await self._last_leg()
        finally:
            await self._close_session()
        self._account(expected & self._customers())

    async def _last_leg(self) -> None:
        self._sandbox.faults = FaultScript()
        await self._close_session()
        patient: dict[str, Any] = {"timeout": Timeout(read=60)}
        self._finished = await self._leg(_QUIET, trusted=True, **patient)

    def _customers(self) -> set[str]:
        """Return the ids of the customers that a search should find now."""
        return {
            record["customerId"]
            for record in self._sandbox.records()
            if record["createdOn"] is not None or not self._plan.by_windows
        }

    # Legs

    async def _leg(self, leg: Leg, *, trusted: bool = False, **limits: Any) -> bool:
        """Search on from where the last leg ended; say whether the end of the list was reached."""
        if leg.new_session:
            await self._close_session()
        if self._session is None:
            self._session = await self._open_session(trusted, limits)
        self._outcome.resumed += self._token is not None
        self._ledger.begin()
        search = self._search(leg)
        companion = asyncio.create_task(self._accompany()) if leg.companion else None
        try:
            return await self._read(leg, search)
        finally:
            if companion is not None:
                companion.cancel()
                await asyncio.wait([companion])

    async def _open_session(self, trusted: bool, limits: dict[str, Any]) -> EnKashSession:
        sandbox = self._sandbox
        auth = BearerToken(sandbox.token)
        login = OAuthPassword(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            username=sandbox.username,
            password=sandbox.password,
            company_id=sandbox.company_id,
        )
        return await EnKashSession(
            sandbox.base_url,
            login if self._plan.log_in and not trusted else auth,
            max_body_bytes=BODY_MEGABYTES * 1_000_000,
            **self._plan.session,
            **limits,
        ).__aenter__()

    async def _close_session(self) -> None:
        if self._session is not None:
            await self._session.aclose()
            self._session = None

    def _search(self, leg: Leg) -> CustomerSearch:
        assert self._session is not None
        options: dict[str, Any] = {
            **self._plan.query,
            "page_size": leg.page_size,
            "on_bad_record": self._set_aside if self._plan.set_aside else None,
            "resume": self._token,
        }
        if self._plan.by_windows:
            return self._session.customers.crawl(**options)
        return self._session.customers.search(**options)

    def _set_aside(self, record: BadRecord) -> None:
        self._ledger.add([_id_of(record.raw)])

    async def _accompany(self) -> None:
        """Read beside the search, as another task of a program does."""
        assert self._session is not None
        try:
            async for _ in self._session.customers.search(page_size=500):
                pass
        except EnKashError as error:
            self._outcome.errors[f"{type(error).__name__} beside"] += 1
        except RuntimeError as error:
            # The leg may close the session under it.
            self._note_unless_closed(error)

    async def _read(self, leg: Leg, search: CustomerSearch) -> bool:
        reader = _Reader(search, leg, self._plan.settings.rows, self._ledger, self._session)
        task = asyncio.create_task(reader.run())
        ended = False
        try:
            ended = await _outcome_of(task, reader)
        except EnKashError as error:
            self._note_error(error, search)
        except OwnError:
            self._outcome.leavings["raise"] += 1
        except asyncio.CancelledError:
            if not task.cancelled() or reader.cancellations == 0:
                raise
            self._outcome.leavings["cancel_task"] += 1
        except RuntimeError as error:
            self._note_unless_closed(error)
            self._outcome.leavings[leg.leaving] += 1
        else:
            if not ended:
                self._outcome.leavings[leg.leaving] += 1
        await reader.settle()
        self._outcome.notes.append(
            f"{leg.leaving} in {leg.view}, {len(self._ledger.legs[-1])} records: {search.report}"
        )
        if leg.leaving == "close_session":
            await self._close_session()
        if leg.leaving != "drop":
            await search.aclose()
        self._token = str(search.resume_token)
        self._outcome.note_report(search.report)
        if ended:
            self._ledger.verdicts.append(search.report.verdict)
            self._outcome.verdicts[search.report.verdict] += 1
        return ended

    def _note_error(self, error: EnKashError, search: CustomerSearch) -> None:
        self._outcome.errors[type(error).__name__] += 1
        self._outcome.notes.append(repr(error))
        if isinstance(error, IncompleteSearchError):
            self._ledger.verdicts.append(search.report.verdict)
        if error.offset is None or error.report is not search.report:
            _note_stray(self._outcome, f"{type(error).__name__} without offset or report")
        if isinstance(error, IncompleteSearchError) and "no token to go on from" in str(error):
            # All was read that is counted, and fewer came.
            return
        if error.resume_token is None or error.resume_token != search.resume_token:
            _note_stray(self._outcome, f"{type(error).__name__} without resume token")
        else:
            ResumeToken.parse(str(error.resume_token))

    def _note_unless_closed(self, error: RuntimeError) -> None:
        if "closed" not in str(error) and "not open" not in str(error):
            _note_stray(self._outcome, repr(error))

    # The account

    def _account(self, staying: set[str]) -> None:
        plan, ledger, outcome = self._plan, self._ledger, self._outcome
        seen = ledger.seen()
        outcome.records += len(seen)
        lost = len(staying - seen)
        if "max_records" in plan.query:
            handed_over = sum(map(len, ledger.legs))
            lost = max(0, min(plan.query["max_records"], len(staying)) - handed_over)
        doubled = ledger.repeated()
        if "duplicate_rows" in plan.kinds:
            # Nobody compares the rows of one answer with each other.
            doubled = 0
        if not self._finished:
            # Where customers go, the records by which a search knows its place may be among them.
            told = ledger.admits_doubt() and (plan.changes or not plan.is_guaranteed)
            outcome.told += told
            outcome.unfinished += not told
            # The error at its end says that the rest is missing.
            lost = 0 if told else lost
        if plan.is_guaranteed:
            outcome.lost += lost
            outcome.doubled += doubled
        elif lost or doubled:
            outcome.told += ledger.admits_doubt()
            outcome.lost += 0 if ledger.admits_doubt() else lost
            outcome.doubled += 0 if ledger.admits_doubt() else doubled


class _Reader:
    """Reads a search in one of its views, and leaves it as the leg says."""

    def __init__(
        self,
        search: CustomerSearch,
        leg: Leg,
        rows: int,
        ledger: Ledger,
        session: EnKashSession | None,
    ) -> None:
        self._search = search
        self._leg = leg
        self._after = int(leg.share * rows)
        self._ledger = ledger
        self._session = session
        self._count = 0
        self._timeouts = 0
        self._closing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.cancellations = 0

    async def run(self) -> bool:
        """Read, and say whether the end was reached."""
        leaving = self._leg.leaving
        if self._leg.first:
            await self._search
        source: Any = self._search
        if self._leg.view != "records":
            source = getattr(self._search, self._leg.view)()
        while True:
            if self._count >= self._after and leaving != "never":
                if leaving in ("break", "drop"):
                    return False
                if leaving == "raise":
                    raise OwnError
                self._disturb()
            try:
                unit = await self._next(source)
            except StopAsyncIteration:
                return True
            if unit is not None:
                ids = _ids(unit)
                self._ledger.add(ids)
                self._count += len(ids)

    async def _next(self, source: Any) -> Any:
        """Return what comes next; None if waiting for it was cancelled."""
        impatient = self._leg.leaving == "cancel_reads" and self._timeouts < 5
        if not impatient or self._count < self._after:
            return await anext(source)
        try:
            async with asyncio.timeout(self._leg.delay):
                return await anext(source)
        except TimeoutError:
            self._timeouts += 1
            return None

    def _disturb(self) -> None:
        """Arrange, once, that something happens to the search from outside."""
        if self._timer is not None:
            return
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        action: Any = {"cancel_task": self._cancel}.get(self._leg.leaving, self._close)
        self._timer = loop.call_later(self._leg.delay, action, task)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        self.cancellations += task.cancel()

    def _close(self, _: asyncio.Task[Any]) -> None:
        what = {"close_search": self._search, "close_session": self._session}
        if (closed := what.get(self._leg.leaving)) is not None:
            self._closing = asyncio.create_task(closed.aclose())

    async def settle(self) -> None:
        """Wait for what was arranged."""
        if self._timer is not None:
            self._timer.cancel()
        if self._closing is not None:
            await self._closing


async def _outcome_of(task: asyncio.Task[bool], reader: _Reader) -> bool:
    try:
        return await task
    except asyncio.CancelledError:
        if not task.done():
            # The crawl itself is out of time.
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        raise


def _ids(unit: Customer | Page[Any]) -> list[str]:
    if isinstance(unit, Customer):
        return [str(unit.customer_id)]
    return [_id_of(one) if isinstance(one, bytes) else str(one.customer_id) for one in unit]


# What nobody should see


def _note_stray(outcome: Outcome, text: str) -> None:
    outcome.foreign[text[:200]] += 1


@contextmanager
def _strays(outcome: Outcome) -> Iterator[None]:
    """Count what surfaces in no task: errors in finalizers, and what was never closed."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda stray: _note_stray(outcome, f"unraisable {stray.exc_value!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            yield
    finally:
        sys.unraisablehook = hook


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))
