"""Decides for each request which faults of one script befall it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random

import attrs
from aiohttp import web

from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.faults.fault import Fault
from enkash_async.sandbox.faults.script import FaultScript

# A sandbox may run for days; what is forgotten is how often a request was repeated.
_MAX_REPEATS = 100_000


class Injector:
    """Carries out one script from its beginning; `Injection` begins another one with the next."""

    def __init__(self, script: FaultScript) -> None:
        self.script = script
        self._states = [_State(fault) for fault in script.faults]
        self._repeats: Counter[str] = Counter()

    async def answer(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        """Answer as *respond* does, but for the faults."""
        # Wrapped from the innermost fault outwards, so that the first of the script is outermost.
        for place, state in reversed(self._chosen(exchange)):
            drawn = attrs.evolve(exchange, random=self._random(exchange, place, "effect"))
            respond = partial(state.fault.kind.inject, drawn, respond)
        try:
            return await respond()
        except ConnectionResetError:
            # The client is gone, and aiohttp would report an error of the handler.
            return exchange.hang_up()

    def _chosen(self, exchange: Exchange) -> list[tuple[int, _State]]:
        if len(self._repeats) >= _MAX_REPEATS:
            self._repeats.clear()
        self._repeats[exchange.identity] += 1
        return [
            (place, state)
            for place, state in enumerate(self._states)
            if state.strikes(exchange, self._random(exchange, place, "choice"))
        ]

    def _random(self, exchange: Exchange, place: int, purpose: str) -> Random:
        repeat = self._repeats[exchange.identity]
        return Random(f"{self.script.seed} {place} {purpose} {repeat} {exchange.identity}")


@attrs.define
class _State:
    """A fault, and how many requests it concerned and has struck."""

    fault: Fault
    seen: int = 0
    struck: int = 0
    burst_left: int = 0

    def strikes(self, exchange: Exchange, random: Random) -> bool:
        if not _concerns(self.fault, exchange):
            return False
        self.seen += 1
        if not self._is_due(random):
            return False
        self.struck += 1
        return True

    def _is_due(self, random: Random) -> bool:
        fault = self.fault
        place = self.seen - fault.skip
        if place <= 0 or (fault.times is not None and self.struck >= fault.times):
            return False
        if self.burst_left:
            self.burst_left -= 1
            return True
        if place % fault.every or random.random() >= fault.probability:
            return False
        self.burst_left = fault.burst - 1
        return True


def _concerns(fault: Fault, exchange: Exchange) -> bool:
    if fault.on != exchange.operation:
        return False
    if fault.requests and exchange.number not in fault.requests:
        return False
    page = exchange.asked
    return page is None or (
        (fault.offset_from is None or page.offset >= fault.offset_from)
        and (fault.offset_to is None or page.offset <= fault.offset_to)
        and (fault.row is None or page.row <= fault.row < page.row + page.limit)
    )
