"""Every notation the service may use becomes one aware instant; all else is refused."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enkash_async import Customer, DecodeError
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._wire.fields import time_reader
from enkash_async._wire.times import checked_zone, instant, iso_z

IST = timezone(timedelta(hours=5, minutes=30))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)
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
        # As Java writes its own classes.
        ("2019-08-24T14:15Z", datetime(2019, 8, 24, 14, 15, tzinfo=UTC)),
        ("2019-08-24T14:15:22.123456789Z", MOMENT.replace(microsecond=123_457)),
        ("2019-08-24T19:45:22+05:30[Asia/Kolkata]", MOMENT),
        ("2019-08-24 14:15:22 UTC", MOMENT),
        ("2019-08-24 19:45:22 +0530", MOMENT),
        ("2019-08-24T14:15:22GMT", MOMENT),
        ("2019-08-24T14:15:22,5Z", MOMENT.replace(microsecond=500_000)),
        ("2019-08-24T14Z", datetime(2019, 8, 24, 14, tzinfo=UTC)),
        ("2019-08-24T20:08:24+05:53:02", MOMENT),
        ("2019-12-31T23:59:59.9999999Z", datetime(2020, 1, 1, tzinfo=UTC)),
        ("20190824141522Z", MOMENT),
        ("20190824T141522Z", MOMENT),
        ("20190824194522+0530", MOMENT),
        ("20190824141522.5Z", MOMENT.replace(microsecond=500_000)),
        ("20190824141522123Z", MOMENT.replace(microsecond=123_000)),
        (1566656122000, MOMENT),
        (1566656122123, MOMENT.replace(microsecond=123_000)),
        ("1566656122123", MOMENT.replace(microsecond=123_000)),
        (1566656122, MOMENT),
        ("1566656122", MOMENT),
        (Decimal("1566656122.0"), MOMENT),
        (Decimal("1.566656122E+9"), MOMENT),
        (Decimal("1566656122.123000000"), MOMENT.replace(microsecond=123_000)),
        ("1566656122.123456789", MOMENT.replace(microsecond=123_457)),
        (Decimal("1566656122000.5"), MOMENT.replace(microsecond=500)),
        # The first and the last instant of seconds and milliseconds.
        (1000000000, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (1000000000000, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (9999999999, datetime(2286, 11, 20, 17, 46, 39, tzinfo=UTC)),
        ("9999999999999", datetime(2286, 11, 20, 17, 46, 39, 999_000, tzinfo=UTC)),
        (0, EPOCH),
        ("0", EPOCH),
        *((zero, EPOCH) for zero in (Decimal("0.0"), Decimal("-0.0"), Decimal("0E+999"))),
        *((zero, EPOCH) for zero in ("0.0", "-0", "-0.0", "0e0", "0E-7", "0.00e+99")),
        *((text, MOMENT) for text in ("1.566656122E9", "1566656122e0", "1566656122000e-3")),
        *((text, MOMENT) for text in ("1.566656122E12", "1566656122E+3", "0.1566656122e10")),
        ("1.5666561225e9", MOMENT.replace(microsecond=500_000)),
        ("2019-08-24T14:15:22z", MOMENT),
        ("20190824141522,5Z", MOMENT.replace(microsecond=500_000)),
    ],
)
def test_a_notation_with_a_zone_is_that_instant_whatever_the_naive_zone(
    value: object, expected: datetime
) -> None:
    assert instant(value, UTC) == expected
    assert instant(value, IST) == expected
    assert instant(value, IST).utcoffset() is not None


@pytest.mark.parametrize(
    "text",
    [
        *("2019-08-24T14:15:22", "2019-08-24 14:15:22", "2019-08-24 14:15:22.000"),
        *("20190824141522", "20190824T141522", "20190824141522000", 20190824141522),
    ],
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
    text: str | int, zone: tzinfo, expected: datetime
) -> None:
    moment = instant(text, zone)

    assert moment.tzinfo is zone
    assert moment == expected


@pytest.mark.parametrize("text", ["2019-08-24", "20190824", 20190824])
def test_a_bare_date_is_its_midnight_in_the_zone_given(text: str | int) -> None:
    assert instant(text, IST) == datetime(2019, 8, 24, tzinfo=IST)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "never", "24/08/2019", "14:15", "2019-02-30T00:00:00Z", "0000-01-01T00:00:00Z"),
        *("2019-08-24T25:00:00Z", "2019-08-24T14:15:61Z", "2019-08-24T14:15:22+99:00"),
        *(None, True, False, 1566656122000.0, [], {}, b"2019-08-24", date(2019, 8, 24)),
        *(10**17, -(10**17), 10**30, -(10**30), -1, 1, 999, -1566656122000),
        *(Decimal("NaN"), Decimal("1E+1000000"), Decimal("1E-1000000"), Decimal("0.5")),
        # As many digits as are neither a unit nor a date.
        *("1", "2024", "202401", "1566656", "156665612", "15666561220", "156665612200"),
        *("202401021200", 202401021200, "156665612200012", "1566656122000123", 1566656122000123),
        *("156665612200012345", "1566656122000123456", "-1566656122", "+1566656122", "00"),
        *("1e10", "-1e9", "1e400", "1.E9", ".1e10", "01e9", "1e+", "1e9 ", "1e1_0", "1e9Z"),
        # What `fromisoformat` of the standard library takes for a time, and what is near to one.
        *("2019-08-24_14:15:22", "2019-08-24x14:15:22", "2019-08-24T141522", "2019-08-24T1415"),
        *(
            "2019-W34-6",
            "2019W346",
            "2019-236",
            "20240102x12:00",
            "2019-08-24+05:30",
            "2019-08-24Z",
        ),
        *("2019-08-24T14:15:22.Z", "2019-08-24T14:15:22+05:60", "2019-08-24T24:00:00Z"),
        *("2019-08-24T14:15:60Z", "2019-8-24", "19-08-24", "2019-08-24T14:15:22+5:30"),
        *(
            " 2019-08-24",
            "2019-08-24 ",
            "2019-08-24T14:15:22Z\n",
            "2019-08-24T14:15:22[Asia/Kolkata]",
        ),
        *(
            "Sat, 24 Aug 2019 14:15:22 GMT",
            "24-08-2019",
            "2019/08/24",
            "٢٠١٩-٠٨-٢٤",
            "\uff12\uff10\uff11\uff19-08-24",
        ),
        *("2019-08-24T14:15:22\ud800", "20190824T1415", "20190824141522+"),
    ],
)
def test_all_else_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|milliseconds"):
        instant(value, UTC)


def test_a_number_too_long_to_be_written_out_is_no_time() -> None:
    with pytest.raises(ValueError, match="time"):
        instant(10**5000, UTC)


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


# Each notation, and to which part of a second it tells a time.
NOTATIONS: list[tuple[str, Callable[[datetime], str | int | Decimal], timedelta]] = [
    ("iso", lambda t: t.isoformat(), MICROSECOND),
    ("iso with a blank", lambda t: t.isoformat(" "), MICROSECOND),
    ("iso in milliseconds", lambda t: t.isoformat(timespec="milliseconds"), MILLISECOND),
    ("iso in minutes", lambda t: in_utc(t).isoformat(timespec="minutes"), timedelta(minutes=1)),
    ("iso in hours", lambda t: in_utc(t).isoformat(timespec="hours"), timedelta(hours=1)),
    ("iso with Z", lambda t: iso_z(t), MICROSECOND),
    ("iso, compact zone", lambda t: f"{t:%Y-%m-%dT%H:%M:%S%z}", SECOND),
    ("iso, blank before the zone", lambda t: f"{t:%Y-%m-%d %H:%M:%S %z}", SECOND),
    ("iso in nanoseconds", lambda t: f"{in_utc(t):%Y-%m-%dT%H:%M:%S.%f}321Z", MICROSECOND),
    ("compact", lambda t: f"{t:%Y%m%d%H%M%S%z}", SECOND),
    ("compact with T", lambda t: f"{in_utc(t):%Y%m%dT%H%M%S}Z", SECOND),
    ("compact in milliseconds", lambda t: f"{in_utc(t):%Y%m%d%H%M%S%f}"[:-3] + "Z", MILLISECOND),
    ("seconds", lambda t: microseconds(t) // 10**6, SECOND),
    ("seconds as text", lambda t: str(microseconds(t) // 10**6), SECOND),
    ("seconds and a fraction", lambda t: Decimal(microseconds(t)).scaleb(-6), MICROSECOND),
    ("the same as text", lambda t: f"{Decimal(microseconds(t)).scaleb(-6):f}", MICROSECOND),
    ("milliseconds", lambda t: microseconds(t) // 1000, MILLISECOND),
    ("milliseconds as text", lambda t: str(microseconds(t) // 1000), MILLISECOND),
    ("milliseconds and a fraction", lambda t: Decimal(microseconds(t)).scaleb(-3), MICROSECOND),
]
NAIVE: list[tuple[str, Callable[[datetime], str | int | Decimal], timedelta]] = [
    ("iso", lambda t: t.replace(tzinfo=None).isoformat(), MICROSECOND),
    ("blank", lambda t: f"{t:%Y-%m-%d %H:%M:%S}", SECOND),
    ("compact", lambda t: f"{t:%Y%m%d%H%M%S}", SECOND),
    ("compact number", lambda t: int(f"{t:%Y%m%d%H%M%S}"), SECOND),
    ("compact in milliseconds", lambda t: f"{t:%Y%m%d%H%M%S%f}"[:-3], MILLISECOND),
    ("date", lambda t: f"{t:%Y-%m-%d}", timedelta(days=1)),
    ("compact date", lambda t: f"{t:%Y%m%d}", timedelta(days=1)),
]
LAST_OF_10_DIGITS = datetime(2286, 11, 20, tzinfo=UTC)
MOMENTS = st.datetimes(
    datetime(1000, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.sampled_from([UTC, IST, timezone(-timedelta(hours=8)), ZoneInfo("Asia/Kolkata")]),
) | st.datetimes(datetime(2001, 9, 10), datetime(2286, 11, 20), timezones=st.just(UTC))


def in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def read_by_all(value: str | int | Decimal, zone: tzinfo) -> list[datetime | None]:
    """Return what *value* is to all who read times; None for a bad record."""
    token = (json.dumps(value) if isinstance(value, str) else str(value)).encode()
    raw = b'{"customerId":"KC1","createdOn":%b}' % token
    decoder = RecordDecoder(Customer, zone)
    read = [instant_or_none(value, zone)]
    for decode in (decoder.decode, decoder.decode_by_reference):
        try:
            read.append(decode(raw).created_on)
        except DecodeError as error:
            read.append(None if error.path == "createdOn" else EPOCH.min)
    rows = [msgspec.Raw(raw)]
    read += time_reader("createdOn", zone)(rows)
    return read + (read_by_arrow(rows, zone) if find_spec("pyarrow") else [])


def read_by_arrow(rows: list[msgspec.Raw], zone: tzinfo) -> list[datetime | None]:
    from enkash_async._decoding.arrow.rows import RowReader

    batch = RowReader(Customer, zone).read(rows)
    # None is what sends the page to the record lane.
    return [] if batch is None else [batch.column("created_on")[0].as_py()]


def instant_or_none(value: object, zone: tzinfo) -> datetime | None:
    try:
        return instant(value, zone)
    except ValueError:
        return None


@many_examples
@given(MOMENTS, st.sampled_from(NOTATIONS), st.sampled_from([UTC, IST]))
def test_any_instant_in_any_notation_is_that_instant_or_a_bad_record_to_all(
    moment: datetime,
    notation: tuple[str, Callable[[datetime], str | int | Decimal], timedelta],
    zone: tzinfo,
) -> None:
    name, write, unit = notation
    # Numbers of more or fewer digits run into dates that are written as digits; so says the table
    # of docs/what-may-come.md.
    is_epoch = name.startswith(("seconds", "milliseconds", "the same"))
    assume(not is_epoch or datetime(2001, 9, 10, tzinfo=UTC) <= moment < LAST_OF_10_DIGITS)
    read = read_by_all(write(moment), zone)

    assert len(set(read)) == 1
    if read[0] is not None:
        assert microseconds(read[0]) // (unit // MICROSECOND) == microseconds(moment) // (
            unit // MICROSECOND
        )
        assert read[0].utcoffset() is not None


@pytest.mark.parametrize("notation", NOTATIONS, ids=[name for name, _, _ in NOTATIONS])
def test_an_instant_of_our_time_is_read_in_every_notation(
    notation: tuple[str, Callable[[datetime], str | int | Decimal], timedelta],
) -> None:
    _, write, unit = notation
    moment = datetime(2024, 2, 29, 17, 0, 59, 123_456, tzinfo=UTC)

    assert set(read_by_all(write(moment), IST)) == {moment - (moment - EPOCH) % unit}


@many_examples
@given(MOMENTS, st.sampled_from(NAIVE), st.sampled_from([UTC, IST, ZoneInfo("America/New_York")]))
def test_a_time_on_the_wall_is_that_of_the_zone_to_all(
    moment: datetime,
    notation: tuple[str, Callable[[datetime], str | int | Decimal], timedelta],
    zone: tzinfo,
) -> None:
    _, write, unit = notation
    wall = moment.replace(tzinfo=None)
    expected = (wall - (wall - datetime.min) % unit).replace(tzinfo=zone)
    read = read_by_all(write(moment.replace(tzinfo=zone)), zone)

    assert {microseconds(time) for time in read if time is not None} == {microseconds(expected)}
    assert None not in read


@many_examples
@given(
    st.text("0123456789", min_size=1, max_size=22)
    | st.text("0123456789-:+.,TtZz _/", min_size=1, max_size=30)
    | st.from_regex(
        r"[12]\d{3}[-/ ]?\d\d[-/ ]?\d\d[-T_ x]?\d\d:?\d\d:?\d\d([+-.]\d+)?", fullmatch=True
    ),
    st.sampled_from([UTC, IST]),
)
def test_digits_and_punctuation_are_the_time_they_spell_or_none_to_all(
    text: str, zone: tzinfo
) -> None:
    read = read_by_all(text, zone)

    assert len(set(read)) == 1
    if read[0] is None:
        return
    if len(text.split(".")[0]) in (10, 13) and text.replace(".", "").isdigit():
        assert str(microseconds(read[0])).startswith(text.split(".")[0][:9])
    elif text != "0":
        # Year, month and day stand first, in this order and in full.
        digits = text.replace("-", "", 2)[:8]
        wall = f"{read[0]:%Y%m%d}".zfill(8)
        assert wall == digits or text[19:20] == ".", (text, read[0])


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


class ZoneWithoutNames(tzinfo):
    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> None:
        return None


class Unknown(ZoneWithoutNames):
    """Tells its offset for no time."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None


