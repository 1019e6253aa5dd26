"""The way to the service: proxy, certificates, and the headers of every request."""

from __future__ import annotations

import functools
import ipaddress
import os
import platform
import re
import ssl as ssl_module
from collections.abc import Mapping
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import aiohttp
import attrs
from yarl import URL

from enkash_async._arguments import unseen, wrong_type
from enkash_async._http.operation import CLIENT_REQUEST_ID
from enkash_async._patterns import Pattern
from enkash_async._version import __version__
from enkash_async.errors import ConfigurationError, InvalidArgumentError

USER_AGENT = (
    f"enkash-async/{__version__} (aiohttp/{aiohttp.__version__};"
    f" Python/{platform.python_version()})"
)

OURS = frozenset(
    name.lower()
    for name in (
        *("Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding"),
        *("Content-Length", "Content-Type", "Expect", "Host", "Transfer-Encoding"),
        *("Proxy-Authorization", CLIENT_REQUEST_ID),
    )
)
"""Headers that say what only the SDK knows, or carry credentials."""

_NAME = Pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_VALUE = Pattern(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


@attrs.frozen(kw_only=True)
class Network:
    """How the SDK's own aiohttp session reaches the service."""

    trust_env: bool = True
    proxy: URL | None = attrs.field(default=None, repr=False)
    ssl: ssl_module.SSLContext | None = None

    def proxy_to(self, url: URL) -> URL | None:
        """Return the proxy to go through to *url*, None for the direct way."""
        if self.proxy is not None or not self.trust_env:
            return self.proxy
        return proxy_of_environment(url)

    def context_for(self, url: URL) -> ssl_module.SSLContext | None:
        """Return what certificates of *url* are checked by, None for what aiohttp takes itself."""
        if self.ssl is not None or not self.trust_env or url.scheme != "https":
            return self.ssl
        name = os.environ.get("SSL_CERT_FILE", "").strip()
        return _context_of(name, _changed_at(name)) if name else None


def _changed_at(name: str) -> float:
    try:
        return Path(name).stat().st_mtime
    except OSError as error:
        raise ConfigurationError(f"SSL_CERT_FILE: {error.strerror}: {name}") from None


@functools.lru_cache(maxsize=4)
def _context_of(name: str, changed_at: float) -> ssl_module.SSLContext:
    # Kept, since reading all authorities of a system takes tens of milliseconds.
    try:
        return ssl_module.create_default_context(cafile=name)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror
        raise ConfigurationError(
            f"SSL_CERT_FILE: {name} holds no certificate of an authority ({reason})"
        ) from None


@unseen
def proxy_of_environment(url: URL) -> URL | None:
    """Return the proxy that the environment names for *url*; never one for this machine."""
    host = url.host or ""
    if is_loopback(host):
        return None
    proxies = getproxies()
    for scheme in (url.scheme, "all"):
        given = proxies.get(scheme, "").strip()
        if not given:
            continue
        if proxy_bypass(host) or proxy_bypass(f"{host}:{url.port}"):
            return None
        try:
            return checked_proxy(given)
        except InvalidArgumentError as error:
            # In lower case the name counts just as well, and before the other.
            name = (
                f"{scheme}_proxy" if f"{scheme}_proxy" in os.environ else f"{scheme}_proxy".upper()
            )
            raise ConfigurationError(f"{name}: {error}") from None
    return None


def checked_proxy(given: str | URL) -> URL:
    """Return the address of a proxy. What it holds may be a secret, and is not quoted."""
    if not isinstance(given, str | URL):
        raise wrong_type("proxy", "the address of a proxy as a str", given)
    try:
        url = URL(given if isinstance(given, URL) or "://" in given else f"http://{given}")
        is_clean = not any(character.isspace() for character in str(given))
        if url.scheme in ("http", "https") and url.host and url.port and is_clean:
            return url
    except ValueError:
        # Its text would quote the address.
        pass
    raise InvalidArgumentError(
        "proxy must be an address such as http://proxy.example:3128; other kinds of proxies are not"
        " supported"
    )


def checked_ssl(given: ssl_module.SSLContext) -> ssl_module.SSLContext:
    """Return *given*, which must be a context; there is no way to check no certificates."""
    if not isinstance(given, ssl_module.SSLContext):
        raise wrong_type(
            "ssl", "an ssl.SSLContext, such as ssl.create_default_context(cafile=...)", given
        )
    return given


def checked_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return *given* as headers that can be sent with every request."""
    if not isinstance(given, Mapping):
        raise wrong_type("headers", "a mapping of names to texts", given)
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise wrong_type("headers", "a mapping of names to texts", value)
        if not _NAME.fullmatch(name):
            raise InvalidArgumentError("headers: a name is a word of ASCII without blanks")
        if name.lower() in OURS:
            raise InvalidArgumentError(f"headers must not hold {name}, which the SDK sends itself")
        if not _VALUE.fullmatch(value):
            raise InvalidArgumentError(
                f"headers: the value of {name} must be printable ASCII text without blanks around"
            )
    return dict(given)


def checked_user_agent(given: str) -> str:
    """Return a product name and version that may stand in a `User-Agent`."""
    if not isinstance(given, str):
        raise wrong_type("user_agent", "a str", given)
    if not _VALUE.fullmatch(given):
        raise InvalidArgumentError(
            'user_agent must be printable ASCII text, such as "my-service/1.2"'
        )
    return given


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine."""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def is_address(host: str) -> bool:
    """Say whether *host* is an address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
