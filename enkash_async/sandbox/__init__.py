"""A server of invented customers that answers as EnKash's documentation describes.

It runs inside the caller's event loop, so tests need neither credentials nor a network:

    async with open_sandbox(SandboxSettings(rows=1_000)) as sandbox:
        ...  # sandbox.base_url, sandbox.token

`python -m enkash_async.sandbox` runs it in the foreground. What the documentation leaves open
is a knob of `SandboxSettings`, and what goes wrong on purpose is a `FaultScript`. It shares no
code with the rest of the package, so that the two cannot be wrong in the same way.

`settings.py` is what can be set, `data/` the lists, `service/` the server, `faults/` what goes
wrong. Begin with `service/opening.py`, which puts them together.
"""

from enkash_async.sandbox import faults
from enkash_async.sandbox.faults import Fault, FaultScript, FaultScriptError
from enkash_async.sandbox.service.calls import SearchCall
from enkash_async.sandbox.service.opening import open_sandbox
from enkash_async.sandbox.service.sandbox import Sandbox, SearchHook
from enkash_async.sandbox.settings import SandboxSettings
from enkash_async.sandbox.threaded import serve_sandbox

__all__ = [
    "Fault",
    "FaultScript",
    "FaultScriptError",
    "Sandbox",
    "SandboxSettings",
    "SearchCall",
    "SearchHook",
    "faults",
    "open_sandbox",
    "serve_sandbox",
]
