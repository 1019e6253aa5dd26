"""The parts of a crawl, one at a time."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.crawl.census import AHEAD, Census, CensusPurpose
from enkash_async._paging.crawl.contradictions import MAX_TRIES, Contradictions, WindowStep
from enkash_async._paging.crawl.counts import Counts
from enkash_async._paging.crawl.cutter import AIM, MAX_WINDOW_PAGES, Cutter
from enkash_async._paging.crawl.findings import CrawlFindings
from enkash_async._paging.crawl.frontier import Frontier
from enkash_async._paging.crawl.paged_window import PagedWindow
from enkash_async._paging.crawl.request_bound import FACTOR, REPAIRS, SPARE, RequestBound
from enkash_async._paging.crawl.seams import Seams
from enkash_async._paging.crawl.windows import CountedWindow, Family
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_sizes import PageSizes
from enkash_async._paging.pager import Pager
from enkash_async.report import Verdict
from enkash_async.resume import MAX_COUNT, CrawlPoint
from tests.paging.crawl.rows import cutter_of, page_at, read_times, seconds, window
from tests.paging.pages import page_of

ROOT = window(0, 1000)


def counted(begin: float, end: float, limit: int = 10, max_pages: int = 16) -> CountedWindow:
    return CountedWindow(window(begin, end), Addressing(), limit, max_pages=max_pages)


# Frontier


def test_others_take_the_place_of_a_window() -> None:
    frontier = Frontier()
    first, second, third = counted(0, 10), counted(10, 20), counted(20, 30)
    frontier.add([first, third])
    frontier.replace(third, [second, third])

    assert list(frontier) == [first, second, third]
    frontier.drop_head()
    assert frontier.head is second
    frontier.replace(second, [])
    frontier.clear()
    assert len(frontier) == 0


def test_a_request_belongs_to_the_window_that_wants_it() -> None:
    frontier = Frontier()
    first, second = counted(0, 10), counted(10, 20)
    frontier.add([first, second])
    [one, other] = frontier.wanted(9)

    assert (frontier.window_of(one), frontier.window_of(other)) == (first, second)
    frontier.drop_head()
    assert frontier.window_of(one) is None


@pytest.mark.parametrize(("arrived", "wanted"), [(0, 4), (1, 5), (2, 6), (3, 6)])
def test_pages_that_wait_for_earlier_ones_keep_no_place(arrived: int, wanted: int) -> None:
    frontier = Frontier()
    frontier.add([counted(10 * place, 10 * place + 10) for place in range(9)])
    for request in frontier.wanted(4)[1 : 1 + arrived]:
        frontier.note_arrival(request)

    assert len(frontier.wanted(4)) == wanted


# Census and counts


def test_a_census_asks_for_few_rows_and_says_what_for() -> None:
    census = Census(Addressing(), PageSizes(100))
    asked: list[tuple[CensusPurpose | None, object, int, int]] = []
    for want in (
        census.want_all,
        lambda: census.want_last(ROOT, 1000),
        lambda: census.want_new(ROOT.end),
        lambda: census.want_again(ROOT),
    ):
        want()
        request = census.request
        assert request is not None
        span = request.window and seconds(request.window)
        asked.append((census.purpose, span, request.row, request.limit))
        assert census.done() is asked[-1][0]
        assert (census.purpose, census.request) == (None, None)

    ahead = 1000 + AHEAD.total_seconds()
    assert asked == [
        (CensusPurpose.ALL, None, 0, 1),
        (CensusPurpose.LAST, (0, 1000), 979, 1),
        (CensusPurpose.NEW, (1000, ahead), 0, 50),
        (CensusPurpose.AGAIN, (0, 1000), 0, 1),
    ]


@pytest.mark.parametrize(("size", "limit"), [(1, 1), (20, 20), (5000, 50)])
def test_a_census_of_new_rows_is_no_larger_than_a_page(size: int, limit: int) -> None:
    census = Census(Addressing(), PageSizes(size))
    census.want_new(ROOT.end)
    assert census.request is not None
    assert census.request.limit == limit


def counts_of(total: int | None = None) -> tuple[Counts, Census, CrawlFindings]:
    census, findings = Census(Addressing(), PageSizes(100)), CrawlFindings()
    return Counts(census, findings, CrawlPoint(total=total)), census, findings


@pytest.mark.parametrize(
    ("seen", "delivered", "verdict"),
    [
        (1, 1, Verdict.COMPLETE),
        (0, 0, Verdict.COMPLETE),
        # A later answer found nothing of what stood on the first page.
        (1, 0, Verdict.INCOMPLETE),
        (9, 0, Verdict.INCOMPLETE),
        (9, 1, Verdict.INCOMPLETE),
    ],
)
def test_a_list_of_one_row_is_one_only_if_no_more_were_seen(
    seen: int, delivered: int, verdict: Verdict
) -> None:
    counts, _, findings = counts_of()
    counts.note_all(page_at(0, total=1))
    counts.note_root(page_at(*range(seen), total=seen or None))
    counts.note_list(Pager(page_size=10, addressing=Addressing()), delivered)

    assert findings.verdict()[0] is verdict


@pytest.mark.parametrize(
    ("in_all", "in_windows", "total", "outside"),
    [(7, 7, 7, 0), (9, 7, 7, 2), (7, 9, 9, 0), (2, None, None, 0), (2, MAX_COUNT + 1, None, 0)],
)
def test_rows_in_no_window_are_the_difference_of_two_counts(
    in_all: int, in_windows: int | None, total: int | None, outside: int
) -> None:
    counts, _, findings = counts_of()
    assert counts.note_all(page_of("a", total=in_all))
    assert counts.note_root(page_of("a", "b", total=in_windows)) is (total is not None)

    assert (counts.total, counts.outside) == (total, outside)
    assert findings.total_at_start == total


@pytest.mark.parametrize("count", [None, MAX_COUNT + 1])
def test_a_count_that_is_none_or_too_large_is_of_no_use(count: int | None) -> None:
    counts, _, _ = counts_of()
    assert not counts.note_all(page_of("a", total=count))


@pytest.mark.parametrize(
    ("came", "recounts", "verdict", "shortage"),
    [
        (10, [], Verdict.COMPLETE, 0),
        (9, [9], Verdict.CHANGED, 0),
        (9, [10], Verdict.INCOMPLETE, 1),
        (9, [12], Verdict.INCOMPLETE, 3),
        # Fewer than came: counted once more, and the higher count is taken.
        (9, [8, 8], Verdict.CHANGED, 0),
        (9, [3, 10], Verdict.INCOMPLETE, 1),
        (9, [8, None], Verdict.CHANGED, 0),
    ],
)
def test_what_came_is_held_against_a_second_count(
    came: int, recounts: list[int | None], verdict: Verdict, shortage: int
) -> None:
    counts, census, findings = counts_of(total=10)
    settled = counts.is_settled(ROOT, came)
    for recount in recounts:
        assert not settled
        assert census.done() is CensusPurpose.AGAIN
        settled = counts.note_again(page_of("a", total=recount), ROOT, came)

    assert settled
    if None not in recounts:
        assert findings.verdict()[0] is verdict
        assert findings.shortage == shortage


@pytest.mark.parametrize(
    ("rows", "total", "old", "outside"),
    [
        (2, 2, 0, 1),
        (2, 2, 1, 2),
        (2, 2, 2, 3),
        (3, 3, 0, 0),
        # Of those that did not come with them, nobody knows.
        (2, 3, 0, 0),
        (2, 3, 1, 3),
    ],
)
def test_rows_created_since_are_not_in_no_window(
    rows: int, total: int, old: int, outside: int
) -> None:
    counts, census, findings = counts_of()
    counts.note_all(page_of("a", total=12))
    counts.note_root(page_of("a", "b", total=9))
    assert not counts.is_settled(ROOT, 9)
    assert census.done() is CensusPurpose.NEW
    counts.note_new(page_of(*map(str, range(rows)), total=total), old)

    assert counts.is_settled(ROOT, 9)
    verdict, reasons = findings.verdict()
    assert (verdict is Verdict.INCOMPLETE) is bool(old or outside)
    assert (f"{outside} records are in no window" in str(reasons)) is bool(outside)
    assert ("in another zone" in str(reasons)) is bool(old)


# Findings


def test_a_verdict_does_not_change_what_it_is_drawn_from() -> None:
    findings = CrawlFindings(total_at_start=10, total_at_end=10)
    assert findings.verdict() == (Verdict.COMPLETE, [])
    findings.note_end(9, 9)
    assert findings.verdict() == findings.verdict()
    assert findings.verdict() == (Verdict.CHANGED, ["recordsCount went from 10 to 9"])
    findings.note_resumed(changed=True, unproven=True)
    verdict, reasons = findings.verdict()
    assert verdict is Verdict.INCOMPLETE
    assert len(reasons) == len(set(reasons)) == 3


@pytest.mark.parametrize(
    ("count", "came", "lacks_many"), [(100, 99, False), (100, 98, True), (1000, 990, False)]
)
def test_a_shortage_of_more_than_one_in_a_hundred_is_an_error(
    count: int, came: int, lacks_many: bool
) -> None:
    findings = CrawlFindings(total_at_start=count)
    findings.note_end(came, count)
    assert findings.lacks_many is lacks_many


# Seams


@pytest.mark.parametrize(
    ("done", "begin", "new"),
    [
        # A window is known until two seconds past its end.
        ({10: "ab"}, 10, "cd"),
        ({10: "ab"}, 12, "cd"),
        ({10: "ab"}, 12.5, "abcd"),
        ({10: "ab", 20: "bd"}, 15, "ac"),
        ({10: ""}, 0, "abcd"),
    ],
)
def test_rows_of_windows_before_are_known_again(
    done: dict[float, Collection[str]], begin: float, new: str
) -> None:
    seams = Seams(0)
    for end, ids in done.items():
        seams.add_window(window(0, end).end, ids)
    seams.forget_before(window(begin, begin).begin)
    page = page_of("a", "b", "c", "d")
    rows, again = seams.take(page, NewRows(0, 0))

    assert "".join(page.ids[index] for index in rows.indices(page)) == new
    assert (seams.rows, again) == (len(new), 4 - len(new))
    assert seams.unused_ids(1) == [new[-1]]
    assert seams.is_whole is (begin <= 12 or done == {10: ""})


# Cutter


@pytest.mark.parametrize(
    ("count", "max_pages", "parts"),
    [
        # Windows of about six pages of a hundred rows, and never fewer than two.
        (1200, MAX_WINDOW_PAGES, 2),
        (6 * 100 * AIM, MAX_WINDOW_PAGES, 8),
        (100, 1, 2),
        (400, 1, 5),
        # In two steps where one would be too many.
        (10**6, 1, 40),
        (2**62, MAX_WINDOW_PAGES, 40),
    ],
)
def test_as_many_parts_as_fill_pages(count: int, max_pages: int, parts: int) -> None:
    assert len(cutter_of(100, max_pages).parts(ROOT, count, max_pages)) == parts


@pytest.mark.parametrize(
    ("moments", "asked", "kinds", "crowd"),
    [
        ([5, 300, 900], (0, 1000), [CountedWindow] * 8, False),
        ([500, 500, 501], (0, 1000), [CountedWindow] * 3, False),
        ([3, 3, 4], (0, 7), [PagedWindow], True),
        ([6, 6, 4], (0, 7), [PagedWindow], False),
        ([1, 3, 5], (0, 7), [PagedWindow], False),
        ([3, 3, 3], (0, 6), [PagedWindow], True),
    ],
)
def test_a_window_too_full_is_cut_or_read_page_by_page(
    moments: list[float], asked: tuple[float, float], kinds: list[type], crowd: bool
) -> None:
    parts = cutter_of(10).smaller(window(*asked), 300, page_at(*moments, total=300), 16)

    assert [type(part) for part in parts] == kinds
    assert any(isinstance(part, PagedWindow) and part.crowd for part in parts) is crowd
    assert parts[0].asked.begin == window(*asked).begin
    assert parts[-1].asked.end == window(*asked).end


def test_a_cap_is_what_pages_came_with_and_no_less() -> None:
    cutter = cutter_of(100)
    cutter.note_page(60)
    cutter.note_cap(50, 100)
    assert cutter.page_rows == 100
    cutter.note_cap(60, 100)
    assert cutter.page_rows == 60
    cutter.note_page(70)
    assert cutter.page_rows == 70


def test_a_window_read_page_by_page_wants_few_pages_until_two_fitted() -> None:
    cutter = Cutter(PageSizes(10), Addressing(), read_times, unproven_pages=3)
    one = cutter.paged(ROOT)
    wanted, ids = list[int](), [f"r{number}" for number in range(200)]
    for _ in range(3):
        requests = one.wanted(16)
        wanted.append(len(requests))
        first = requests[0]
        one.pager.accept(page_of(*ids[first.row : first.row + first.limit], total=200))

    assert wanted == [1, 3, 16]


# Contradictions


def test_an_empty_answer_is_asked_for_again_as_often_as_it_surprises() -> None:
    contradictions = Contradictions(cutter_of(10))
    for family, tries in ((None, MAX_TRIES - 1), (Family(9, 2), MAX_TRIES)):
        one, asked = counted(0, 10), 1
        one.family = family
        while (
            contradictions.step_after(one, page_at(total=0), is_root=False) is WindowStep.ASK_AGAIN
        ):
            one, asked = one.again(), asked + 1
        assert asked == tries


@pytest.mark.parametrize(
    ("moments", "step"),
    [
        ([1, 9], WindowStep.BELIEVE),
        ([-2, 12], WindowStep.BELIEVE),
        ([-3, 5], WindowStep.ASK_AGAIN),
        ([5, 13], WindowStep.ASK_AGAIN),
        ([5, None], WindowStep.BELIEVE),
    ],
)
def test_rows_of_another_time_are_asked_for_again(
    moments: list[float | None], step: WindowStep
) -> None:
    contradictions = Contradictions(cutter_of(10))
    assert contradictions.step_after(counted(0, 10), page_at(*moments), is_root=False) is step


def test_a_row_without_time_in_windows_far_apart_makes_them_useless() -> None:
    contradictions = Contradictions(cutter_of(10))
    steps = [
        contradictions.step_after(counted(*asked), page_at(None, total=1), is_root=False)
        for asked in ((0, 100), (0, 12), (10, 20), (30, 40))
    ]
    assert steps == [WindowStep.BELIEVE, WindowStep.BELIEVE, WindowStep.BELIEVE, WindowStep.GIVE_UP]


def test_parts_that_count_more_than_twice_their_whole_make_them_useless() -> None:
    contradictions, family = Contradictions(cutter_of(10)), Family(5, 3)
    steps: list[WindowStep] = []
    for begin in (0, 100, 200):
        one = counted(begin, begin + 100)
        one.family = family
        page = page_at(begin + 50, total=4)
        steps.append(contradictions.step_after(one, page, is_root=False))
    assert steps == [WindowStep.BELIEVE, WindowStep.BELIEVE, WindowStep.GIVE_UP]


# The bound on requests


def test_as_many_answers_as_the_rows_explain() -> None:
    bound = RequestBound()
    for _ in range(SPARE + FACTOR * 3):
        bound.note_answer()
    assert not bound.is_passed(rows=25, page_rows=10)
    bound.note_answer()
    assert bound.is_passed(rows=25, page_rows=10)
    # A page with new rows earns as many as a search may take for it.
    bound.note_paged(is_new=True)
    assert not bound.is_passed(rows=25, page_rows=10)
    for _ in range(REPAIRS):
        bound.note_paged(is_new=False)
    assert bound.is_passed(rows=25, page_rows=10)


# A counted window


@pytest.mark.parametrize(
    ("pages", "proven"),
    [
        ([("abcd", 4)], True),
        ([("abcde", 8), ("efgh", 8)], True),
        # An overlap that is missing, another count, and rows that came twice.
        ([("abcde", 8), ("fghi", 8)], None),
        ([("abcde", 8), ("efgh", 7)], None),
        ([("abcde", 8), ("efga", 8)], False),
        # The place of a page that is not there any more.
        ([("abcde", 8), ("", None)], None),
        # As many as a page holds: whether there are more, the next one shows.
        ([("abcde", 5)], True),
        ([("abcde", 5), ("ef", 5)], None),
        ([("abcde", 5), ("e", 4)], None),
    ],
)
def test_a_window_is_proven_by_its_counts(
    pages: list[tuple[str, int | None]], proven: bool | None
) -> None:
    one = counted(0, 10, limit=5)
    rows: NewRows | None = None
    for ids, total in pages:
        page = page_of(*ids, total=total)
        if one.first_page is None:
            one.plan(page, total or 0, 6)
        rows = one.accept(page)
    if proven is None:
        assert rows is None
    else:
        assert (one.head is None or len(pages) == 1, one.is_proven) == (True, proven)


@pytest.mark.parametrize(
    ("known", "rows"), [(0, [0]), (9, [0]), (10, [0, 9]), (35, [0, 9, 19, 29])]
)
def test_a_window_begun_before_is_asked_for_up_to_its_first_new_row(
    known: int, rows: list[int]
) -> None:
    one = CountedWindow(window(0, 10), Addressing(), 10, max_pages=16, known=known)
    requests = one.wanted(99)
    assert [request.row for request in requests] == rows
    one.plan(page_of(*"abcdefghij", total=40), 40, 11)
    # Those that were asked for already keep their place.
    assert one.wanted(99)[: len(rows)] == requests
