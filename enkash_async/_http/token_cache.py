"""The one token that all requests of a session share."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import anyio

from enkash_async.auth import Auth, SendForm, Token
from enkash_async.errors import (
    APIError,
    AuthenticationError,
    ConnectError,
    EnKashError,
    TransportError,
)

MAX_UNHEARD_LOGINS = 2
"""First logins without an answer before giving up: the third might lock the account."""


class TokenCache:
    """The token of a session: fetched once for all who wait, renewed early, refused for good."""

    def __init__(
        self, auth: Auth, send: SendForm, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._auth = auth
        self._send = send
        self._clock = clock
        self._lock = anyio.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._unheard = 0
        self._refusal: AuthenticationError | None = None
        self._failed = 0
        self._failure: TransportError | APIError | None = None

    async def get(self, *, refused: Token | None = None) -> Token:
        """Return a token; a new one if the service *refused* the present one."""
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
            await self._renew(keep=self._is_usable(refused))
            return self._current()

    async def _renew(self, *, keep: bool) -> None:
        now = self._clock()
        try:
            token = await self._auth.fetch_token(self._send)
        except AuthenticationError as error:
            self._refusal = error
            raise
        except (TransportError, APIError) as error:
            if not keep:
                error.final = error.final or self._may_lock(error)
                self._failed += 1
                self._failure = copy.copy(error)
                self._failure.__cause__ = error.__cause__
                raise
            # The old one is still good; look again when half of its rest is over.
            self._renew_at = now + (self._expires_at - now) / 2
            return
        self._token = token
        self._unheard = 0
        life = float("inf") if token.life is None else token.life
        self._expires_at = now + life
        self._renew_at = self._expires_at - min(60.0, life / 5)

    def _may_lock(self, error: EnKashError) -> bool:
        """Say whether another login might be the one that locks the account.

        Credentials that never worked may be wrong ones, refused by an answer that got lost.
        """
        never_sent = isinstance(error, ConnectError)
        if self._token is None and isinstance(error, TransportError) and not never_sent:
            self._unheard += 1
        return self._unheard >= MAX_UNHEARD_LOGINS

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
