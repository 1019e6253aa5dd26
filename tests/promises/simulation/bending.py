"""Plans bent towards worlds that are seldom drawn, where faults of the client were found. No I/O.

Most runs that found one had two or three rare things at once: an offset, errors of the request
just where the list ends, a count that stops. A bent plan has each with a third of chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

import attrs

from tests.promises.simulation.broken_today import clear_of_broken
from tests.promises.simulation.drawing import changes_of, draw, leg_of, requests_of
from tests.promises.simulation.plan import Fault, Plan, Reader, World

Bend = Callable[[Plan, Random], Plan]

CHANCE = 0.35

OF_THE_REQUEST = (
    "VALIDATION_ERROR",
    "RECORD_NOT_FOUND",
    "CLIENT_REQUEST_ERROR",
    "UNPROCESSABLE_REQUEST",
)
"""Error types with which some services answer what is asked past the end."""


def draw_bent(seed: int, number: int, lifted: frozenset[str] = frozenset()) -> Plan:
    """Return the plan of run *number*, bent; worlds of what is broken only where *lifted*."""
    plan, random = draw(seed, number, lifted), Random(f"bent {seed} {number}")
    for bend in BENDS.values():
        if random.random() < CHANCE:
            plan = bend(plan, random)
    return clear_of_broken(plan, lifted)


def _from_offsets(plan: Plan, random: Random) -> Plan:
    """Have every search begin within the list, or a little past its end."""
    return attrs.evolve(
        plan,
        readers=tuple(
            reader
            if reader.crawls
            else attrs.evolve(reader, offset=random.randint(0, plan.world.rows + 2))
            for reader in plan.readers
        ),
    )


def _with_errors(plan: Plan, random: Random) -> Plan:
    """Let errors about the request come, once or several times in a row, and little else."""
    latest = random.choice([1, 3, _requests(plan)])
    errors = tuple(
        Fault(
            random.randrange(latest),
            "error_in_200",
            random.choice(OF_THE_REQUEST),
            random.choice([1, 1, 2, 2, 3, random.randint(1, 12)]),
        )
        for _ in range(random.randint(1, 4))
    )
    return attrs.evolve(
        plan,
        faults=plan.faults[: random.choice([0, 0, 2])] + errors,
        changes=plan.changes[: random.choice([0, 0, 0, 1, 9])],
    )


def _with_poor_counts(plan: Plan, random: Random) -> Plan:
    return _in_a_world(
        plan,
        count=random.choice(["page", "missing", "total"]),
        count_limit=random.choice([None, random.randint(1, 60)]),
    )


def _in_pages(plan: Plan, random: Random) -> Plan:
    past_end = random.choice(["empty", "last_page", "error"])
    return _in_a_world(plan, unit="pages", past_end=past_end, ends_by_bytes=False)


def _that_answers_past_the_end(plan: Plan, random: Random) -> Plan:
    cap = random.choice([None, plan.world.cap, random.randint(2, 40)])
    return _in_a_world(plan, past_end=random.choice(["last_page", "error"]), cap=cap)


def _in_many_legs(plan: Plan, random: Random) -> Plan:
    """Have every reader stop and go on from its token, several times."""

    def in_legs(reader: Reader) -> Reader:
        legs = (leg_of(random, plan.world.rows) for _ in range(random.randint(1, 5)))
        return attrs.evolve(reader, legs=tuple(legs))

    return attrs.evolve(plan, readers=tuple(map(in_legs, plan.readers)))


def _that_changes(plan: Plan, random: Random) -> Plan:
    first, then = (changes_of(random, _requests(plan)) for _ in range(2))
    return attrs.evolve(plan, changes=first + then)


def _in_a_world(plan: Plan, **changes: Any) -> Plan:
    world: World = attrs.evolve(plan.world, **changes)
    return attrs.evolve(plan, world=world)


def _requests(plan: Plan) -> int:
    return requests_of(plan.readers, plan.world.rows)


BENDS: Mapping[str, Bend] = MappingProxyType(
    {
        "offsets": _from_offsets,
        "errors": _with_errors,
        "poor counts": _with_poor_counts,
        "pages": _in_pages,
        "past the end": _that_answers_past_the_end,
        "legs": _in_many_legs,
        "changes": _that_changes,
    }
)
"""What a plan can be bent towards, in the order in which that is done."""
