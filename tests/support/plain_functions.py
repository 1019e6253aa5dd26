"""Functions of which a call alone does nothing, so that what is handed to them would be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from unittest.mock import AsyncMock


async def awaited(_: object) -> None: ...


async def iterated_later(_: object) -> AsyncIterator[None]:
    yield


def iterated(_: object) -> Iterator[None]:
    yield


class Awaited:
    async def __call__(self, _: object) -> None: ...


class WithMethod:
    async def method(self, _: object) -> None: ...


NOT_PLAIN = [
    *(awaited, iterated_later, iterated, partial(awaited), Awaited(), WithMethod().method),
    AsyncMock(),
]
