from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from enkash_async.sandbox import Sandbox, SandboxSettings, open_sandbox

# The same examples in each run of the suite, so that a failure is the change's own; the thorough
# runs, which set ENKASH_EXAMPLES, draw others each time.
settings.register_profile("repeatable", derandomize=True)
if "ENKASH_EXAMPLES" not in os.environ:
    settings.load_profile("repeatable")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with 250 customers."""
    async with open_sandbox(SandboxSettings(rows=250)) as sandbox:
        yield sandbox
