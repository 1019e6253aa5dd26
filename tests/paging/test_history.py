"""The rows delivered last, known again when they come a second time."""

from __future__ import annotations

import gc
import weakref
from collections import deque
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async._paging.history import ID_BYTES, MIN_ROWS, History, NewRows
from enkash_async._paging.raw_page import HEAVY_PAGE, HEAVY_ROW, PIECE_BYTES, RawPage
from tests.paging.pages import ids_from, page_of


def history_of(*pages: Sequence[str], forgets: bool = True) -> History:
    """Return a history to which all rows of *pages* were added."""
    history = History(forgets=forgets)
    for ids in pages:
        history.add(page_of(*ids), NewRows(0, 0))
    return history


@pytest.mark.parametrize(
    ("rows", "new"),
    [
        (NewRows(0, 0), ["a", "b", "c", "d"]),
        (NewRows(7, 1), ["b", "c", "d"]),
        (NewRows(7, 1, frozenset({2})), ["b", "d"]),
        (NewRows(7, 0, frozenset({0, 3})), ["b", "c"]),
        (NewRows(7, 4), []),
    ],
)
def test_new_rows_are_those_from_the_start_on_without_the_skipped(
    rows: NewRows, new: list[str]
) -> None:
    page = page_of("a", "b", "c", "d")

    assert [page.ids[index] for index in rows.indices(page)] == new
    assert rows.count(page) == len(new)


def test_rows_are_known_by_the_order_of_their_delivery() -> None:
    history = History(("x", "y"))
    history.add(page_of("y", "a", "b"), NewRows(1, 1))
    history.add(page_of("b", "c", "a", "d"), NewRows(3, 1, frozenset({2})))

    known = {record_id: history.ordinal(record_id) for record_id in "xyabcd"}
    assert known == {"x": 0, "y": 1, "a": 2, "b": 3, "c": 4, "d": 5}
    assert history.ordinal("e") is None
    assert history.last_ordinal == 5


def test_rows_added_after_one_was_asked_for_are_known_too() -> None:
    history = history_of("ab")
    assert history.ordinal("c") is None
    history.add(page_of("c", "d"), NewRows(2, 0))

    assert [history.ordinal(one) for one in "abcd"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("count", "last"),
    [(0, ""), (1, "f"), (2, "ef"), (3, "def"), (4, "bdef"), (5, "abdef"), (9, "abdef")],
)
def test_the_last_ids_come_oldest_first_from_pages_and_token(count: int, last: str) -> None:
    history = History(("a", "b"))
    history.add(page_of("b", "c", "d"), NewRows(1, 1, frozenset({1})))
    history.add(page_of("d", "e", "f"), NewRows(3, 1))

    assert "".join(history.last_ids(count)) == last


@pytest.mark.parametrize(
    ("late", "ids", "out_of_order"),
    [
        (False, "abc", False),
        (False, "ac", False),
        (False, "", False),
        (False, "ba", True),
        (False, "cab", True),
        # Rows that came late may stand before others that came earlier.
        (True, "cab", False),
        (True, "cda", False),
        (True, "ba", True),
    ],
)
def test_the_order_of_rows_is_told_but_for_late_ones(
    late: bool, ids: str, out_of_order: bool
) -> None:
    history = history_of("ab")
    history.ordinal("a")
    history.add(page_of("c", "d"), NewRows(2, 0), late=late)

    assert history.is_out_of_order(ids) is out_of_order


def test_rows_of_an_older_page_have_no_certain_order_among_others() -> None:
    history = history_of("ab")
    history.note_late("cd")
    history.add(page_of(*"cd"), NewRows(2, 0))
    history.add(page_of(*"ef"), NewRows(4, 0))

    assert history.last_ids(6) == list("abcdef")
    assert not history.is_out_of_order("aecfd")
    assert history.is_out_of_order("aceb")


def test_ids_of_an_unproven_token_have_no_certain_order() -> None:
    assert History(("a", "b"), late=True).is_out_of_order("ba") is False
    assert History(("a", "b"), late=False).is_out_of_order("ba") is True


