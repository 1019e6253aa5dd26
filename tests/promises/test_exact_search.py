"""What `docs/guarantees.md` says of `search`, in worlds drawn with all their oddities.

The thorough run: ENKASH_EXAMPLES=50000 pytest tests/promises/test_exact_search.py
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.listed_world import run
from tests.models.odd_lists import OddList, draw_list, faults

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
def lists(draw: st.DrawFn, promise: str) -> OddList:
    return draw_list(lambda options: draw(st.sampled_from(options)), promise)


@many_examples
@given(lists("kept"), SEEDS)
def test_a_row_that_stays_comes_once_and_in_order(odd: OddList, seed: int) -> None:
    assert list(faults("kept", run(odd.world, seed))) == []


@many_examples
@given(lists("offset"), SEEDS)
def test_nothing_comes_from_before_the_starting_offset(odd: OddList, seed: int) -> None:
    assert list(faults("offset", run(odd.world, seed))) == []


@many_examples
@given(lists("calm"), SEEDS)
def test_a_list_that_stays_the_same_comes_whole_and_without_false_alarm(
    odd: OddList, seed: int
) -> None:
    assert list(faults("calm", run(odd.world, seed))) == []


@many_examples
@given(lists("ends"), SEEDS)
def test_a_search_ends_after_a_bounded_number_of_requests_and_never_freezes(
    odd: OddList, seed: int
) -> None:
    found = list(faults("ends", run(odd.world, seed)))
    if any("a step of" in fault for fault in found):
        # Other processes may slow one down; a freeze comes again.
        found = list(faults("ends", run(odd.world, seed)))
    assert found == []
