"""Single fields of records that are not decoded: which record it is, and its time. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from enkash_async._wire.nesting import TooDeepError, pruned
from enkash_async._wire.numbers import from_digits
from enkash_async._wire.times import instant

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)

Written = str | int | Decimal
"""A time as it stands on the wire."""


@cache
def identity_reader(name: str) -> Callable[[msgspec.Raw], str]:
    """Return a function from a record to its field *name*, which tells it from all others.

    For a record without one it is a hash of the whole text. Neighbouring pages are compared by
    it, so that a record that cannot be decoded still has an identity. The text itself would take
    personal data into resume tokens.
    """
    decode = _decoder(name, str)

    def identify(raw: msgspec.Raw) -> str:
        identity: str | None = _value(decode, raw)
        # An empty one tells no record from another.
        return identity or f"sha256:{sha256(raw).hexdigest()}"

    return identify


def time_reader(
    name: str, naive_timezone: tzinfo
) -> Callable[[Sequence[msgspec.Raw]], list[datetime | None]]:
    """Return a function from records to the instants in their field *name*.

    None stands for one that cannot be read.
    """
    decode = _decoder(name, Any)

    def written(raw: msgspec.Raw) -> Written | None:
        value = _value(decode, raw)
        return value if isinstance(value, (str, int, Decimal)) else None

    def read(records: Sequence[msgspec.Raw]) -> list[datetime | None]:
        # Where this is asked for a whole page, most have the same time.
        known: dict[Written | None, datetime | None] = {}
        times: list[datetime | None] = []
        for raw in records:
            text = written(raw)
            if text not in known:
                known[text] = _instant_or_none(text, naive_timezone)
            times.append(known[text])
        return times

    return read


@cache
def _decoder(name: str, kind: Any) -> Callable[[msgspec.Raw], Any]:
    struct = msgspec.defstruct("Field", [("value", kind | None, None)], rename={"value": name})
    return msgspec.json.Decoder(struct, float_hook=from_digits).decode


def _value(decode: Callable[[Any], Any], raw: bytes | msgspec.Raw) -> Any:
    try:
        return decode(raw).value
    except RecursionError:
        return _value_of_deep(decode, bytes(raw))
    except _UNREADABLE:
        return None


def _value_of_deep(decode: Callable[[Any], Any], text: bytes) -> Any:
    try:
        return decode(pruned(text)).value
    except (*_UNREADABLE, RecursionError, TooDeepError):
        return None


def _instant_or_none(written: Written | None, naive_timezone: tzinfo) -> datetime | None:
    try:
        return instant(written, naive_timezone)
    except ValueError:
        return None
