"""One sandbox in a thread, for tests of tools that have no event loop of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from enkash_async import EnKashSession
from enkash_async.sandbox import Sandbox, SandboxSettings, serve_sandbox
from tests.support.sessions import session_for

ROWS, PAGE = 1_500, 100


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The sandbox of all tests that do not change its customers."""
    served.searches.clear()
    yield served
    served.on_search = None


def session_of(sandbox: Sandbox) -> EnKashSession:
    """Return a session of small pages, two of them in flight."""
    return session_for(sandbox, page_size=PAGE, max_concurrency=2)
