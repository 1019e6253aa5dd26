"""The options of a session: their names and types for editors, and each checked by name."""

from __future__ import annotations

import inspect
import ssl as ssl_module
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypedDict

import aiohttp
import msgspec
from yarl import URL

from enkash_async._arguments import (
    boolean,
    finite_number_above,
    int_at_least,
    wrong_type,
)
from enkash_async._http.connections import checked_hosts
from enkash_async._http.network import (
    checked_headers,
    checked_proxy,
    checked_ssl,
    checked_user_agent,
)
from enkash_async._paging.addressing import MAX_LIMIT, OffsetUnit
from enkash_async._search.arguments import checked_page_size
from enkash_async._wire.times import checked_zone
from enkash_async.auth import Auth
from enkash_async.errors import ArgumentTypeError, InvalidArgumentError
from enkash_async.events import Hooks
from enkash_async.retry import RetryPolicy
from enkash_async.timeout import Timeout

MIB = 1024 * 1024


class ViewOptions(TypedDict, total=False):
    """What `with_options` may change: the views of one session may differ in it."""

    page_size: int
    """Records asked for at once where a search does not say, 1 to 5000."""

    max_body_bytes: int
    """The largest answer, inflated."""

    timeout: Timeout | float | None
    """How long to wait; a number is the seconds for a page with all its attempts, None stands for
    `Timeout()`."""

    retry: RetryPolicy | int | None
    """When a failed request is tried again; an int is how many times, 0 for never, None stands for
    `RetryPolicy()`."""

    naive_timezone: tzinfo | str
    """The zone of times that the service writes without one, or its name ("Asia/Kolkata"); also
    the zone of a `date` in a filter."""

    offset_unit: OffsetUnit
    """What `offset` counts, "rows" or "pages"; a search that finds it wrong says so."""

    first_offset: int
    """The number from which it counts, 0 or 1."""

    keep_unknown: bool
    """Whether `record.extra` has the fields that this version does not know."""

    headers: Mapping[str, str] | None
    """Headers that every request carries beside the SDK's own; None for no others."""

    user_agent: str | None
    """What stands before the SDK's own name in `User-Agent`, such as "my-service/1.2"."""


class SessionOptions(ViewOptions, total=False):
    """What `EnKashSession` takes beside address and credentials."""

    max_concurrency: int
    """At most so many requests in flight, over all searches."""

    max_rate: float | None
    """At most so many requests a second, over all searches."""

    prefetch_bytes: int
    """Bytes that may be held of pages, over all searches, for any to be fetched ahead."""

    adaptive: bool
    """Whether concurrency, rate and page size follow what the service takes."""

    http: aiohttp.ClientSession | None
    """An aiohttp session of yours, which is used and never closed."""

    hooks: Hooks | Sequence[Hooks]
    """Functions that are told of searches, requests, retries and pages."""

    trust_env: bool
    """Whether `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` count; netrc never does."""

    proxy: str | URL | None
    """The proxy to go through, such as "http://user:password@proxy.example:3128"."""

    ssl: ssl_module.SSLContext | None
    """What certificates are checked by, and the one that is shown for mTLS."""

    allow_http_to: Sequence[str]
    """Hosts to which `http://` is allowed beside this machine."""


SHARED = tuple(
    name for name in SessionOptions.__annotations__ if name not in ViewOptions.__annotations__
)
"""Options that all views of a session have in common."""


