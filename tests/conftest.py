from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from enkash_async.sandbox import Sandbox, SandboxSettings, open_sandbox


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with 250 customers."""
    async with open_sandbox(SandboxSettings(rows=250)) as sandbox:
        yield sandbox