class Lmt(ZoneWithoutNames):
    """As pytz has it: the offset of the zone's first years unless it is told the time."""

    zone = "Asia/Kolkata"

    def localize(self, moment: datetime) -> datetime:
        raise AssertionError

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=5, minutes=53)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", ZoneInfo("Asia/Kolkata"), Lmt(), IST])
def test_a_zone_tells_the_offset_of_any_time_on_the_wall(zone: tzinfo | str) -> None:
    assert instant("2019-08-24 19:45:22", checked_zone(zone)) == MOMENT


@pytest.mark.parametrize("zone", ["UTC", UTC])
def test_utc_by_name_is_utc(zone: tzinfo | str) -> None:
    assert checked_zone(zone) is UTC


@pytest.mark.parametrize(
    ("zone", "kind"),
    [
        *(("Asia/Kalkutta", ValueError), ("", ValueError), ("../etc", ValueError)),
        *(("/etc/localtime", ValueError), ("Asia", ValueError), ("\0", ValueError)),
        *((Unknown(), ValueError), (None, TypeError), (5.5, TypeError), (timedelta(), TypeError)),
    ],
)
def test_what_is_no_zone_is_refused_by_the_name_of_the_argument(zone: Any, kind: type) -> None:
    with pytest.raises(kind, match=r"^naive_timezone "):
        checked_zone(zone)
