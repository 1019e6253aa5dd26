"""A session that is dropped while it is open says so; none is copied."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from enkash_async import BearerToken, EnKashSession, blocking

URL = "https://api.example"


def session() -> EnKashSession:
    return EnKashSession(URL, BearerToken("token"))


async def opened_and_dropped() -> None:
    await session().with_options(page_size=5).open()
    gc.collect()


async def opened_and_left_to_its_loop(kept: list[EnKashSession]) -> None:
    kept.append(await session().open())


def drop(kept: list[EnKashSession]) -> None:
    kept.clear()
    gc.collect()


async def closed() -> None:
    async with session() as one:
        one.with_options(page_size=5)
    del one
    gc.collect()


# aiohttp says the same of its own, where the loop still runs.
@pytest.mark.filterwarnings("ignore:Unclosed client session")
def test_a_session_that_is_dropped_while_it_is_open_warns() -> None:
    said = f"session with {URL} was dropped while it was open; close it by `await session.aclose"
    with pytest.warns(ResourceWarning, match=said):
        asyncio.run(opened_and_dropped())


def test_so_does_one_whose_loop_has_ended() -> None:
    kept: list[EnKashSession] = []
    asyncio.run(opened_and_left_to_its_loop(kept))
    with pytest.warns(ResourceWarning, match="was dropped while it was open"):
        drop(kept)


def test_one_that_was_closed_or_never_opened_does_not(recwarn: pytest.WarningsRecorder) -> None:
    asyncio.run(closed())
    session()
    gc.collect()
    assert not [one for one in recwarn if "was dropped" in str(one.message)]


@pytest.mark.parametrize("write", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("kind", [EnKashSession, blocking.EnKashSession])
def test_a_session_is_not_copied(write: Callable[[object], object], kind: Any) -> None:
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        write(kind(URL, BearerToken("token")))
