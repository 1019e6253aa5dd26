"""Options under headings, in a command's help, and commands that are found where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click


class Group(click.Group):
    """A group of commands; one that stands elsewhere is named with the way to it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; UsageError if it is not in this group."""
        root, name = ctx.find_root(), args[0]
        if self.get_command(ctx, name) is None:
            for way in _ways_to(name, root.command):
                ctx.fail(f"No such command {name!r} here; there is '{root.info_name} {way}'.")
        return super().resolve_command(ctx, args)


def _ways_to(name: str, command: click.Command, way: str = "") -> Iterator[str]:
    """Say by which words a command of this *name* is reached from *command*."""
    for known, inner in getattr(command, "commands", {}).items():
        if known == name:
            yield way + known
        yield from _ways_to(name, inner, f"{way}{known} ")


class Headed(click.Command):
    """A command whose options stand under the headings of *headings*, by name."""

    headings: Mapping[str, frozenset[str]] = {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each under its heading; what has none comes last."""
        left = list(self.get_params(ctx))
        for heading, names in self.headings.items():
            those = [one for one in left if one.name in names]
            left = [one for one in left if one not in those]
            _write(ctx, formatter, heading, those)
        _write(ctx, formatter, "Other", left)


def _write(
    ctx: click.Context, formatter: click.HelpFormatter, heading: str, options: list[Any]
) -> None:
    records = [record for one in options if (record := one.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(heading):
            formatter.write_dl(records)


def headed(**headings: str) -> type[Headed]:
    """Return a class of commands; each heading is given the names of its options, in one text."""
    named = {
        heading.replace("_", " "): frozenset(names.split()) for heading, names in headings.items()
    }
    return type("HeadedCommand", (Headed,), {"headings": named})
