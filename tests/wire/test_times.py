"""Every notation the service may use becomes one aware instant; all else is refused."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async._wire.times import instant, iso_z

IST = timezone(timedelta(hours=5, minutes=30))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)

many_examples = settings(max_examples=250, deadline=None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019-08-24T14:15:22Z", MOMENT),
        ("2019-08-24 14:15:22Z", MOMENT),
        ("2019-08-24T14:15:22+00:00", MOMENT),
        ("2019-08-24T14:15:22-00:00", MOMENT),
        ("2019-08-24T19:45:22+05:30", MOMENT),
        ("2019-08-24T19:45:22+0530", MOMENT),
        ("2019-08-24 19:45:22+0530", MOMENT),
        ("2019-08-24T06:15:22-0800", MOMENT),
        ("2019-08-24T14:15:22.5Z", MOMENT.replace(microsecond=500_000)),
        ("2019-08-24T14:15:22.123Z", MOMENT.replace(microsecond=123_000)),
        ("2019-08-24T14:15:22.123456Z", MOMENT.replace(microsecond=123_456)),
        ("2019-08-24T19:45:22.123+0530", MOMENT.replace(microsecond=123_000)),
        (1566656122000, MOMENT),
        (1566656122123, MOMENT.replace(microsecond=123_000)),
        (0, EPOCH),
        (-1, EPOCH - timedelta(milliseconds=1)),
    ],
)
def test_a_notation_with_a_zone_is_that_instant_whatever_the_naive_zone(
    value: object, expected: datetime
) -> None:
    assert instant(value, UTC) == expected
    assert instant(value, IST) == expected
    assert instant(value, IST).utcoffset() is not None


@pytest.mark.parametrize(
    "text", ["2019-08-24T14:15:22", "2019-08-24 14:15:22", "2019-08-24 14:15:22.000"]
)
@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC, MOMENT),
        (IST, MOMENT - timedelta(hours=5, minutes=30)),
        (ZoneInfo("Asia/Kolkata"), MOMENT - timedelta(hours=5, minutes=30)),
        (ZoneInfo("America/New_York"), MOMENT + timedelta(hours=4)),
    ],
)
def test_a_text_without_a_zone_is_in_the_zone_given(
    text: str, zone: tzinfo, expected: datetime
) -> None:
    moment = instant(text, zone)

    assert moment.tzinfo is zone
    assert moment == expected


def test_a_bare_date_is_its_midnight_in_the_zone_given() -> None:
    assert instant("2019-08-24", IST) == datetime(2019, 8, 24, tzinfo=IST)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "never", "24/08/2019", "14:15", "2019-02-30T00:00:00Z", "0000-01-01T00:00:00Z"),
        *("2019-08-24T25:00:00Z", "2019-08-24T14:15:61Z", "2019-08-24T14:15:22+99:00"),
        *(None, True, False, 1566656122000.0, Decimal(0), [], {}, b"2019-08-24", date(2019, 8, 24)),
        *(10**17, -(10**17), 10**30),
    ],
)
def test_all_else_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|milliseconds"):
        instant(value, UTC)


def test_the_value_is_not_in_the_error() -> None:
    with pytest.raises(ValueError, match="time") as caught:
        instant("planted-secret", UTC)
    assert "planted-secret" not in str(caught.value)


@many_examples
@given(st.text() | st.text("0123456789-:+.TZ ", max_size=30))
def test_any_text_is_an_aware_instant_or_a_value_error(text: str) -> None:
    try:
        moment = instant(text, IST)
    except ValueError:
        return
    assert moment.utcoffset() is not None


@many_examples
@given(
    st.datetimes(timezones=st.sampled_from([UTC, IST, timezone(-timedelta(hours=8))])),
    st.sampled_from(["T", " "]),
)
def test_what_isoformat_writes_is_read_back(moment: datetime, separator: str) -> None:
    assert instant(moment.isoformat(sep=separator), UTC) == moment


@many_examples
@given(st.integers(min_value=-62135596800000, max_value=253402300799999))
def test_epoch_milliseconds_are_read_exactly(milliseconds: int) -> None:
    moment = instant(milliseconds, IST)

    assert (moment - EPOCH) // timedelta(milliseconds=1) == milliseconds
    assert (moment - EPOCH) % timedelta(milliseconds=1) == timedelta(0)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2019-08-24T14:15:22Z"),
        (MOMENT.astimezone(IST), "2019-08-24T14:15:22Z"),
        (datetime(2019, 8, 24, 1, tzinfo=IST), "2019-08-23T19:30:00Z"),
        (MOMENT.replace(microsecond=500_000), "2019-08-24T14:15:22.500Z"),
        (MOMENT.replace(microsecond=1), "2019-08-24T14:15:22.000001Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        # In UTC these would lie in the years 0 and 10000.
        (datetime(1, 1, 1, tzinfo=IST), "0001-01-01T00:00:00+05:30"),
        (
            datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=8))),
            "9999-12-31T23:59:00-08:00",
        ),
    ],
)
def test_an_instant_is_written_in_utc_with_a_fraction_only_if_it_has_one(
    moment: datetime, text: str
) -> None:
    assert iso_z(moment) == text


@many_examples
@given(st.datetimes(timezones=st.sampled_from([UTC, IST, ZoneInfo("America/New_York")])))
def test_what_is_written_is_read_back_as_the_same_instant(moment: datetime) -> None:
    # By arithmetic, since times within a zone compare by the clock on the wall.
    assert instant(iso_z(moment), IST) - EPOCH == moment - EPOCH
