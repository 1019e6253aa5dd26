"""Instants, kept as epoch milliseconds, to and from the notations seen on the wire. No I/O."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from enkash_async.sandbox.settings import ClockResolution, DateStyle

# The zone of zone-less values is not documented; Indian time is the likely one.
IST = timezone(timedelta(hours=5, minutes=30), "IST")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND = 2**63  # SQLite's integers end there.
_MICROSECOND = timedelta(microseconds=1)


def epoch_ms(moment: datetime) -> float:
    """Return the instant in milliseconds; whole ones as int, so that SQLite compares integers."""
    microseconds = (moment - _EPOCH) // _MICROSECOND
    whole, rest = divmod(microseconds, 1000)
    return microseconds / 1000 if rest else whole


def read_instant(value: object) -> float:
    """Read an instant from a request in any notation the sandbox itself can write.

    Raises ValueError on anything else.
    """
    if type(value) is int and abs(value) < _BEYOND:
        return value
    if not isinstance(value, str) or len(value) < len("2019-08-24T14:15"):
        raise ValueError("must be a date-time such as 2019-08-24T14:15:22Z")
    moment = datetime.fromisoformat(value)
    return epoch_ms(moment if moment.tzinfo else moment.replace(tzinfo=IST))


def date_writer(style: DateStyle, resolution: ClockResolution) -> Callable[[int], str | int]:
    """Return the function that writes epoch milliseconds in *style*.

    The styles "blank" and "epoch_s" have no place for milliseconds and drop them.
    """
    timespec = "seconds" if resolution == "s" else "milliseconds"
    writers: dict[DateStyle, Callable[[int], str | int]] = {
        "iso_z": _wall_clock(UTC, "T", timespec, "Z"),
        "iso_offset": _wall_clock(IST, "T", timespec, "+05:30"),
        "iso_compact_offset": _wall_clock(IST, "T", timespec, "+0530"),
        "blank": _wall_clock(IST, " ", "seconds", ""),
        "compact": _compact,
        "epoch_ms": int,
        "epoch_s": lambda instant: instant // 1000,
    }
    return writers[style]


def _wall_clock(zone: tzinfo, sep: str, timespec: str, suffix: str) -> Callable[[int], str]:
    # Naive datetimes are written twice as fast, and a fixed offset loses nothing by it.
    start = _EPOCH.astimezone(zone).replace(tzinfo=None)

    def write(instant: int) -> str:
        return (start + timedelta(milliseconds=instant)).isoformat(sep, timespec) + suffix

    return write


def _compact(instant: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y%m%d%H%M%S}{instant % 1000:03}Z"


def blank_text(moment: datetime) -> str:
    """Return `yyyy-MM-dd HH:mm:ss` as an Indian clock shows it."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
