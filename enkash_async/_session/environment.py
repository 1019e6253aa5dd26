"""Address and credentials out of the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from enkash_async.auth import Auth, BearerToken, OAuthPassword
from enkash_async.errors import ConfigurationError, InvalidArgumentError

T = TypeVar("T")

ENVIRONMENT = tuple(
    f"ENKASH_{name}"
    for name in (
        *("BASE_URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"),
        *("COMPANY_ID", "ALLOW_HTTP"),
    )
)
"""What `EnKashSession.from_env` reads."""


def values_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what is set, without the white space around."""
    return {name: environ.get(name, "").strip() for name in ENVIRONMENT}


def address_in(values: Mapping[str, str]) -> str:
    """Return the base URL; ConfigurationError if there is none."""
    if not values["ENKASH_BASE_URL"]:
        raise ConfigurationError("set ENKASH_BASE_URL to the address that EnKash gave you")
    return values["ENKASH_BASE_URL"]


def hosts_in(values: Mapping[str, str]) -> list[str]:
    """Return the hosts to which `http://` is allowed, which are parted by commas."""
    return [host.strip() for host in values["ENKASH_ALLOW_HTTP"].split(",") if host.strip()]


def auth_in(values: Mapping[str, str]) -> Auth:
    """Return the credentials; ConfigurationError names what is missing, or cannot be used."""
    if token := values["ENKASH_TOKEN"]:
        return naming("ENKASH_TOKEN", lambda: BearerToken(token))
    names = ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD")
    given = {name.lower(): values[f"ENKASH_{name}"] for name in names}
    missing = [f"ENKASH_{name.upper()}" for name, value in given.items() if not value]
    if missing:
        raise ConfigurationError(f"set ENKASH_TOKEN, or {', '.join(missing)}")
    company_id = values["ENKASH_COMPANY_ID"] or None
    # The error names the argument: the variable is the same in capitals.
    return naming("ENKASH_...", lambda: OAuthPassword(**given, company_id=company_id))


def naming(variable: str, make: Callable[[], T]) -> T:
    """Return what *make* makes; if it cannot, ConfigurationError names the *variable*."""
    try:
        return make()
    except InvalidArgumentError as error:
        name, _, rest = str(error).partition(" ")
        if variable == "ENKASH_...":
            variable = f"ENKASH_{name.upper()}"
        raise ConfigurationError(f"{variable} {rest}") from None
