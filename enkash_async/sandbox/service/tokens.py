"""The tokens that an account of a sandbox has been given. No I/O."""

import secrets
from collections.abc import Mapping

from enkash_async.sandbox.account import Account
from enkash_async.sandbox.settings import SandboxSettings, TokenLifeStyle

MAX_WRONG_LOGINS = 3

_SPELLINGS = {
    "snake": ("access_token", "token_type", "refresh_token", "expires_in", "scope"),
    "camel": ("accessToken", "tokenType", "refreshToken", "expiresIn", "scope"),
}


class LoginError(Exception):
    """A refused token request.

    The documentation shows no such answer; its shape, that of OAuth2 in RFC 6749, is what
    clients of other EnKash backends read.
    """

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class Tokens:
    """Issues tokens for an account and tells which of them are valid."""

    def __init__(self, account: Account, settings: SandboxSettings) -> None:
        self._account = account
        self._settings = settings
        self._expiries: dict[str, float] = {}
        self._wrong_logins = 0
        self._locked = False

    def log_in(
        self, client: tuple[str, str] | None, form: Mapping[str, object]
    ) -> dict[str, object]:
        """Return the answer to a token request with this Basic pair and form.

        Raises LoginError; after three wrong logins in a row, whatever is sent.
        """
        if form.get("grant_type") != "password":
            raise LoginError(400, "unsupported_grant_type", "The grant_type must be password.")
        too_many = self._settings.lock_out and self._wrong_logins >= MAX_WRONG_LOGINS
        if self._locked or too_many:
            raise LoginError(401, "invalid_grant", "The account is locked: too many wrong logins.")
        if not self._is_right(client, form):
            self._wrong_logins += 1
            raise LoginError(401, "invalid_grant", "Bad credentials")
        self._wrong_logins = 0
        return self._issue()

    def is_valid(self, token: str) -> bool:
        if token == self._account.token:
            return True
        return self._settings.clock() < self._expiries.get(token, float("-inf"))

    def lock(self) -> None:
        """Refuse every login from now on, whether `lock_out` is set or not."""
        self._locked = True

    def expire(self) -> None:
        """Make every issued token invalid."""
        self._expiries.clear()

    def revoke(self, token: str) -> None:
        """Make this issued token invalid; a token that is not valid is left alone."""
        self._expiries.pop(token, None)

    def _is_right(self, client: tuple[str, str] | None, form: Mapping[str, object]) -> bool:
        account = self._account
        return (
            client == (account.client_id, account.client_secret)
            and form.get("username") == account.username
            and form.get("password") == account.password
            # Named like the OAuth2 client, but the examples show a company id.
            and form.get("clientId") in (account.company_id, account.client_id)
        )

    def _issue(self) -> dict[str, object]:
        token, life = f"issued-{secrets.token_hex(16)}", self._settings.token_life
        self._expiries[token] = self._settings.clock() + life
        refresh_token = f"refresh-{secrets.token_hex(16)}"
        answer = (token, "bearer", refresh_token, self._written(life), "read write trust")
        named = zip(_SPELLINGS[self._settings.token_spelling], answer, strict=True)
        return {name: value for name, value in named if value is not None}

    def _written(self, life: int) -> object:
        written: dict[TokenLifeStyle, object] = {
            "number": life,
            "text": str(life),
            "fraction": float(life),
            "missing": None,
        }
        return written[self._settings.token_life_style]
