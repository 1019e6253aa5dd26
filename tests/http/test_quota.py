"""What the retries of a session may cost together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enkash_async import RetryPolicy
from enkash_async._http.quota import RETRY_COST, TIMEOUT_COST, RetryQuota

COSTS = st.sampled_from([RETRY_COST, TIMEOUT_COST])


def test_the_costs_are_those_that_are_promised() -> None:
    assert (RETRY_COST, TIMEOUT_COST, RetryPolicy().quota) == (5, 10, 500)


def test_what_cannot_be_paid_is_not_taken() -> None:
    quota = RetryQuota(12)

    assert quota.spend(5)
    assert not quota.spend(10)
    assert quota.spend(5)
    assert quota.left == 2


def test_success_gives_back_what_its_retries_cost_and_1_without_any() -> None:
    quota = RetryQuota(100)
    assert all(quota.spend(10) for _ in range(5))

    quota.succeed(20)
    assert quota.left == 70
    quota.succeed(0)
    assert quota.left == 71


def test_there_is_never_more_than_at_first() -> None:
    quota = RetryQuota(10)
    quota.succeed(0)
    quota.succeed(50)

    assert quota.left == 10


def test_without_a_size_all_is_paid() -> None:
    quota = RetryQuota(None)

    assert all(quota.spend(10) for _ in range(1000))


@pytest.mark.parametrize("cost", [RETRY_COST, TIMEOUT_COST])
def test_a_size_of_0_pays_for_nothing(cost: int) -> None:
    assert not RetryQuota(0).spend(cost)


@given(size=st.integers(0, 600), costs=st.lists(COSTS, max_size=300))
def test_without_success_the_retries_are_bounded_by_the_size(size: int, costs: list[int]) -> None:
    quota = RetryQuota(size)
    paid = [cost for cost in costs if quota.spend(cost)]

    assert quota.left == size - sum(paid) >= 0
    assert len(paid) <= size / RETRY_COST


@given(
    size=st.integers(0, 600),
    steps=st.lists(st.tuples(st.booleans(), COSTS), max_size=300),
)
def test_what_is_left_stays_between_nothing_and_the_size(
    size: int, steps: list[tuple[bool, int]]
) -> None:
    quota = RetryQuota(size)
    for succeeds, cost in steps:
        quota.succeed(cost) if succeeds else quota.spend(cost)

        assert 0 <= quota.left <= size
