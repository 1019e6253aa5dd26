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


def _with_all_bounds(plan: Plan) -> Plan:
    return attrs.evolve(plan, world=attrs.evolve(plan.world, ignored="neither"))


def _without_empty_windows(plan: Plan) -> Plan:
    faults = tuple(fault for fault in plan.faults if fault.kind != "nothing_found")
    return attrs.evolve(plan, faults=faults)


BROKEN_TODAY: Mapping[str, Broken] = MappingProxyType(
    {
        "times_ignored": Broken(
            "Where the service does not look at createdOnFrom or createdOnTo, a crawl cuts each"
            " window again and again, and hands records over more than once.",
            _with_all_bounds,
            shown_by=(1, 187),
        ),
        "empty_window": Broken(
            "A window of a crawl that is answered with nothing, against the count of the whole,"
            " passes as a change of the list.",
            _without_empty_windows,
            shown_by=(1, 1751),
        ),
    }
)
