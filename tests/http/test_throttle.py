"""What a session holds its requests to when the service refuses some, see `throttle_model`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async._http.throttle import MIN_STEP, Throttle
from tests.models.throttled_service import Bucket, FewInFlight, FixedWindows, Limits, Outage, run

SEEDS = range(10)


def refuse(throttle: Throttle, generation: int, now: float, pause: float = 0.0) -> None:
    throttle.note_refusal(generation, now, pause, by_service=False)


def in_flight(throttle: Throttle, number: int, now: float = 0.0) -> list[int]:
    return [throttle.note_sent(now, others) for others in range(number)]


def take(throttle: Throttle, number: int, now: float) -> None:
    for _ in range(number):
        throttle.note_taken(throttle.note_sent(now, 0), now)


# Concurrency


def test_nothing_is_held_up_while_nothing_is_refused() -> None:
    throttle = Throttle(8)
    take(throttle, 100, 1.0)

    assert (throttle.limit, throttle.ready_at) == (8, 1.0)
    assert throttle.paused_seconds(2.0) == 0.0


def test_after_a_refusal_one_goes_ahead_and_half_as_many_follow() -> None:
    throttle = Throttle(8)
    refuse(throttle, throttle.note_sent(0.0, 0), 0.0)

    limits = [throttle.limit]
    for _ in range(5):
        take(throttle, 1, 1.0)
        limits.append(throttle.limit)
    assert limits == [1, 2, 3, 4, 4, 4]


def test_the_rest_comes_back_slowly_and_no_more_than_there_was() -> None:
    throttle = Throttle(8)
    refuse(throttle, throttle.note_sent(0.0, 0), 0.0)
    take(throttle, 3, 1.0)

    take(throttle, MIN_STEP - 1, 1.0)
    assert throttle.limit == 4
    take(throttle, 1, 1.0)
    assert throttle.limit == 5
    take(throttle, 100 * MIN_STEP, 1.0)
    assert throttle.limit == 8


def test_requests_that_were_under_way_bring_no_further_news() -> None:
    throttle = Throttle(8)
    first, *others = in_flight(throttle, 8)
    refuse(throttle, first, 1.0, pause=2.0)
    for generation in others:
        refuse(throttle, generation, 1.5, pause=9.0)
    assert (throttle.refusals, throttle.ready_at) == (1, 3.0)

    take(throttle, 3, 3.0)
    assert throttle.limit == 4


def test_its_state_can_be_seen() -> None:
    throttle = Throttle(8)
    assert repr(throttle) == "<Throttle 8 of at most 8 in flight, at any rate>"

    for second in (0.0, 10.0):
        take(throttle, 20, second)
        refuse(throttle, throttle.note_sent(second, 0), second, pause=2.0)
    assert repr(throttle) == (
        "<Throttle 1 of at most 8 in flight, paused until 12.000, at most 9.5 requests/s>"
    )
    take(throttle, 1, 13.0)
    assert repr(throttle).startswith("<Throttle 2 of at most 8 in flight, at most 9.5")


def test_a_longer_wait_that_the_service_asks_for_is_kept_whoever_hears_of_it() -> None:
    throttle = Throttle(8)
    first, second = in_flight(throttle, 2)
    throttle.note_refusal(first, 1.0, 2.0, by_service=True)
    throttle.note_refusal(second, 1.5, 9.0, by_service=True)

    assert throttle.ready_at == 10.5
    assert throttle.refusals == 1


def test_one_that_was_under_way_and_is_taken_does_not_end_the_caution() -> None:
    throttle = Throttle(8)
    first, second = in_flight(throttle, 2)
    refuse(throttle, first, 1.0)
    throttle.note_taken(second, 1.1)

    assert (throttle.limit, throttle.refusals, throttle.answered) == (1, 1, 1)


def test_a_request_without_an_answer_leaves_half_as_many_and_no_pause() -> None:
    throttle = Throttle(8)
    first, *others = in_flight(throttle, 8)
    throttle.note_strain(first, 1.0)
    for generation in others:
        throttle.note_strain(generation, 1.0)

    assert (throttle.limit, throttle.paused_for(1.0)) == (4, 0.0)
    for limit in (2, 1, 1):
        throttle.note_strain(throttle.note_sent(2.0, 0), 2.0)
        assert throttle.limit == limit


def test_refusals_are_counted_until_a_later_request_is_taken() -> None:
    throttle = Throttle(8)
    for expected in (1, 2, 3):
        refuse(throttle, throttle.note_sent(0.0, 0), 0.0)
        assert throttle.refusals == expected
    take(throttle, 1, 1.0)
    assert throttle.refusals == 0


def test_one_that_does_not_adapt_pauses_all_the_same() -> None:
    throttle = Throttle(8, adaptive=False)
    take(throttle, 5, 0.0)
    refuse(throttle, throttle.note_sent(0.0, 0), 1.0, pause=2.0)
    throttle.note_strain(throttle.note_sent(3.0, 0), 3.0)

    assert (throttle.limit, throttle.ready_at) == (8, 3.0)
    take(throttle, 5, 3.0)
    assert throttle.ready_at == 3.0


# Pauses


def test_pauses_are_counted_once_however_many_ask_for_them() -> None:
    throttle = Throttle(8)
    throttle.note_refusal(throttle.note_sent(0.0, 0), 1.0, 2.0, by_service=True)
    throttle.note_refusal(throttle.note_sent(0.0, 0), 2.0, 2.0, by_service=True)
    assert [throttle.paused_seconds(now) for now in (1, 2, 4, 9)] == [0, 1, 3, 3]

    throttle.note_refusal(throttle.note_sent(9.0, 0), 10.0, 5.0, by_service=True)
    assert [throttle.paused_seconds(now) for now in (10, 11, 15, 99)] == [3, 4, 8, 8]
    assert (throttle.paused_for(11.0), throttle.paused_for(99.0)) == (4.0, 0.0)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 10), st.sampled_from(["sent", "taken", "refused", "told", "strained"])
        ),
        max_size=60,
    ),
    st.integers(1, 16),
)
def test_whatever_happens_the_limit_stays_in_its_bounds_and_pauses_add_up(
    steps: list[tuple[float, str]], most: int
) -> None:
    throttle, now, pauses = Throttle(most), 0.0, 0.0
    under_way = [throttle.note_sent(0.0, 0)]
    for later, what in steps:
        now += later
        generation = under_way.pop() if under_way and what != "sent" else throttle.note_sent(now, 0)
        if what == "sent":
            under_way.append(generation)
        elif what == "taken":
            throttle.note_taken(generation, now)
        elif what == "strained":
            throttle.note_strain(generation, now)
        else:
            throttle.note_refusal(generation, now, 1.5, by_service=what == "told")
            assert throttle.ready_at >= throttle.paused_for(now)
        assert 1 <= throttle.limit <= most
        assert 0 <= throttle.paused_seconds(now) - pauses <= later + 1e-9
        pauses = throttle.paused_seconds(now)


# Whole reads: the fewest requests are one for each page


def most_sent(limits: Callable[[], Limits], pages: int) -> float:
    return max(run(limits(), pages, seed=seed).sent for seed in SEEDS) / pages


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("seconds", [1, 10, 60])
def test_an_outage_costs_few_requests(seconds: float, tells: bool) -> None:
    assert most_sent(lambda: Outage(seconds, tells), 100) <= 1.3


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("most", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("length", [1.0, 60.0])
def test_a_quota_of_each_second_or_minute_costs_few_refusals(
    most: int, length: float, tells: bool
) -> None:
    # Where nobody says that a minute must pass, it takes some attempts to find out.
    bound = 1.15 if tells or length == 1 else 1.3
    assert most_sent(lambda: FixedWindows(most, length, tells), 300) <= bound


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("size", [1, 10, 50])
@pytest.mark.parametrize("rate", [0.5, 2, 10, 40])
def test_a_rate_costs_few_refusals(rate: float, size: float, tells: bool) -> None:
    assert most_sent(lambda: Bucket(rate, size, tells), 300) <= 1.15


@pytest.mark.parametrize("most", [1, 2, 3, 5, 7])
def test_a_bound_on_requests_in_flight_costs_few_refusals(most: int) -> None:
    assert most_sent(lambda: FewInFlight(most), 300) <= 1.15


@pytest.mark.parametrize(
    ("limits", "ideal"),
    [
        (lambda: FixedWindows(5), 60.0),
        (lambda: FixedWindows(5, tells=False), 60.0),
        (lambda: Bucket(10, 10), 30.0),
        (lambda: Bucket(2, 5, tells=True), 150.0),
    ],
)
def test_what_the_service_takes_is_used(limits: Callable[[], Limits], ideal: float) -> None:
    """Seconds of the model's own time, for 300 pages."""
    assert max(run(limits(), 300, seed=seed).seconds for seed in SEEDS) < 2 * ideal


def test_a_limit_that_was_there_for_a_time_is_soon_forgotten() -> None:
    class Relieved(FixedWindows):
        def admits(self, now: float, in_flight: int) -> bool:
            return now > 60 or super().admits(now, in_flight)

    free = run(Outage(0.0), 2000)
    outcome = run(Relieved(2), 2000)
    assert outcome.seconds - 60 < 3 * free.seconds
    assert outcome.most_in_flight == 8


def test_without_refusals_a_read_takes_as_long_as_without_a_throttle() -> None:
    adaptive, plain = run(Outage(0.0), 300), run(Outage(0.0), 300, adaptive=False)

    assert adaptive == plain


def test_without_adapting_the_same_limits_cost_many_more_requests() -> None:
    """What the bounds above are worth: the model does tell good from bad."""
    outcome = run(FixedWindows(5), 300, adaptive=False)

    assert outcome.sent > 1.3 * 300
