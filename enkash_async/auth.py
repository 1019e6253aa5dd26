"""Credentials: how a session gets the token that its requests carry.

The password grant and both spellings of its answer: docs.enkash.com/api-18880668 and
docs.enkash.com/api-24480514.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast
from urllib.parse import urlencode

import attrs

from enkash_async._arguments import keywords_named, number_in, wrong_type
from enkash_async._patterns import Pattern
from enkash_async._wire.api_errors import api_error
from enkash_async._wire.charset import in_utf8
from enkash_async._wire.envelope import UNREADABLE, answer_in, raise_for_error
from enkash_async._wire.numbers import number
from enkash_async._wire.response import Response
from enkash_async.errors import (
    APIError,
    AuthenticationError,
    InvalidArgumentError,
    RateLimitedError,
    ResponseError,
    SystemFaultError,
)

__all__ = [
    "Auth",
    "BearerToken",
    "OAuthPassword",
    "Response",
    "SendForm",
    "Token",
]

TOKEN_PATH = "/oauth/token"

SendForm = Callable[[str, bytes, dict[str, str]], Awaitable[Response]]
"""Sends a form (path, body, headers) to the session's base URL, once."""


NO_TOKEN_ENDPOINT = frozenset(
    {204, 205, 404, 405, 406, 410, 411, 413, 414, 415, 417, 426, 431, 501, 505}
)
"""What an address answers at which there is nothing to log in to."""

NOT_LOOKED_AT = frozenset({408, 421, 425})
"""The login was not read, or not by the right server, so that it may be sent again."""

PROXY_STATUSES = frozenset({407, 511})
"""What a proxy, or a network that wants a login of its own, answers instead of the service."""


