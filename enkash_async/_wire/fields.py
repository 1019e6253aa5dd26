"""Single fields of records that are not decoded: which record it is, and its time. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from enkash_async._wire.times import instant

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@cache
def identity_reader(name: str) -> Callable[[msgspec.Raw], str]:
    """Return a function from a record to its field *name*, which tells it from all others.

    For a record without one it is a hash of the whole text. Neighbouring pages are compared by
    it, so that a record that cannot be decoded still has an identity. The text itself would take
    personal data into resume tokens.
    """
    decode = _decoder(name, str)

    def identify(raw: msgspec.Raw) -> str:
        try:
            identity: str | None = decode(raw).value
        except _UNREADABLE:
            identity = None
        # An empty one tells no record from another.
        return identity or f"sha256:{sha256(raw).hexdigest()}"

    return identify


def time_reader(
    name: str, naive_timezone: tzinfo
) -> Callable[[Sequence[msgspec.Raw]], list[datetime | None]]:
    """Return a function from records to the instants in their field *name*.

    None stands for one that cannot be read.
    """
    decode = _decoder(name, str | int)

    def written(raw: msgspec.Raw) -> str | int | None:
        try:
            value: str | int | None = decode(raw).value
        except _UNREADABLE:
            return None
        return value

    def read(records: Sequence[msgspec.Raw]) -> list[datetime | None]:
        # Where this is asked for a whole page, most have the same time.
        known: dict[str | int | None, datetime | None] = {}
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
    return msgspec.json.Decoder(struct).decode


def _instant_or_none(written: str | int | None, naive_timezone: tzinfo) -> datetime | None:
    try:
        return instant(written, naive_timezone)
    except ValueError:
        return None