# On both sides of the place of reading


def went_back() -> History:
    """Return a history of the rows a to e that went back to b and then found x, y and c."""
    history = history_of("abcde")
    ordinal = history.ordinal("b")
    assert ordinal is not None
    history.go_back(ordinal)
    history.add(page_of(*"bxyc"), NewRows(1, 1, frozenset({3})))
    return history


def test_rows_stand_in_the_order_of_the_list_wherever_reading_went() -> None:
    history = went_back()

    assert history.last_ids(9) == list("abxyc")
    assert [history.ordinal(one) for one in "abxyc"] == [0, 1, 2, 3, 4]
    assert not history.is_out_of_order("abxycde")
    assert history.is_out_of_order("yx")
    # Where those stand that come later is not certain.
    assert not history.is_out_of_order("ey")


@pytest.mark.parametrize(
    ("unread", "edge", "ahead"), [(0, "abxyc", "de"), (1, "abx", "cde"), (2, "ab", "cde")]
)
def test_a_token_tells_rows_before_the_place_from_those_after_it(
    unread: int, edge: str, ahead: str
) -> None:
    told = went_back().ids_around(9, unread)

    assert told == (list(edge), list(ahead))
    again = History(told[0], ahead=told[1])
    assert not again.is_out_of_order("abcde")
    assert again.ids_around(9, 0) == told


def test_rows_after_the_place_are_kept_until_they_are_passed() -> None:
    history = went_back()
    for start in range(0, 3 * MIN_ROWS, 1000):
        history.add(page_of(*ids_from(start, 1000)), NewRows(start, 0))
    assert history.ordinal("c") is None
    assert history.ordinal("e") is not None

    # With e, d is passed: it was deleted.
    history.add(page_of("e", "f"), NewRows(0, 1))
    assert history.last_ids(3) == ["d", "e", "f"]
    for start in range(0, 3 * MIN_ROWS, 1000):
        history.add(page_of(*ids_from(50_000 + start, 1000)), NewRows(start, 0))
    assert [history.ordinal("d"), history.ordinal("e")] == [None, None]


