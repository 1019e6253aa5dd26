"""How many requests, and how many rounds of them, a crawl of few pages takes."""

from __future__ import annotations

import random

import pytest

from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from tests.models.answers import Answer
from tests.models.crawled_world import UNTIL, CrawlService, CrawlWorld, Order, Spread
from tests.models.planners import Driven, ask_of, open_crawl


def crawl_in_rounds(world: CrawlWorld, in_flight: int) -> tuple[int, int]:
    """Return how many rounds of at most *in_flight* requests it takes, and how many requests."""
    service = CrawlService(world, random.Random(1))
    driven = Driven(open_crawl(world.pages, world.page_size, None, begin=None, until=UNTIL))
    arrived: dict[PageRequest, tuple[RawPage | None, Answer]] = {}
    delivered: set[str] = set()
    rounds = 0
    while not driven.planner.ended:
        # As many may wait for their turn as are on their way.
        wanted = driven.wanted(2 * in_flight)
        if wanted[0] in arrived:
            handed = driven.accept(*arrived.pop(wanted[0]), None)
            if handed.left:
                delivered.update(handed.take(handed.left))
            continue
        rounds += 1
        for request in [one for one in wanted if one not in arrived][:in_flight]:
            answer = service.answer(ask_of(request))
            arrived[request] = driven.arrive(request, answer), answer
    assert len(delivered) == world.rows
    return rounds, service.requests


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize("spread", ["even", "rising", "office", "instant"])
def test_a_crawl_of_ten_pages_takes_two_rounds_more_than_the_first(
    spread: Spread, order: Order
) -> None:
    crowd = 0.95 if spread == "instant" else 0.0
    world = CrawlWorld(rows=1000, page_size=100, spread=spread, crowd=crowd, order=order)
    rounds, requests = crawl_in_rounds(world, 8)

    # One counts all rows, with the first page; one shows that nothing stands after the last.
    assert requests <= 1.25 * 10
    assert rounds == 3
