from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from enkash_async import BearerToken, EnKashSession, RetryPolicy
from enkash_async.sandbox import Sandbox, SandboxSettings, open_sandbox

OpenSession = Callable[..., AbstractAsyncContextManager[EnKashSession]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with 250 customers."""
    async with open_sandbox(SandboxSettings(rows=250)) as sandbox:
        yield sandbox


def session_for(sandbox: Sandbox, **options: object) -> EnKashSession:
    """Return a session with the sandbox, which waits for nothing between attempts."""
    options.setdefault("page_size", 50)
    options.setdefault("retry", RetryPolicy(first_delay=0))
    return EnKashSession(sandbox.base_url, BearerToken(sandbox.token), **options)  # type: ignore[arg-type]
