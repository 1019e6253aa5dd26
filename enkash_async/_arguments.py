"""Values and functions that a caller gave, checked. No I/O."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from enkash_async.errors import ArgumentTypeError, ConfigurationError, InvalidArgumentError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

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


def absent(of: object, name: str, instead: Mapping[str, str]) -> AttributeError:
    """Return the error for a *name* that *of* lacks, with what serves *instead* if it is known."""
    text = f"{type(of).__name__!r} object has no attribute {name!r}"
    known = instead.get(name)
    return AttributeError(f"{text}: {known}" if known else text, name=name, obj=of)


def named(name: str, known: Iterable[str]) -> str:
    """Return *name* with the known name that may have been meant, or with all that there are."""
    # Not at the top: who mistakes no name need not have it loaded.
    from difflib import get_close_matches

    known = sorted(known)
    if not known:
        return name
    word = name.lower()
    if word in _ELSEWHERE:
        alike = [meant for meant in _ELSEWHERE[word] if meant in known]
    else:
        alike = get_close_matches(word, known, 1) or _with_word(word, known)
    if alike:
        return f"{name}; did you mean {' or '.join(alike)}?"
    return f"{name}; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"


def _with_word(word: str, known: Iterable[str]) -> list[str]:
    """Return the names of which *word* is a part, if these are few."""
    found = [name for name in known if word in name.split("_")]
    return found if len(found) <= _MEANT_AT_MOST else []


_MEANT_AT_MOST = 3

_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("limit", "top", "take", "first", "size"), ("page_size", "max_records")),
    **dict.fromkeys(("per_page", "batch_size", "chunk_size"), ("page_size",)),
    **dict.fromkeys(("skip", "start"), ("offset",)),
    **dict.fromkeys(("sort", "sort_by", "order"), ("order_by", "direction")),
    **dict.fromkeys(("cursor", "page_token"), ("resume",)),
    **dict.fromkeys(("workers", "threads"), ("max_concurrency",)),
    **dict.fromkeys(("api_key", "credentials"), ("auth",)),
    **dict.fromkeys(("url", "host"), ("base_url",)),
    **dict.fromkeys(("verify", "cert"), ("ssl",)),
}
"""What other libraries call what has another name here; only names that are known are meant."""


def keywords_named(of: T) -> T:
    """Have a function, or all that are public of a class, refuse a keyword that they do not know.

    ArgumentTypeError says which there are, at the line of the caller.
    """
    if not isinstance(of, type):
        return cast("T", _naming_keywords(of, f"{getattr(of, '__name__', '')}()"))
    for name, found in list(vars(of).items()):
        if name == "__init__":
            setattr(of, name, unseen(_naming_keywords(found, f"{of.__name__}()")))
        elif inspect.isfunction(found) and not name.startswith("_"):
            setattr(of, name, _naming_keywords(found, f"{name}()"))
    return of


def _naming_keywords(function: Any, title: str) -> Any:
    # Of the code, since making signatures would take a good part of the time of an import.
    code = function.__code__
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    known = frozenset(arguments[code.co_posonlyargcount :]) - {"self"}
    if not known or code.co_flags & inspect.CO_VARKEYWORDS:
        return function

    def check(given: Mapping[str, Any]) -> None:
        if not known.issuperset(given):
            unknown = next(name for name in given if name not in known)
            raise ArgumentTypeError(f"{title} takes no {named(unknown, known)}")

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def called(*args: Any, **kwargs: Any) -> Any:
            check(kwargs)
            return await function(*args, **kwargs)

        return called

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        check(kwargs)
        return function(*args, **kwargs)

    return call


def unseen(function: F) -> F:
    """Have an error about what *function* was given hold none of it in its frames.

    Tools that report failures print the local variables of every frame, and what is given, or read
    from the environment, may be a secret.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            if isinstance(error, TypeError | InvalidArgumentError | ConfigurationError):
                error.__traceback__ = None
                if error.__suppress_context__:
                    error.__context__ = None
            raise

    return cast("F", call)


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
