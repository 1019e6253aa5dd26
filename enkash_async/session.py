"""EnKashSession: what its callers hold, and one view of what they share."""

from __future__ import annotations

import os
import ssl as ssl_module
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack

import aiohttp
from yarl import URL

from enkash_async._arguments import absent, keywords_named, named, unseen
from enkash_async._http.call import Caller
from enkash_async._http.connections import checked_base_url, checked_hosts
from enkash_async._paging.addressing import Addressing, OffsetUnit
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._search.settings import Connected, Decoders, SearchSettings
from enkash_async._session.core import NOT_COPIED, OF_A_LIST, Core, Opened
from enkash_async._session.environment import ENVIRONMENT as ENVIRONMENT
from enkash_async._session.environment import address_in, auth_in, hosts_in, naming, values_of
from enkash_async._session.options import (
    MIB,
    SHARED,
    Options,
    SessionOptions,
    ViewOptions,
    checked_auth,
)
from enkash_async._telemetry import log
from enkash_async.auth import Auth
from enkash_async.customers.resource import Customers
from enkash_async.errors import ArgumentTypeError
from enkash_async.events import Hooks
from enkash_async.retry import RetryPolicy
from enkash_async.timeout import Timeout

__all__ = [
    "EnKashSession",
    "OffsetUnit",
    "SessionOptions",
    "ViewOptions",
]

T = TypeVar("T")


