"""Opens a sandbox: its lists are filled, its operations are served until the block is left."""

import logging
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from aiohttp import web
from anyio import to_thread

from enkash_async.sandbox.account import ACCOUNT
from enkash_async.sandbox.data.customers.table import CUSTOMERS
from enkash_async.sandbox.data.served_list import ServedList
from enkash_async.sandbox.data.table import Table
from enkash_async.sandbox.faults.injection import Injection
from enkash_async.sandbox.keywords import settings_named
from enkash_async.sandbox.service import welcome
from enkash_async.sandbox.service.certificate import make_certificate
from enkash_async.sandbox.service.login import LoginOperation
from enkash_async.sandbox.service.sandbox import Sandbox
from enkash_async.sandbox.service.search import SearchOperation
from enkash_async.sandbox.service.tokens import Tokens
from enkash_async.sandbox.settings import SandboxSettings

_DEFAULTS = SandboxSettings()

_log = logging.getLogger("enkash_async.sandbox")

# No header, since one of them is the token.
_LOG_FORMAT = '"%r" %s, %b bytes, %Tf s'

# Room for a body with some hundred thousand ids.
_MAX_BODY = 16 * 1024 * 1024

# Handlers that a test holds in a hook are given up after this many seconds.
_SHUTDOWN_TIMEOUT = 0.1


@settings_named(SandboxSettings)
@asynccontextmanager
async def open_sandbox(settings: SandboxSettings = _DEFAULTS) -> AsyncGenerator[Sandbox, None]:
    """Seed a sandbox and serve it until the block is left.

    Leaving drops its data and breaks off the requests it has not answered.
    """
    async with open_tables(settings, [CUSTOMERS]) as sandbox:
        yield sandbox


@asynccontextmanager
async def open_tables(
    settings: SandboxSettings, tables: Sequence[Table]
) -> AsyncGenerator[Sandbox, None]:
    """Serve a sandbox that holds *tables*, each at its path with as many rows as *settings* say.

    `Sandbox.list_at` gives each; the methods of the sandbox that speak of customers need theirs.
    """
    with ExitStack() as stack:
        lists: dict[str, ServedList] = {}
        for table in tables:
            served = stack.enter_context(closing(ServedList(table, settings)))
            await served.seed()
            lists[table.path] = served
        tokens, injection = Tokens(ACCOUNT, settings), Injection(settings.faults)
        sandbox = Sandbox(settings, lists, tokens, injection)
        application = _application(sandbox, lists, tokens, injection)
        tls = None
        if settings.tls:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="enkash-sandbox-")))
            tls, sandbox.ca_file = await to_thread.run_sync(
                make_certificate, settings.host, folder, settings.ca_file
            )
        async with _serving(application, settings, tls) as sandbox.base_url:
            try:
                yield sandbox
            finally:
                sandbox.close()


def _application(
    sandbox: Sandbox, lists: Mapping[str, ServedList], tokens: Tokens, injection: Injection
) -> web.Application:
    async def answer_front_page(request: web.Request) -> web.Response:
        return web.Response(text=welcome.front_page(sandbox.base_url, ACCOUNT))

    application = web.Application(client_max_size=_MAX_BODY)
    application.router.add_get("/", answer_front_page)
    application.router.add_get("/healthz", _answer_health)
    login = LoginOperation(sandbox, tokens, injection)
    application.router.add_post("/oauth/token", login.answer)
    for path, served in lists.items():
        search = SearchOperation(served, sandbox, tokens, injection)
        application.router.add_post(path, search.answer)
    return application


async def _answer_health(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


@asynccontextmanager
async def _serving(
    application: web.Application, settings: SandboxSettings, tls: ssl.SSLContext | None
) -> AsyncGenerator[str, None]:
    """Serve the application and yield its base URL."""
    runner = web.AppRunner(
        application,
        access_log=_log if settings.access_log else None,
        access_log_format=_LOG_FORMAT,
        shutdown_timeout=_SHUTDOWN_TIMEOUT,
        # An answer that a fault holds up ends when its client is gone.
        handler_cancellation=True,
    )
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=tls).start()
        host, port = runner.addresses[0][:2]
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    finally:
        # Bounded by the timeout above; without the shield a cancelled block would leak sockets.
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
