"""Credentials: how a session gets the token that its requests carry.

The password grant and both spellings of its answer: docs.enkash.com/api-18880668 and
docs.enkash.com/api-24480514.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import urlencode

import attrs

from enkash_async._wire.charset import in_utf8
from enkash_async._wire.envelope import answer_in, raise_for_error
from enkash_async._wire.numbers import number
from enkash_async._wire.response import Response
from enkash_async.errors import (
    APIError,
    AuthenticationError,
    RateLimitedError,
    SystemFaultError,
)

TOKEN_PATH = "/oauth/token"

SendForm = Callable[[str, bytes, dict[str, str]], Awaitable[Response]]
"""Sends a form (path, body, headers) to the session's base URL, once."""


def _header_value(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{field.name} must be a str, not {type(value).__name__}")
    if not _is_header_value(value):
        raise ValueError(f"{field.name} must be printable ASCII text without line breaks")


def _is_header_value(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


@attrs.frozen
class Token:
    """A bearer token.

    *value* is printable ASCII text. *life* is how many seconds it is good for, None where that is
    not known: then it is used until the service refuses it. *secrets* are texts that, like the
    token, are masked in errors if the service repeats them.
    """

    value: str = attrs.field(repr=False, validator=_header_value)
    life: float | None = None
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)


class Auth(Protocol):
    """What a session needs of credentials; any object with this method serves."""

    async def fetch_token(self, send: SendForm) -> Token:
        """Return a new token, fetched with *send* if it takes a request.

        The session calls this once for any number of requests that wait for a token. Raise
        AuthenticationError where the credentials are refused: then it is never called again.
        """
        ...


@attrs.frozen
class BearerToken:
    """A token that you already have. It is used as it is and never renewed."""

    token: str = attrs.field(repr=False, validator=_header_value)

    async def fetch_token(self, send: SendForm) -> Token:
        """Return the token."""
        return Token(self.token)


def _required_text(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{field.name} must be a str, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{field.name} must not be empty")
    if any("\ud800" <= character <= "\udfff" for character in value):
        # Otherwise found when it is sent, by an error that quotes it.
        raise ValueError(f"{field.name} holds half of a character that UTF-8 cannot write")


@attrs.frozen(kw_only=True)
class OAuthPassword:
    """Credentials for the password grant of `POST /oauth/token`.

    The form's `clientId` is *company_id*, or *client_id* where none is given: the documentation
    shows both. The session fetches a token when it needs the first one, renews it before it
    expires and once after the service refused it. Refused credentials are not tried again, and
    a first login that gets no answer is tried twice at most.
    """

    client_id: str = attrs.field(validator=_required_text)
    client_secret: str = attrs.field(repr=False, validator=_required_text)
    username: str = attrs.field(repr=False, validator=_required_text)
    password: str = attrs.field(repr=False, validator=_required_text)
    company_id: str | None = None

    async def fetch_token(self, send: SendForm) -> Token:
        """Log in; AuthenticationError if the service refuses, which must not be repeated.

        Raises RateLimitedError, SystemFaultError or a TransportError where another login may help.
        """
        response = await send(TOKEN_PATH, self._form(), self._headers())
        response = response.without(*self._secrets())
        try:
            raise_for_error(response)
        except (RateLimitedError, SystemFaultError):
            raise
        except APIError as error:
            # Without a cause: it would say the same, and advise to try again.
            raise AuthenticationError(
                f"the token endpoint refused the login: {error.message}", response.status
            ) from None
        return attrs.evolve(_token(response), secrets=self._secrets())

    def _secrets(self) -> tuple[str, ...]:
        return (self.client_secret, self.password, self.username, self._basic_pair())

    def _form(self) -> bytes:
        return urlencode(
            {
                "grant_type": "password",
                "username": self.username,
                "password": self.password,
                "clientId": self.company_id or self.client_id,
            }
        ).encode()

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Basic {self._basic_pair()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def _basic_pair(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


MAX_LIFE = 10 * 365 * 86400
"""Seconds beyond which a token's life is taken to be for ever."""


def _token(response: Response) -> Token:
    token = _token_in(response)
    if token is not None:
        return token
    # Perhaps a refusal in a form that is not known: not to be repeated either.
    raise AuthenticationError(
        "the token endpoint answered without access_token or accessToken; check base_url too",
        response.status,
    )


def _token_in(response: Response) -> Token | None:
    answer = answer_in(in_utf8(response).body) or {}
    payload = answer.get("payload")
    places: list[dict[str, Any]] = [answer, payload if isinstance(payload, dict) else {}]
    for place in places:
        value = place.get("access_token") or place.get("accessToken")
        if isinstance(value, str) and _is_header_value(value):
            return Token(value, _life(place.get("expires_in", place.get("expiresIn"))))
    return None


def _life(value: object) -> float | None:
    # A life of 0 is the placeholder of the documentation's generated examples.
    seconds = number(value)
    return float(seconds) if seconds is not None and 0 < seconds <= MAX_LIFE else None
