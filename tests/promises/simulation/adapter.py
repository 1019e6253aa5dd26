"""The one module that knows the inside of the client: its clocks, chance, bytes and pieces.

Everything else uses public names. Clocks are found by what they are and not by name, so that a
module of the client may be renamed without a change here.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from random import Random
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from anyio._backends._asyncio import CancelScope

import enkash_async
from enkash_async import EnKashSession
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._wire import splitting
from tests.promises.simulation.virtual_loop import VirtualLoop

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""What the clocks on the wall show when a run begins."""

APART = tuple(f"enkash_async.{name}" for name in ("cli", "otel", "sandbox", "spark"))

DECODING = 0.02
"""Seconds that pass, at most, between two looks at the clock while records are decoded."""

_monotonic, _perf_counter = time.monotonic, time.perf_counter


def budget_of(session: EnKashSession) -> ByteBudget:
    """Return what counts the bytes of pages that the searches of *session* hold."""
    return session.customers._settings.connect().budget


@contextmanager
def pieces_of(nbytes: int | None) -> Iterator[None]:
    """Let the client cut answers into pieces of *nbytes*, since the answers of a run are small."""
    before = splitting.PIECE
    splitting.PIECE = before if nbytes is None else nbytes
    try:
        yield
    finally:
        splitting.PIECE = before


@contextmanager
def virtual_clocks(loop: VirtualLoop, chance: Random) -> Iterator[None]:
    """Let the client read its time from *loop* and its chance from *chance*; no thread starts."""

    def perf_counter() -> float:
        loop.spend(chance.random() * DECODING)
        return loop.time()

    def now(zone: tzinfo | None = None) -> datetime:
        return (EPOCH + timedelta(seconds=loop.time())).astimezone(zone)

    substitutes: dict[str, Any] = {
        "time": SimpleNamespace(monotonic=loop.time, perf_counter=perf_counter, sleep=None),
        "monotonic": loop.time,
        "perf_counter": perf_counter,
        "random": chance,
        "datetime": type("_Datetime", (_Datetime,), {"now": staticmethod(now)}),
    }
    # In a set, in the order of which anyio cancels them: by address it would differ each time.
    scopes: Any = CancelScope
    scopes.__hash__ = lambda self: 0
    places = _places()
    for place, key, _, name in places:
        _put(place, key, substitutes[name])
    try:
        yield
    finally:
        for place, key, real, _ in places:
            _put(place, key, real)
        scopes.__hash__ = object.__hash__


class _IsDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


class _Datetime(datetime, metaclass=_IsDatetime):
    """Stands in for `datetime` where a module asks it what time it is."""


@cache
def _places() -> list[tuple[Any, Any, Any, str]]:
    """Return where the client keeps a clock or a source of chance: place, key, value, kind."""
    found: list[tuple[Any, Any, Any, str]] = []
    for module in _modules():
        for name, value in vars(module).items():
            if (kind := _kind(value)) and (kind != "datetime" or _asks_for_now(module)):
                found.append((vars(module), name, value, kind))
        for function in _functions(module):
            defaults = function.__defaults__ or ()
            for index, default in enumerate(defaults):
                if (kind := _kind(default)) and kind != "datetime":
                    found.append((function, index, default, kind))
    return found


def _kind(value: object) -> str | None:
    kinds: list[tuple[object, str]] = [
        (time, "time"),
        (_monotonic, "monotonic"),
        (_perf_counter, "perf_counter"),
        (random, "random"),
        (datetime, "datetime"),
    ]
    return next((kind for one, kind in kinds if one is value), None)


def _put(place: Any, key: Any, value: Any) -> None:
    if isinstance(place, FunctionType):
        defaults = list(place.__defaults__ or ())
        defaults[key] = value
        place.__defaults__ = tuple(defaults)
    else:
        place[key] = value


def _modules() -> list[ModuleType]:
    """Import every module of the client, so that none brings its own clock later."""
    found = pkgutil.walk_packages(enkash_async.__path__, "enkash_async.")
    names = [one.name for one in found if not one.name.startswith(APART)]
    return [importlib.import_module(name) for name in names]


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, type):
            yield from (one for one in vars(value).values() if isinstance(one, FunctionType))


def _asks_for_now(module: ModuleType) -> bool:
    return any({"datetime", "now"} <= set(f.__code__.co_names) for f in _functions(module))
