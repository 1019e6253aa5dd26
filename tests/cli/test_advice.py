"""What the command advises can be typed."""

from __future__ import annotations

import click
import pytest

from enkash_async.cli.advice import as_options
from enkash_async.cli.commands import customers

TWICE = "Go on with --resume, or use --method crawl"
EXPORT, COUNT = customers.commands["export"], customers.commands["count"]


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        (EXPORT, 'Open it with offset_unit="pages"', "Open it with --offset-unit pages"),
        (COUNT, "perhaps; then set first_offset=0", "perhaps; then set --first-offset 0"),
        (EXPORT, "set order_by to a field", "set --order-by to a field"),
        (EXPORT, "(another created_on_from)", "(another --created-from)"),
        (EXPORT, "Use search() with order_by", "Use --method search with --order-by"),
        (EXPORT, "Go on with the resume token, or use crawl()", TWICE),
        # No option of this command, or none at all.
        (COUNT, "set order_by, or use search()", "set order_by, or use search()"),
        (EXPORT, "the limit is Timeout(progress=...)", "the limit is Timeout(progress=...)"),
        (EXPORT, "my_order_by=5 page_sizes", "my_order_by=5 page_sizes"),
        # A word of a sentence is no option.
        (EXPORT, "the output of this method", "the output of this method"),
    ],
)
def test_arguments_are_named_as_options(command: click.Command, text: str, expected: str) -> None:
    with click.Context(command):
        assert as_options(text) == expected


def test_where_no_command_is_at_work_nothing_is_an_option() -> None:
    assert as_options("set order_by=createdOn") == "set order_by=createdOn"
