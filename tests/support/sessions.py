"""Sessions as the tests open them."""

from __future__ import annotations

from enkash_async import BearerToken, EnKashSession, RetryPolicy
from enkash_async.sandbox import Sandbox


def session_for(sandbox: Sandbox, **options: object) -> EnKashSession:
    """Return a session with the sandbox, which waits for nothing between attempts."""
    options.setdefault("page_size", 50)
    options.setdefault("retry", RetryPolicy(first_delay=0))
    return EnKashSession(sandbox.base_url, BearerToken(sandbox.token), **options)  # type: ignore[arg-type]
