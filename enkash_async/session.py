"""EnKashSession: lifetime, and what all requests share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, tzinfo
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from enkash_async._arguments import int_at_least
from enkash_async._http.call import Caller
from enkash_async._http.connections import checked_base_url, open_http, pool_size
from enkash_async._http.limiter import FairLimiter
from enkash_async._http.quota import RetryQuota
from enkash_async._http.throttle import Throttle
from enkash_async._http.token_cache import TokenCache, watched
from enkash_async._http.transport import Transport
from enkash_async._paging.addressing import MAX_LIMIT, Addressing, OffsetUnit
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.list_resource import checked_page_size
from enkash_async._search.remembered_lists import RememberedLists
from enkash_async._search.settings import Decoders, SearchSettings
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async._wire.times import checked_zone
from enkash_async.auth import Auth, BearerToken, OAuthPassword
from enkash_async.customers.resource import Customers
from enkash_async.events import Hooks
from enkash_async.retry import RetryPolicy
from enkash_async.timeout import Timeout

T = TypeVar("T")

MIB = 1024 * 1024

ENVIRONMENT = tuple(
    f"ENKASH_{name}"
    for name in (
        *("BASE_URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"),
        "COMPANY_ID",
    )
)
"""What `EnKashSession.from_env` reads."""


class EnKashSession:
    """An open connection to the service, shared by any number of tasks of one event loop.

    Use it with `async with`; it can be opened again after it was closed. The host of Accounts
    Receivable is documented nowhere, so *base_url* is what EnKash gave you.

    *max_concurrency*: at most this many requests in flight, over all searches. *page_size*: records
    asked for at once, 1 to 5000, where a search does not say. *prefetch_bytes*: bytes of fetched
    pages that may wait for their readers, over all searches. *max_body_bytes*: the largest answer,
    inflated. *naive_timezone*: the zone of times that the service writes without one, or its name,
    such as "Asia/Kolkata". *offset_unit* and *first_offset*: what its `offset` counts, and from
    which number; neither is documented, and a search that finds them wrong says so. *http*: an
    aiohttp session of yours, which is used and never closed; no more requests are in flight than
    its connector makes connections. *hooks*: functions that are told of searches, requests, retries
    and pages.

    After HTTP 429 no request is sent until the wait is over that the service asks for, or one that
    doubles each time. If *adaptive*, one request then goes ahead; fewer are in flight, and they
    keep to a rate, where that was seen to help, as they may after timeouts. Half a minute after the
    last trouble all is as at first. And a page that takes too long, breaks off or is too large is
    asked for in smaller parts (which `search` cannot do where offsets count pages).
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        max_concurrency: int = 8,
        page_size: int = 1000,
        prefetch_bytes: int = 32 * MIB,
        max_body_bytes: int = 64 * MIB,
        timeout: Timeout | None = None,
        retry: RetryPolicy | None = None,
        adaptive: bool = True,
        naive_timezone: tzinfo | str = UTC,
        offset_unit: OffsetUnit = "rows",
        first_offset: int = 0,
        http: aiohttp.ClientSession | None = None,
        hooks: Hooks | Sequence[Hooks] = (),
    ) -> None:
        self._base_url = checked_base_url(base_url)
        if not callable(getattr(auth, "fetch_token", None)):
            raise TypeError("auth must be a BearerToken, an OAuthPassword, or have fetch_token()")
        self._auth = auth
        self._max_concurrency = int_at_least(1, "max_concurrency", max_concurrency)
        self._page_size = checked_page_size(page_size, MAX_LIMIT)
        self._prefetch_bytes = int_at_least(0, "prefetch_bytes", prefetch_bytes)
        self._max_body_bytes = int_at_least(1, "max_body_bytes", max_body_bytes)
        self._timeout = timeout or Timeout()
        self._retry = retry or RetryPolicy()
        self._adaptive = adaptive
        self._naive_timezone = checked_zone(naive_timezone)
        if offset_unit not in ("rows", "pages"):
            raise ValueError(f'offset_unit must be "rows" or "pages", not {offset_unit!r}')
        if first_offset not in (0, 1):
            raise ValueError(f"first_offset must be 0 or 1, not {first_offset!r}")
        self._addressing = Addressing(offset_unit, first_offset)
        self._http = http
        self._telemetry = Telemetry(_checked_hooks(hooks))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shared: SearchSettings | None = None
        """What the lists share while the session is open; None while it is closed."""
        self._lists: dict[Callable[[SearchSettings], Any], Any] = {}
        self._exit = AsyncExitStack()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> EnKashSession:
        """Return a session for the address and credentials in the environment.

        `ENKASH_BASE_URL`, and `ENKASH_TOKEN` or `ENKASH_CLIENT_ID`, `ENKASH_CLIENT_SECRET`,
        `ENKASH_USERNAME` and `ENKASH_PASSWORD` (with `ENKASH_COMPANY_ID` if it is another than
        the client id). Blanks and line breaks around a value are left out. *options* are those of
        the class. ValueError names what is missing.
        """
        environ = {name: environ.get(name, "").strip() for name in ENVIRONMENT}
        base_url = environ["ENKASH_BASE_URL"]
        if not base_url:
            raise ValueError("set ENKASH_BASE_URL to the address that EnKash gave you")
        return cls(base_url, _auth_from_env(environ), **options)

    @property
    def customers(self) -> Customers:
        """Return what can be asked of customers; RuntimeError if the session is not open."""
        return self._list(Customers)

    def _list(self, kind: Callable[[SearchSettings], T]) -> T:
        """Return the list of this *kind*, which is made when it is first asked for."""
        if self._shared is None:
            raise RuntimeError("the session is not open; use 'async with EnKashSession(...)'")
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("the session belongs to another event loop; open one in this loop")
        if kind not in self._lists:
            self._lists[kind] = kind(self._shared)
        made: T = self._lists[kind]
        return made

    async def __aenter__(self) -> Self:
        if self._shared is not None:
            raise RuntimeError("the session is open already; share it, or make a second one")
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            # A few connections more than requests, so that none waits inside aiohttp's pool: whose
            # turn it is, the limiter decides.
            http = await stack.enter_async_context(
                open_http(self._http, self._max_concurrency + 4, self._base_url.host)
            )
            owner = TaskOwner()
            stack.push_async_callback(owner.aclose)
            # Before the tasks are cancelled, so that the searches end because of the session.
            stack.callback(self._telemetry.close)
            await owner.opened()
            places = int(min(self._max_concurrency, pool_size(http)))
            self._shared = self._settings(http, owner, places)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop all requests and close the connections. May be called more than once."""
        self._shared = None
        self._lists.clear()
        await self._exit.aclose()

    def _settings(
        self, http: aiohttp.ClientSession, owner: TaskOwner, places: int
    ) -> SearchSettings:
        transport = Transport(http, self._base_url, self._timeout, self._max_body_bytes)
        throttle = Throttle(places, adaptive=self._adaptive)
        caller = Caller(
            transport=transport,
            tokens=TokenCache(
                self._auth, watched(transport.post_form, self._telemetry), owner.start
            ),
            limiter=FairLimiter(throttle),
            throttle=throttle,
            quota=RetryQuota(self._retry.quota),
            retry=self._retry,
            timeout=self._timeout,
        )
        return SearchSettings(
            caller=caller,
            owner=owner,
            budget=ByteBudget(self._prefetch_bytes),
            addressing=self._addressing,
            decoders=Decoders(self._naive_timezone),
            telemetry=self._telemetry,
            page_size=self._page_size,
            max_concurrency=places,
            remembered=RememberedLists(),
            page_sizes=partial(PageSizes, adaptive=self._adaptive),
        )

    def __repr__(self) -> str:
        state = "closed" if self._shared is None else "open"
        return f"<EnKashSession {self._base_url} {state}>"


def _checked_hooks(hooks: Hooks | Sequence[Hooks]) -> Sequence[Hooks]:
    given = (hooks,) if isinstance(hooks, Hooks) else tuple(hooks)
    for one in given:
        if not isinstance(one, Hooks):
            raise TypeError(f"hooks must be Hooks, or several of them, not {type(one).__name__}")
    return given


def _auth_from_env(environ: Mapping[str, str]) -> Auth:
    if token := environ["ENKASH_TOKEN"]:
        return BearerToken(token)
    names = ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD")
    values = {name.lower(): environ[f"ENKASH_{name}"] for name in names}
    missing = [f"ENKASH_{name.upper()}" for name, value in values.items() if not value]
    if missing:
        raise ValueError(f"set ENKASH_TOKEN, or {', '.join(missing)}")
    return OAuthPassword(**values, company_id=environ["ENKASH_COMPANY_ID"] or None)
