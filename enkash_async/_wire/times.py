"""The notations in which the service may write an instant. No I/O.

Its pages show ISO with `Z` and `yyyy-MM-dd HH:mm:ss`, and never say which zone a text without
one means; epoch milliseconds are the default of the framework it seems to be built on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def instant(value: object, naive_timezone: tzinfo) -> datetime:
    """Return the aware instant that *value* stands for.

    Text is ISO with or without a zone, blank-separated or with `T`; an int is milliseconds since
    1970. A text without a zone is taken to be in *naive_timezone*. ValueError for all else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return _EPOCH + value * _MILLISECOND
        except OverflowError:
            raise ValueError("milliseconds outside the years 1 to 9999") from None
    if not isinstance(value, str):
        raise ValueError(f"expected a time, got {type(value).__name__}")
    moment = _from_text(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=naive_timezone)


def _from_text(text: str) -> datetime:
    try:
        # First as the struct lane reads it, so that both lanes agree on every digit.
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time in a known notation") from None


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