class Options(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The options of one view of a session, checked. `EnKashSession` has their defaults."""

    max_concurrency: int
    max_rate: float | None
    page_size: int
    prefetch_bytes: int
    max_body_bytes: int
    timeout: Timeout
    retry: RetryPolicy
    adaptive: bool
    naive_timezone: tzinfo
    offset_unit: OffsetUnit
    first_offset: int
    keep_unknown: bool
    http: aiohttp.ClientSession | None
    hooks: Sequence[Hooks]
    trust_env: bool
    proxy: URL | None
    ssl: ssl_module.SSLContext | None
    headers: Mapping[str, str]
    user_agent: str | None
    allow_http_to: frozenset[str]

    def __repr__(self) -> str:
        # Those that may hold credentials are left out.
        names = [name for name in self.__struct_fields__ if name not in ("headers", "proxy")]
        return f"Options({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Return the options in *given*, which has all of them; each is checked."""
        options = cls(**{name: check(given[name]) for name, check in CHECKS.items()})
        if options.http is not None:
            for name in ("proxy", "ssl"):
                if getattr(options, name) is not None:
                    raise InvalidArgumentError(
                        f"{name} and http exclude each other: give {name} to your aiohttp session"
                    )
        return options

    def with_changes(self, given: Mapping[str, Any]) -> Options:
        """Return these options with the *given* ones, which are checked, in place of their own."""
        changed = {name: CHECKS[name](value) for name, value in given.items()}
        return msgspec.structs.replace(self, **changed)


def checked_auth(auth: Auth) -> Auth:
    """Return *auth*; an error says what it lacks."""
    if isinstance(auth, type):
        raise ArgumentTypeError(
            f"auth must be an object, not the class {auth.__name__} itself: call it"
        )
    fetch: Any = getattr(auth, "fetch_token", None)
    if not callable(fetch):
        raise ArgumentTypeError(
            "auth must be a BearerToken, an OAuthPassword, or have fetch_token()"
        )
    is_plain = inspect.isfunction(fetch) or inspect.ismethod(fetch)
    if is_plain and not inspect.iscoroutinefunction(fetch):
        raise ArgumentTypeError("auth.fetch_token must be `async def`: it is awaited")
    return auth


def _timeout(given: Timeout | float | None) -> Timeout:
    if given is None or isinstance(given, Timeout):
        return given or Timeout()
    if isinstance(given, type) or not isinstance(given, int | float):
        raise wrong_type("timeout", "a Timeout or a number of seconds", given)
    return Timeout.of(given)


def _retry(given: RetryPolicy | int | None) -> RetryPolicy:
    if given is None or isinstance(given, RetryPolicy):
        return given or RetryPolicy()
    if isinstance(given, bool) or not isinstance(given, int):
        raise wrong_type("retry", "a RetryPolicy or a number of retries", given)
    return RetryPolicy.of(given)


def _offset_unit(given: OffsetUnit) -> OffsetUnit:
    if given not in ("rows", "pages"):
        raise InvalidArgumentError(f'offset_unit must be "rows" or "pages", not {given!r}')
    return given


def _first_offset(given: int) -> int:
    if isinstance(given, bool) or given not in (0, 1):
        raise InvalidArgumentError(f"first_offset must be 0 or 1, not {given!r}")
    return given


def _http(given: aiohttp.ClientSession | None) -> aiohttp.ClientSession | None:
    # Whoever stands in for aiohttp in tests need not derive from its class.
    sends = callable(getattr(given, "post", None)) and not isinstance(given, type)
    if given is not None and not sends:
        raise wrong_type("http", "an aiohttp.ClientSession", given)
    return given


def _hooks(given: Hooks | Sequence[Hooks]) -> Sequence[Hooks]:
    if not isinstance(given, Hooks | Sequence):
        raise wrong_type("hooks", "Hooks, or several of them", given)
    several = (given,) if isinstance(given, Hooks) else tuple(given)
    for one in several:
        if not isinstance(one, Hooks):
            raise wrong_type("hooks", "Hooks, or several of them", one)
    return several


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda given: None if given is None else check(given)


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "max_concurrency": lambda given: int_at_least(1, "max_concurrency", given),
    "max_rate": _or_none(lambda given: finite_number_above(0, "max_rate", given)),
    "page_size": lambda given: checked_page_size(given, MAX_LIMIT),
    "prefetch_bytes": lambda given: int_at_least(0, "prefetch_bytes", given),
    "max_body_bytes": lambda given: int_at_least(1, "max_body_bytes", given),
    "timeout": _timeout,
    "retry": _retry,
    "adaptive": lambda given: boolean("adaptive", given),
    "naive_timezone": checked_zone,
    "offset_unit": _offset_unit,
    "first_offset": _first_offset,
    "keep_unknown": lambda given: boolean("keep_unknown", given),
    "http": _http,
    "hooks": _hooks,
    "trust_env": lambda given: boolean("trust_env", given),
    "proxy": _or_none(checked_proxy),
    "ssl": _or_none(checked_ssl),
    "headers": lambda given: checked_headers({} if given is None else given),
    "user_agent": _or_none(checked_user_agent),
    "allow_http_to": checked_hosts,
}
"""What each option is checked by, and made into."""
