"""What pytest shows of our frames where a test of a user fails: none for an error of the tree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import Traceback

import enkash_async
from enkash_async import BearerToken, EnKashError, EnKashSession
from enkash_async.arrow import CustomerStream
from enkash_async.blocking import EnKashSession as BlockingSession
from enkash_async.blocking.export import export as export_now
from enkash_async.export import export
from enkash_async.sandbox import Fault, FaultScript, Sandbox, SandboxSettings, faults, serve_sandbox

PACKAGE = Path(enkash_async.__file__).parent


def ours_in(traceback: Traceback) -> list[str]:
    return [str(entry) for entry in traceback if PACKAGE in Path(entry.path).parents]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    refusing = FaultScript([Fault(faults.HttpError(400))])
    with serve_sandbox(SandboxSettings(rows=3, faults=refusing)) as sandbox:
        yield sandbox


def in_a_loop(ask: Callable[[Any], Any]) -> Callable[[Sandbox, Path], object]:
    async def main(sandbox: Sandbox, folder: Path) -> None:
        async with EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            await ask(session.customers)

    return lambda sandbox, folder: asyncio.run(main(sandbox, folder))


def without(ask: Callable[[Any, Path], object]) -> Callable[[Sandbox, Path], object]:
    def main(sandbox: Sandbox, folder: Path) -> None:
        with BlockingSession(sandbox.base_url, BearerToken(sandbox.token)) as session:
            ask(session.customers, folder)

    return main


def streamed(sandbox: Sandbox, folder: Path) -> None:
    session = EnKashSession(sandbox.base_url, BearerToken(sandbox.token))
    list(CustomerStream(lambda: session).batches())


WAYS: dict[str, Callable[[Sandbox, Path], object]] = {
    "search": in_a_loop(lambda customers: customers.search()),
    "first record": in_a_loop(lambda customers: anext(aiter(customers.crawl()))),
    "lines": in_a_loop(lambda customers: anext(aiter(customers.search().json_lines()))),
    "arrow": in_a_loop(lambda customers: customers.search().to_arrow()),
    "windows": in_a_loop(lambda customers: customers.windows()),
    "export": in_a_loop(lambda customers: export(customers, "-")),
    "blocking": without(lambda customers, _: customers.count()),
    "blocking loop": without(lambda customers, _: next(customers.search())),
    "blocking export": without(lambda customers, folder: export_now(customers, folder / "c.csv")),
    "stream": streamed,
    "argument": in_a_loop(lambda customers: customers.crawl(window_pages=0)),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_frame_of_ours_is_shown_for_an_error_of_the_tree(
    served: Sandbox, tmp_path: Path, way: str
) -> None:
    with pytest.raises(EnKashError) as caught:
        WAYS[way](served, tmp_path)
    assert ours_in(caught.traceback)
    assert ours_in(caught.traceback.filter(caught)) == []


def test_what_may_be_our_own_mistake_is_shown_whole() -> None:
    session: Any = EnKashSession("https://api.example", BearerToken("t"))
    session._list = lambda kind: 1 / 0
    with pytest.raises(ZeroDivisionError) as caught:
        session.customers  # noqa: B018
    assert ours_in(caught.traceback.filter(caught))
