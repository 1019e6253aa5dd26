"""What one request asks for, as far as sending it goes. No I/O."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

import msgspec

from enkash_async._wire.sealed import Sealed

CLIENT_REQUEST_ID = "X-Request-Id"
"""The header that names an attempt at a request, so that it can be found in logs on both sides."""


def new_client_request_id() -> str:
    """Return a random id for one attempt; what is tried again has another one."""
    # It is no secret, and must not wait for any: the generator of `random` will do.
    return f"{random.getrandbits(128):032x}"


class Operation(msgspec.Struct, frozen=True):
    """An operation of the service, as its page documents it."""

    path: str
    method: str = "POST"
    is_repeatable: bool = True
    """Asking twice does no more than asking once, so that it may be tried again.

    One that is not is tried again only where it surely was not carried out.
    """

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Message(msgspec.Struct, frozen=True):
    """What one request says: the parameters of its query string, and its body."""

    parameters: Mapping[str, str]
    body: Sealed[bytes]


class Ticket(Protocol):
    """What one call asks for. It may ask for less before a further attempt."""

    @property
    def order(self) -> tuple[float, int]:
        """Return its place among what the same search asks for: the lowest is sent first."""
        ...

    def message(self) -> Message:
        """Return what to send now. Called once before each attempt."""
        ...

    def shrink(self, *, too_large: bool) -> int | None:
        """Ask for less from now on; return how much is asked for at once, None if that is no help.

        *too_large*: the answer went beyond a bound, rather than being late or broken off.
        """
        ...
