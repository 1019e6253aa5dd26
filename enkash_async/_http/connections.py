"""Where requests go, and the aiohttp session that takes them there."""

from __future__ import annotations

import ipaddress
import math
import netrc
import os
import re
from collections.abc import AsyncGenerator, Collection, Sequence, Set
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from yarl import URL

from enkash_async._arguments import wrong_type
from enkash_async._http.network import Network, is_address, is_loopback
from enkash_async._http.pool import Pool
from enkash_async._patterns import Pattern
from enkash_async.errors import ArgumentTypeError, ConfigurationError, InvalidArgumentError

CLOSED_BY_CALLER = (
    "the aiohttp session that was given to EnKashSession (http=...) is closed; keep it open for as"
    " long as the EnKashSession is"
)

NOT_IN_A_URL = frozenset(" \\\N{NO-BREAK SPACE}")

MAX_NAME = 253
"""Characters of a host's name (RFC 1035), of which each label has 63 at most."""

_NAME = Pattern(
    r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?",
    re.ASCII | re.IGNORECASE,
)

MAX_LINE_BYTES = 8190
MAX_HEADERS = 128
"""Of an answer, where the aiohttp session is ours; aiohttp's own defaults, made certain."""


def checked_base_url(base_url: str, allow_http_to: Set[str] = frozenset()) -> URL:
    """Return *base_url* as a URL; ValueError where it is none, or credentials must not go there."""
    if not isinstance(base_url, str):
        raise ArgumentTypeError(f"base_url must be a str, not {type(base_url).__name__}")
    if not all(character.isprintable() and character not in NOT_IN_A_URL for character in base_url):
        raise InvalidArgumentError(
            "base_url must not hold blanks, line breaks, control characters or backslashes"
        )
    try:
        url = URL(base_url)
        _check_host(url)
        # Last, as it is read as a name of other scripts, which it need not be.
        host = url.host
    except ValueError:
        # UnicodeError among them. Without a cause, which would quote what may be a secret.
        raise InvalidArgumentError(
            "base_url is not the address of a host: check its name, and its port if it has one"
        ) from None
    if url.scheme not in ("http", "https") or not host:
        raise InvalidArgumentError("base_url must be an address such as https://api.example")
    if url.user is not None or url.password is not None:
        raise InvalidArgumentError("base_url must not hold credentials; give them as auth")
    if url.query_string or url.fragment:
        raise InvalidArgumentError("base_url must not have a query or a fragment")
    if url.scheme == "http" and not is_loopback(host) and host not in allow_http_to:
        raise InvalidArgumentError(
            f"base_url must be https: credentials would go to {host} unencrypted (http is"
            " allowed to this machine, and to hosts named in allow_http_to or ENKASH_ALLOW_HTTP)"
        )
    return url


def _check_host(url: URL) -> None:
    """Raise ValueError for a host that no name server can be asked for, or a port that is none."""
    host, port = url.raw_host or "", url.port
    if port == 0:
        raise ValueError("port")
    if ":" in host:
        ipaddress.ip_address(host.partition("%")[0])
    elif host and not (_NAME.fullmatch(host) and len(host) <= MAX_NAME):
        raise ValueError("host")


def checked_hosts(given: Sequence[str]) -> frozenset[str]:
    """Return the names of hosts to which http is allowed, as a URL holds them."""
    if isinstance(given, str) or not isinstance(given, Collection):
        raise wrong_type("allow_http_to", 'several hosts, such as ["sandbox"]', given)
    for host in given:
        if not isinstance(host, str):
            raise wrong_type("allow_http_to", 'several hosts, such as ["sandbox"]', host)
        if not _NAME.fullmatch(host) and not is_address(host):
            raise InvalidArgumentError(
                'allow_http_to holds names of hosts, such as "sandbox", without scheme and port'
            )
    return frozenset(host.lower() for host in given)


@asynccontextmanager
async def open_http(
    given: aiohttp.ClientSession | None, max_connections: int, url: URL, network: Network
) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Lend the caller's own aiohttp session, or one that is closed at the end.

    ConfigurationError if the caller's would send other credentials to *url* than ours, or where the
    environment names a proxy or a file that cannot be used; RuntimeError if it is closed.
    """
    if given is not None:
        if getattr(given, "closed", False):
            raise RuntimeError(CLOSED_BY_CALLER)
        _check_credentials(given, url.host)
        yield given
        return
    async with aiohttp.ClientSession(
        connector=Pool(max_connections, network.context_for(url)),
        # Not trust_env, with which aiohttp would take credentials out of netrc.
        proxy=network.proxy_to(url),
        # The service's cookies are artefacts of its load balancer; none is needed.
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
    ) as http:
        yield http


def pool_size(http: aiohttp.ClientSession | None) -> float:
    """Return how many connections to one host *http* makes at once; of our own, enough.

    More requests would wait inside the pool, where their timeouts run already.
    """
    connector = getattr(http, "connector", None)
    limits = (getattr(connector, "limit", 0), getattr(connector, "limit_per_host", 0))
    return min((limit for limit in limits if limit), default=math.inf)


def _check_credentials(http: aiohttp.ClientSession, host: str | None) -> None:
    if http.auth is not None:
        raise ConfigurationError(
            "the aiohttp session has credentials of its own (auth), which would go to EnKash;"
            " give EnKashSession one without"
        )
    if http.trust_env and host is not None and _is_in_netrc(host):
        # aiohttp sends them instead of the token, or refuses to send both (from 3.14).
        raise ConfigurationError(
            f"the aiohttp session trusts the environment, and netrc has credentials for {host},"
            " which would go there instead of the token: take the entry (or 'default') out of"
            " netrc, or give EnKashSession an aiohttp session without trust_env"
        )


def _is_in_netrc(host: str) -> bool:
    names = [os.environ["NETRC"]] if "NETRC" in os.environ else ["~/.netrc", "~/_netrc"]
    for name in names:
        try:
            if netrc.netrc(Path(name).expanduser()).authenticators(host) is not None:
                return True
        except (OSError, RuntimeError, netrc.NetrcParseError):
            # No file, no home, or one that aiohttp cannot read either.
            continue
    return False
