"""Numbers and functions that a caller gave, checked. No I/O."""

from __future__ import annotations

import inspect
import math

from enkash_async.errors import ArgumentTypeError, InvalidArgumentError

INT32_MAX = 2**31 - 1


def int_at_least(least: int, name: str, value: int) -> int:
    """Return *value*; an error that names it if it is no int, or less than *least*."""
    _check_type(name, value)
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, not {value}")
    return value


def int32_at_least(least: int, name: str, value: int) -> int:
    """Do the same for a number that is sent, or counts what the service numbers in 32 bits."""
    _check_type(name, value)
    if not least <= value <= INT32_MAX:
        raise InvalidArgumentError(
            f"{name} must be at least {least} and fit into 32 bits, not {value}"
        )
    return value


def positive_number(name: str, value: float) -> float:
    """Return a finite number above 0; an error that names it if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentTypeError(f"{name} must be a number, not {type(value).__name__}")
    if not (value > 0 and math.isfinite(value)):
        raise InvalidArgumentError(f"{name} must be a finite number above 0, not {value}")
    return value


def _check_type(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"{name} must be an int, not {type(value).__name__}")


def check_plain_function(name: str, function: object) -> None:
    """Raise ArgumentTypeError unless *function* has done its work when it has been called."""
    if not callable(function):
        raise ArgumentTypeError(f"{name} must be a function, not {type(function).__name__}")
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
