"""A sandbox in a thread of its own."""

from collections.abc import Generator
from contextlib import contextmanager

from anyio.from_thread import start_blocking_portal

from enkash_async.sandbox.keywords import settings_named
from enkash_async.sandbox.service.opening import open_sandbox
from enkash_async.sandbox.service.sandbox import Sandbox
from enkash_async.sandbox.settings import SandboxSettings

_DEFAULTS = SandboxSettings()


@settings_named(SandboxSettings)
@contextmanager
def serve_sandbox(settings: SandboxSettings = _DEFAULTS) -> Generator[Sandbox, None, None]:
    """Serve a sandbox from a thread of its own until the block is left.

    For code that has no event loop, or starts and ends its own. The methods of the sandbox may
    be called from any thread; a hook in `on_search` runs in the sandbox's.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_sandbox(settings)) as sandbox,
    ):
        yield sandbox
