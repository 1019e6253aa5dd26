"""The one token that all requests of a session share, and how its logins are watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from enkash_async._arguments import wrong_type
from enkash_async._clock import now
from enkash_async._http.operation import CLIENT_REQUEST_ID, new_client_request_id
from enkash_async._telemetry.telemetry import Telemetry
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import Sealed
from enkash_async.auth import TOKEN_PATH, Auth, SendForm, Token
from enkash_async.errors import (
    APIError,
    AuthenticationError,
    ConnectError,
    EnKashError,
    RateLimitedError,
    ResponseError,
    TransportError,
    for_another,
)

Start = Callable[[Callable[[Any], Coroutine[Any, Any, None]], Any], object]
"""Starts `function(argument)` as a task that ends with the session."""

KeepPlace = Callable[[], Callable[[], None]]
"""Keeps a place among the requests in flight; returns what gives it back."""

MAX_UNHEARD_LOGINS = 2
"""First logins without an answer before giving up: the third might lock the account.

An answer of 5xx is none: the service may have counted the login before it failed.
"""

RENEW_EARLY = 60.0
"""Seconds before a token expires in which it is renewed, or a fifth of its life if that is less."""


def watched(send: SendForm, telemetry: Telemetry) -> SendForm:
    """Return *send* such that *telemetry* is told of each login."""

    async def send_watched(path: str, body: bytes, headers: dict[str, str]) -> Response:
        client_request_id = headers.get(CLIENT_REQUEST_ID)
        sealed = Sealed((body, headers))
        del body, headers
        # Another path is an Auth's own affair, and may hold a secret.
        watch = telemetry.login(path if path == TOKEN_PATH else "other")
        with watch:
            watch.note_sent(client_request_id)
            response = await send(path, *sealed.reveal())
            watch.note_answer(response.status, response.nbytes)
        return response

    return send_watched


UNANSWERED = (
    "two logins of this session got no answer, or none that says what became of them, so that both"
    " may have been refused; the service locks an account after three, so this session sends no"
    " other. Find out whether the"
    " service is up and these credentials are right, then open the session again"
)


class _Login:
    """One login under way, for all who wait for it."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.error: Exception | None = None
        self.waiting = 0
        self._give_back: Callable[[], None] | None = None

    async def wait(self, keep_place: KeepPlace | None) -> None:
        """Wait until it has ended. Whoever is the last to leave before keeps a place for it."""
        self.waiting += 1
        try:
            await self.ended.wait()
        finally:
            self.waiting -= 1
            is_left = not self.waiting and not self.ended.is_set()
            if is_left and keep_place is not None and self._give_back is None:
                self._give_back = keep_place()

    def end(self) -> None:
        """Let those who wait go on."""
        self.ended.set()
        if self._give_back is not None:
            self._give_back()


