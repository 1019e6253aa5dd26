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


def pytest_configure(config: pytest.Config) -> None:
    """Hold the floor of coverage to whole runs, since a part of the tests covers a part."""
    coverage = config.pluginmanager.getplugin("_cov")
    if coverage is not None and not is_whole_run(config):
        coverage.options.cov_fail_under = 0


# Simulated minutes and large models: tracing would double their time, and what they reach is
# reached by the tests beside them.
UNTRACED = (
    "tests/http/test_throttle.py",
    "tests/paging/test_pager.py",
    "tests/promises/test_exact_crawl_kinds.py",
    "tests/promises/test_exact_search_kinds.py",
    "tests/promises/test_simulation.py",
    "tests/wire/test_stalls.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("no_cov", default=True) or not config.getoption("cov_source"):
        return
    for item in items:
        if item.nodeid.startswith(UNTRACED):
            item.add_marker(pytest.mark.no_cover)


def is_whole_run(config: pytest.Config) -> bool:
    narrowed = any(config.getoption(name) for name in ("keyword", "markexpr", "deselect", "ignore"))
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox with 250 customers."""
    async with open_sandbox(SandboxSettings(rows=250)) as sandbox:
        yield sandbox