def _header_value(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise wrong_type(field.name, "a str", value)
    if _has_scheme(value):
        raise InvalidArgumentError(
            f"{field.name} must be given without the word Bearer, which is added"
        )
    if not _is_header_value(value):
        raise InvalidArgumentError(
            f"{field.name} must be printable ASCII text without line breaks or blanks"
        )


def _is_header_value(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _has_scheme(text: str) -> bool:
    return text.strip().lower().startswith("bearer ")


def _life_or_none(_: Any, field: attrs.Attribute[Any], value: float | None) -> None:
    # With any other number each request would log in anew.
    if value is not None:
        number_in(field.name, value, above=0)


def _texts(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    # The letters of a text are texts too: each would be masked, wherever it stands.
    if not isinstance(value, tuple):
        raise wrong_type(field.name, "a tuple of str", value)
    for text in cast("tuple[object, ...]", value):
        if not isinstance(text, str):
            raise wrong_type(field.name, "a tuple of str", text)
        _check_encodable(field.name, text)


def _check_encodable(name: str, text: str) -> None:
    """Raise if UTF-8 cannot write *text*: otherwise found later, by an error that quotes it."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidArgumentError(f"{name} holds half of a character that UTF-8 cannot write")


@keywords_named
@attrs.frozen
class Token:
    """A bearer token.

    *value* is printable ASCII text without blanks. *life* is how many seconds it is good for, more
    than 0, or None where that is not known: then it is used until the service refuses it. *secrets*
    are texts that, like the token, are masked in errors if the service repeats them.
    """

    value: str = attrs.field(repr=False, validator=_header_value)
    life: float | None = attrs.field(default=None, validator=_life_or_none)
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False, validator=_texts)


class Auth(Protocol):
    """What a session needs of credentials; any object with this method serves."""

    async def fetch_token(self, send: SendForm) -> Token:
        """Return a new token, fetched with *send* if it takes a request.

        The session calls this once for any number of requests that wait for a token. Raise
        AuthenticationError where the credentials are refused: then it is never called again.
        """
        ...


@keywords_named
@attrs.frozen
class BearerToken:
    """A token that you already have. It is used as it is and never renewed."""

    token: str = attrs.field(repr=False, validator=_header_value)

    async def fetch_token(self, send: SendForm) -> Token:
        """Return the token."""
        return Token(self.token)


def _required_text(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise wrong_type(field.name, "a str", value)
    if not value:
        raise InvalidArgumentError(f"{field.name} must not be empty")
    _check_encodable(field.name, value)
    # No account has these, and each login that is refused is one of the three before lock-out.
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise InvalidArgumentError(
            f"{field.name} must not hold a line break or another control character"
        )
    if value != value.strip():
        raise InvalidArgumentError(f"{field.name} must not begin or end with a blank")


def _client_id(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    _required_text(_, field, value)
    if ":" in str(value):
        # HTTP Basic parts the id from the secret at the first one (RFC 7617).
        raise InvalidArgumentError(
            f"{field.name} must not hold a colon; is it an id and a secret in one?"
        )


@keywords_named
@attrs.frozen(kw_only=True)
class OAuthPassword:
    """Credentials for the password grant of `POST /oauth/token`.

    The form's `clientId` is *company_id*, or *client_id* where none is given: the documentation
    shows both. The session fetches a token when it needs the first one, renews it before it
    expires and once after the service refused it. Refused credentials are not tried again, and
    a first login that gets no answer, or HTTP 5xx, is tried twice at most in a session. No value
    may begin or end with a blank or hold a control character, nor *client_id* a colon.
    """

    client_id: str = attrs.field(validator=_client_id)
    """The id of the client, without a colon."""

    client_secret: str = attrs.field(repr=False, validator=_required_text)
    """Its secret."""

    username: str = attrs.field(repr=False, validator=_required_text)
    """The name of the user who logs in."""

    password: str = attrs.field(repr=False, validator=_required_text)
    """Their password."""

    company_id: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(_required_text)
    )
    """What is sent as `clientId` in the form; *client_id* unless given."""

    async def fetch_token(self, send: SendForm) -> Token:
        """Log in; AuthenticationError if the service refuses, which must not be repeated.

        Raises RateLimitedError, SystemFaultError or a TransportError where another login may help;
        a ResponseError that is final where no token endpoint answered, so that base_url is wrong.
        """
        response = await send(TOKEN_PATH, self._form(), self._headers())
        response = response.without(*self._secrets())
        _raise_for_refusal(response)
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


def _raise_for_refusal(response: Response) -> None:
    """Raise the error that the answer to a login stands for, by its status if by nothing else.

    What is refused is never sent again, so a status of 4xx of which nothing is known is a refusal.
    """
    status = response.status
    if status in NO_TOKEN_ENDPOINT and not _is_of_the_service(response):
        raise _wrong_address(response, f"HTTP {status}")
    if status in PROXY_STATUSES:
        raise _final(
            "a proxy, or the network, asks for a login of its own before the service is reached",
            response,
        )
    if status in NOT_LOOKED_AT:
        raise ResponseError(f"POST {TOKEN_PATH}: the login was not looked at", status)
    try:
        raise_for_error(response)
    except ResponseError:
        if 200 <= status < 300 and response.body.lstrip()[:1] == b"<":
            raise _wrong_address(response, "a page, not JSON,") from None
        raise
    except APIError as error:
        if isinstance(error, RateLimitedError):
            raise
        if isinstance(error, SystemFaultError) and not 400 <= status < 500:
            raise
        # Without a cause: it would say the same, and advise to try again.
        raise AuthenticationError(
            f"the token endpoint refused the login: {error.message}", status
        ) from None


def _is_of_the_service(response: Response) -> bool:
    """Say whether an error of the service itself is in the answer."""
    try:
        answer = answer_in(in_utf8(response).body)
    except UNREADABLE:
        return False
    return answer is not None and bool(answer.get("errorResponse"))


def _wrong_address(response: Response, what: str) -> ResponseError:
    return _final(
        f"{what} came, so there is no token endpoint at this base_url. EnKash documents no host"
        " for Accounts Receivable: use the address that EnKash gave you, as it stands before"
        f" {TOKEN_PATH}",
        response,
    )


def _final(text: str, response: Response) -> ResponseError:
    error = ResponseError(f"POST {TOKEN_PATH}: {text}", response.status)
    error.final = True
    return error


MAX_LIFE = 10 * 365 * 86400
"""Seconds beyond which a token's life is taken to be for ever."""


def _token(response: Response) -> Token:
    # What was sent stays in frames that end before.
    found = _token_or_fault(response)
    if isinstance(found, Token):
        return found
    # Perhaps a refusal in a form that is not known: not to be repeated either.
    raise AuthenticationError(found, response.status)


def _token_or_fault(response: Response) -> Token | str:
    """Return the token in an answer, or why there is none that can be used."""
    # A token of which a half of a character was mended would be another one.
    answer = answer_in(in_utf8(response).body, mend=False) or {}
    payload = answer.get("payload")
    places: list[dict[str, Any]] = [answer, payload if isinstance(payload, dict) else {}]
    has_value = False
    for place in places:
        value = place.get("access_token") or place.get("accessToken")
        has_value |= bool(value)
        if isinstance(value, str) and _is_header_value(value):
            return Token(value, _life(place.get("expires_in", place.get("expiresIn"))))
    return _why_no_token(response, answer, has_value=has_value)


def _why_no_token(response: Response, answer: Mapping[str, Any], *, has_value: bool) -> str:
    if has_value:
        return (
            "the access_token that the token endpoint sent cannot be used: it is no printable ASCII"
            " text without blanks"
        )
    # As OAuth has it (RFC 6749, 5.2), though under a status of success.
    if answer.get("error") or answer.get("error_description"):
        return f"the token endpoint refused the login: {api_error(response, answer).message}"
    return "the token endpoint answered without access_token or accessToken; check base_url too"


_DECIMAL = Pattern(r"\s*[0-9]{1,12}(\.[0-9]*)?\s*", re.ASCII)


def _life(value: object) -> float | None:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    # A life of 0 is the placeholder of the documentation's generated examples.
    seconds = number(value)
    return float(seconds) if seconds is not None and 0 < seconds <= MAX_LIFE else None
