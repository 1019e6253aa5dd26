"""Which service the commands ask: its options, and the session that is opened with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs
import click

from enkash_async import BearerToken, ConfigurationError, EnKashSession
from enkash_async._arguments import unseen
from enkash_async.cli.gathering import gathered
from enkash_async.cli.running import misuse_shown
from enkash_async.cli.words import say
from enkash_async.report import number
from enkash_async.sandbox import SandboxSettings, open_sandbox
from enkash_async.session import ENVIRONMENT

DEFAULT_ROWS = 25_000


CONNECTION_NAMES = "sandbox rows base_url offset_unit first_offset max_rate"

FILE_SUFFIX = "_FILE"


@attrs.frozen(kw_only=True)
class Connection:
    """Which service to ask, and how it counts."""

    sandbox: bool
    rows: int | None
    base_url: str | None
    offset_unit: Any
    first_offset: int
    max_rate: float | None

    def __attrs_post_init__(self) -> None:
        if self.sandbox and self.base_url is not None:
            raise ValueError("--sandbox and --base-url exclude each other")
        if self.rows is not None and not self.sandbox:
            raise ValueError("--rows goes with --sandbox")

    @property
    def service(self) -> str:
        """Return what tells this service from another one; a sandbox is the same each time."""
        if self.sandbox:
            return f"sandbox of {self.invented} customers"
        return self.base_url or _environment().get("ENKASH_BASE_URL", "")

    @property
    def invented(self) -> int:
        """Return how many customers the sandbox invents."""
        return DEFAULT_ROWS if self.rows is None else self.rows


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
        " ENKASH_USERNAME and ENKASH_PASSWORD; each from a file where its name is followed by"
        " _FILE.",
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
    click.option(
        "--max-rate",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Requests a second, at most; no bound unless given.",
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
        "max_rate": connection.max_rate,
    }
    if not connection.sandbox:
        async with _session_from_env(connection.base_url, options) as session:
            yield session
        return
    rows = connection.invented
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        if not quiet:
            say(f"sandbox: {number(rows, 'invented customer')}, nothing of EnKash's")
        async with EnKashSession(
            sandbox.base_url, BearerToken(sandbox.token), **options
        ) as session:
            yield session


def _session_from_env(base_url: str | None, options: dict[str, Any]) -> EnKashSession:
    with misuse_shown(cure="; or try --sandbox"):
        given = {} if base_url is None else {"ENKASH_BASE_URL": base_url}
        try:
            # Without a name here: reports of failures print the local variables of every frame.
            return EnKashSession.from_env(_environment() | given, **options)
        except ConfigurationError as error:
            text = _as_given(str(error), is_address_given=base_url is not None)
        raise ConfigurationError(text)


def _as_given(text: str, *, is_address_given: bool) -> str:
    """Return the *text* of an error with what the user gave in place of the variable it became."""
    variable, blank, rest = text.partition(" ")
    if variable == "ENKASH_BASE_URL" and is_address_given:
        variable = "--base-url"
    elif variable in ENVIRONMENT and os.environ.get(variable + FILE_SUFFIX):
        variable += FILE_SUFFIX
    return f"{variable}{blank}{rest}"


@unseen
def _environment() -> dict[str, str]:
    """Return the environment, with the contents of the files that it names for a variable."""
    environ = dict(os.environ)
    for name in ENVIRONMENT:
        path = environ.get(name + FILE_SUFFIX)
        if not path:
            continue
        if environ.get(name):
            raise ConfigurationError(
                f"{name} and {name}{FILE_SUFFIX} are both set; unset one of them"
            )
        try:
            environ[name] = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8"
            raise ConfigurationError(
                f"cannot read the file of {name}{FILE_SUFFIX}: {reason}"
            ) from None
    return environ