def test_a_row_found_before_another_that_is_known_comes_out_of_its_turn() -> None:
    history = history_of("abc")
    history.ordinal("a")
    history.add(page_of("a", "x", "b", "c", "d"), NewRows(0, 0, frozenset({0, 2, 3})))

    assert not history.is_out_of_order("axbcd")


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        # At least the last two pages, however large.
        ([5000, 5000], [0, 1]),
        ([5000, 5000, 5000], [1, 2]),
        # Of small ones as many as make up the rows to remember.
        ([MIN_ROWS // 2] * 3, [1, 2]),
        ([MIN_ROWS // 2 - 1] * 3, [0, 1, 2]),
        ([1000] * 8, [3, 4, 5, 6, 7]),
        ([10] * 20, list(range(20))),
    ],
)
def test_the_oldest_pages_are_forgotten(sizes: list[int], kept: list[int]) -> None:
    history = History()
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    for start, size in zip(starts, sizes, strict=True):
        history.add(page_of(*ids_from(start, size)), NewRows(start, 0))

    known = [place for place, start in enumerate(starts) if history.ordinal(f"r{start}") == start]
    assert known == kept
    assert history.is_whole is (len(kept) == len(sizes))


@pytest.mark.parametrize(("size", "kept"), [(10, MIN_ROWS), (1000, MIN_ROWS), (5000, 10_000)])
def test_rows_that_were_asked_for_are_forgotten_one_by_one(size: int, kept: int) -> None:
    history = history_of("a")
    for start in range(0, 20_000, size):
        assert history.ordinal("none") is None
        history.add(page_of(*ids_from(start, size)), NewRows(start, 0))

    assert len(history.last_ids(20_000)) == kept
    assert history.ordinal(f"r{20_000 - kept}") is not None
    assert history.ordinal(f"r{20_000 - kept - 1}") is None


def test_ids_of_a_token_are_forgotten_before_all_pages() -> None:
    history = History(("x",))
    for start in (0, 5000, 10_000):
        history.add(page_of(*ids_from(start, 5000)), NewRows(start, 0))

    assert history.ordinal("x") is None
    assert history.ordinal("r5000") == 5001


def test_a_history_that_never_forgets_knows_every_row() -> None:
    history = history_of(*(ids_from(start, 5000) for start in (0, 5000, 10_000)), forgets=False)

    assert [history.ordinal(f"r{row}") for row in (0, 5000, 14_999)] == [0, 5000, 14_999]
    assert history.is_whole


def test_a_history_of_a_resumed_search_is_whole_only_if_it_holds_all() -> None:
    assert History(("a",), whole=True).is_whole
    assert not History(("a",), whole=False).is_whole


def test_a_page_without_new_rows_leaves_no_trace() -> None:
    history = history_of("ab")
    history.add(page_of("a", "b"), NewRows(0, 2))

    assert history.last_ordinal == 1
    assert history.last_ids(5) == ["a", "b"]


def test_a_row_that_came_twice_is_put_back_twice() -> None:
    history = history_of("abbc")
    assert history.ordinal("a") == 0
    history.add(page_of("n", "a", "b", "c"), NewRows(4, 0, frozenset({1, 2, 3})))

    assert history.last_ids(9) == ["n", "a", "b", "b", "c"]


# What is held


@pytest.mark.parametrize(
    ("rows", "nbytes", "is_kept"),
    [
        (10, 10 * HEAVY_ROW, True),
        (10, 10 * HEAVY_ROW + 1, False),
        (5000, HEAVY_PAGE, True),
        (5000, HEAVY_PAGE + 1, False),
    ],
)
def test_of_heavy_pages_only_the_ids_are_kept(rows: int, nbytes: int, is_kept: bool) -> None:
    ids = [str(number) for number in range(rows)]
    records = [msgspec.Raw(record_id.encode()) for record_id in ids]
    page = RawPage(records, nbytes=nbytes, identify=lambda raw: bytes(raw).decode())
    body = weakref.ref(page)
    history = History(("before",))
    history.add(page, NewRows(0, 1, frozenset({3})))
    del page, records
    gc.collect()

    assert (body() is not None) is is_kept
    assert history.last_ids(rows + 9) == ["before", "1", "2", *ids[4:]]
    assert history.ordinal(ids[-1]) == rows - 2


def test_ids_of_heavy_records_are_read_a_few_at_a_time() -> None:
    records = [msgspec.Raw(str(number).encode()) for number in range(40)]
    page = RawPage(records, nbytes=4 * PIECE_BYTES, identify=lambda raw: bytes(raw).decode())

    assert len(list(page.id_steps())) == 4
    assert page.ids == [str(number) for number in range(40)]


MIB = 1024 * 1024

pages_of_any_size = st.lists(
    st.tuples(st.sampled_from([1, 2, 100, 900]), st.sampled_from([1, 900, 4096, 5000, 10**6])),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None, database=None)
@given(pages_of_any_size, st.booleans())
def test_what_it_holds_is_counted_and_bounded(
    sizes: list[tuple[int, int]], looks_closer: bool
) -> None:
    history, first, kept = History(), 0, deque[int]()
    for rows, row_bytes in sizes:
        page = page_of(*ids_from(first, rows))
        page.nbytes = rows * row_bytes
        history.add(page, NewRows(first, 0))
        first += rows
        kept.append(ID_BYTES * rows if page.is_heavy else page.nbytes)
        assert history.nbytes == sum(list(kept)[-pages_kept(sizes[: len(kept)]) :])
        assert history.nbytes <= 24 * MIB
    if looks_closer:
        history.ordinal("none")
        rows_kept = sum(rows for rows, _ in sizes[-pages_kept(sizes) :])
        assert history.nbytes == ID_BYTES * rows_kept


def pages_kept(sizes: list[tuple[int, int]]) -> int:
    """Return of how many pages, of the last, the rows are remembered."""
    rows = 0
    for number, (more, _) in enumerate(reversed(sizes), 1):
        rows += more
        if number >= 2 and rows >= MIN_ROWS:
            return number
    return len(sizes)
