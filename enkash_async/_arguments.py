"""Values and functions that a caller gave, checked. No I/O."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from enkash_async.errors import ArgumentTypeError, InvalidArgumentError

INT32_MAX = 2**31 - 1

_SHOWN = 10**20
"""Whole numbers beyond it are not written out: from some size on, Python refuses to."""


def _shown(value: float) -> str:
    return str(value) if -_SHOWN < value < _SHOWN or isinstance(value, float) else "one so large"


def int_at_least(least: int, name: str, value: int) -> int:
    """Return *value*; an error that names it if it is no int, or less than *least*."""
    _check_type(name, value)
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, not {_shown(value)}")
    return value


def int32_at_least(least: int, name: str, value: int) -> int:
    """Do the same for a number that is sent, or counts what the service numbers in 32 bits."""
    _check_type(name, value)
    if not least <= value <= INT32_MAX:
        raise InvalidArgumentError(
            f"{name} must be at least {least} and fit into 32 bits, not {_shown(value)}"
        )
    return value


def number_in(
    name: str, value: float, *, above: float = -math.inf, least: float = -math.inf
) -> float:
    """Return a number that is more than *above*, and at least *least*; else an error names it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a number", value)
    try:
        float(value)
    except OverflowError:
        raise InvalidArgumentError(f"{name} must be a number, not one so large") from None
    # NaN is neither more nor less than anything.
    if not (value > above and value >= least):
        bound = f"at least {least:g}" if above == -math.inf else f"a number above {above:g}"
        raise InvalidArgumentError(f"{name} must be {bound}, not {value}")
    return value


def finite_number_above(above: float, name: str, value: float) -> float:
    """Do the same for a number that must not be infinite either."""
    if value == math.inf:
        raise InvalidArgumentError(f"{name} must be a finite number, not {value}")
    return number_in(name, value, above=above)


def wrong_type(name: str, wanted: str, value: object) -> ArgumentTypeError:
    """Return the error for a *value* of the wrong type, which stays out of the text."""
    if isinstance(value, type):
        return ArgumentTypeError(f"{name} must be {wanted}, not the class {value.__name__} itself")
    return ArgumentTypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def named(name: str, known: Iterable[str]) -> str:
    """Return *name* with the known name that may have been meant, or with all that there are."""
    known = sorted(known)
    alike = get_close_matches(name.lower(), known, 1)
    hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(known)}"
    return f"{name}; {hint}"


def parameters_of(function: Callable[..., Any]) -> set[str]:
    """Return the names that *function* declares and can be called with."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    declared = inspect.signature(function).parameters.values()
    return {parameter.name for parameter in declared if parameter.kind in kinds}


def boolean(name: str, value: bool) -> bool:
    """Return *value*; an error that names it if it is no bool."""
    if not isinstance(value, bool):
        raise wrong_type(name, "True or False", value)
    return value


def _check_type(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an int", value)


def check_plain_function(name: str, function: object) -> None:
    """Raise ArgumentTypeError unless *function* has done its work when it has been called."""
    if not callable(function):
        raise wrong_type(name, "a function", function)
    for called in (function, function.__call__):
        if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
            raise ArgumentTypeError(
                f"{name} must be a plain function, not `async def`: it is called, not awaited;"
                " start a task in it, or put what it gets into a queue"
            )
        if inspect.isgeneratorfunction(called):
            raise ArgumentTypeError(
                f"{name} must be a plain function, without `yield`: it is called, not iterated"
            )
