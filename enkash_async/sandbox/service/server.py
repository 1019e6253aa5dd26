"""The running sandbox and its HTTP operations."""

import asyncio
import gzip
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

import anyio
import msgspec
from aiohttp import hdrs, web

from enkash_async.sandbox.data.seeding import COMPANY_ID
from enkash_async.sandbox.data.served_list import Customers
from enkash_async.sandbox.data.store import Order, Store
from enkash_async.sandbox.faults import FaultScript
from enkash_async.sandbox.faults.exchange import Exchange, Holds, Operation
from enkash_async.sandbox.faults.injector import Injector
from enkash_async.sandbox.service import welcome
from enkash_async.sandbox.service.calls import Reading, SearchCall, read_call
from enkash_async.sandbox.service.envelope import RefusalError, failure, success
from enkash_async.sandbox.service.paging import effective_limit, first_row
from enkash_async.sandbox.service.tokens import Account, LoginError, Tokens
from enkash_async.sandbox.settings import SandboxSettings

SearchHook = Callable[[SearchCall], Awaitable[web.StreamResponse | None]]

ACCOUNT = Account(
    client_id="sandbox-client",
    client_secret="5a4db0c5ec2e75a4db0c5ec2e75a4db0c5ec2e70",
    username="sandbox@example.in",
    password="sandbox-password",
    company_id=COMPANY_ID,
    token="sandbox-token",
)

_DEFAULTS = SandboxSettings()

# Room for a body with some hundred thousand customerIds.
_MAX_BODY = 16 * 1024 * 1024

# Handlers that a test holds in a hook are given up after this many seconds.
_SHUTDOWN_TIMEOUT = 0.1


