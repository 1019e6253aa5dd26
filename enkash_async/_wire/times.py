"""The notations in which the service may write an instant. No I/O.

Its pages show ISO with `Z` and `yyyy-MM-dd HH:mm:ss`, and never say which zone a text without
one means; epoch milliseconds are the default of the framework it seems to be built on.

Every text and number is in one of the notations below, or refused. What could be taken for two
instants is refused, since a wrong time is worse than a bad record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from enkash_async._patterns import Pattern
from enkash_async.errors import ArgumentTypeError, InvalidArgumentError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)

_UNITS: Mapping[int, timedelta] = {10: _SECOND, 13: _MILLISECOND}
"""What a number of so many digits counts: both reach from 2001-09-09 to 2286-11-20. With fewer or
more digits, seconds and milliseconds and dates written as digits would run into one another."""

_ZONE = r"(?P<zone> ?(?:[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d(?::\d\d)?)?))"

# With the name of the region after the offset, as Java writes a ZonedDateTime.
_ISO = Pattern(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    rf"(?:{_ZONE}(?:\[[\w/+-]{{1,40}}\])?)?)?",
    re.ASCII,
)
_COMPACT = Pattern(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:[.,](?P<fraction>\d+)|(?P<millis>\d{3}))?"
    rf"{_ZONE}?)?",
    re.ASCII,
)
_OFFSET = Pattern(r"(?P<sign>[+-])(\d\d):?(\d\d)?:?(\d\d)?")
_NUMBER = Pattern(r"(?P<whole>[1-9]\d*)(?:\.(?P<fraction>\d+))?", re.ASCII)
# With an exponent, or 0 in another form.
_SCIENTIFIC = Pattern(
    r"(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?[eE][+-]?\d{1,3}|-?0(?:\.0{1,40})?(?:[eE][+-]?\d{1,3})?",
    re.ASCII,
)

_MOST_DIGITS = 40
"""Digits of a number that are looked at; no instant needs as many."""

_UNKNOWN = "not a time in a known notation"


def instant(value: object, naive_timezone: tzinfo) -> datetime:
    """Return the aware instant that *value* stands for; ValueError if it is in no known notation.

    - ISO 8601 with `T` or a blank; the time may end after hours or minutes, or be left out, which
      is midnight. A zone is `Z`, `UTC`, `GMT` or an offset, and a region in brackets may follow.
    - `yyyyMMdd`, `yyyyMMddHHmmss` and `yyyyMMddHHmmssSSS`; but for the first with a zone or none.
    - Seconds since 1970 in 10 digits, milliseconds in 13, as text or as a number, with a fraction
      or without, also with an exponent; and 0.

    Fractions are rounded to microseconds. What has no zone is in *naive_timezone*.
    """
    if isinstance(value, str):
        moment = _from_text(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        # At once what most services that write numbers write.
        if 10**12 <= value < 10**13:
            return _EPOCH + value * _MILLISECOND
        moment = _from_digits(str(value) if abs(value) < 10**_MOST_DIGITS else "")
    elif isinstance(value, Decimal):
        moment = _from_digits(_written_out(value))
    else:
        raise ValueError(f"expected a time, got {type(value).__name__}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=naive_timezone)


def _from_text(text: str) -> datetime:
    if not text.isascii():
        raise ValueError(_UNKNOWN)
    try:
        # First as the struct lane reads it, so that all lanes agree on every digit.
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        found = _ISO.fullmatch(text)
    if found is not None:
        return _from_parts(found)
    # As a number would be read: written out, where it is not so already.
    return _from_digits(_written_out(Decimal(text)) if _SCIENTIFIC.fullmatch(text) else text)


def _written_out(number: Decimal) -> str:
    """Return the digits of *number*, nothing if there are too many to be a time."""
    if number == 0:
        return "0"
    if not number.is_finite() or not -1 <= number.adjusted() <= _MOST_DIGITS:
        return ""
    whole, _, fraction = format(number, "f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _from_digits(text: str) -> datetime:
    number = _NUMBER.fullmatch(text)
    if number is not None and (unit := _UNITS.get(len(number["whole"]))) is not None:
        return _from_epoch(number, unit)
    if text == "0":
        return _EPOCH
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _from_parts(compact)
    if number is not None:
        raise ValueError(f"{_UNKNOWN}: 10 digits are seconds since 1970, 13 are milliseconds")
    raise ValueError(_UNKNOWN)


def _from_epoch(number: re.Match[str], unit: timedelta) -> datetime:
    scale = 6 if unit == _SECOND else 3
    part = _rounded(number["fraction"] or "", scale)
    return _EPOCH + int(number["whole"]) * unit + timedelta(microseconds=part)


def _from_parts(parts: re.Match[str]) -> datetime:
    names = ("year", "month", "day", "hour", "minute", "second")
    year, month, day, hour, minute, second = (int(parts[name] or 0) for name in names)
    try:
        moment = datetime(year, month, day, hour, minute, second)
        fraction = parts["fraction"] or parts.groupdict().get("millis") or ""
        part = timedelta(microseconds=_rounded(fraction, 6))
        return (moment + part).replace(tzinfo=_zone_of(parts["zone"]))
    except (ValueError, OverflowError):
        raise ValueError(_UNKNOWN) from None


def _rounded(fraction: str, digits: int) -> int:
    """Return the first *digits* of a *fraction*, rounded as msgspec does: half up by one digit."""
    return int(fraction[:digits].ljust(digits, "0")) + (fraction[digits : digits + 1] >= "5")


def _zone_of(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return UTC
    hours, minutes, seconds = (int(found[place] or 0) for place in (2, 3, 4))
    if minutes > 59 or seconds > 59:
        raise ValueError(_UNKNOWN)
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if found["sign"] == "-" else offset)


def checked_zone(zone: tzinfo | str, name: str = "naive_timezone") -> tzinfo:
    """Return *zone* as one that tells the offset of any time on the wall.

    Text is the name of a zone, such as "Asia/Kolkata". A zone of pytz becomes the one of the
    standard library of the same name, since its offset is right only after `localize`. TypeError
    or ValueError, which begin with *name*, for all else.
    """
    if isinstance(zone, str):
        return _named_zone(zone, name)
    if not isinstance(zone, tzinfo):
        raise ArgumentTypeError(
            f'{name} must be a tzinfo or the name of a zone, such as "Asia/Kolkata",'
            f" not {type(zone).__name__}"
        )
    pytz_name: Any = getattr(zone, "zone", None)
    if hasattr(zone, "localize") and isinstance(pytz_name, str):
        return _named_zone(pytz_name, name)
    try:
        offset = zone.utcoffset(datetime(2020, 1, 1))
    except Exception as error:
        raise InvalidArgumentError(
            f"{name} does not tell its offset for a time without a zone"
        ) from error
    if offset is None:
        raise InvalidArgumentError(f"{name} does not tell its offset for a time without a zone")
    return zone


def _named_zone(text: str, name: str) -> tzinfo:
    if text == "UTC":
        return UTC
    # Not at the top: few sessions need it, and it brings a good deal of the standard library along.
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text)
    # An OSError for a folder of the database.
    except (KeyError, ValueError, OSError):
        raise InvalidArgumentError(
            f'{name} must be the name of a zone, such as "Asia/Kolkata", that this machine knows'
            " (the package tzdata brings all of them)"
        ) from None


def iso_z(moment: datetime) -> str:
    """Return an aware *moment* in UTC as ISO text with `Z`, with a fraction only where it has one.

    In the first or last hours that a datetime can hold, UTC cannot tell it: it keeps its zone.
    """
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return moment.isoformat()
    if utc.microsecond == 0:
        precision = "seconds"
    else:
        precision = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
