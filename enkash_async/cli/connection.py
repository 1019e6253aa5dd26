"""Which service the commands ask: its options, and the session that is opened with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from typing import Any

import attrs
import click

from enkash_async import BearerToken, EnKashSession
from enkash_async.cli.gathering import gathered
from enkash_async.cli.running import misuse_shown, say
from enkash_async.sandbox import SandboxSettings, open_sandbox

DEFAULT_ROWS = 25_000


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


connection_options = gathered(
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


@contextlib.asynccontextmanager
async def open_session(
    connection: Connection, *, quiet: bool = False, **options: Any
) -> AsyncGenerator[EnKashSession, None]:
    """Open a session with a sandbox of its own, or with the service that the environment names."""
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
