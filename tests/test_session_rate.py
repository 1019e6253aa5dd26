"""`max_rate`: no more requests a second than the caller asks for, over all searches."""

from __future__ import annotations

import math

import anyio
import pytest

from enkash_async import BearerToken, EnKashSession
from enkash_async._clock import now
from enkash_async._http.rate import RateLimit
from enkash_async.sandbox import Sandbox, SearchCall
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("late", [0.0, 0.07, 3.0])
def test_no_second_has_more_requests_than_asked_for(late: float) -> None:
    limit, sent = RateLimit(5), list[float]()
    for number in range(50):
        at = limit.next_at + (late if number % 7 == 3 else 0)
        limit.note_sent(at)
        sent.append(at)

    for start in sent:
        assert sum(start <= at < start + 0.999 for at in sent) <= 5


def test_without_a_rate_nothing_waits() -> None:
    limit = RateLimit(None)
    limit.note_sent(12.5)

    assert limit.next_at <= 12.5


async def test_all_searches_of_a_session_share_the_rate(sandbox: Sandbox) -> None:
    sent: list[float] = []

    async def note(call: SearchCall) -> None:
        sent.append(now())

    sandbox.on_search = note
    async with session_for(sandbox, max_rate=100) as session:
        await session.customers.count()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(session.customers.count)

    # A lower bound holds on however slow a machine.
    assert sent[-1] - sent[0] > 4 / 100


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("5", TypeError),
        (True, TypeError),
        (0, ValueError),
        (-1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
    ],
)
def test_a_rate_that_is_none_is_refused_by_name(wrong: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_rate"):
        EnKashSession("https://api.example", BearerToken("t"), max_rate=wrong)  # type: ignore[arg-type]
