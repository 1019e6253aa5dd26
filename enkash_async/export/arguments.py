"""What a caller gave to an export, checked before anything is asked or written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs

from enkash_async._arguments import named, parameters_of, wrong_type
from enkash_async.errors import ArgumentTypeError, InvalidArgumentError


def path_text(name: str, given: object) -> str:
    """Return a path as text; an error that names it if it is none, or can be none."""
    is_path = hasattr(given, "__fspath__")
    path: object = os.fspath(cast("os.PathLike[str]", given)) if is_path else given
    if not isinstance(path, str):
        raise wrong_type(name, "a path, as a str or a Path", given)
    try:
        usable = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        usable = False
    if not usable or not path:
        raise InvalidArgumentError(f"{name} must be a path that a file can have, not {path!r}")
    return path


def bad_path_of(given: object) -> Path | None:
    """Return where bad records are to be kept, if that is said; an error if it is a folder."""
    if given is None:
        return None
    path = Path(path_text("bad_path", given))
    if path.is_dir():
        raise InvalidArgumentError(f"bad_path must be a file of its own, and {path} is a folder")
    return path


def names_of(name: str, given: object) -> tuple[str, ...]:
    """Return names of columns, from any iterable of them; an error if it is one text."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise wrong_type(name, "several names, such as a list of str", given)
    names = tuple(cast("Iterable[object]", given))
    for one in names:
        if not isinstance(one, str):
            raise wrong_type(name, "names of columns, each a str", one)
    return cast("tuple[str, ...]", names)


def renames_of(given: object) -> dict[str, str]:
    """Return the other names of columns; an error if it is no mapping of texts."""
    if not isinstance(given, Mapping):
        raise wrong_type("rename", "a mapping of names to names", given)
    renames = dict(cast("Mapping[object, object]", given))
    for one in (*renames, *renames.values()):
        if not isinstance(one, str):
            raise wrong_type("rename", "a mapping of names to names, each a str", one)
    return cast("dict[str, str]", renames)


def check_fields(criteria: Any, fields: Mapping[str, Any], function: Callable[..., Any]) -> None:
    """Raise an error that names one of *fields* if it is none of *criteria*.

    *function* was called with it, and would have taken its own parameters.
    """
    known = {one.name for one in attrs.fields(criteria)}
    for name in fields:
        if name not in known:
            words = named(name, known | parameters_of(function))
            raise ArgumentTypeError(f"{function.__name__}() takes no {words}")
