"""One run: the session, its readers and the service of a plan, and what must hold of them."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, cast

import aiohttp
import attrs

from enkash_async import BearerToken, EnKashSession, OAuthPassword, RetryPolicy, Timeout
from tests.promises.simulation import bounds
from tests.promises.simulation.adapter import prefetched_bytes, virtual_clocks
from tests.promises.simulation.ledger import Ledger
from tests.promises.simulation.plan import Plan
from tests.promises.simulation.reading import ReaderTask
from tests.promises.simulation.service import BEARER, Service
from tests.promises.simulation.virtual_loop import StuckError, VirtualLoop
from tests.promises.simulation.wire import Http

LONGEST = 20_000.0
"""Virtual seconds after which a run counts as one that does not end."""

MAX_UNHEARD = 2
"""First logins without an answer, by the docstring of `OAuthPassword`."""


@attrs.define
class Outcome:
    """What a run came to: what must not happen, and how much there was of what may."""

    problems: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    requests: int = 0
    faults: int = 0
    records: int = 0
    errors: int = 0
    seconds: float = 0.0
    verdicts: list[str] = attrs.field(factory=list[str])
    log: list[str] = attrs.field(factory=list[str])

    @property
    def kinds(self) -> set[str]:
        """Return the kinds of the problems."""
        return {kind for kind, _ in self.problems}

    @property
    def digest(self) -> str:
        """Return a text that is the same for two runs only if all happened alike."""
        return hashlib.sha256("\n".join(self.log).encode()).hexdigest()[:16]


def run(plan: Plan) -> Outcome:
    """Carry out *plan* on a loop of its own."""
    outcome = Outcome()
    chance = Random(plan.chance)
    loop = VirtualLoop(chance, plan.disorder)
    with virtual_clocks(loop, Random(chance.random())), _strays(outcome):
        stage = _Stage(plan, loop, outcome)
        loop.set_exception_handler(lambda _, context: stage.problem("stray", _stray(context)))
        try:
            loop.run_until_complete(_main(stage))
        except StuckError as error:
            stage.problem("stuck", str(error))
        except Exception as error:
            stage.problem("foreign", f"{type(error).__name__}: {error}")
        finally:
            _close(loop, stage)
    outcome.seconds = loop.time()
    return outcome


async def _main(stage: _Stage) -> None:
    try:
        async with asyncio.timeout(LONGEST):
            await stage.play()
    except TimeoutError:
        stage.problem("stuck", f"it does not end within {LONGEST:g} s")
    await stage.look_behind()


def _close(loop: VirtualLoop, stage: _Stage) -> None:
    """Cancel what is left of a run that went wrong, so that it does not show up in the next."""
    loop.set_exception_handler(lambda _, __: None)
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    try:
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=100))
    except StuckError:
        stage.log("tasks that cannot be cancelled are left")
    finally:
        loop.close()


class _Stage:
    """What the readers of a run share."""

    def __init__(self, plan: Plan, loop: VirtualLoop, outcome: Outcome) -> None:
        self._plan = plan
        self._loop = loop
        self._outcome = outcome
        self._service = Service(plan, loop.time, self.log)
        self._session: EnKashSession | None = None
        self._opening = asyncio.Lock()
        self._https: list[Http] = []
        self._readers: list[ReaderTask] = []

    def log(self, text: str) -> None:
        self._outcome.log.append(f"{self._loop.time():.6f} {text}")

    def problem(self, kind: str, text: str) -> None:
        self.log(f"PROBLEM {kind}: {text}")
        self._outcome.problems.append((kind, text))

    # The session

    async def session(self) -> EnKashSession:
        async with self._opening:
            if self._session is None:
                session = self._new_session()
                await session.__aenter__()
                self._https[-1].on_event = lambda: self._look_at(session)
                self._session = session
            return self._session

    def _new_session(self) -> EnKashSession:
        plan, settings = self._plan, self._plan.settings
        http = Http(self._service, self.log)
        self._https.append(http)
        patience = settings.patience
        login = OAuthPassword(client_id="i", client_secret="s", username="u", password="p")
        return EnKashSession(
            "https://api.example",
            BearerToken(BEARER) if plan.world.life is None else login,
            max_concurrency=settings.max_concurrency,
            prefetch_bytes=settings.prefetch_bytes,
            timeout=Timeout(
                connect=5 * patience,
                read=30 * patience,
                attempt=60 * patience,
                call=180 * patience,
                progress=300 * patience,
            ),
            retry=RetryPolicy(
                attempts=settings.attempts,
                quota=settings.quota,
                max_retry_after=settings.max_retry_after,
            ),
            adaptive=settings.adaptive,
            offset_unit=plan.world.unit,
            first_offset=plan.world.first_offset,
            http=cast("aiohttp.ClientSession", http),
        )

    async def close_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._https[-1].on_event = lambda: None
            await session.aclose()
            self.log("the session is closed")
            if self._https[-1].open:
                self.problem("open exchange", f"{self._https[-1].open} after the session closed")

    def _look_at(self, session: EnKashSession) -> None:
        http, plan = self._https[-1], self._plan
        if http.open > plan.settings.max_concurrency:
            self.problem("in flight", f"{http.open} at once")
        if session is self._session:
            used, size = prefetched_bytes(session)
            # The page that a search needs next is fetched whatever the budget says.
            spare = len(plan.readers) * self._largest_page()
            if used > size + spare:
                self.problem("bytes", f"{used} are prefetched of {size} and {spare} for the heads")

    def _largest_page(self) -> int:
        return max(self._service.largest, 1024 * max(self._plan.sizes()))

    # What happens

    async def play(self) -> None:
        """Let all readers read over all troubles, and at last without."""
        for number, reader in enumerate(self._plan.readers):
            there = frozenset(self._service.list.ids(dated=reader.crawls))
            self._readers.append(ReaderTask(f"reader {number}", reader, self, Ledger(there)))
        tasks = [asyncio.create_task(reader.read_legs()) for reader in self._readers]
        await _all(tasks)
        self._service.heal()
        self.log("nothing goes wrong any more")
        if self._plan.new_session_at_end or self._is_spent():
            await self.close_session()
        began, before = self._loop.time(), self._service.received["search"]
        calm = max(began, self._service.trouble_until)
        tasks = [
            asyncio.create_task(reader.read_leg(reader.reader.last))
            for reader in self._readers
            if not reader.ended
        ]
        await _all(tasks)
        requests = self._service.received["search"] - before
        late = self._loop.time() - calm - bounds.seconds_to_read(self._plan.world, requests)
        if tasks and late > 0:
            took = self._loop.time() - calm
            self.problem("late", f"{requests} requests took {took:.1f} s without any trouble")
        await self.close_session()

    def _is_spent(self) -> bool:
        """Say whether the session will not log in any more, as it promises."""
        logins = self._https[-1].logins if self._https else []
        return "refused" in logins or ("heard" not in logins and bool(logins))

    async def look_behind(self) -> None:
        """Look at what is left once all is closed, and take stock."""
        await self.close_session()
        self._readers, readers = [], self._readers
        for reader in readers:
            for kind, text in bounds.account(
                self._plan, reader.reader, reader.ledger, self._service.list.deleted
            ):
                self.problem(kind, f"{reader.name}: {text}")
        gc.collect()
        for _ in range(4):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            self.problem("leaked task", task.get_name())
        for timer in self._loop.timers():
            self.problem("leaked timer", f"due in {timer.when() - self._loop.time():.3f} s")
        self._count_requests()
        self._outcome.requests = sum(http.sent for http in self._https)
        self._outcome.faults = self._service.faults
        self._outcome.records = sum(reader.ledger.count for reader in readers)
        self._outcome.errors = sum(len(reader.ledger.errors) for reader in readers)
        self._outcome.verdicts = [str(reader.ledger.verdict) for reader in readers]

    def _count_requests(self) -> None:
        received, most = self._service.received["search"], bounds.most_requests(self._plan)
        if received > most:
            self.problem("requests", f"{received} searches where {most} are enough")
        for http in self._https:
            first = http.logins.index("heard") if "heard" in http.logins else len(http.logins)
            unheard = http.logins[:first].count("unheard")
            if unheard > MAX_UNHEARD:
                self.problem("logins", f"{unheard} without an answer, in one session")
            if http.logins.count("refused") > 1:
                self.problem("logins", f"{http.logins.count('refused')} refused in one session")


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for all tasks; they handle their own errors."""
    if tasks:
        await asyncio.wait(tasks)
        for task in tasks:
            task.result()


def _stray(context: dict[str, Any]) -> str:
    return f"{context['message']}: {context.get('exception')!r}"


@contextmanager
def _strays(outcome: Outcome) -> Iterator[None]:
    """Count what surfaces in no task: warnings, and errors in finalizers."""

    def note(stray: Any) -> None:
        outcome.problems.append(("stray", f"unraisable {stray.exc_value!r}"))

    hook, sys.unraisablehook = sys.unraisablehook, note
    # When cycles are collected decides when finalizers run, so the plan's steps alone say so.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            outcome.problems.append(("stray", f"{warning.category.__name__}: {warning.message}"))
    finally:
        sys.unraisablehook = hook
        if was_enabled:
            gc.enable()
