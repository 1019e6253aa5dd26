"""What all views of a session share: while it is open, its connections, token and limits."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import aiohttp
import msgspec
from yarl import URL

from enkash_async._http.connections import open_http, pool_size
from enkash_async._http.limiter import FairLimiter
from enkash_async._http.network import USER_AGENT, Network
from enkash_async._http.quota import RetryQuota
from enkash_async._http.rate import RateLimit
from enkash_async._http.throttle import Throttle
from enkash_async._http.token_cache import TokenCache, watched
from enkash_async._http.transport import Transport
from enkash_async._search.byte_budget import ByteBudget
from enkash_async._search.remembered_lists import RememberedLists
from enkash_async._session.options import Options
from enkash_async._tasks import TaskOwner
from enkash_async._telemetry import log
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async.auth import Auth

NOT_OPEN = (
    "the session is not open; use 'async with EnKashSession(...) as session', or"
    " 'await session.open()', and 'await session.aclose()' at the end"
)

FORKED = (
    "the session was opened in the process that this one was forked from, and two processes cannot"
    " share its connections; open it again here, or open it only after the fork"
)

OF_A_LIST = dict.fromkeys(
    ("search", "crawl", "count", "get", "windows"),
    "that is asked of a list, as by `session.customers`",
)
"""What is looked for on a session, and is elsewhere."""

NOT_COPIED = (
    "a session is neither copied nor pickled, as it holds connections and credentials: share it, or"
    " make another one where it is needed"
)


class Opened(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A session between its opening and its end."""

    loop: asyncio.AbstractEventLoop
    http: aiohttp.ClientSession
    owner: TaskOwner
    tokens: TokenCache
    throttle: Throttle
    limiter: FairLimiter
    quota: RetryQuota
    budget: ByteBudget
    exits: AsyncExitStack
    process: int
    """The one that it was opened in, by its id. In one forked from it nobody reads an answer."""


class Core:
    """Opens and closes a session, which belongs to one event loop while it is open."""

    def __init__(self, base_url: URL, auth: Auth, options: Options) -> None:
        self.base_url = base_url
        self.telemetry = Telemetry(options.hooks)
        self.places = int(min(options.max_concurrency, pool_size(options.http)))
        self.remembered = RememberedLists()
        self._auth = auth
        self._options = options
        self._opened: Opened | None = None

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        # Nothing can be awaited here. The default outlives the module when the interpreter ends.
        opened: Opened | None = getattr(self, "_opened", None)
        if opened is not None and self._is_inherited(opened):
            self._leave(opened)
        elif opened is not None:
            _warn(
                f"the session with {self.base_url} was dropped while it was open; close it by"
                " `await session.aclose()` (one without an event loop by `session.close()`), or"
                " open it by `async with` or `with`",
                ResourceWarning,
                source=self,
            )

    @property
    def is_open(self) -> bool:
        """Say whether it is open, in whatever event loop of this process."""
        opened = self._opened
        return opened is not None and not self._is_inherited(opened) and not _has_ended(opened.loop)

    def opened(self) -> Opened:
        """Return what is open in the running event loop; RuntimeError if nothing is."""
        opened = self._opened
        if opened is None:
            raise RuntimeError(NOT_OPEN)
        if self._is_inherited(opened):
            raise RuntimeError(FORKED)
        if opened.loop is not asyncio.get_running_loop():
            if _has_ended(opened.loop):
                raise RuntimeError(
                    "the event loop in which the session was opened has ended; open it again"
                )
            raise RuntimeError("the session belongs to another event loop; open one in this loop")
        return opened

    async def open(self) -> None:
        """Open it in the running event loop; RuntimeError if it is open."""
        if self.is_open:
            raise RuntimeError("the session is open already; share it, or make a second one")
        self._forget()
        options = self._options
        async with AsyncExitStack() as stack:
            # A few connections more than requests, so that none waits inside aiohttp's pool: whose
            # turn it is, the limiter decides.
            network = Network(trust_env=options.trust_env, proxy=options.proxy, ssl=options.ssl)
            connections = options.max_concurrency + 4
            http = await stack.enter_async_context(
                open_http(options.http, connections, self.base_url, network)
            )
            owner = TaskOwner()
            stack.push_async_callback(owner.aclose)
            # Before the tasks are cancelled, so that the searches end because of the session.
            stack.callback(self.telemetry.close)
            self._opened = self._put_together(http, owner, stack.pop_all())

    def _put_together(
        self, http: aiohttp.ClientSession, owner: TaskOwner, exits: AsyncExitStack
    ) -> Opened:
        options = self._options
        throttle = Throttle(self.places, adaptive=options.adaptive)
        send = watched(self.transport(http, options).post_form, self.telemetry)
        return Opened(
            loop=asyncio.get_running_loop(),
            http=http,
            owner=owner,
            tokens=TokenCache(self._auth, send, owner.start),
            throttle=throttle,
            limiter=FairLimiter(throttle, RateLimit(options.max_rate)),
            quota=RetryQuota(options.retry.quota),
            budget=ByteBudget(options.prefetch_bytes),
            exits=exits,
            process=os.getpid(),
        )

    def transport(self, http: aiohttp.ClientSession, options: Options) -> Transport:
        """Return what sends the requests of a view with these *options*."""
        return Transport(
            http,
            self.base_url,
            options.timeout,
            options.max_body_bytes,
            _headers(options),
        )

    async def aclose(self) -> None:
        """Close it. Where its event loop has ended, drop what it held, and say so in the log.

        Where it was opened in another process, it is left to that one.
        """
        opened = self._opened
        if opened is None:
            return
        if self._is_inherited(opened):
            self._forget()
            return
        if opened.loop is asyncio.get_running_loop():
            self._opened = None
            await opened.exits.aclose()
        elif _has_ended(opened.loop):
            self._forget()
        else:
            raise RuntimeError("the session belongs to another event loop; close it in that loop")

    def _forget(self) -> None:
        """Drop what an event loop that has ended, or another process, left behind."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if self._is_inherited(opened):
            self._leave(opened)
            return
        self.telemetry.close()
        log.warn_of_ended_loop()

    @staticmethod
    def _is_inherited(opened: Opened) -> bool:
        return opened.process != os.getpid()

    def _leave(self, opened: Opened) -> None:
        """Let go of what is another process's, without a word to the service, or to the hooks."""
        self.telemetry.forget()
        if self._options.http is None:
            opened.http.detach()


def _has_ended(loop: asyncio.AbstractEventLoop) -> bool:
    return loop.is_closed() or not loop.is_running()


def _headers(options: Options) -> dict[str, str]:
    """Return what every request carries; of the caller's aiohttp session, its own name stays."""
    headers = dict(options.headers)
    is_given = any(name.lower() == "user-agent" for name in headers)
    of_caller: Mapping[str, str] = getattr(options.http, "headers", None) or {}
    if options.user_agent is not None:
        headers["User-Agent"] = f"{options.user_agent} {USER_AGENT}"
    elif not is_given and "User-Agent" not in of_caller:
        headers["User-Agent"] = USER_AGENT
    return headers
