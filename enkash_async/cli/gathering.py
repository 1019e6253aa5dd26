"""Options whose values reach their command as one object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import click

from enkash_async.cli.running import misuse_shown

Command = Callable[..., int]
Decorator = Callable[[Command], Command]


def choice(members: Any) -> click.Choice[str]:
    """Return the type of an option that takes the values of an enumeration."""
    return click.Choice([member.value for member in members], case_sensitive=False)


def gathered(build: Callable[..., Any], name: str, *options: Decorator) -> Decorator:
    """Return a decorator that adds *options* and passes their values as one object.

    *build* makes it; its parameters are the names of the options. The command gets it as *name*.
    """
    parts = list(inspect.signature(build).parameters)

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathering(**values: Any) -> int:
            with misuse_shown():
                whole = build(**{part: values.pop(part) for part in parts})
            return command(**values, **{name: whole})

        decorated: Command = gathering
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
