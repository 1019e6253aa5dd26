"""What was handed over to one reader, and what a run came to. No I/O."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

import attrs

from enkash_async import Verdict


@attrs.define
class Ledger:
    """The ids that one reader got, leg by leg, and how its searches ended."""

    there_at_first: frozenset[str]
    legs: list[list[str]] = attrs.field(factory=list[list[str]])
    aside: set[str] = attrs.field(factory=set[str])
    """Of records that could not be read. A page that was awaited and not read on tells of them,
    and the next search tells again."""
    verdict: Verdict | None = None
    """Of the search that came to its end."""
    reasons: list[str] = attrs.field(factory=list[str])
    errors: list[str] = attrs.field(factory=list[str])

    def add(self, ids: Iterable[str]) -> None:
        """Note what was handed over."""
        self.legs[-1] += ids

    @property
    def count(self) -> int:
        """Return how many records came."""
        return sum(map(len, self.legs)) + len(self.aside - self._seen())

    def lost(self, deleted: set[str]) -> list[str]:
        """Return the customers that stayed and never came."""
        return sorted(self.there_at_first - deleted - self._seen() - self.aside)

    def _seen(self) -> set[str]:
        return {one for leg in self.legs for one in leg}

    def doubled(self, deleted: set[str]) -> list[str]:
        """Return the customers that stayed and came more than once."""
        times = Counter(one for leg in self.legs for one in leg)
        staying = self.there_at_first - deleted
        return sorted(one for one, number in times.items() if number > 1 and one in staying)


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
