"""What came back for one request. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from enkash_async._wire.sealed import Sealed, masked

NO_SECRETS: Sealed[tuple[str, ...]] = Sealed(())


class Response:
    """What came back for one request: status, lower-cased headers and the inflated body."""

    __slots__ = ("_secrets", "headers", "pieces", "status")

    def __init__(
        self, status: int, headers: Mapping[str, str], pieces: bytes | Sequence[bytes]
    ) -> None:
        self.status = status
        self.headers = headers
        self.pieces: Sequence[bytes] = (pieces,) if isinstance(pieces, bytes) else pieces
        """The body as it came. Joining a large one takes milliseconds, and most need not be."""
        self._secrets = NO_SECRETS

    def __repr__(self) -> str:
        return f"<Response {self.status} of {self.nbytes} bytes>"

    @property
    def body(self) -> bytes:
        """Return the body in one piece."""
        return b"".join(self.pieces)

    @property
    def nbytes(self) -> int:
        """Return the length of the body."""
        return sum(map(len, self.pieces))

    def masked(self, value: Any) -> Any:
        """Return a text or decoded JSON without the secrets that errors must not show."""
        return masked(value, self._secrets.reveal())

    def without(self, *secrets: str) -> Response:
        """Return a response whose errors have *secrets* masked, which the service may repeat."""
        return self._like(self.pieces, Sealed(secrets))

    def with_body(self, body: bytes | Sequence[bytes]) -> Response:
        """Return the same response with *body* in place of its own."""
        return self._like(body, self._secrets)

    def _like(self, pieces: bytes | Sequence[bytes], secrets: Sealed[tuple[str, ...]]) -> Response:
        made = Response(self.status, self.headers, pieces)
        made._secrets = secrets
        return made