@keywords_named
class EnKashSession:
    """A session with the service, shared by any number of tasks of one event loop.

    It is a plain object: make it, ask it for `customers` and make searches anywhere. It is opened
    by `async with`, or `await session.open()`, and belongs to that event loop until it is closed;
    then it can be opened again, as it has to be in a forked process. The host of Accounts
    Receivable is documented nowhere, so *base_url* is what EnKash gave you. What cannot be used is
    an InvalidArgumentError, or an ArgumentTypeError, that names it. `ENKASH_LOG=info`, or `debug`,
    shows on stderr what the logger `enkash_async` says.

    After HTTP 429 no request is sent until the wait is over that the service asks for, or one that
    doubles while refusals outnumber answers. If *adaptive*, one request then goes ahead; fewer are
    in flight, and they keep to a rate, where that was seen to help, as they may after timeouts.
    Half a minute after the last trouble all is as at first. And a page that takes too long, breaks
    off or is too large is asked for in smaller parts (which `search` cannot do where offsets count
    pages).
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        max_concurrency: int = 8,
        max_rate: float | None = None,
        page_size: int = 1000,
        prefetch_bytes: int = 32 * MIB,
        max_body_bytes: int = 64 * MIB,
        timeout: Timeout | float | None = None,
        retry: RetryPolicy | int | None = None,
        adaptive: bool = True,
        naive_timezone: tzinfo | str = UTC,
        offset_unit: OffsetUnit = "rows",
        first_offset: int = 0,
        keep_unknown: bool = False,
        http: aiohttp.ClientSession | None = None,
        hooks: Hooks | Sequence[Hooks] = (),
        trust_env: bool = True,
        proxy: str | URL | None = None,
        ssl: ssl_module.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        allow_http_to: Sequence[str] = (),
    ) -> None:
        """Make a session, which sends nothing before it is opened and read.

        - *base_url*: the address that EnKash gave you, https unless it is this machine.
        - *auth*: a `BearerToken`, an `OAuthPassword`, or any object with their `fetch_token`.
        - *max_concurrency*: at most so many requests in flight, over all searches.
        - *max_rate*: at most so many requests a second, over all searches; logins do not count.
          None sets no bound.
        - *page_size*: records asked for at once where a search does not say, 1 to 5000.
        - *prefetch_bytes*: pages are fetched ahead while all that is held of pages, over all
          searches, is at most so many bytes; the page that is next comes in any case.
        - *max_body_bytes*: the largest answer, inflated.
        - *timeout*: how long to wait; a number is the seconds for a page with all its attempts.
          None stands for `Timeout()`.
        - *retry*: when a failed request is tried again; an int is how many times, 0 for never. None
          stands for `RetryPolicy()`.
        - *adaptive*: whether concurrency, rate and page size follow what the service takes.
        - *naive_timezone*: the zone of times that the service writes without one, or its name, such
          as "Asia/Kolkata"; also the zone of a `date` in a filter.
        - *offset_unit*, *first_offset*: what `offset` counts, "rows" or "pages", and from which
          number. Neither is documented, and a search that finds them wrong says so.
        - *keep_unknown*: whether `record.extra` has the fields that came and this version does not
          know, which takes longer; without it they are left out.
        - *http*: an aiohttp session of yours, which is used as it is and never closed; no more
          requests are in flight than its connector makes connections.
        - *hooks*: functions that are told of searches, requests, retries and pages.
        - *trust_env*: whether `HTTPS_PROXY` and `NO_PROXY` count, and `SSL_CERT_FILE` is read anew
          (OpenSSL itself reads it when Python starts). Credentials in netrc never do.
        - *proxy*: the proxy to go through, such as "http://user:password@proxy.example:3128".
        - *ssl*: what certificates are checked by, and the one that is shown for mTLS.
        - *headers*: headers that every request carries beside the SDK's own.
        - *user_agent*: what stands before the SDK's name in `User-Agent`, such as
          "my-service/1.2".
        - *allow_http_to*: hosts to which `http://` is allowed beside this machine, such as a
          sandbox in a network of containers. Credentials go there unencrypted.
        """
        # First, while there is nothing but what was given.
        given = locals()
        log.show_at(os.environ.get("ENKASH_LOG", "").strip())
        self._options = Options.of(given)
        url = checked_base_url(base_url, self._options.allow_http_to)
        self._core = Core(url, checked_auth(auth), self._options)
        self._begin()

    def _begin(self) -> None:
        """Make what this view has of its own."""
        self._lists: dict[Callable[[SearchSettings], Any], Any] = {}
        self._settings = self._settings_of_view()
        self._opened: Opened | None = None
        self._connected: Connected | None = None

    @classmethod
    @unseen
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[SessionOptions]
    ) -> Self:
        """Return a session for the address and credentials in *environ*, or in `os.environ`.

        `ENKASH_BASE_URL`, and `ENKASH_TOKEN` or `ENKASH_CLIENT_ID`, `ENKASH_CLIENT_SECRET`,
        `ENKASH_USERNAME` and `ENKASH_PASSWORD` (with `ENKASH_COMPANY_ID` if it is another than
        the client id). `ENKASH_ALLOW_HTTP` names hosts, parted by commas, to which `http://` is
        allowed. Blanks and line breaks around a value are left out. *options* are those of the
        class. ConfigurationError names what is missing, or cannot be used.
        """
        values = values_of(os.environ if environ is None else environ)
        base_url = address_in(values)
        if "allow_http_to" not in options:
            options["allow_http_to"] = hosts_in(values)
            naming("ENKASH_ALLOW_HTTP", lambda: checked_hosts(options["allow_http_to"]))
        hosts = checked_hosts(options["allow_http_to"])
        naming("ENKASH_BASE_URL", lambda: checked_base_url(base_url, hosts))
        return cls(base_url, auth_in(values), **options)

    @unseen
    def with_options(self, **options: Unpack[ViewOptions]) -> Self:
        """Return another view of this session, with other *options*.

        It shares connections, token and all limits with this one, and is open while this one is:
        opening or closing one of them opens or closes both. *options* are `page_size`,
        `max_body_bytes`, `timeout`, `retry` (but for its quota, which is shared), `naive_timezone`,
        `offset_unit`, `first_offset`, `keep_unknown`, `headers` and `user_agent`; what is not given
        stays as it is here, and None means what it means to the class.
        """
        for name in options:
            if name in SHARED:
                raise ArgumentTypeError(
                    f"{name} is the same for all views of a session; give it to EnKashSession"
                )
            if name not in ViewOptions.__annotations__:
                known = SessionOptions.__annotations__
                raise ArgumentTypeError(f"with_options() takes no {named(name, known)}")
        view = type(self).__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._options = self._options.with_changes(options)
        view._begin()
        return view

    @property
    def base_url(self) -> str:
        """Return the address to which requests go, without a slash at its end."""
        return str(self._core.base_url).rstrip("/")

    @property
    def is_open(self) -> bool:
        """Say whether it is open, in whatever event loop; for all its views alike."""
        return self._core.is_open

    @property
    def customers(self) -> Customers:
        """Return what can be asked of customers; whether it is open shows when it is asked."""
        return self._list(Customers)

    def _list(self, kind: Callable[[SearchSettings], T]) -> T:
        """Return the list of this *kind*, which is made when it is first asked for."""
        if kind not in self._lists:
            self._lists[kind] = kind(self._settings)
        made: T = self._lists[kind]
        return made

    async def open(self) -> Self:
        """Open it in the running event loop, for whoever cannot use `async with`.

        RuntimeError if it is open. Close it with `aclose`.
        """
        await self._core.open()
        return self

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise absent(self, name, {**OF_A_LIST, "close": "use `await session.aclose()`"})

        def __enter__(self) -> NoReturn:
            raise ArgumentTypeError(
                "a session is opened by `async with`, or `await session.open()`; for programs"
                " without an event loop there is enkash_async.blocking"
            )

        def __exit__(self, *_: object) -> None:
            """Python asks for this one first."""

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop all requests and close the connections. May be called more than once.

        Where the event loop has ended in which it was opened, there is nothing left to wait for:
        what it held is dropped, and the log says so.
        """
        await self._core.aclose()

    def _settings_of_view(self) -> SearchSettings:
        options, places = self._options, self._core.places
        return SearchSettings(
            connect=self._connect,
            addressing=Addressing(options.offset_unit, options.first_offset),
            decoders=Decoders(options.naive_timezone, keep_unknown=options.keep_unknown),
            telemetry=self._core.telemetry,
            page_size=options.page_size,
            max_concurrency=places,
            remembered=self._core.remembered,
            page_sizes=partial(PageSizes, adaptive=options.adaptive),
        )

    def _connect(self) -> Connected:
        """Return what searches of this view are read by; RuntimeError if it is not open here."""
        opened = self._core.opened()
        if self._connected is None or self._opened is not opened:
            options = self._options
            caller = Caller(
                transport=self._core.transport(opened.http, options),
                tokens=opened.tokens,
                limiter=opened.limiter,
                throttle=opened.throttle,
                quota=opened.quota,
                retry=options.retry,
                timeout=options.timeout,
            )
            self._opened = opened
            self._connected = Connected(opened.loop, caller, opened.owner, opened.budget)
        return self._connected

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_COPIED)

    def __repr__(self) -> str:
        core: Core | None = self.__dict__.get("_core")
        if core is None:
            return "<EnKashSession that could not be made>"
        return f"<EnKashSession {core.base_url} {'open' if core.is_open else 'closed'}>"
