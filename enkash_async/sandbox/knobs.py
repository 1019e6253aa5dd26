"""What a knob may be set to, and how the command line reads it. No I/O.

A rule is for a field of a class: a setting of a sandbox, or what can be set about a fault. It
stands in the field's metadata. A knob is a rule that is also an option of the command line.
"""

import argparse
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Protocol, cast, get_args

import attrs

KNOB = "knob"
"""The key under which the metadata of a field hold its rule."""


class Rule(Protocol):
    """What a value may be, and in *help* what it is good for."""

    @property
    def help(self) -> str: ...

    def check(self, name: str, value: object) -> None:
        """Raise TypeError or ValueError if *value* cannot be the one called *name*."""


@attrs.frozen
class Flag:
    """True or false."""

    help: str

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be true or false, got {value!r}")

    def argument(self) -> dict[str, Any]:
        return {"action": argparse.BooleanOptionalAction}


@attrs.frozen
class Text:
    """Any text."""

    help: str

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a text, got {value!r}")

    def argument(self) -> dict[str, Any]:
        return {"metavar": "TEXT"}


@attrs.frozen
class HeaderValue(Text):
    """Text that can stand in a header."""

    def check(self, name: str, value: object) -> None:
        Text.check(self, name, value)
        if not str(value).isprintable():
            raise ValueError(f"{name} must be one line of printable text, got {value!r}")


@attrs.frozen
class Day:
    """A day of the calendar."""

    help: str
    at_least: date = attrs.field(default=date.min, kw_only=True)

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise TypeError(f"{name} must be a date, got {value!r}")
        if value < self.at_least:
            raise ValueError(f"{name} must be {self.at_least} or later, got {value}")

    def argument(self) -> dict[str, Any]:
        return {"type": date.fromisoformat, "metavar": "YYYY-MM-DD"}


@attrs.frozen
class Seconds:
    """A span of time, or with *optional* None."""

    help: str
    optional: bool = attrs.field(default=False, kw_only=True)

    def check(self, name: str, value: object) -> None:
        if value is None and self.optional:
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a number of seconds, got {value!r}")
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be finite and not negative, got {value}")

    def argument(self) -> dict[str, Any]:
        return {"type": float, "metavar": "SECONDS"}


@attrs.frozen
class Whole:
    """A whole number within bounds, or with *optional* None."""

    help: str
    at_least: int = attrs.field(default=0, kw_only=True)
    at_most: int | None = attrs.field(default=None, kw_only=True)
    optional: bool = attrs.field(default=False, kw_only=True)

    def check(self, name: str, value: object) -> None:
        if value is None and self.optional:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be a whole number, got {value!r}")
        if value < self.at_least or (self.at_most is not None and value > self.at_most):
            highest = "" if self.at_most is None else f" and at most {self.at_most}"
            raise ValueError(f"{name} must be at least {self.at_least}{highest}, got {value}")

    def argument(self) -> dict[str, Any]:
        return {"type": int, "metavar": "N"}


@attrs.frozen
class Wholes:
    """Whole numbers from 0 on."""

    help: str

    def check(self, name: str, value: object) -> None:
        for number in cast("Iterable[object]", value):
            Whole(self.help).check(f"each of {name}", number)


@attrs.frozen
class Share:
    """A number from 0 to 1."""

    help: str

    def check(self, name: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{name} must be a number from 0 to 1, got {value!r}")


class OneOf:
    """One of the values that *alias*, a Literal or a union of Literal and None, allows."""

    def __init__(self, alias: Any, help: str) -> None:
        self.help = help
        self._values = {_shown(value): value for value in _literals(alias)}

    def check(self, name: str, value: object) -> None:
        # By type as well: True == 1 and 0.0 == 0.
        if not any(value == one and type(value) is type(one) for one in self._values.values()):
            raise ValueError(f"{name} must be one of {', '.join(self._values)}, got {value!r}")

    def argument(self) -> dict[str, Any]:
        # Not argparse's choices, which would offer the values in place of their names.
        return {"type": self._read, "metavar": "|".join(self._values)}

    def _read(self, text: str) -> object:
        if text not in self._values:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(self._values)}")
        return self._values[text]


Knob = Flag | Text | Day | Seconds | Whole | OneOf


def _literals(alias: Any) -> list[object]:
    values: list[object] = []
    for argument in get_args(alias):
        values.extend(get_args(argument) or [None if argument is type(None) else argument])
    return values


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
