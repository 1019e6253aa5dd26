"""The crawl's plan against customers that come and go, see `tests.models.crawled_list`."""

from __future__ import annotations

import os
import random
from datetime import UTC, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.crawl import Crawl
from enkash_async._paging.crawl.cutting import SECOND, cut
from enkash_async._paging.page_request import Window
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.raw_page import RawPage
from enkash_async._wire.fields import time_reader
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, CrawlPoint, ResumeToken
from tests.models.crawled_list import BEGIN, UNTIL, CrawlService, CrawlWorld, run
from tests.paging.pages import page_of

EXAMPLES = int(os.environ.get("ENKASH_EXAMPLES", "100"))

many_examples = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
SEEDS = st.integers(0, 2**32)


@st.composite
def worlds(draw: st.DrawFn, drift: bool = False, crashes: bool = False) -> CrawlWorld:
    return CrawlWorld(
        rows=draw(st.one_of(st.integers(0, 30), st.integers(0, 300))),
        page_size=draw(st.integers(2, 60)),
        crowd=draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])),
        span=draw(st.sampled_from([timedelta(seconds=3), timedelta(hours=1), timedelta(300)])),
        whole_seconds=draw(st.booleans()),
        bounds=draw(st.sampled_from(["inclusive", "half_open", "exclusive"])),
        cap=draw(st.none() | st.integers(2, 20)),
        drift=draw(st.sampled_from([0.02, 0.2])) if drift else 0.0,
        concurrency=draw(st.sampled_from([1, 2, 8])),
        crashes=crashes,
        heavy=draw(st.sampled_from([0.0, 0.05, 0.3])),
    )


@many_examples
@given(worlds(), SEEDS)
def test_every_customer_comes_once_in_the_order_of_creation(world: CrawlWorld, seed: int) -> None:
    outcome = run(world, seed)

    assert sorted(outcome.delivered) == sorted(outcome.stayed)
    assert outcome.verdict is Verdict.COMPLETE, outcome.reasons


@many_examples
@given(worlds(drift=True), SEEDS)
def test_a_customer_that_stays_comes_once_or_the_verdict_says_otherwise(
    world: CrawlWorld, seed: int
) -> None:
    outcome = run(world, seed)

    if outcome.verdict in (Verdict.COMPLETE, Verdict.CHANGED):
        stayed = set(outcome.stayed)
        assert sorted(row for row in outcome.delivered if row in stayed) == sorted(stayed)


@many_examples
@given(worlds(drift=True, crashes=True), SEEDS)
def test_stopped_anywhere_and_resumed_it_makes_no_hole(world: CrawlWorld, seed: int) -> None:
    outcome = run(world, seed)

    if outcome.verdict in (Verdict.COMPLETE, Verdict.CHANGED):
        assert set(outcome.stayed) <= set(outcome.delivered)


@many_examples
@given(worlds(crashes=True), SEEDS)
def test_stopped_anywhere_and_resumed_every_customer_comes_once(
    world: CrawlWorld, seed: int
) -> None:
    outcome = run(world, seed)

    assert sorted(outcome.delivered) == sorted(outcome.stayed)
    assert outcome.verdict is Verdict.COMPLETE, outcome.reasons


@many_examples
@given(worlds(), st.integers(1, 20), SEEDS)
def test_customers_without_a_time_are_told(world: CrawlWorld, without: int, seed: int) -> None:
    world = CrawlWorld(rows=world.rows, page_size=world.page_size, without_time=without)
    outcome = run(world, seed)

    assert outcome.verdict is Verdict.INCOMPLETE
    assert f"{without} customers are in no window" in str(outcome.reasons)
    assert sorted(outcome.delivered) == sorted(outcome.stayed)


@pytest.mark.parametrize("crowd", [0.0, 0.3])
def test_the_cost_grows_in_proportion_to_the_customers(crowd: float) -> None:
    requests = [
        run(CrawlWorld(rows=rows, page_size=50, crowd=crowd), seed=1).requests / (rows / 50)
        for rows in (1000, 4000)
    ]

    assert max(requests) < 3.5
    assert requests[1] <= requests[0]


@given(
    width=st.timedeltas(timedelta(seconds=6), timedelta(days=1000)),
    micro=st.integers(0, 999_999),
    number=st.integers(2, 64),
)
def test_windows_cover_the_whole_and_are_narrower(
    width: timedelta, micro: int, number: int
) -> None:
    begin = BEGIN.replace(microsecond=micro)
    windows = cut(Window(begin, begin + width), number)

    assert windows[0].begin == begin
    assert windows[-1].end == begin + width
    for left, right in pairwise(windows):
        assert left.end - right.begin == 2 * SECOND
    assert max(window.end - window.begin for window in windows) < width


@pytest.mark.parametrize(("total", "kept"), [(MAX_COUNT, MAX_COUNT), (MAX_COUNT + 1, None)])
def test_a_count_too_large_for_a_token_is_no_count(total: int, kept: int | None) -> None:
    crawl = Crawl(
        page_size=10,
        addressing=Addressing(),
        begin=None,
        until=lambda: UNTIL,
        read_times=lambda records: [None] * len(records),
        resume=CrawlPoint(),
    )
    assert repr(crawl) == "<Crawl: 0 of None delivered, 0 windows planned>"
    for _ in range(2):
        crawl.wanted(1)
        crawl.accept(page_of("r0", total=total))
    token = ResumeToken(fingerprint="", point=crawl.point())

    assert isinstance(token.point, CrawlPoint)
    assert token.point.total == kept
    assert ResumeToken.parse(str(token)) == token


def test_stopped_while_the_whole_is_about_to_be_cut_again_it_goes_on_with_the_whole() -> None:
    service = CrawlService(CrawlWorld(rows=150, page_size=10), random.Random(0))
    sizes = PageSizes(10)
    crawl = planned(CrawlPoint(), sizes)
    delivered = list[str]()

    def accept(page: RawPage) -> None:
        rows = crawl.accept(page)
        delivered.extend(page.ids[index] for index in rows.indices(page))

    def answer() -> RawPage:
        [request] = crawl.wanted(1)
        return service.answer(crawl.refit(request))

    for _ in range(4):
        accept(answer())
    assert len(delivered) > 10
    # A row leaves what was begun, and pages of the old size do not come any more.
    service.rows.pop()
    sizes.shrink(10, 1)
    while len(crawl.wanted(8)) > 1 or crawl.wanted(1)[0].limit > 1:
        accept(answer())

    crawl = planned(crawl.point(), PageSizes(10))
    while not crawl.ended:
        accept(answer())
    assert sorted(delivered) == sorted(name for _, name in service.rows)


def planned(resume: CrawlPoint, sizes: PageSizes) -> Crawl:
    return Crawl(
        page_size=10,
        addressing=Addressing(),
        begin=None,
        until=lambda: UNTIL,
        read_times=time_reader("createdOn", UTC),
        resume=resume,
        sizes=sizes,
    )
