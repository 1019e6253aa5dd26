"""Worlds drawn from what may be odd about a service. No I/O.

A world is a plain one with a few oddities, each of which has a name. So a property that fails
says by which of them, and those known to break a promise can be left out until they are mended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
W = TypeVar("W")


class Choose(Protocol):
    """Picks one of several: `random.choice`, or a draw of hypothesis."""

    def __call__(self, options: Sequence[T], /) -> T: ...


Oddity = Callable[[Choose, Any], Any]
Groups = Mapping[str, Mapping[str, Oddity]]
"""Oddities by name, in groups of which a world has at most one each."""

MAX_ODDITIES = 4

AND = " & "
"""Joins names of oddities that break a promise only together."""


def draw_oddities(
    choose: Choose, groups: Groups, broken: Collection[str], always: Collection[str] = ()
) -> frozenset[str]:
    """Return the names of a few oddities, *always* among them.

    Those that are *broken*, alone or together, are not.
    """
    names = list(always)
    wanted = len(names) + choose(range(MAX_ODDITIES + 1 - len(names)))
    left = [name for name, group in groups.items() if group.keys().isdisjoint(names)]
    while left and len(names) < wanted:
        group = groups[left.pop(choose(range(len(left))))]
        options = [name for name in group if not is_broken([*names, name], broken)]
        if options:
            names.append(choose(options))
    return frozenset(names)


def is_broken(names: Collection[str], broken: Collection[str]) -> bool:
    """Say whether oddities that are *broken* are among *names*."""
    return any(set(one.split(AND)) <= set(names) for one in broken)


def with_oddities(choose: Choose, world: W, groups: Groups, names: Collection[str]) -> W:
    """Return *world* with the oddities called *names*, in the order of the groups."""
    for name, oddity in chain.from_iterable(group.items() for group in groups.values()):
        if name in names:
            world = oddity(choose, world)
    return world
