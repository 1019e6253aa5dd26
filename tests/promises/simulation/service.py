"""The service of one run: logins, pages, and the faults of the plan. No I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs

import attrs

from tests.promises.simulation.adapter import EPOCH
from tests.promises.simulation.answers import (
    SPOIL,
    Answer,
    error_answer,
    page_answer,
    written,
    zipped,
)
from tests.promises.simulation.customer_list import Ask, CustomerList
from tests.promises.simulation.odd import NUMBERS
from tests.promises.simulation.plan import Fault, Plan, Where

BEARER = "token-0"
"""A token that is always good, for sessions that do not log in."""

LONGEST_PAUSE = 20.0
"""Seconds that the client pauses at most where the service does not say for how long."""

ATTEMPT = 60.0
"""Seconds for one attempt, where the patience is 1."""

TROUBLE_AFTER: dict[str, Callable[[Fault], float]] = {
    "slow": lambda f: float(f.amount),
    "trickle": lambda f: float(f.amount[0] * f.amount[1]),
    "rate_limit": lambda f: LONGEST_PAUSE if f.amount[0] is None else float(f.amount[0]),
    "http_error": lambda f: float(f.amount[1] or 0),
}
"""Seconds for which faults of a kind go on, where the kind says so."""


class Service:
    """Answers requests. All sessions of a run share it."""

    def __init__(self, plan: Plan, clock: Callable[[], float], log: Callable[[str], None]) -> None:
        self._plan = plan
        self._clock = clock
        self._log = log
        self._tokens: dict[str, float] = {BEARER: float("inf")}
        self._issued: dict[str, float] = {}
        self._healed = False
        self.list = CustomerList(plan.world, only_grows_at_end=plan.crawls)
        self.received: Counter[Where] = Counter()
        self.rows_sent = 0
        self.largest = 0
        """Bytes of the largest page so far."""
        self.largest_row = 0.0
        """Bytes of a row, with its share of all that came with it."""
        self.refused_logins = 0
        self.trouble_until = 0.0
        """When the effect of the last fault was over."""
        self.searches_in_trouble = 0
        self.faults = 0

    def heal(self) -> None:
        """From now on nothing goes wrong any more, and the list stays as it is."""
        self._healed = True
        # A token that is on its way to the client must not have been made invalid meanwhile.
        self._tokens |= self._issued

    def search(
        self, parameters: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Answer a search."""
        number = self._count("search")
        for change in self._plan.changes:
            if change.at == number and not self._healed:
                self._log(f"the list changes: {change}")
                self.list.change(change, self._now())
        faults = self._faults("search", number)
        if any(fault.kind == "expire_tokens" for fault in faults):
            self._tokens = {BEARER: float("inf")} if self._plan.world.life is None else {}
        if not self._is_logged_in(headers):
            answer = error_answer(401, "UNAUTHORIZED", "the token is not valid")
        else:
            bad = any(fault.kind == "bad_record" for fault in faults)
            nothing = any(fault.kind == "nothing_found" for fault in faults)
            answer = self._page(_ask(parameters, body), bad=bad, nothing=nothing)
        odd = [fault.amount for fault in faults if fault.kind == "odd"]
        for form in (None, self._plan.world.odd, *odd):
            size = len(written(answer, form).body)
            self.largest = max(self.largest, size)
            self.largest_row = max(self.largest_row, size / max(1, answer.rows))
        answer = written(answer, self._plan.world.odd)
        if self._plan.world.gzip and answer.rows:
            answer = zipped(answer)
        return self._spoilt(answer, "search", number, faults)

    def log_in(self, body: bytes) -> Answer:
        """Answer a login."""
        number = self._count("token")
        faults = self._faults("token", number)
        life = self._plan.world.life or 3600
        if any(fault.kind == "short_life" for fault in faults):
            life = 1
        token = f"token-{number + 1}"
        assert parse_qs(body.decode())["grant_type"] == ["password"]
        self._tokens[token] = self._issued[token] = self._clock() + life
        body = b'{"errorResponse":null,"access_token":"%b","expires_in":%b}' % (
            token.encode(),
            NUMBERS[self._plan.world.numbers](life),
        )
        answer = Answer(chunks=(body,), is_token=True)
        answer = written(answer, self._plan.world.odd)
        answer = self._spoilt(answer, "token", number, faults)
        self.refused_logins += answer.status == 401
        return answer

    def _page(self, ask: Ask, *, bad: bool, nothing: bool) -> Answer:
        world = self._plan.world
        rows, total, is_past = self.list.page(ask)
        if nothing and ask.begin is not None:
            # As a replica does that lags behind; of a whole list it could not be told.
            rows, total = [], 0
        total = min(total, world.count_limit or total)
        if is_past and world.past_end == "error" and ask.offset != world.first_offset:
            return error_answer(400, "VALIDATION_ERROR", "the offset is beyond the end")
        records = [row.text for row in rows]
        if bad and records:
            records[len(records) // 2] = records[len(records) // 2].replace(
                b'"legalName":"', b'"legalName":7,"was":"'
            )
        counts = {"total": total, "page": len(rows), "missing": None, "huge": 2**63}
        counted, write = counts[world.count], NUMBERS[world.numbers]
        answer = page_answer(
            records, None if counted is None else write(counted), success_code=world.success_code
        )
        self.rows_sent += len(rows)
        return answer

    # Faults

    def _count(self, where: Where) -> int:
        number = self.received[where]
        self.received[where] += 1
        return number

    def _faults(self, where: Where, number: int) -> list[Fault]:
        if self._healed:
            return []
        return [
            fault
            for fault in self._plan.faults
            if fault.on == where and fault.at <= number < fault.at + fault.many
        ]

    def _spoilt(self, answer: Answer, where: Where, number: int, faults: list[Fault]) -> Answer:
        seconds = self._latency(where, number)
        for fault in faults:
            self._log(f"{where} {number} meets {fault}")
            if fault.kind in SPOIL:
                answer = SPOIL[fault.kind](fault, answer, self._now())
            seconds += fault.amount if fault.kind == "slow" else 0.0
            self.trouble_until = max(self.trouble_until, self._clock() + self._lasts(fault))
            self.searches_in_trouble = self.received["search"]
            self.faults += 1
        return attrs.evolve(answer, seconds=seconds)

    def _lasts(self, fault: Fault) -> float:
        """Return the seconds for which a fault goes on after the request that it spoils."""
        if fault.kind in ("silent", "stall", "no_connection"):
            return ATTEMPT * self._plan.settings.patience
        lasts = TROUBLE_AFTER.get(fault.kind)
        return 0.0 if lasts is None else lasts(fault)

    def _latency(self, where: Where, number: int) -> float:
        if not self._plan.world.latency:
            return 0.0
        return self._plan.world.latency * Random(f"{self._plan.chance} {where} {number}").random()

    def _is_logged_in(self, headers: Mapping[str, str]) -> bool:
        kind, _, token = headers["Authorization"].partition(" ")
        return kind == "Bearer" and self._tokens.get(token, 0.0) > self._clock()

    def _now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._clock())


def _ask(parameters: Mapping[str, str], body: bytes) -> Ask:
    criteria: dict[str, Any] = json.loads(body)
    return Ask(
        offset=int(parameters["offset"]),
        limit=int(parameters["limit"]),
        order_by=parameters.get("orderBy"),
        descending=parameters.get("direction") == "DESC",
        begin=_time(criteria.get("createdOnFrom")),
        end=_time(criteria.get("createdOnTo")),
    )


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
