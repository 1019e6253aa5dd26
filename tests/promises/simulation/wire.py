"""Stands in for aiohttp's session: exchanges with the service on the virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from tests.promises.simulation.answers import Answer
from tests.promises.simulation.service import Service

NEVER = 10_000_000.0


class Http:
    """What an `EnKashSession` is given as *http*. It counts what is open."""

    auth = None
    trust_env = False
    closed = False
    connector = None

    def __init__(self, service: Service, log: Callable[[str], None]) -> None:
        self._service = service
        self._log = log
        self.open = 0
        self.most_open = 0
        self.sent = 0
        self.logins: list[str] = []
        """What became of the logins: never sent, unheard, abandoned, refused, unclear, heard."""
        self.on_event: Callable[[], None] = lambda: None

    def post(self, url: URL, **options: Any) -> Exchange:
        return Exchange(self, url, **options)

    def request(self, method: str, url: URL, **options: Any) -> Exchange:
        assert method == "POST", method
        return Exchange(self, url, **options)

    def begin(self) -> int:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.sent += 1
        self.on_event()
        return self.sent

    def end(self) -> None:
        self.open -= 1
        self.on_event()

    def note(self, text: str) -> None:
        self._log(text)

    def answer(self, path: str, parameters: Mapping[str, str], data: bytes, headers: Any) -> Answer:
        if path == "/oauth/token":
            return self._service.log_in(data)
        assert path == "/api/v0/customer/search", path
        return self._service.search(parameters, data, headers)


class Exchange:
    """One request and its answer, from entering the block to leaving it."""

    def __init__(
        self,
        http: Http,
        url: URL,
        *,
        data: bytes,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        params: Mapping[str, str] | None = None,
        allow_redirects: bool = False,
        **_: Any,
    ) -> None:
        assert not allow_redirects
        self._http = http
        self._path = url.path
        self._request = (params or {}, data, headers)
        self._timeout = timeout
        self._ends_at = 0.0
        self._number = self._place = 0
        self._has_head = False
        self.answer = Answer()

    @property
    def _is_login(self) -> bool:
        return self._path == "/oauth/token"

    async def __aenter__(self) -> Response:
        self._number = self._http.begin()
        if self._is_login:
            # Until it is known better; cancelled on its way, it stays so.
            self._place = len(self._http.logins)
            self._http.logins.append("unheard")
        try:
            loop = asyncio.get_running_loop()
            self._ends_at = loop.time() + (self._timeout.total or NEVER)
            self._http.note(f"send {self._number} {self._path} {dict(self._request[0])}")
            await self._reach()
        except BaseException as error:
            self._leave(type(error).__name__)
            raise
        self._has_head = True
        return Response(self)

    async def _reach(self) -> None:
        """Bring the request to the service, and wait for the head of its answer."""
        answer = self.answer = self._http.answer(self._path, *self._request)
        if answer.way in ("no_connection", "refused_connection"):
            if self._is_login:
                self._login("never sent")
            await self._no_connection(answer.way)
        await self.wait(NEVER if answer.way == "silent" else answer.seconds)
        if answer.way == "disconnected":
            raise aiohttp.ServerDisconnectedError

    def has_come(self) -> None:
        """Note that the whole answer is there."""
        if self._is_login and self.answer.status == 200:
            self._login("heard" if self.answer.is_token else "unclear")

    def _login(self, how: str) -> None:
        self._http.logins[self._place] = how

    async def _no_connection(self, way: str) -> None:
        if way == "no_connection":
            await asyncio.sleep(self._timeout.sock_connect or NEVER)
            raise aiohttp.ConnectionTimeoutError("no connection")
        await asyncio.sleep(0)
        key: Any = SimpleNamespace(host="api.example", port=443, is_ssl=True, ssl=True)
        raise aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "refused"))

    async def __aexit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        self._leave("read" if kind is None else kind.__name__)

    def _leave(self, how: str) -> None:
        if self._is_login and self._has_head and self.answer.status != 200:
            # The status alone says what it says, whatever becomes of the body.
            self._login("refused" if self.answer.status == 401 else "unclear")
        elif self._is_login and how == "CancelledError":
            self._login("abandoned")
        self._http.note(f"end {self._number} {how} {self.answer.status} {self.answer.rows}")
        self._http.end()

    async def wait(self, seconds: float) -> None:
        """Wait for the service, but no longer than aiohttp would."""
        now = asyncio.get_running_loop().time()
        quiet_until = now + (self._timeout.sock_read or NEVER)
        limit = min(quiet_until, self._ends_at)
        if now + seconds < limit:
            await asyncio.sleep(seconds)
            return
        await asyncio.sleep(limit - now)
        if quiet_until < self._ends_at:
            raise aiohttp.SocketTimeoutError("nothing came")
        raise TimeoutError


class Response:
    """The answer of an exchange, as far as the client looks at it."""

    def __init__(self, exchange: Exchange) -> None:
        answer = exchange.answer
        self.status = answer.status
        self.headers = CIMultiDict({"Content-Type": "application/json"})
        self.headers.update(answer.headers)
        whole = answer.end == "whole"
        self.content_length = len(answer.body) if whole and len(answer.chunks) == 1 else None
        self.content = Content(exchange)

    def close(self) -> None:
        """The connection is not used again; the exchange ends with its block."""


class Content(AsyncIterator[bytes]):
    """The body of an answer, chunk by chunk."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._chunks = iter(exchange.answer.chunks)

    def iter_any(self) -> Self:
        return self

    def iter_chunked(self, size: int) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        answer = self._exchange.answer
        for chunk in self._chunks:
            if answer.between:
                await self._exchange.wait(answer.between)
            return chunk
        if answer.end == "broken_off":
            raise aiohttp.ClientPayloadError("not enough data")
        if answer.end == "stalls":
            await self._exchange.wait(NEVER)
        self._exchange.has_come()
        raise StopAsyncIteration