class Sandbox:
    """A running sandbox; made by `open_sandbox`.

    Its plain methods wait for the store and so hold up the event loop a little.
    They may be called from a hook.
    """

    on_search: SearchHook | None
    """Awaited with each accepted search before its page is read; an answer it gives is sent."""

    def __init__(self, settings: SandboxSettings, customers: Customers) -> None:
        self.settings = settings
        self.base_url = ""
        self.token = ACCOUNT.token
        self.client_id = ACCOUNT.client_id
        self.client_secret = ACCOUNT.client_secret
        self.username = ACCOUNT.username
        self.password = ACCOUNT.password
        self.company_id = ACCOUNT.company_id
        self.searches: list[SearchCall] = []
        self.token_requests = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.on_search = None
        self.faults_injected: Counter[str] = Counter()
        """How often a fault of each kind took place."""
        self._injector = Injector(settings.faults)
        self._holds = Holds()
        self._loop = asyncio.get_running_loop()
        self._tokens = Tokens(ACCOUNT, settings)
        self._shuffles = Random(f"shuffles {settings.seed}")
        self._customers = customers

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment in which the SDK finds this sandbox and logs in."""
        return {
            "ENKASH_BASE_URL": self.base_url,
            "ENKASH_CLIENT_ID": self.client_id,
            "ENKASH_CLIENT_SECRET": self.client_secret,
            "ENKASH_USERNAME": self.username,
            "ENKASH_PASSWORD": self.password,
            "ENKASH_COMPANY_ID": self.company_id,
        }

    def customer_ids(self) -> list[str]:
        """Return the ids of all customers in the default order."""
        return self._customers.customer_ids()

    def records(self) -> list[dict[str, Any]]:
        """Return all customers as on the wire, in the default order, money as Decimal."""
        return self._customers.records()

    def insert(self, count: int, *, newest: bool = True) -> list[str]:
        """Add customers created after all others, or before, and return their ids in order.

        Those created before still sort after the rows that have no createdOn.
        """
        return self._customers.insert(count, newest=newest)

    def insert_at(self, position: int, count: int) -> list[str]:
        """Add customers that stand from *position* on in the default order; return their ids.

        Raises ValueError if *position* is beyond the end, or if its neighbours were created
        at the same instant and have no free ids between them.
        """
        return self._customers.insert_at(position, count)

    def delete(self, customer_ids: Iterable[str]) -> int:
        """Delete these customers and return how many of them there were."""
        return self._customers.delete(list(customer_ids))

    def expire_tokens(self) -> None:
        """Make every issued token invalid; `token` stays valid."""
        self._tokens.expire()

    def revoke(self, token: str) -> None:
        """Make one issued token invalid."""
        self._tokens.revoke(token)

    def lock_account(self) -> None:
        """Refuse every login from now on; issued tokens stay valid."""
        self._tokens.lock()

    @property
    def faults(self) -> FaultScript:
        """Return what goes wrong on purpose. Setting it begins the script from its beginning."""
        return self._injector.script

    @faults.setter
    def faults(self, script: FaultScript) -> None:
        self._injector = Injector(script)

    def release_stalls(self) -> None:
        """Let go every answer that a fault holds up now. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._holds.release)

    def close(self) -> None:
        """Let go what faults hold up, now and from now on; `open_sandbox` calls it."""
        self._holds.close()

    def application(self) -> web.Application:
        """Return the web application that answers."""
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_get("/", self._answer_front_page)
        application.router.add_get("/healthz", self._answer_health)
        application.router.add_post("/oauth/token", self._answer_token)
        application.router.add_post("/api/v0/customer/search", self._answer_search)
        return application

    async def _answer_front_page(self, request: web.Request) -> web.Response:
        return web.Response(text=welcome.front_page(self.base_url, ACCOUNT))

    async def _answer_health(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _answer_token(self, request: web.Request) -> web.StreamResponse:
        exchange = self._exchange("token", self.token_requests, request)
        self.token_requests += 1
        return await self._injector.answer(exchange, partial(self._log_in, request))

    async def _log_in(self, request: web.Request) -> web.Response:
        try:
            answer = self._tokens.log_in(_basic_pair(request), await request.post())
        except LoginError as error:
            return _json(msgspec.json.encode(error.body), error.status)
        return _json(msgspec.json.encode(answer))

    async def _answer_search(self, request: web.Request) -> web.StreamResponse:
        with self._counted():
            content = await request.read()
            reading = read_call(len(self.searches), request, content, self.settings)
            self.searches.append(reading.call)
            exchange = self._exchange("search", reading.call.number, request, reading.call, content)
            answer = await self._injector.answer(exchange, partial(self._try_search, reading))
            await asyncio.sleep(self.settings.latency)
            return answer

    async def _try_search(self, reading: Reading) -> web.StreamResponse:
        try:
            return await self._search(reading)
        except RefusalError as refusal:
            return self._refuse(refusal)

    async def _search(self, reading: Reading) -> web.StreamResponse:
        self._authorise(reading.call)
        _check(reading)
        answer = await self.on_search(reading.call) if self.on_search else None
        if answer is not None:
            return answer
        return await self._send_page(reading)

    def _authorise(self, call: SearchCall) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.is_valid(token.strip()):
            raise RefusalError(401, "UNAUTHORIZED", "The access token is missing or not valid.")

    async def _send_page(self, reading: Reading) -> web.Response:
        shuffle = self._shuffles.randrange(1, 2**31 - 1) if self.settings.unstable_order else None
        body = await self._customers.read(partial(self._read_page, reading, shuffle))
        if not (self.settings.gzip and "gzip" in reading.call.headers.get("accept-encoding", "")):
            return _json(body)
        # aiohttp would compress in the event loop.
        response = _json(await self._customers.run(partial(gzip.compress, body, 1)))
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        return response

    def _read_page(self, reading: Reading, shuffle: int | None, store: Store) -> bytes:
        """Read count and page in one go, so that no insertion comes between them."""
        call, conditions = reading.call, reading.conditions
        total = store.count(conditions)
        limit = effective_limit(call.limit, self.settings)
        order = Order(call.order_by, call.direction == "DESC", shuffle)
        start = first_row(call.offset, limit, total, self.settings)
        records = store.page(conditions, order, start, limit)
        return success(records, total, self.settings)

    def _refuse(self, refusal: RefusalError) -> web.Response:
        status = 200 if self.settings.error_status == "ok" else refusal.status
        return _json(failure(refusal, self.settings), status)

    def _fail(self, status: int, error_type: str, message: str) -> web.Response:
        """Answer a scripted error with exactly this status."""
        return _json(failure(RefusalError(status, error_type, message), self.settings), status)

    def _exchange(
        self,
        operation: Operation,
        number: int,
        request: web.Request,
        call: SearchCall | None = None,
        content: bytes = b"",
    ) -> Exchange:
        return Exchange(
            operation=operation,
            number=number,
            identity=f"{operation} {request.path_qs} {sha256(content).hexdigest()}",
            request=request,
            sandbox=self,
            holds=self._holds,
            count=self._count_fault,
            refuse=self._fail,
            call=call,
            row=0 if call is None else self._row_of(call),
        )

    def _row_of(self, call: SearchCall) -> int:
        # Without a total, so that an offset beyond the end stays there.
        return first_row(call.offset, effective_limit(call.limit, self.settings), 0, self.settings)

    def _count_fault(self, kind: str) -> None:
        self.faults_injected[kind] += 1

    @contextmanager
    def _counted(self) -> Generator[None, None, None]:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def open_sandbox(settings: SandboxSettings = _DEFAULTS) -> AsyncGenerator[Sandbox, None]:
    """Seed a sandbox and serve it until the block is left.

    Leaving drops its data and breaks off the requests it has not answered.
    """
    customers = Customers(settings)
    try:
        await customers.seed()
        sandbox = Sandbox(settings, customers)
        async with _serving(sandbox.application(), settings) as sandbox.base_url:
            try:
                yield sandbox
            finally:
                sandbox.close()
    finally:
        customers.close()


@asynccontextmanager
async def _serving(
    application: web.Application, settings: SandboxSettings
) -> AsyncGenerator[str, None]:
    """Serve the application and yield its base URL."""
    runner = web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_TIMEOUT,
        # An answer that a fault holds up ends when its client is gone.
        handler_cancellation=True,
    )
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        host, port = runner.addresses[0][:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        # Bounded by the timeout above; without the shield a cancelled block would leak sockets.
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


def _check(reading: Reading) -> None:
    if reading.problems:
        message = "; ".join(f"{one.field or 'body'} {one.message}" for one in reading.problems)
        raise RefusalError(400, "VALIDATION_ERROR", message, reading.problems)


def _basic_pair(request: web.Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return login, password


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
