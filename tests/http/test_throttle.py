"""What a session holds its requests to when the service refuses some."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async._http.throttle import STEP, Sent, Throttle
from enkash_async.retry import RetryPolicy
from tests.models.throttled_service import (
    AtRandom,
    Both,
    Bucket,
    Changed,
    FewInFlight,
    FixedWindows,
    Limits,
    Outage,
    Run,
    run,
)

SEEDS = range(10)


def refuse(throttle: Throttle, sent: Sent, now: float, pause: float = 0.0) -> None:
    throttle.note_refusal(sent, now, pause, by_service=False)


def in_flight(throttle: Throttle, number: int, now: float = 0.0) -> list[Sent]:
    return [throttle.note_sent(now, others) for others in range(number)]


def take(throttle: Throttle, number: int, now: float, beside: int = 0) -> None:
    for _ in range(number):
        throttle.note_taken(throttle.note_sent(now, beside), now)


def limit_at(throttle: Throttle, now: float) -> int:
    throttle.has_room(0, now)
    return throttle.limit


# Concurrency


def test_nothing_is_held_up_while_nothing_is_refused() -> None:
    throttle = Throttle(8)
    take(throttle, 100, 1.0)

    assert (throttle.limit, throttle.ready_at) == (8, 1.0)
    assert throttle.paused_seconds(2.0) == 0.0


def test_after_a_refusal_one_goes_ahead_and_the_others_follow() -> None:
    throttle = Throttle(8)
    take(throttle, 5, 0.0, beside=7)
    refuse(throttle, throttle.note_sent(0.0, 7), 0.0)

    limits = [throttle.limit]
    for _ in range(8):
        take(throttle, 1, 1.0)
        limits.append(throttle.limit)
    assert limits == [1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_where_many_may_be_in_flight_several_follow_each_that_is_taken() -> None:
    throttle = Throttle(32)
    take(throttle, 5, 0.0, beside=31)
    refuse(throttle, throttle.note_sent(0.0, 31), 0.0)

    limits = [throttle.limit]
    for _ in range(9):
        take(throttle, 1, 1.0)
        limits.append(throttle.limit)
    assert limits == [1, 5, 9, 13, 17, 21, 25, 29, 32, 32]


def test_beside_as_many_as_none_was_taken_with_none_is_sent_for_a_time() -> None:
    throttle = Throttle(8)
    three, refused = in_flight(throttle, 4)[:3], throttle.note_sent(0.0, 3)
    for sent in three:
        throttle.note_taken(sent, 0.5)
    refuse(throttle, refused, 0.5)
    take(throttle, 20, 1.0)

    assert [limit_at(throttle, now) for now in (1, 10, 13, 16, 22, 25.5)] == [3, 3, 3, 4, 6, 8]


def test_one_that_is_refused_alone_says_nothing_of_the_number_in_flight() -> None:
    throttle = Throttle(8)
    for second in range(5):
        refuse(throttle, throttle.note_sent(second, 0), second)
    take(throttle, 7, 6.0)

    assert throttle.limit == 8


def test_where_refusals_come_all_the_same_with_a_rate_all_follow_the_first() -> None:
    throttle = Throttle(8)
    for second in range(3):
        take(throttle, 10 + 10 * second, second, beside=7)
        refuse(throttle, throttle.note_sent(second, 7), second)
    assert throttle.limit == 1

    take(throttle, 1, 3.0)
    assert throttle.limit == 8


def test_requests_that_were_under_way_bring_no_further_news() -> None:
    throttle = Throttle(8)
    first, *others = in_flight(throttle, 8)
    refuse(throttle, first, 1.0, pause=2.0)
    for sent in others:
        refuse(throttle, sent, 1.5, pause=9.0)
    assert (throttle.refusals, throttle.ready_at) == (1, 3.0)

    take(throttle, 3, 3.0)
    assert throttle.limit == 4


def test_its_state_can_be_seen() -> None:
    throttle = Throttle(8)
    assert repr(throttle) == "<Throttle 8 of at most 8 in flight, at any rate>"

    for second in (0.0, 10.0):
        for tenth in range(20):
            take(throttle, 1, second + tenth / 10, beside=7)
        refuse(throttle, throttle.note_sent(second + 2, 7), second + 2, pause=2.0)
    assert repr(throttle) == (
        "<Throttle 1 of at most 8 in flight, paused until 14.000, at any rate>"
    )
    take(throttle, 1, 15.0)
    assert repr(throttle) == (
        "<Throttle 2 of at most 8 in flight, at first at most 4.8 requests/s>"
    )


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

    assert (throttle.limit, throttle.answered) == (1, 1)


def test_a_request_without_an_answer_leaves_half_as_many_and_no_pause() -> None:
    throttle = Throttle(8)
    first, *others = in_flight(throttle, 8)
    throttle.note_strain(first, 1.0)
    for sent in others:
        throttle.note_strain(sent, 1.0)

    assert (throttle.limit, throttle.paused_for(1.0)) == (4, 0.0)
    for limit in (2, 1, 1):
        throttle.note_strain(throttle.note_sent(2.0, 0), 2.0)
        assert throttle.limit == limit


def test_after_a_timeout_a_few_answers_let_one_more_go_each() -> None:
    throttle = Throttle(8)
    for _ in range(2):
        throttle.note_strain(throttle.note_sent(0.0, 0), 0.0)

    limits = []
    for _ in range(3):
        take(throttle, STEP, 1.0)
        limits.append(throttle.limit)
    assert limits == [3, 4, 5]


def test_a_timeout_among_many_answers_is_a_stray() -> None:
    throttle = Throttle(8)
    take(throttle, 8, 1.0)
    throttle.note_strain(throttle.note_sent(1.0, 0), 1.0)
    assert throttle.limit == 8

    throttle.note_strain(throttle.note_sent(1.0, 0), 1.0)
    assert throttle.limit == 4


def test_refusals_are_counted_until_a_later_request_is_taken() -> None:
    throttle = Throttle(8)
    for expected in (1, 2, 3):
        refuse(throttle, throttle.note_sent(0.0, 0), 0.0)
        assert throttle.refusals == expected
    take(throttle, 1, 1.0)
    assert throttle.refusals == 0


def test_an_earlier_request_that_is_taken_makes_up_for_one_refusal() -> None:
    """As where refusals come faster than answers."""
    throttle = Throttle(8)
    slow = in_flight(throttle, 5)
    for second in range(3):
        refuse(throttle, throttle.note_sent(second, 5), second)

    counts = []
    for sent in slow:
        throttle.note_taken(sent, 4.0)
        counts.append(throttle.refusals)
    assert counts == [2, 1, 0, 0, 0]


def test_what_was_refused_before_a_request_was_sent_counts_no_more_once_it_is_taken() -> None:
    throttle = Throttle(8)
    for second in range(5):
        refuse(throttle, throttle.note_sent(second, 0), second)
    sent = throttle.note_sent(5.0, 0)
    refuse(throttle, throttle.note_sent(5.0, 1), 5.1)
    assert throttle.refusals == 6

    throttle.note_taken(sent, 6.0)
    assert throttle.refusals == 1


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
        request = under_way.pop() if under_way and what != "sent" else throttle.note_sent(now, 0)
        if what == "sent":
            under_way.append(request)
        elif what == "taken":
            throttle.note_taken(request, now)
        elif what == "strained":
            throttle.note_strain(request, now)
        else:
            throttle.note_refusal(request, now, 1.5, by_service=what == "told")
            assert throttle.ready_at >= throttle.paused_for(now)
        assert 1 <= throttle.limit <= most
        assert 0 <= throttle.paused_seconds(now) - pauses <= later + 1e-9
        pauses = throttle.paused_seconds(now)


# Coming back

STEPS = st.sampled_from(["sent", "taken", "refused", "told", "strained", "lost"])
HISTORIES = st.lists(st.tuples(st.floats(0, 90), st.floats(0, 60), STEPS), max_size=80)


@settings(deadline=None, max_examples=300)
@given(HISTORIES, st.integers(1, 64))
def test_half_a_minute_after_the_last_trouble_all_is_as_at_first(
    steps: list[tuple[float, float, str]], most: int
) -> None:
    """Whatever came before: refusals, pauses of up to a minute, stalls, timeouts, idle time."""
    throttle, now = Throttle(most), 0.0
    under_way = [throttle.note_sent(0.0, 0)]
    for later, pause, what in steps:
        now += later
        if what == "sent" or not under_way:
            if throttle.has_room(len(under_way), now) and throttle.ready_at <= now:
                under_way.append(throttle.note_sent(now, len(under_way)))
            continue
        request = under_way.pop(0)
        if what == "taken":
            throttle.note_taken(request, now)
        elif what == "strained":
            throttle.note_strain(request, now)
        elif what != "lost":
            throttle.note_refusal(request, now, pause, by_service=what == "told")
    now += throttle.paused_for(now) + 30

    assert throttle.ready_at <= now
    for number in range(most):
        # All at once, in the same moment.
        assert throttle.has_room(number, now)
        assert throttle.ready_at <= now
        throttle.note_sent(now, number)


@pytest.mark.parametrize(
    "limits",
    [
        FixedWindows(1),
        FixedWindows(20),
        Bucket(0.5, 1),
        Bucket(10, 10),
        FewInFlight(1),
        AtRandom(0.3),
        Both(FewInFlight(2), AtRandom(0.5)),
    ],
    ids=str,
)
@pytest.mark.parametrize("refused_in", [None, 0.002, 0.5])
def test_a_limit_that_ends_is_left_behind_within_half_a_minute(
    limits: Limits, refused_in: float | None
) -> None:
    class Relieved(Outage):
        def admits(self, now: float, in_flight: int) -> bool:
            return now >= self.end or limits.admits(now, in_flight)

        def retry_after(self, now: float) -> float | None:
            return limits.retry_after(now)

    at_full_speed = run(Outage(0.0), 4000).taken_in_each(10)[1]
    counts = run(Relieved(100.0), 12_000, refused_in=refused_in).taken_in_each(10)

    assert min(counts[13:-1]) >= 0.95 * at_full_speed


LATENCIES = [
    (0.05, None),
    (0.3, None),
    (3, None),
    (0.1, 0.005),
    (0.1, 0.1),
    (0.005, 0.1),
    (3, 0.05),
]
"""Seconds that an answer takes, and a refusal: faster, as fast, and slower than an answer."""


@cache
def refused_at_random(
    share: float, latency: float, refused_in: float | None, most: int, *, adaptive: bool
) -> list[Run]:
    return [
        run(
            AtRandom(share, seed),
            1000,
            seed=seed,
            latency=latency,
            refused_in=refused_in,
            most=most,
            adaptive=adaptive,
        )
        for seed in range(3)
    ]


@pytest.mark.parametrize("most", [1, 8, 32])
@pytest.mark.parametrize(("latency", "refused_in"), LATENCIES)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.5])
def test_refusals_at_random_slow_it_down_by_little(
    share: float, latency: float, refused_in: float | None, most: int
) -> None:
    plain, adaptive = (
        sum(
            one.seconds
            for one in refused_at_random(share, latency, refused_in, most, adaptive=adaptive)
        )
        for adaptive in (False, True)
    )
    assert plain / adaptive >= (1 - share) / 2


@pytest.mark.parametrize("most", [8, 32])
@pytest.mark.parametrize(("latency", "refused_in"), LATENCIES)
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_without_adapting_a_refusal_at_random_costs_at_most_the_first_delay(
    share: float, latency: float, refused_in: float | None, most: int
) -> None:
    """Beside what all requests take when they wait for nothing."""
    runs = refused_at_random(share, latency, refused_in, most, adaptive=False)
    refused = sum(one.refused for one in runs)
    answers = sum(len(one.taken_at) for one in runs) * latency
    refusals = refused * (latency / 5 if refused_in is None else refused_in)
    idle = sum(one.seconds for one in runs) - (answers + refusals) / most

    assert idle / refused <= RetryPolicy().first_delay


def test_no_stretch_of_a_read_with_refusals_at_random_stands_nearly_still() -> None:
    """429 to 8 % of requests, as of one bad node of twelve."""
    for seed in SEEDS:
        counts = run(AtRandom(0.08, seed), 3000, seed=seed, latency=0.3).taken_in_each(10)
        assert min(counts[:-1]) >= 20


def test_two_refusals_with_a_stall_between_them_are_soon_forgotten() -> None:
    throttle = Throttle(8)
    refuse(throttle, throttle.note_sent(0.0, 7), 0.1, pause=0.3)
    slow = throttle.note_sent(0.4, 0)
    throttle.note_taken(slow, 6.6)
    refuse(throttle, throttle.note_sent(6.6, 0), 6.7, pause=0.3)

    now, sent_at = 7.0, []
    while now < 60:
        now = max(now, throttle.ready_at)
        throttle.note_taken(throttle.note_sent(now, 0), now + 0.1)
        sent_at.append(now)
        now += 0.1
    gaps = [later - earlier for earlier, later in pairwise(sent_at)]
    assert max(gaps) <= 2.0 + 1e-9
    assert max(gap for gap, moment in zip(gaps, sent_at, strict=False) if moment > 37) < 0.11


# Whole reads: the fewest requests are one for each page


def most_sent(limits: Callable[[], Limits], pages: int) -> float:
    return max(run(limits(), pages, seed=seed).sent for seed in SEEDS) / pages


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("seconds", [1, 10, 60])
def test_an_outage_costs_few_requests(seconds: float, tells: bool) -> None:
    assert most_sent(lambda: Outage(seconds, tells), 100) <= 1.3


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("most", [1, 2, 5, 20, 100])
def test_a_quota_of_each_second_costs_few_refusals(most: int, tells: bool) -> None:
    assert most_sent(lambda: FixedWindows(most, 1.0, tells), 300) <= 1.15


@pytest.mark.parametrize(("most", "bound"), [(1, 3.0), (5, 1.6), (20, 1.15), (100, 1.15)])
def test_a_quota_of_each_minute_costs_refusals_each_minute(most: int, bound: float) -> None:
    """What was learned half a minute ago counts no more, so each minute it is found out anew."""
    assert most_sent(lambda: FixedWindows(most, 60.0), 300) <= bound


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("size", [1, 10, 50])
@pytest.mark.parametrize("rate", [0.5, 2, 10, 40])
def test_a_rate_costs_few_refusals(rate: float, size: float, tells: bool) -> None:
    # Slower than half a request a second nobody is made to go.
    assert most_sent(lambda: Bucket(rate, size, tells), 300) <= (1.15 if rate > 0.5 else 1.2)


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


@pytest.mark.parametrize(("latency", "refused_in"), [(0.1, 0.005), (0.1, 0.1), (0.005, 0.1)])
@pytest.mark.parametrize(
    "limits",
    [
        lambda: FixedWindows(1, tells=False),
        lambda: FixedWindows(5, tells=False),
        lambda: FixedWindows(20, tells=False),
        lambda: Bucket(2, 10),
        lambda: Bucket(40, 1),
        lambda: FewInFlight(2),
        lambda: FewInFlight(5),
    ],
)
def test_a_limit_costs_few_refusals_however_fast_they_come(
    limits: Callable[[], Limits], latency: float, refused_in: float
) -> None:
    for seed in range(2):
        outcome = run(limits(), 1500, seed=seed, latency=latency, refused_in=refused_in)
        assert outcome.sent <= 1.15 * 1500


@pytest.mark.parametrize("share", [0.08, 0.3, 0.5])
@pytest.mark.parametrize(
    "limit",
    [lambda: FixedWindows(5, tells=False), lambda: Bucket(2, 5), lambda: FewInFlight(2)],
)
def test_a_limit_after_refusals_at_random_is_found(
    limit: Callable[[], Limits], share: float
) -> None:
    """That it helped nothing to hold back is no reason to flood a service that has changed."""
    for seed in range(3):
        limits = Changed(AtRandom(share, seed), limit(), 60.0)
        outcome = run(limits, 3000, seed=seed, latency=0.1, refused_in=0.02)
        refused = sum(60 <= moment < 180 for moment in outcome.refused_at)
        taken = sum(60 <= moment < 180 for moment in outcome.taken_at)
        assert refused <= 0.35 * taken


@pytest.mark.parametrize("limit", [lambda: FixedWindows(5, tells=False), lambda: FewInFlight(2)])
def test_refusals_at_random_after_a_limit_do_not_slow_it_down_for_long(
    limit: Callable[[], Limits],
) -> None:
    for seed in range(3):
        limits = Changed(limit(), AtRandom(0.3, seed), 60.0)
        outcome = run(limits, 4000, seed=seed, latency=0.1, refused_in=0.02)
        alone = run(
            AtRandom(0.3, seed), 3000, seed=seed, latency=0.1, refused_in=0.02, adaptive=False
        )
        taken = sum(moment >= 60 for moment in outcome.taken_at)
        assert (outcome.seconds - 60) / taken <= 2 / (1 - 0.3) * alone.seconds / 3000


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_a_limit_with_refusals_at_random_beside_it_is_kept_to_as_far_as_can_be(
    share: float,
) -> None:
    for seed in range(3):
        limits = Both(FixedWindows(5, tells=False), AtRandom(share, seed))
        outcome = run(limits, 1000, seed=seed, latency=0.1, refused_in=0.02)
        assert outcome.sent <= 2.2 * 1000
        assert outcome.seconds <= 2.2 * 1000 / 5


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
