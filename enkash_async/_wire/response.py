"""What came back for one request. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from enkash_async._wire.sealed import Sealed, masked


def _pieces(body: bytes | Sequence[bytes]) -> Sequence[bytes]:
    return (body,) if isinstance(body, bytes) else body


@attrs.frozen
class Response:
    """What came back for one request: status, lower-cased headers and the inflated body."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    pieces: Sequence[bytes] = attrs.field(repr=False, converter=_pieces)
    """The body as it came. Joining a large one takes milliseconds, and most need not be."""
    secrets: Sealed[tuple[str, ...]] = attrs.field(default=Sealed(()), repr=False)

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
        return masked(value, self.secrets.reveal())

    def without(self, *secrets: str) -> Response:
        """Return a response whose errors have *secrets* masked, which the service may repeat."""
        return attrs.evolve(self, secrets=Sealed(secrets))
