"""Options under headings, in a command's help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


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
