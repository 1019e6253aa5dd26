"""A program that forks while its sessions are open: prints, as JSON, what each child met.

`python -m tests.support.forked`
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

from enkash_async import BearerToken, EnKashSession, blocking
from enkash_async.sandbox import Sandbox, SandboxSettings, serve_sandbox

ROWS = 60
PATIENCE = 20


def in_child(do: Callable[[], object]) -> object:
    """Return what *do* returns in a child of this process, or the error that it raises there."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        # A child that waits for ever is ended, and then has said nothing.
        signal.alarm(PATIENCE)
        said = b""
        with contextlib.suppress(BaseException):
            said = json.dumps(outcome(do)).encode()
        os.write(write, said)
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said or b'"nothing"')


def outcome(do: Callable[[], object]) -> object:
    try:
        return do()
    except RuntimeError as error:
        return f"RuntimeError: {error}"


def of_blocking(sandbox: Sandbox) -> dict[str, object]:
    session = blocking.EnKashSession(sandbox.base_url, BearerToken(sandbox.token)).open()
    kept = [session.with_options(page_size=7)]
    search = session.customers.search(page_size=10)
    next(search)

    def read() -> int:
        return len(list(search))

    def close() -> str:
        session.close()
        search.close()
        return repr(session).rpartition(" closed")[1]

    def open_again() -> int:
        with session:
            return kept[0].customers.count()

    def drop() -> str:
        nonlocal session, search
        del session, search
        kept.clear()
        gc.collect()
        return "dropped"

    def leave() -> str:
        exits: Any = weakref.finalize
        exits._exitfunc()
        return "left"

    steps: list[Callable[[], object]] = [kept[0].customers.count, read, close, open_again]
    met = {f"blocking {do.__name__}": in_child(do) for do in [*steps, drop, leave]}
    met["blocking parent"] = [session.customers.count(), 1 + len(list(search))]
    session.close()
    return met


def of_loop(sandbox: Sandbox) -> dict[str, object]:
    loop = asyncio.new_event_loop()
    session = EnKashSession(sandbox.base_url, BearerToken(sandbox.token))
    run = loop.run_until_complete
    run(session.open())
    run(session.customers.count())

    async def open_again() -> int:
        async with session:
            return await session.customers.count()

    async def close() -> str:
        await session.aclose()
        await session.aclose()
        return repr(session).rpartition(" closed")[1]

    def anew(ask: Callable[[], Awaitable[Any]]) -> Any:
        async def wait() -> Any:
            return await ask()

        return asyncio.run(wait())

    met = {
        "async count": in_child(lambda: anew(session.customers.count)),
        "async count in the same loop": in_child(lambda: run(session.customers.count())),
        "async close": in_child(lambda: anew(close)),
        "async open_again": in_child(lambda: anew(open_again)),
        "async parent": run(session.customers.count()),
    }
    run(session.aclose())
    loop.close()
    return met


if __name__ == "__main__":
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        print(json.dumps({**of_blocking(sandbox), **of_loop(sandbox)}))
