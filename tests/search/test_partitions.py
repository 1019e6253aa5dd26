"""How time is cut by counts, against a list whose filter and whose deletions are a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from enkash_async import CustomerFilter, IncompleteSearchError
from enkash_async._search.partitions import Partitions
from enkash_async.customers.resource import CUSTOMERS

pytestmark = pytest.mark.anyio

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC)
MILLI = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)


def floor(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@attrs.frozen
class Bounds:
    """What a service makes of the ends of a range."""

    begin: Callable[[datetime], datetime] = lambda moment: moment
    end: Callable[[datetime], datetime] = lambda moment: moment
    has_begin: bool = True
    has_end: bool = True

    def hold(self, made: datetime, begin: datetime, end: datetime) -> bool:
        begin, end = self.begin(begin), self.end(end)
        return begin < made < end or (
            (self.has_begin and made == begin) or (self.has_end and made == end)
        )


BOUNDS = {
    "inclusive": Bounds(),
    "half open": Bounds(has_end=False),
    "exclusive": Bounds(has_begin=False, has_end=False),
    "seconds": Bounds(begin=floor, end=floor),
    # As where a column takes no fraction, and rounds that of what it is compared with.
    "rounded": Bounds(
        begin=lambda moment: floor(moment + SECOND / 2),
        end=lambda moment: floor(moment + SECOND / 2),
    ),
    "late end": Bounds(end=lambda moment: moment + SECOND / 2),
}


@attrs.define
class Service:
    """Counts the customers made at so many moments; before some counts, one is deleted."""

    made: list[datetime]
    bounds: Bounds = BOUNDS["inclusive"]
    deleted_before: frozenset[int] = frozenset()
    victim: int = 0
    created_before: int = 0
    timeless: int = 0
    counts: int = 0

    def there(self, criteria: CustomerFilter) -> list[int]:
        begin, end = criteria.created_on_from, criteria.created_on_to
        if not isinstance(begin, datetime) or not isinstance(end, datetime):
            return [*range(len(self.made))]
        return [place for place, made in enumerate(self.made) if self.bounds.hold(made, begin, end)]

    async def count(self, criteria: CustomerFilter) -> int:
        self.counts += 1
        if self.counts in self.deleted_before and self.made:
            del self.made[self.victim]
        if self.counts == self.created_before:
            self.made.append(LAST - SECOND)
        timeless = self.timeless if criteria.created_on_to is None else 0
        return len(self.there(criteria)) + timeless

    async def cut(
        self, max_records: int, begin: datetime | None = FIRST, end: datetime = LAST
    ) -> list[CustomerFilter]:
        assert CUSTOMERS.time is not None
        # An end of the caller's own, as far as any is asked for, is that of the whole too.
        criteria = CustomerFilter(created_on_from=begin, created_on_to=begin and end)
        partitions = Partitions(CUSTOMERS, CUSTOMERS.time, criteria, self.count)
        return await partitions.cut(lambda: end, max_records)

    def missing_or_twice(self, windows: Iterable[CustomerFilter]) -> list[datetime]:
        held = Counter(place for window in windows for place in self.there(window))
        return [made for place, made in enumerate(self.made) if held[place] != 1]


NOONS = [FIRST + timedelta(days=day, hours=12) for day in range(20)]
MIDNIGHTS = [FIRST + timedelta(days=day) for day in (4, 8, 12, 16)]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("midnights", [0, 1, 2, 4])
async def test_no_customer_is_in_two_windows_whenever_others_are_deleted(
    bounds: str, midnights: int
) -> None:
    """As many are deleted as stand at a cut, before every count in turn."""
    for at in range(1, 40):
        deleted = frozenset(range(at, at + max(1, midnights)))
        made = sorted(NOONS + MIDNIGHTS[:midnights])
        service = Service(made, BOUNDS[bounds], deleted)
        windows = await service.cut(6)
        assert service.missing_or_twice(windows) == [], at


async def test_no_customer_is_in_two_windows_that_were_cut_again() -> None:
    for at in range(1, 90, 4):
        made = sorted(NOONS + MIDNIGHTS + [LAST - number * SECOND for number in range(1, 30)])
        service = Service(made, BOUNDS["rounded"], frozenset([at]), victim=-1)
        assert service.missing_or_twice(await service.cut(4)) == [], at


@pytest.mark.parametrize(
    ("max_records", "counts"),
    [(1000, 2), (20, 2), (6, 2 + 5), (3, 2 + 9)],
)
async def test_a_list_that_stays_costs_two_counts_besides_those_of_its_windows(
    max_records: int, counts: int
) -> None:
    service = Service([*NOONS])
    windows = await service.cut(max_records)
    assert service.counts == counts
    assert service.missing_or_twice(windows) == []


@pytest.mark.parametrize(
    "micros",
    [
        (100_000, 999_500, 1_000_000, 1_500_000, 1_999_500, 2_000_000, 3_200_000),
        (0, 999_999, 1_000_000, 4_999_999, 5_000_000, 9_999_999, 10_000_000),
        tuple(range(137, 12_000_000, 250_000)),
    ],
)
@pytest.mark.parametrize("scale", [1, 60, 86_400])
async def test_times_finer_than_milliseconds_are_cut_between(
    micros: tuple[int, ...], scale: int
) -> None:
    """Some stand on a second at which time is cut, and some in the millisecond before it."""
    made = [
        FIRST + timedelta(seconds=micro // 1_000_000 * scale, microseconds=micro % 1_000_000)
        for micro in micros
    ]
    service = Service(made)
    windows = await service.cut(1, end=FIRST + timedelta(seconds=14 * scale))
    assert service.missing_or_twice(windows) == []
    assert len(windows) > 1


@pytest.mark.parametrize("bounds", ["inclusive", "half open", "exclusive"])
@pytest.mark.parametrize("max_records", [4, 15, 20, 25])
@pytest.mark.parametrize("offset", range(0, 1000, 274))
async def test_windows_of_more_are_no_longer_than_two_seconds(
    bounds: str, offset: int, max_records: int
) -> None:
    begin = FIRST + offset * MILLI
    made = [begin + number * 97 * MILLI for number in range(1, 90)]
    service = Service(made, BOUNDS[bounds])
    windows = await service.cut(max_records, begin=begin, end=begin + 9 * SECOND)
    assert service.missing_or_twice(windows) == []
    for window in windows:
        held = [made[place] for place in service.there(window)]
        assert len(held) <= max_records or max(held) - min(held) <= 2 * SECOND


def whole_days(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


async def test_what_no_cut_parts_is_said_with_what_is_known() -> None:
    made = [FIRST + timedelta(hours=hour) for hour in range(24 * 20)]
    service = Service(made, Bounds(begin=whole_days, end=whole_days))
    with pytest.raises(IncompleteSearchError) as caught:
        await service.cut(10)
    assert str(caught.value) == (
        "the counts of windows do not add up to 480, however they are cut, though 480 customers"
        " were counted before and after: recordsCount does not count all matches, or the filter by"
        " createdOn cannot part them. Read all with search()"
    )


async def test_a_list_that_changed_and_changed_back_is_not_said_to_have_stayed() -> None:
    made = [FIRST + timedelta(hours=hour) for hour in range(24 * 20)]
    service = Service(made, deleted_before=frozenset([2]), created_before=2 + 40 + 1)
    windows = await service.cut(10)
    assert service.counts > 2 * 40
    assert service.missing_or_twice(windows) == []


async def test_where_each_count_finds_one_less_that_is_said() -> None:
    service = Service(NOONS * 50, deleted_before=frozenset(range(1000)))
    with pytest.raises(IncompleteSearchError, match="came or went within the windows each of the"):
        await service.cut(6)
    assert service.counts < 250


@pytest.mark.parametrize("max_records", [1, 6, 1000])
@pytest.mark.parametrize("made", [1, 2, 20])
async def test_those_deleted_meanwhile_are_not_said_to_have_no_time(
    made: int, max_records: int
) -> None:
    for at in range(1, 30):
        service = Service(NOONS[:made], deleted_before=frozenset([at]))
        windows = await service.cut(max_records, begin=None)
        assert service.missing_or_twice(windows) == [], at


@pytest.mark.parametrize("max_records", [1, 6, 1000])
@pytest.mark.parametrize(
    ("made", "timeless", "deleted", "says"),
    [
        (20, 3, (), "3 of 23 customers are in no window: they have no createdOn, or one that is"),
        (0, 1, (), "1 of 1 customers are in no window"),
        (20, 1, (1,), "1 of 20 customers are in no window"),
    ],
)
async def test_those_without_a_time_are_told(
    made: int, timeless: int, deleted: tuple[int, ...], says: str, max_records: int
) -> None:
    service = Service(NOONS[:made], deleted_before=frozenset(deleted), timeless=timeless)
    with pytest.raises(IncompleteSearchError, match=f"^{says}"):
        await service.cut(max_records, begin=None)
