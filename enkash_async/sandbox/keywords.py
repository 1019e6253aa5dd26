"""What is said of a keyword that does not exist. No I/O."""

import difflib
import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


def keywords_named(kind: type[T]) -> type[T]:
    """Have the class *kind* refuse an unknown keyword by a TypeError that says which there are."""
    made: Any = kind
    made.__init__ = _checking(made.__init__, kind.__name__)
    return kind


def settings_named(kind: type) -> Callable[[T], T]:
    """Have a function whose argument is a *kind* say so of a keyword that is meant for that."""
    settings = _keywords_of(kind)

    def named(function: T) -> T:
        title: str = getattr(function, "__name__", "")

        def why(name: str) -> str | None:
            close = difflib.get_close_matches(name, settings, 1)
            meant = f"{title}() takes no {name}; give it a {kind.__name__}"
            return f"{meant}({close[0]}=...)" if close else None

        return cast("T", _checking(cast("Any", function), title, why))

    return named


def _checking(
    function: Callable[..., Any], title: str, why: Callable[[str], str | None] = lambda _: None
) -> Callable[..., Any]:
    known = _keywords_of(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in known:
                raise TypeError(why(name) or f"{title}() takes no {name}; {_hint(name, known)}")
        return function(*args, **kwargs)

    return call


def _keywords_of(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def _hint(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {', '.join(known)}" if known else "there is nothing to set"
