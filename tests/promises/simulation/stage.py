"""The session, its readers and the service of one run, and what must hold of them."""

from __future__ import annotations

import asyncio
import gc
from typing import cast

import aiohttp

from enkash_async import BearerToken, EnKashSession, OAuthPassword, RetryPolicy, Timeout
from enkash_async._search.byte_budget import ByteBudget
from tests.promises.simulation import bounds
from tests.promises.simulation.adapter import budget_of
from tests.promises.simulation.ledger import Ledger, Outcome
from tests.promises.simulation.plan import Plan
from tests.promises.simulation.reading import ReaderTask
from tests.promises.simulation.service import ATTEMPT, BEARER, Service
from tests.promises.simulation.virtual_loop import VirtualLoop
from tests.promises.simulation.wire import Http

MAX_UNHEARD = 2
"""First logins without an answer, by the docstring of `OAuthPassword`."""


class Stage:
    """What the readers of a run share."""

    def __init__(self, plan: Plan, loop: VirtualLoop, outcome: Outcome) -> None:
        self._plan = plan
        self._loop = loop
        self._outcome = outcome
        self._service = Service(plan, loop.time, self.log)
        self._most_requests = bounds.most_requests(plan)
        self._session: EnKashSession | None = None
        self._opening = asyncio.Lock()
        self._https: list[Http] = []
        self._budgets: list[ByteBudget] = []
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
                http = self._https[-1]
                self._budgets.append(budget_of(session))
                http.on_event = lambda: self._look_at(session, http)
                self._session = session
            return self._session

    def _new_session(self) -> EnKashSession:
        plan, settings = self._plan, self._plan.settings
        http = Http(self._service, self.log)
        self._https.append(http)
        patience = settings.patience
        login = OAuthPassword(
            client_id="CEK1234567",
            client_secret="0123456789abcdef",
            username="caller@example.test",
            password="not-a-real-one",
        )
        return EnKashSession(
            "https://api.example",
            BearerToken(BEARER) if plan.world.life is None else login,
            max_concurrency=settings.max_concurrency,
            prefetch_bytes=settings.prefetch_bytes,
            timeout=Timeout(
                connect=5 * patience,
                read=30 * patience,
                attempt=ATTEMPT * patience,
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
            # Another reader may open the next one while this one closes.
            http = self._https[-1]
            http.on_event = lambda: None
            await session.aclose()
            self.log("the session is closed")
            if http.open:
                self.problem("open exchange", f"{http.open} after the session closed")

    def _look_at(self, session: EnKashSession, http: Http) -> None:
        received, most = self._service.received["search"], self._most_requests
        if received > most and "requests" not in self._outcome.kinds:
            self.problem("requests", f"{received} searches where {most} are enough")
            self._loop.give_up("far too much is asked for")
        if http.open > self._plan.settings.max_concurrency:
            self.problem("in flight", f"{http.open} at once")
        budget = budget_of(session)
        # The page that a search needs next is fetched whatever the budget says, and where it does
        # not fit, another beside it.
        spare = 2 * len(self._plan.readers) * self._largest_page()
        size, ahead = budget.nbytes, budget.used - budget.remembered
        if ahead > size + spare:
            self.problem("bytes", f"{ahead} are prefetched of {size} and {spare} for the heads")
        if budget.remembered < 0 or ahead < 0:
            self.problem("bytes", f"{budget.remembered} are remembered, {ahead} are prefetched")

    def _largest_page(self) -> int:
        # What a page is taken to weigh before it has come: 1,024 bytes a row, or as many as before.
        row = max(1024.0, self._service.largest_row)
        return max(self._service.largest, int(row * (max(self._plan.sizes()) + 1)))

    # What happens

    async def play(self) -> None:
        """Let all readers read over all troubles, and at last without."""
        for number, reader in enumerate(self._plan.readers):
            there = frozenset(self._service.list.ids(reader))
            self._readers.append(ReaderTask(f"reader {number}", reader, self, Ledger(there)))
        tasks = [asyncio.create_task(reader.read_legs()) for reader in self._readers]
        await _all(tasks)
        self._service.heal()
        self.log("nothing goes wrong any more")
        # What a service has asked for, such as a Retry-After, it still asks for, and a login that
        # is on its way may still be refused.
        trouble = max(0.0, self._service.trouble_until - self._loop.time())
        if self._plan.settings.patience < 1:
            # Calls that wait so little give up before a pause of the session is over.
            trouble += bounds.RECOVERY
        await asyncio.sleep(trouble + self._plan.world.latency)
        if self._plan.new_session_at_end or self._is_spent():
            await self.close_session()
        tasks = [
            asyncio.create_task(reader.read_leg(reader.reader.last))
            for reader in self._readers
            if not reader.ended
        ]
        await _all(tasks)
        await self.close_session()

    def place(self) -> tuple[float, int]:
        return self._loop.time(), self._service.received["search"]

    def expect_in_time(self, since: tuple[float, int]) -> None:
        service = self._service
        began, before = since
        requests = service.received["search"] - max(before, service.searches_in_trouble)
        took = self._loop.time() - max(began, service.trouble_until)
        if took > bounds.seconds_to_read(self._plan.world, requests):
            self.problem("late", f"{requests} requests took {took:.1f} s without any trouble")

    def _is_spent(self) -> bool:
        """Say whether the session will not log in any more, as it promises."""
        logins = self._https[-1].logins if self._https else []
        return bool({"refused", "unclear"} & set(logins)) or (
            "heard" not in logins and bool(logins)
        )

    async def look_behind(self) -> None:
        """Look at what is left once all is closed, and take stock."""
        await self.close_session()
        self._readers, readers = [], self._readers
        for reader in readers:
            for kind, text in bounds.account(
                self._plan, reader.reader, reader.ledger, self._service.list
            ):
                self.problem(kind, f"{reader.name}: {text}")
        gc.collect()
        # What is called then may wait for others, where callbacks run out of order.
        for _ in range(40):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            self.problem("leaked task", task.get_name())
        for budget in self._budgets:
            if budget.used:
                self.problem("leaked bytes", repr(budget))
        for timer in self._loop.timers():
            self.problem("leaked timer", f"due in {timer.when() - self._loop.time():.3f} s")
        self._count_logins()
        self._outcome.requests = sum(http.sent for http in self._https)
        self._outcome.faults = self._service.faults
        self._outcome.records = sum(reader.ledger.count for reader in readers)
        self._outcome.errors = sum(len(reader.ledger.errors) for reader in readers)
        self._outcome.verdicts = [str(reader.ledger.verdict) for reader in readers]

    def _count_logins(self) -> None:
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
