"""Fault scripts as text, which is TOML. No I/O."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from enkash_async.sandbox.faults.fault import Fault
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.faults.kinds import KINDS


class FaultScriptError(ValueError):
    """The text is no fault script; the message names the place and the choices."""


def read_script(text: str) -> tuple[list[Fault], Any]:
    """Return the faults of a script and its seed, which is not checked.

    FaultScriptError says what is wrong with the rest.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultScriptError(f"the fault script is not TOML: {error}") from error
    _refuse_unknown("the fault script", tables, ("seed", "fault"))
    listed = tables.get("fault", [])
    if not isinstance(listed, list):
        raise FaultScriptError("the fault script: write [[fault]], with two brackets")
    listed = cast("list[object]", listed)
    faults = [_fault(number, table) for number, table in enumerate(listed, 1)]
    return faults, tables.get("seed", 1)


def _fault(number: int, table: object) -> Fault:
    if not isinstance(table, dict):
        raise FaultScriptError(f"fault {number} must be a table, got {table!r}")
    values = cast("dict[str, Any]", table)
    kind = _kind(number, values.pop("kind", None))
    where = f"fault {number} ({kind.name})"
    _refuse_unknown(where, values, (*kind.rules(), *Fault.conditions()))
    own = {name: values.pop(name) for name in kind.rules() if name in values}
    try:
        return Fault(kind(**own), **values)
    except (TypeError, ValueError) as error:
        raise FaultScriptError(f"{where}: {error}") from error


def _kind(number: int, name: object) -> type[Kind]:
    if not isinstance(name, str) or name not in KINDS:
        problem = "has no kind" if name is None else f"has the unknown kind {name!r}"
        meant = _meant(name, KINDS)
        raise FaultScriptError(f"fault {number} {problem}{meant}; the kinds are {', '.join(KINDS)}")
    return KINDS[name]


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    known = tuple(known)
    for name in given:
        if name not in known:
            raise FaultScriptError(
                f"{where}: unknown key {name!r}{_meant(name, known)}; the keys are"
                f" {', '.join(known)}"
            )


def _meant(name: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