class TokenCache:
    """Fetches the token of a session once for all who wait, and renews it early.

    A refused login is never repeated: all who ask for a token later get the same refusal. A first
    login that gets no answer is sent twice at most, whoever asks. It runs in a task of its own,
    begun by *start*, so that nobody who stops waiting breaks it off.
    """

    def __init__(
        self, auth: Auth, send: SendForm, start: Start, clock: Callable[[], float] = now
    ) -> None:
        self._auth = auth
        self._send = send
        self._start = start
        self._clock = clock
        self._login: _Login | None = None
        self._token: Token | None = None
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._unheard = 0
        """First logins that were sent and got no answer, or none that says what became of them."""
        self._last_unheard: Exception | None = None
        self._refusal: AuthenticationError | None = None
        self._client_request_id: str | None = None
        """Of the request that was sent last for the login under way."""

    async def get(
        self, *, refused: Token | None = None, keep_place: KeepPlace | None = None
    ) -> Token:
        """Return a token; a new one if the service *refused* the present one.

        A login goes on though nobody waits for it any more; then it is in the place of the
        request that waited last, which *keep_place* keeps.

        AuthenticationError if a login was refused, now or before, or two first ones got no answer;
        the TransportError or APIError of a login that failed otherwise.
        """
        if self._is_usable(refused) and (self._is_fresh() or self._login is not None):
            # While one task renews early, the others go on with the token they have.
            return self._current()
        if self._refusal is not None:
            raise for_another(self._refusal)
        if (login := self._login) is None:
            self._check_unheard()
            login = self._begin()
        await login.wait(keep_place)
        if login.error is not None and not (self._is_usable(refused) and _may_pass(login.error)):
            raise for_another(login.error) from login.error.__cause__
        return self._current()

    def _begin(self) -> _Login:
        # Before the start, since an eager task may have ended when `start` returns.
        login = self._login = _Login()
        try:
            self._start(self._log_in, login)
        except BaseException:
            self._login = None
            raise
        return login

    async def _log_in(self, login: _Login) -> None:
        """Fetch a token; what fails is kept for those who wait."""
        now, unheard = self._clock(), self._unheard
        self._client_request_id = None
        try:
            token: Any = await self._auth.fetch_token(self._send_counted)
            if not isinstance(token, Token):
                raise wrong_type("what fetch_token returns", "a Token", token)
            self._keep(token, now)
        except Exception as error:
            login.error = error
            if isinstance(error, EnKashError) and not isinstance(error, ConnectError):
                error.client_request_id = error.client_request_id or self._client_request_id
            self._note_failure(error, now, is_counted=self._unheard > unheard)
        finally:
            if self._token is None and login.error is None:
                # Cancelled: the session is closing.
                login.error = RuntimeError("the session was closed before there was a token")
            self._login = None
            login.end()

    async def _send_counted(self, path: str, body: bytes, headers: dict[str, str]) -> Response:
        """Send a login, and count it as unheard until an answer says that it was not refused."""
        self._client_request_id = new_client_request_id()
        sealed = Sealed((body, {CLIENT_REQUEST_ID: self._client_request_id, **headers}))
        del body, headers
        if self._token is not None:
            # These credentials have worked: what fails now is not theirs.
            return await self._send(path, *sealed.reveal())
        self._check_unheard()
        self._unheard += 1
        try:
            response = await self._send(path, *sealed.reveal())
        except ConnectError:
            # It was never sent.
            self._unheard -= 1
            raise
        if response.status < 500:
            self._unheard -= 1
        return response

    def _check_unheard(self) -> None:
        if self._token is None and self._unheard >= MAX_UNHEARD_LOGINS:
            raise AuthenticationError(UNANSWERED) from self._last_unheard

    def _note_failure(self, error: Exception, now: float, *, is_counted: bool) -> None:
        if isinstance(error, AuthenticationError):
            if self._unheard < MAX_UNHEARD_LOGINS:
                self._refusal = error
            return
        if self._token is not None:
            # The old one may still be good; look again when half of its rest is over.
            self._renew_at = now + (self._expires_at - now) / 2
            return
        if not is_counted and _may_have_been_refused(error):
            self._unheard += 1
        if self._unheard >= MAX_UNHEARD_LOGINS and isinstance(error, EnKashError):
            self._last_unheard = for_another(error)
            error.final = True
            error.add_note(UNANSWERED)

    def _keep(self, token: Token, now: float) -> None:
        life = float("inf") if token.life is None else token.life
        self._expires_at = now + life
        self._renew_at = self._expires_at - min(RENEW_EARLY, life / 5)
        self._token, self._unheard = token, 0

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


def _may_pass(error: Exception) -> bool:
    """Say whether a renewal that ended with *error* may be left for later."""
    return isinstance(error, (TransportError, APIError))


def _may_have_been_refused(error: Exception) -> bool:
    """Say whether the service may have refused a login that ended with *error*."""
    if isinstance(error, (ConnectError, RateLimitedError)):
        return False
    if isinstance(error, ResponseError):
        # With another status than that of a success, it says that nobody looked at the login.
        return error.status is None or error.status < 300
    return isinstance(error, (TransportError, APIError))
