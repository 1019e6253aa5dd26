"""The one token that all requests of a session share, and how its logins are watched."""

from __future__ import annotations

import copy
from collections.abc import Callable

import anyio

from enkash_async._clock import now
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import TOKEN_PATH, Auth, SendForm, Token
from enkash_async.errors import (
    APIError,
    AuthenticationError,
    ConnectError,
    EnKashError,
    TransportError,
)

MAX_UNHEARD_LOGINS = 2
"""First logins without an answer before giving up: the third might lock the account."""

RENEW_EARLY = 60.0
"""Seconds before a token expires in which it is renewed, or a fifth of its life if that is less."""


def watched(send: SendForm, telemetry: Telemetry) -> SendForm:
    """Return *send* such that *telemetry* is told of each login."""

    async def send_watched(path: str, body: bytes, headers: dict[str, str]) -> Response:
        sealed = Sealed((body, headers))
        del body, headers
        # Another path is an Auth's own affair, and may hold a secret.
        watch = telemetry.login(path if path == TOKEN_PATH else "other")
        with watch:
            watch.note_sent()
            response = await send(path, *sealed.reveal())
            watch.note_answer(response.status, response.nbytes)
        return response

    return send_watched


class TokenCache:
    """Fetches the token of a session once for all who wait, and renews it early.

    A refused login is never repeated: all who ask for a token later get the same refusal.
    """

    def __init__(self, auth: Auth, send: SendForm, clock: Callable[[], float] = now) -> None:
        self._auth = auth
        self._send = send
        self._clock = clock
        self._lock = anyio.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._unheard = 0
        """First logins that were sent and got no answer."""
        self._refusal: AuthenticationError | None = None
        self._failed = 0
        self._failure: TransportError | APIError | None = None
        """Of the last of the logins that *failed*."""

    async def get(self, *, refused: Token | None = None) -> Token:
        """Return a token; a new one if the service *refused* the present one.

        AuthenticationError if a login was refused, now or before; the TransportError or APIError
        of a login that failed otherwise.
        """
        if self._is_usable(refused) and (self._is_fresh() or self._lock.locked()):
            # While one task renews early, the others go on with the token they have.
            return self._current()
        failed = self._failed
        async with self._lock:
            if self._is_usable(refused) and self._is_fresh():
                return self._current()
            if self._refusal is not None:
                raise AuthenticationError(*self._refusal.args)
            if self._failure is not None and self._failed > failed:
                # The login that this task waited for: one after another would be a storm.
                raise copy.copy(self._failure) from self._failure.__cause__
            await self._renew(may_keep=self._is_usable(refused))
            return self._current()

    async def _renew(self, *, may_keep: bool) -> None:
        """Log in; with *may_keep* a failure leaves the present token as it is."""
        now = self._clock()
        try:
            token = await self._auth.fetch_token(self._send)
        except AuthenticationError as error:
            self._refusal = error
            raise
        except (TransportError, APIError) as error:
            if may_keep:
                # The old one is still good; look again when half of its rest is over.
                self._renew_at = now + (self._expires_at - now) / 2
                return
            if self._may_have_been_refused(error):
                self._unheard += 1
            error.final = error.final or self._unheard >= MAX_UNHEARD_LOGINS
            self._failed += 1
            self._failure = copy.copy(error)
            self._failure.__cause__ = error.__cause__
            raise
        self._keep(token, now)

    def _keep(self, token: Token, now: float) -> None:
        self._token = token
        self._unheard = 0
        life = float("inf") if token.life is None else token.life
        self._expires_at = now + life
        self._renew_at = self._expires_at - min(RENEW_EARLY, life / 5)

    def _may_have_been_refused(self, error: EnKashError) -> bool:
        # Credentials that never worked may be wrong ones, refused by an answer that got lost.
        was_sent = isinstance(error, TransportError) and not isinstance(error, ConnectError)
        return self._token is None and was_sent

    def _current(self) -> Token:
        assert self._token is not None
        return self._token

    def _is_usable(self, refused: Token | None) -> bool:
        token = self._token
        if token is None or (refused is not None and token.value == refused.value):
            return False
        return self._clock() < self._expires_at

    def _is_fresh(self) -> bool:
        return self._clock() < self._renew_at
