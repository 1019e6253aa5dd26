"""The operation that gives out tokens."""

from base64 import b64decode
from functools import partial

import msgspec
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.exchange import Exchange, identity_of
from enkash_async.sandbox.faults.injection import Injection
from enkash_async.sandbox.service.replies import ScriptedRefusal, json_reply
from enkash_async.sandbox.service.sandbox import Sandbox
from enkash_async.sandbox.service.tokens import LoginError, Tokens


class LoginOperation:
    """Answers token requests."""

    def __init__(self, sandbox: Sandbox, tokens: Tokens, injection: Injection) -> None:
        self._sandbox = sandbox
        self._tokens = tokens
        self._injection = injection
        self._refuse = ScriptedRefusal(sandbox.settings)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(
            operation="token",
            number=self._sandbox.token_requests,
            identity=identity_of("token", request, b""),
            request=request,
            holds=self._injection.holds,
            count=self._injection.count,
            refuse=self._refuse,
            logins=self._tokens,
        )
        self._sandbox.token_requests += 1
        return await self._injection.answer(exchange, partial(self._log_in, request))

    async def _log_in(self, request: web.Request) -> web.Response:
        try:
            answer = self._tokens.log_in(_basic_pair(request), await request.post())
        except LoginError as error:
            return json_reply(msgspec.json.encode(error.body), error.status)
        return json_reply(msgspec.json.encode(answer))


def _basic_pair(request: web.Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return login, password
