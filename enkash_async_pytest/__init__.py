"""Fixtures for pytest: a sandbox of invented customers, with faults where a test wants them.

pytest imports this module in every run, so it is a package of its own: one inside `enkash_async`
would import that, and aiohttp with it, for tests that have nothing to do with either.
`docs/testing.md` shows how it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from enkash_async import EnKashSession
    from enkash_async.sandbox import FaultScript, Sandbox

DEFAULT_ROWS = 250

MARKER = (
    "enkash_sandbox(rows=250, faults=..., **settings): what the enkash_sandbox fixture holds and"
    " how it answers; faults is a FaultScript or the text of one, settings are those of"
    " SandboxSettings"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def make_enkash_sandbox() -> Generator[Callable[..., Sandbox], None, None]:
    """Return a function that starts a sandbox in a thread of its own; the test's end stops it.

    It takes *rows*, *faults* (a FaultScript or the text of one) and what `SandboxSettings` takes.
    """
    with ExitStack() as stack:

        def make(
            *, rows: int = DEFAULT_ROWS, faults: FaultScript | str | None = None, **settings: Any
        ) -> Sandbox:
            from enkash_async.sandbox import SandboxSettings, serve_sandbox

            settings |= {"rows": rows} if faults is None else {"rows": rows, "faults": faults}
            return stack.enter_context(serve_sandbox(SandboxSettings(**settings)))

        yield make


@pytest.fixture
def enkash_sandbox(
    request: pytest.FixtureRequest, make_enkash_sandbox: Callable[..., Sandbox]
) -> Sandbox:
    """Return a running sandbox with 250 customers, or as `pytest.mark.enkash_sandbox` says.

    Markers on a test, its class and its module add up; what the nearest says holds.
    """
    knobs: dict[str, Any] = {}
    for marker in _markers(request.node):
        if marker.args:
            given = ", ".join(map(repr, marker.args))
            raise TypeError(f"the marker enkash_sandbox takes keywords, as in rows=10; got {given}")
        knobs |= marker.kwargs
    return make_enkash_sandbox(**knobs)


def _markers(item: pytest.Item) -> Iterator[pytest.Mark]:
    """Yield the markers that count for *item*, the nearest last."""
    # Not `iter_markers`: to that, one of a parameter or of a derived class is farther than one of
    # the function or of the base.
    for node in item.listchain():
        for marker in node.own_markers:
            if marker.name == "enkash_sandbox":
                yield marker


@pytest.fixture
def enkash_environ(enkash_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Let `EnKashSession.from_env()` and `enkash-async` find the sandbox during the test."""
    monkeypatch.delenv("ENKASH_TOKEN", raising=False)
    for name, value in enkash_sandbox.environ.items():
        monkeypatch.setenv(name, value)
    return enkash_sandbox.environ


@pytest.fixture
def make_enkash_session(enkash_sandbox: Sandbox) -> Callable[..., EnKashSession]:
    """Return a function that makes a session with the sandbox, to be opened by `async with`.

    It takes what `EnKashSession` takes beside address and credentials. The certificate of a
    sandbox with `tls=True` is trusted.
    """

    def make(**options: Any) -> EnKashSession:
        import ssl

        from enkash_async import EnKashSession

        if enkash_sandbox.ca_file is not None:
            context = ssl.create_default_context(cafile=enkash_sandbox.ca_file)
            options.setdefault("ssl", context)
        return EnKashSession.from_env(enkash_sandbox.environ, **options)

    return make
