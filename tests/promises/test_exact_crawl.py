"""What `docs/guarantees.md` says of `crawl`, in worlds drawn with all their oddities.

The thorough run: ENKASH_EXAMPLES=20000 pytest tests/promises/test_exact_crawl.py
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.crawled_world import run
from tests.models.odd_crawls import OddCrawl, draw_crawl, faults

EXAMPLES = int(os.environ.get("ENKASH_EXAMPLES", "80"))

many_examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    # New worlds in the thorough run only, until no world is left out any more.
    derandomize="ENKASH_EXAMPLES" not in os.environ,
)
SEEDS = st.integers(0, 2**32)


@st.composite
def crawls(draw: st.DrawFn, promise: str) -> OddCrawl:
    return draw_crawl(lambda options: draw(st.sampled_from(options)), promise)


@many_examples
@given(crawls("kept"), SEEDS)
def test_a_customer_that_stays_comes_once(odd: OddCrawl, seed: int) -> None:
    assert list(faults("kept", run(odd.world, seed))) == []


@many_examples
@given(crawls("grows"), SEEDS)
def test_customers_created_meanwhile_are_not_taken_for_ones_in_no_window(
    odd: OddCrawl, seed: int
) -> None:
    assert list(faults("grows", run(odd.world, seed))) == []


@many_examples
@given(crawls("calm"), SEEDS)
def test_customers_that_stay_the_same_come_whole_and_without_false_alarm(
    odd: OddCrawl, seed: int
) -> None:
    assert list(faults("calm", run(odd.world, seed))) == []


@many_examples
@given(crawls("ends"), SEEDS)
def test_a_crawl_ends_after_a_bounded_number_of_requests_and_never_freezes(
    odd: OddCrawl, seed: int
) -> None:
    found = list(faults("ends", run(odd.world, seed)))
    if any("a step of" in fault for fault in found):
        # Other processes may slow one down; a freeze comes again.
        found = list(faults("ends", run(odd.world, seed)))
    assert found == []
