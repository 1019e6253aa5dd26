"""What the client is known to do wrong, so that the runs keep out of it. Mended: entry removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from tests.promises.simulation.plan import Plan


@attrs.frozen
class Broken:
    """A kind of fault: what happens, how a plan keeps clear of it, and a run that shows it."""

    what: str
    avoid: Callable[[Plan], Plan]
    shown_by: tuple[int, int]
    """Seed and number of a run that fails with this entry lifted, and with no other."""


BROKEN_TODAY: Mapping[str, Broken] = MappingProxyType({})


def clear_of_broken(plan: Plan, lifted: frozenset[str]) -> Plan:
    """Return *plan* without what is known to be broken, but for what is *lifted*."""
    for name, broken in BROKEN_TODAY.items():
        if name not in lifted:
            plan = broken.avoid(plan)
    return plan
