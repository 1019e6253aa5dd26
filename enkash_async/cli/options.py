"""Options that several commands share, and the objects they become."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, date, datetime, time
from typing import Any

import attrs
import click

from enkash_async import (
    BearerToken,
    CustomerFilter,
    CustomerLevel,
    CustomerStatus,
    Direction,
    EnKashSession,
)
from enkash_async.cli.running import misuse_shown, say
from enkash_async.sandbox import SandboxSettings, open_sandbox

Command = Callable[..., int]
Decorator = Callable[[Command], Command]

DEFAULT_ROWS = 25_000


def _instant(ctx: click.Context, param: click.Parameter, text: str | None) -> datetime | None:
    """Return the aware datetime that *text* spells; a bare date is midnight UTC."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no ISO date or time") from None
    if instant.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no zone; add one, such as Z or +05:30")
    return instant


def _choice(members: Any) -> click.Choice[str]:
    return click.Choice([member.value for member in members], case_sensitive=False)


def _gathered(build: Callable[..., Any], name: str, *options: Decorator) -> Decorator:
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


# Which service


@attrs.frozen(kw_only=True)
class Connection:
    """Which service to ask, and how it counts."""

    sandbox: bool
    rows: int | None
    base_url: str | None
    offset_unit: Any
    first_offset: int

    def __attrs_post_init__(self) -> None:
        if self.sandbox and self.base_url is not None:
            raise ValueError("--sandbox and --base-url exclude each other")
        if self.rows is not None and not self.sandbox:
            raise ValueError("--rows goes with --sandbox")


connection_options = _gathered(
    Connection,
    "connection",
    click.option("--sandbox", is_flag=True, help="Read invented customers from a built-in server."),
    click.option(
        "--rows",
        type=click.IntRange(min=0),
        help=f"How many customers the sandbox invents.  [default: {DEFAULT_ROWS}]",
    ),
    click.option(
        "--base-url",
        metavar="URL",
        help="Address of the service, instead of ENKASH_BASE_URL. Credentials come from the"
        " environment only: ENKASH_TOKEN, or ENKASH_CLIENT_ID, ENKASH_CLIENT_SECRET,"
        " ENKASH_USERNAME and ENKASH_PASSWORD.",
    ),
    click.option(
        "--offset-unit",
        type=click.Choice(["rows", "pages"]),
        default="rows",
        show_default=True,
        help="What the service's offset counts.",
    ),
    click.option(
        "--first-offset",
        type=click.IntRange(0, 1),
        default=0,
        show_default=True,
        help="The number from which it counts.",
    ),
)

debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


@contextlib.asynccontextmanager
async def open_session(
    connection: Connection, *, quiet: bool = False, **options: Any
) -> AsyncGenerator[EnKashSession, None]:
    """Open a session with the sandbox, started for it, or with the service of the environment."""
    options |= {
        "offset_unit": connection.offset_unit,
        "first_offset": connection.first_offset,
    }
    if not connection.sandbox:
        async with _session_from_env(connection.base_url, options) as session:
            yield session
        return
    rows = DEFAULT_ROWS if connection.rows is None else connection.rows
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        if not quiet:
            say(f"sandbox: {rows:,} invented customers, nothing of EnKash's")
        async with EnKashSession(
            sandbox.base_url, BearerToken(sandbox.token), **options
        ) as session:
            yield session


def _session_from_env(base_url: str | None, options: dict[str, Any]) -> EnKashSession:
    environ = dict(os.environ)
    if base_url is not None:
        environ["ENKASH_BASE_URL"] = base_url
    with misuse_shown(cure="; or try --sandbox"):
        return EnKashSession.from_env(environ, **options)


# Which customers


def _customer_filter(
    customer_status: str | None,
    level: str | None,
    created_on_from: datetime | None,
    created_on_to: datetime | None,
    company_id: str | None,
    parent_company_id: str | None,
    legal_name: str | None,
) -> CustomerFilter:
    return CustomerFilter(
        customer_status=customer_status,
        level=level,
        created_on_from=created_on_from,
        created_on_to=created_on_to,
        company_id=company_id,
        parent_company_id=parent_company_id,
        legal_name=legal_name,
    )


filter_options = _gathered(
    _customer_filter,
    "criteria",
    click.option("--status", "customer_status", type=_choice(CustomerStatus)),
    click.option("--level", type=_choice(CustomerLevel)),
    click.option(
        "--created-from",
        "created_on_from",
        metavar="WHEN",
        callback=_instant,
        help="ISO time with a zone, or a date, which means midnight UTC.",
    ),
    click.option(
        "--created-to", "created_on_to", metavar="WHEN", callback=_instant, help="Likewise."
    ),
    click.option("--company-id", metavar="ID"),
    click.option("--parent-company-id", metavar="ID"),
    click.option("--legal-name", metavar="NAME"),
)

FILTER_NOTE = """
There is no option to filter by phone, PAN, GSTIN or bank account: everybody on this machine can
read the arguments of a process. Use CustomerFilter in Python for that.
"""


# In which order, and how many


@attrs.frozen(kw_only=True)
class Extent:
    """How to read the list, and how much of it."""

    order_by: str | None
    direction: str | None
    page_size: int | None
    max_records: int | None
    strict: bool

    def as_arguments(self) -> dict[str, Any]:
        """Return them as arguments of a search."""
        return attrs.asdict(self)


extent_options = _gathered(
    Extent,
    "extent",
    click.option(
        "--order-by",
        metavar="NAME",
        help="Field that does not change while the list is read, such as createdOn.",
    ),
    click.option("--direction", type=_choice(Direction)),
    click.option("--page-size", type=click.IntRange(1, 5000), help="Records asked for at once."),
    click.option(
        "--max-records", type=click.IntRange(1, 2**31 - 1), help="Stop after so many records."
    ),
    click.option("--strict", is_flag=True, help="Fail on any verdict but COMPLETE."),
)
