"""A plan that fails, made as small as it gets while it still fails in the same way. No I/O."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import attrs

from tests.promises.simulation.plan import Leg, Plan, Reader, Settings, World

MAX_TRIES = 600
MAX_SECONDS = 20.0

T = TypeVar("T")


class Result(Protocol):
    """What a run came to, as far as shrinking looks at it."""

    @property
    def kinds(self) -> set[str]:
        """Return the kinds of the problems."""
        ...


R = TypeVar("R", bound=Result)


def shrunk(plan: Plan, run: Callable[[Plan], R], outcome: R) -> tuple[Plan, R]:
    """Return the smallest plan found that has all kinds of problems of *outcome*, and its own."""
    kinds, tries = outcome.kinds, 0
    deadline = time.perf_counter() + MAX_SECONDS
    found = True
    while found:
        found = False
        for candidate in _smaller(plan):
            if tries >= MAX_TRIES or time.perf_counter() > deadline:
                return plan, outcome
            tries += 1
            result = run(candidate)
            if kinds <= result.kinds:
                plan, outcome, found = candidate, result, True
                break
    return plan, outcome


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Walk over plans with a part left out, the largest parts first."""
    for name in ("faults", "changes", "readers"):
        for fewer in _fewer(getattr(plan, name)):
            if fewer or name != "readers":
                yield _evolved(plan, name, fewer)
    if plan.disorder:
        yield attrs.evolve(plan, disorder=0.0)
    for place, reader in enumerate(plan.readers):
        for simpler in _simpler_readers(reader):
            yield attrs.evolve(plan, readers=_replaced(plan.readers, place, simpler))
    for rows in _lower(plan.world.rows):
        yield attrs.evolve(plan, world=attrs.evolve(plan.world, rows=rows))
    for world in _plainer(plan.world, World(), skip=("rows",)):
        yield attrs.evolve(plan, world=world)
    for settings in _plainer(plan.settings, Settings()):
        yield attrs.evolve(plan, settings=settings)
    if plan.piece is not None:
        yield attrs.evolve(plan, piece=None)
    if plan.new_session_at_end:
        yield attrs.evolve(plan, new_session_at_end=False)
    for name in ("faults", "changes"):
        parts: tuple[Any, ...] = getattr(plan, name)
        for place, part in enumerate(parts):
            for field in ("many", "at"):
                for value in _lower(getattr(part, field), least=1 if field == "many" else 0):
                    smaller = _evolved(part, field, value)
                    yield _evolved(plan, name, _replaced(parts, place, smaller))


def _fewer(parts: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    if len(parts) > 3:
        yield parts[: len(parts) // 2]
        yield parts[len(parts) // 2 :]
    for place in range(len(parts)):
        yield parts[:place] + parts[place + 1 :]


def _evolved(value: T, name: str, given: Any) -> T:
    whole: Any = value
    evolved: T = attrs.evolve(whole, **{name: given})
    return evolved


def _replaced(parts: tuple[T, ...], place: int, part: T) -> tuple[T, ...]:
    return (*parts[:place], part, *parts[place + 1 :])


def _lower(value: int, *, least: int = 0) -> Iterator[int]:
    """Walk over smaller numbers, the smallest first."""
    yield from sorted({least, value // 2, value * 3 // 4, value - 1} & set(range(least, value)))


def _plainer(value: T, default: T, skip: tuple[str, ...] = ()) -> Iterator[T]:
    """Walk over what has one field more as it is by default."""
    kind: Any = type(value)
    for field in attrs.fields(kind):
        plain = getattr(default, field.name)
        if field.name not in skip and getattr(value, field.name) != plain:
            yield _evolved(value, field.name, plain)


def _simpler_readers(reader: Reader) -> Iterator[Reader]:
    for fewer in _fewer(reader.legs):
        yield attrs.evolve(reader, legs=fewer)
    yield from _plainer(reader, Reader(), skip=("legs", "last"))
    for place, leg in enumerate(reader.legs):
        for simpler in (*_plainer(leg, Leg()), *_sooner(leg)):
            yield attrs.evolve(reader, legs=_replaced(reader.legs, place, simpler))
    for simpler in _plainer(reader.last, Leg()):
        yield attrs.evolve(reader, last=simpler)


def _sooner(leg: Leg) -> Iterator[Leg]:
    for after in _lower(leg.after):
        yield attrs.evolve(leg, after=after)
