"""How long to wait for each part of the work. No I/O."""

from __future__ import annotations

from typing import Any

import attrs

from enkash_async._arguments import keywords_named, number_in

__all__ = [
    "Timeout",
]


def _seconds(_: Any, field: attrs.Attribute[Any], value: float) -> None:
    number_in(field.name, value, above=0)


@keywords_named
@attrs.frozen(kw_only=True)
class Timeout:
    """How long to wait, in seconds, for each part of the work.

    A search as a whole has no limit; put `asyncio.timeout` around it.
    """

    connect: float = attrs.field(default=5.0, validator=_seconds)
    """Until a connection stands: the name, TCP, TLS and a proxy's answer together; of an aiohttp
    session of yours, waiting for a place in its pool as well."""

    read: float = attrs.field(default=30.0, validator=_seconds)
    """Between two pieces of an answer."""

    attempt: float = attrs.field(default=60.0, validator=_seconds)
    """One request with its answer, connecting included; waiting for a free place among the
    session's requests does not count."""

    call: float = attrs.field(default=180.0, validator=_seconds)
    """A request with all its attempts and the waits between them."""

    progress: float = attrs.field(default=300.0, validator=_seconds)
    """Until the page that comes next in a search has arrived."""

    @classmethod
    def of(cls, seconds: float) -> Timeout:
        """Return the timeout that lets a page take so many seconds, whatever happens.

        That is *call* and *progress*; no other part is longer, or longer than it is by default.
        """
        number_in("timeout", seconds, above=0)
        parts = cls()
        return cls(
            connect=min(parts.connect, seconds),
            read=min(parts.read, seconds),
            attempt=min(parts.attempt, seconds),
            call=seconds,
            progress=seconds,
        )


def setting_of(timeout: Timeout, part: str) -> str:
    """Return how a *part* of *timeout* is set, for a message: `Timeout(read=5)`, or `timeout=5`.

    The second where a number may have been given, and the part is as long as that.
    """
    value: float = getattr(timeout, part)
    is_number = value == timeout.call and timeout == Timeout.of(value)
    return f"timeout={value:g}" if is_number else f"Timeout({part}={value:g})"
