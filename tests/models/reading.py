"""A reader that drives a planner against a modelled service, as callers do. No I/O."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.planner import Planner
from enkash_async._paging.raw_page import RawPage
from enkash_async.errors import IncompleteSearchError
from enkash_async.report import Verdict
from tests.models.answers import Answer, Ask
from tests.models.planners import Driven, ServiceRefusedError, Token, ask_of

MAX_CRASHES = 20
"""A reader that fails again and again never gets to where it would give up."""

MAX_CANCELS, MAX_HEAVY = 50, 200
"""As many as leave the bound on requests a bound."""


@attrs.frozen(kw_only=True)
class Habits:
    """How a list is read, and what happens to the reader meanwhile."""

    concurrency: int = 1
    max_rows: int | None = None
    crashes: float = 0.0
    """How often the reader fails after a record, and another goes on from its token."""
    crash_after: tuple[int, ...] = ()
    """Numbers of rows after which it fails for sure, and goes on from the newest token."""
    cancels: float = 0.0
    """How often all pages on their way are given up, and asked for again."""
    heavy: float = 0.0
    """How often a page does not come and is asked for with a smaller limit."""
    goes_on: int = 0
    """After so many errors that say that the list is not proven whole, it goes on all the same."""


class Service(Protocol):
    """What answers, and may change before it does."""

    requests: int
    reached: str | None
    """The row handed over last, near which changes hurt most."""

    def answer(self, ask: Ask) -> Answer: ...

    def change(self) -> None: ...


class TooManyRequestsError(Exception):
    """The reader asked for more than the world allows."""


@attrs.define(eq=False)
class Outcome:
    """What a run delivered, and how it ended."""

    delivered: list[str] = attrs.field(factory=list[str])
    verdict: Verdict | None = None
    """None where an error ended the run."""
    reasons: list[str] = attrs.field(factory=list[str])
    error: str = ""
    """Empty, `incomplete`, `refused` or `endless`."""
    slowest: float = 0.0
    requests: int = 0
    crashes: int = 0
    cancels: int = 0
    heavy: int = 0
    pages: int = 0
    """Pages that held new rows."""
    failures: int = 0
    """Errors after which it went on."""
    wasted: int = 0
    """Pages that came and were given up by a crash, a cancellation or for their size."""

    @property
    def is_sure(self) -> bool:
        """Say whether the verdict promises that every row that stayed came once."""
        return self.verdict in (Verdict.COMPLETE, Verdict.CHANGED)


class Reader:
    """Fetches in any order, accepts in the planner's, fails and goes on."""

    def __init__(
        self,
        service: Service,
        habits: Habits,
        open_planner: Callable[[Token | None], Planner],
        chance: random.Random,
        allowed: Callable[[Outcome], int],
    ) -> None:
        self._service = service
        self._habits = habits
        self._open = open_planner
        self._chance = chance
        self._allowed = allowed
        self._opened_with: Token | None = None
        self._driven = Driven(open_planner(None))
        self._arrived: dict[PageRequest, tuple[RawPage | None, Answer]] = {}
        self._kept: list[tuple[Token, int]] = []
        self._is_begun = False
        self.outcome = Outcome()

    def read(self) -> Outcome:
        """Read to the end, or until an error ends it."""
        outcome = self.outcome
        try:
            while not self._has_ended():
                outcome.requests = self._service.requests
                if outcome.requests > self._allowed(outcome) * (1 + outcome.failures):
                    raise TooManyRequestsError
        except IncompleteSearchError as error:
            outcome.error, outcome.reasons = "incomplete", [str(error)]
        except ServiceRefusedError:
            outcome.error = "refused"
        except TooManyRequestsError:
            outcome.error = "endless"
        outcome.requests = self._service.requests
        outcome.slowest = max(outcome.slowest, self._driven.slowest)
        return outcome

    def _has_ended(self) -> bool:
        """Take a step, and say whether it was the last."""
        outcome = self.outcome
        try:
            if not self._is_over():
                self._step()
                return False
            outcome.verdict, outcome.reasons = self._driven.verdict()
        except IncompleteSearchError:
            if outcome.failures == self._habits.goes_on or self._driven.planner.is_spent:
                raise
            outcome.failures += 1
            self._go_on(self._driven.token() or self._opened_with)
            return False
        return True

    @property
    def _left(self) -> int | None:
        most = self._habits.max_rows
        return None if most is None else most - len(self.outcome.delivered)

    def _is_over(self) -> bool:
        return self._driven.planner.ended or self._left == 0

    def _step(self) -> None:
        habits, chance, planner = self._habits, self._chance, self._driven.planner
        wanted = self._driven.wanted(habits.concurrency)
        missing = [request for request in wanted if request not in self._arrived]
        self._service.change()
        may_cancel = self._is_begun and self.outcome.cancels < MAX_CANCELS
        if may_cancel and chance.random() < habits.cancels:
            self._give_up()
            self.outcome.cancels += 1
        elif missing and (wanted[0] in missing or chance.random() < 0.5):
            request = planner.refit(chance.choice(missing))
            if self.outcome.heavy < MAX_HEAVY and chance.random() < habits.heavy:
                planner.shrink(request, 2)
                self.outcome.heavy += 1
                self.outcome.wasted += 1
                self._service.requests += 1
                return
            answer = self._service.answer(ask_of(request))
            self._arrived[request] = self._driven.arrive(request, answer), answer
            self._forget_unwanted()
        else:
            self._take(wanted[0])

    def _forget_unwanted(self) -> None:
        planner = self._driven.planner
        arrived = self._arrived
        self._arrived = {r: page for r, page in arrived.items() if planner.is_wanted(r)}

    def _give_up(self) -> None:
        self.outcome.wasted += len(self._arrived)
        self._arrived = {}

    def _take(self, request: PageRequest) -> None:
        handed = self._driven.accept(*self._arrived[request], self._left)
        self._is_begun = True
        self.outcome.pages += bool(handed.left)
        self._forget_unwanted()
        if handed.left and self._habits.crashes and self._may_crash():
            self._start_again()
            return
        while handed.left:
            self.outcome.delivered += handed.take(self._next_number(handed.left))
            self._service.reached = self.outcome.delivered[-1]
            if self._is_due() or (self._habits.crashes and self._may_crash()):
                self._start_again()
                return

    def _next_number(self, left: int) -> int:
        """Return how many of the rows that are *left* are handed over before it may fail."""
        if self._habits.crashes:
            return 1 + self._chance.randrange(left)
        came = len(self.outcome.delivered)
        return min([left, *(place - came for place in self._habits.crash_after if place > came)])

    def _is_due(self) -> bool:
        came = len(self.outcome.delivered)
        return came in self._habits.crash_after and self._left != 0

    def _may_crash(self) -> bool:
        return (
            self.outcome.crashes < MAX_CRASHES
            and bool(self.outcome.delivered)
            and self._chance.random() < self._habits.crashes
            and self._left != 0
        )

    def _start_again(self) -> None:
        """Go on from the token of now, or from one kept before, whose later records are lost."""
        self.outcome.crashes += 1
        if (token := self._driven.token()) is not None:
            self._kept.append((token, len(self.outcome.delivered)))
        if self._habits.crashes and self._chance.random() < 0.3:
            # What was kept since belongs to a reading that never was.
            del self._kept[1 + self._chance.randrange(len(self._kept)) :]
        token, delivered = self._kept[-1]
        del self.outcome.delivered[delivered:]
        self._go_on(token)

    def _go_on(self, token: Token | None) -> None:
        self._give_up()
        self.outcome.slowest = max(self.outcome.slowest, self._driven.slowest)
        self._opened_with = token
        self._driven = Driven(self._open(token))


def doubled(delivered: Sequence[str]) -> list[str]:
    """Return the rows that came more than once, each as often as it came too much."""
    return list((Counter(delivered) - Counter(set(delivered))).elements())
