"""What a session remembers of a list: planned with from the start, and never trusted."""

from __future__ import annotations

import random
from typing import Any

import pytest

from enkash_async import BearerToken, CustomerFilter, EnKashSession, IncompleteSearchError, Verdict
from enkash_async._search.remembered_lists import RememberedLists
from tests.models.answers import Answer, Ask, Pages
from tests.models.listed_world import ListService, ListWorld
from tests.models.world_http import WorldHttp

pytestmark = pytest.mark.anyio


class Counted(WorldHttp):
    """Notes how many requests were on their way when the first answer came."""

    def __init__(self, world: ListWorld) -> None:
        self.list = ListService(world, random.Random(0))
        self.begin_anew()
        super().__init__(self)

    def begin_anew(self) -> None:
        self.posted = 0
        self.at_first_answer = 0
        self.asked: list[Ask] = []

    def post(self, url: object, **given: Any) -> Any:
        self.posted += 1
        return super().post(url, **given)

    def answer(self, ask: Ask) -> Answer:
        self.at_first_answer = self.at_first_answer or self.posted
        self.asked.append(ask)
        return self.list.answer(ask)

    @property
    def keys(self) -> list[str]:
        return [row.key for row in self.list.rows]


def session_of(http: Counted, **options: Any) -> EnKashSession:
    given: Any = http
    return EnKashSession("https://model.example", BearerToken("t"), http=given, **options)


async def names(session: EnKashSession, **options: Any) -> tuple[list[str | None], Verdict]:
    search = session.customers.search(**options)
    return [customer.legal_name async for customer in search], search.report.verdict


async def learn_by_search(session: EnKashSession) -> dict[str, Any]:
    await names(session)
    return {}


async def learn_by_count(session: EnKashSession) -> dict[str, Any]:
    await session.customers.count()
    return {}


async def learn_by_first_page(session: EnKashSession) -> dict[str, Any]:
    await session.customers.search()
    return {}


async def learn_by_token(session: EnKashSession) -> dict[str, Any]:
    search = session.customers.search(order_by="createdOn", max_records=1)
    await anext(search)
    return {"resume": search.resume_token}


@pytest.mark.parametrize(
    "learn", [learn_by_search, learn_by_count, learn_by_first_page, learn_by_token]
)
@pytest.mark.parametrize("unit", ["rows", "pages"])
async def test_what_is_known_of_a_list_is_asked_for_at_once(learn: Any, unit: Any) -> None:
    http = Counted(ListWorld(rows=240, page_size=20, pages=Pages(unit=unit)))
    async with session_of(http, page_size=20, offset_unit=unit) as session:
        options = await learn(session)
        http.begin_anew()
        # What is known of a list does not depend on its order.
        seen, verdict = await names(session, order_by="createdOn", **options)
    assert http.at_first_answer == 8
    assert seen == http.keys[len(http.keys) - len(seen) :]
    assert len(seen) >= 239
    assert verdict is Verdict.COMPLETE


async def test_another_filter_and_another_session_know_nothing_of_it() -> None:
    http = Counted(ListWorld(rows=240, page_size=20))
    async with session_of(http, page_size=20) as session:
        await session.customers.count()
        http.begin_anew()
        await names(session, filter=CustomerFilter(level="LEVEL_1"))
        assert http.at_first_answer == 1
    async with session_of(http, page_size=20) as session:
        http.begin_anew()
        await names(session)
        assert http.at_first_answer == 1


async def test_an_awaited_page_stays_one_request() -> None:
    http = Counted(ListWorld(rows=240, page_size=20))
    async with session_of(http, page_size=20) as session:
        await session.customers.count()
        http.begin_anew()
        search = session.customers.search()
        assert len(await search) == 20
        assert http.posted == 1
        assert [customer.legal_name async for customer in search] == http.keys


async def test_after_a_full_first_page_all_places_are_used_but_not_more_than_may_be_wasted() -> (
    None
):
    class Held(Counted):
        """Answers nothing but the first page, so that what is sent meanwhile can be counted."""

        def answer(self, ask: Ask) -> Answer:
            answer = super().answer(ask)
            if ask.offset == 0:
                self.posted = 0
            elif len(self.asked) == 2:
                self.at_first_answer = self.posted
            return answer

    http = Held(ListWorld(rows=2000, page_size=20))
    async with session_of(http, page_size=20) as session:
        seen, _ = await names(session)
    assert http.at_first_answer == 8
    assert seen == http.keys


@pytest.mark.parametrize(
    ("said", "true", "message"),
    [
        ("rows", "pages", 'offset_unit="pages"'),
        ("pages", "rows", 'offset_unit="rows"'),
    ],
)
async def test_a_wrong_unit_costs_a_few_requests_and_says_the_same(
    said: Any, true: Any, message: str
) -> None:
    http = Counted(ListWorld(rows=3000, page_size=20, pages=Pages(unit=true)))
    async with session_of(http, page_size=20, offset_unit=said) as session:
        with pytest.raises(IncompleteSearchError, match=message):
            await names(session)
        # The first page, the second with seven more, and the one that tells.
        assert len(http.asked) <= 1 + 8 + 2
        http.begin_anew()
        with pytest.raises(IncompleteSearchError, match=message):
            await names(session)
        assert len(http.asked) <= 8 + 2


@pytest.mark.parametrize("rows", [0, 1, 20, 21, 100, 239, 241, 3000])
async def test_a_count_that_is_no_longer_true_loses_nothing_and_wastes_little(rows: int) -> None:
    http = Counted(ListWorld(rows=240, page_size=20))
    async with session_of(http, page_size=20) as session:
        await names(session)
        http.list = ListService(ListWorld(rows=rows, page_size=20), random.Random(0))
        http.begin_anew()
        seen, verdict = await names(session)
    assert seen == http.keys
    assert verdict is Verdict.COMPLETE
    assert len(http.asked) <= rows // 20 + 2 + 7


@pytest.mark.parametrize(
    ("cap", "wasted"),
    [
        (50, 0),
        # Smaller or gone: what was on its way by then, and two pages to be sure of the new one.
        (30, 10),
        (None, 8),
    ],
)
async def test_a_cap_is_planned_with_until_it_shows_to_be_another(
    cap: int | None, wasted: int
) -> None:
    http = Counted(ListWorld(rows=1000, page_size=100, pages=Pages(cap=50)))
    async with session_of(http, page_size=100) as session:
        await names(session)
        world = ListWorld(rows=1000, page_size=100, pages=Pages(cap=cap))
        http.list = ListService(world, random.Random(0))
        http.begin_anew()
        seen, verdict = await names(session)
    assert seen == http.keys
    assert verdict is Verdict.COMPLETE
    assert http.asked[0].limit == 100
    assert len(http.asked) <= -(-1000 // ((cap or 101) - 1)) + 1 + wasted


async def test_no_more_lists_are_remembered_than_fit() -> None:
    lists = RememberedLists(max_lists=2)
    first, second = lists.of(1), lists.of(2)
    first.total, second.total = 10, 20
    assert lists.of(1) is first
    lists.of(3)
    assert lists.of(1) is first
    assert lists.of(2).total is None
