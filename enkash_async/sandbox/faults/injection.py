"""What a sandbox keeps about its faults while scripts come and go: who waits, and the counts."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from enkash_async.sandbox.faults.exchange import Exchange, Respond
from enkash_async.sandbox.faults.holds import Holds
from enkash_async.sandbox.faults.injector import Injector
from enkash_async.sandbox.faults.script import FaultScript


class Injection:
    """Injects the faults of a script, by an `Injector`. The script may be replaced at any time."""

    def __init__(self, script: FaultScript) -> None:
        self.holds = Holds()
        self.counts: Counter[str] = Counter()
        """How often a fault of each kind took place."""
        self._injector = Injector(script)

    @property
    def script(self) -> FaultScript:
        return self._injector.script

    def begin(self, script: FaultScript) -> None:
        """Follow *script* from its beginning."""
        self._injector = Injector(script)

    async def answer(self, exchange: Exchange, respond: Respond) -> web.StreamResponse:
        """Answer as *respond* does, but for the faults."""
        return await self._injector.answer(exchange, respond)

    def count(self, kind: str) -> None:
        """Count a fault that took place."""
        self.counts[kind] += 1
